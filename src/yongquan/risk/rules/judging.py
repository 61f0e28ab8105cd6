"""A book compiled, and what it says about an event.

A rule that cannot be evaluated (a fact or a feature that is not there, a division by zero) does not fire and does not
hide the others: the judgement names it in `failed`. A party the event does not have was never seen: counts, sums and
distincts of it are 0, its gap is -1, it is on no list.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Final, Self

from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.lists.model import ListEntry
from yongquan.risk.rules.checking import variable_of
from yongquan.risk.rules.model import ListQuestion, Rule, RuleBook, Value
from yongquan.risk.rules.programs import Context, EvaluationFailed, Program, prepare
from yongquan.risk.rules.reading import read_book
from yongquan.risk.verdicts.model import Action, strictest

NOTHING_LISTED: Final[Mapping[ListQuestion, int]] = {}
_KNOWN: Final = tuple((f"k_{party}", party) for party in Entity)


@dataclass(frozen=True, slots=True)
class Fired:
    """A rule whose condition held, with the values it read as the rule writes them."""

    rule: Rule
    version: str
    reads: Mapping[str, Value]

    @property
    def rule_id(self) -> str:
        return self.rule.rule_id

    @property
    def action(self) -> Action:
        return self.rule.action


@dataclass(frozen=True, slots=True)
class Failed:
    """A rule that came to no answer, and why."""

    rule_id: str
    version: str
    problem: str
    is_shadow: bool


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the rules say. `action` is the strictest of `fired`; `shadow` are rules that would have fired."""

    version: str
    action: Action
    fired: tuple[Fired, ...] = ()
    shadow: tuple[Fired, ...] = ()
    failed: tuple[Failed, ...] = ()

    @property
    def shadow_action(self) -> Action:
        """What the answer would have been had the shadow rules acted too."""
        return strictest([self.action, *(one.action for one in self.shadow)])

    def beside(self, other: "Judgement") -> "Judgement":
        """This judgement, with another that never acts."""
        return replace(self, shadow=self.shadow + other.fired + other.shadow, failed=self.failed + other.failed)


@dataclass(frozen=True, slots=True)
class _Ready:
    """What one kind of event needs: rules and their programs, and the variables they read."""

    rules: tuple[tuple[Rule, Program], ...]
    features: tuple[tuple[str, Feature], ...]
    questions: tuple[tuple[str, ListQuestion], ...]
    facts: tuple[tuple[str, type], ...]


class CompiledBook:
    """A book ready to judge. `version` is the text's SHA-256 unless one is given."""

    def __init__(self, book: RuleBook, *, version: str = "") -> None:
        self.book = book
        self.version = version or book.digest
        programs = {rule.rule_id: Program(rule.checked.program) for rule in book.rules}
        self._ready = {kind: _ready(book, kind, programs) for kind in EventKind}
        self.features = frozenset(one for rule in book.rules for one in rule.checked.features)
        self.list_questions = frozenset(one for rule in book.rules for one in rule.checked.questions)

    @classmethod
    def of_text(cls, text: str, *, version: str = "") -> Self:
        """The book of a YAML text. Raises `RuleFaults`."""
        return cls(read_book(text), version=version)

    def features_for(self, kind: EventKind) -> frozenset[Feature]:
        """The features that this kind of event needs."""
        return frozenset(feature for _, feature in self._ready[kind].features)

    def facts_for(self, kind: EventKind) -> frozenset[str]:
        """The facts that this kind of event is asked for."""
        return frozenset(name for name, _ in self._ready[kind].facts)

    def questions_for(self, kind: EventKind) -> frozenset[ListQuestion]:
        """The lists that this kind of event asks of."""
        return frozenset(question for _, question in self._ready[kind].questions)

    def judge(
        self,
        event: RiskEvent,
        values: Mapping[Feature, int],
        listed: Mapping[ListQuestion, int] = NOTHING_LISTED,
    ) -> Judgement:
        """What every rule says; a question that is not in `listed` is answered by 0."""
        ready = self._ready[event.kind]
        variables = _variables(ready, event, values, listed)
        context = prepare(variables)
        day = business_day(event.at)
        fired: list[Fired] = []
        shadow: list[Fired] = []
        failed: list[Failed] = []
        for rule, program in ready.rules:
            is_shadow = rule.is_shadow or self.book.is_shadow
            said = self._ask(rule, program, context, variables, day)
            if isinstance(said, Failed):
                failed.append(replace(said, is_shadow=is_shadow))
            elif said is not None:
                (shadow if is_shadow else fired).append(said)
        return Judgement(
            version=self.version,
            action=strictest(one.action for one in fired),
            fired=tuple(fired),
            shadow=tuple(shadow),
            failed=tuple(failed),
        )

    def _ask(
        self, rule: Rule, program: Program, context: Context, variables: Mapping[str, Value], day: date
    ) -> Fired | Failed | None:
        if not rule.is_on(day):
            return None
        try:
            if not program.holds(context):
                return None
        except EvaluationFailed as error:
            lacks = [read.shown for read in rule.checked.reads if read.variable not in variables]
            problem = f"not known: {', '.join(lacks)}" if lacks else str(error)
            return Failed(rule.rule_id, self.version, problem, is_shadow=False)
        reads = {r.shown: variables[r.variable] for r in rule.checked.reads if r.variable in variables}
        return Fired(rule, self.version, reads)


def answer_questions(entries: Iterable[ListEntry]) -> dict[ListQuestion, int]:
    """The answers that these entries of an event's parties give: the highest tier of each party and colour."""
    answers: dict[ListQuestion, int] = {}
    for entry in entries:
        question = ListQuestion(entry.party, entry.colour)
        answers[question] = max(answers.get(question, 0), entry.tier, 1)
    return answers


def _ready(book: RuleBook, kind: EventKind, programs: Mapping[str, Program]) -> _Ready:
    rules = [rule for rule in book.rules if kind in rule.events]
    features = sorted({one for rule in rules for one in rule.checked.features}, key=lambda one: one.name)
    questions = sorted({one for rule in rules for one in rule.checked.questions})
    facts = sorted({one for rule in rules for one in rule.checked.facts})
    return _Ready(
        rules=tuple((rule, programs[rule.rule_id]) for rule in rules),
        features=tuple((variable_of(one), one) for one in features),
        questions=tuple((variable_of(one), one) for one in questions),
        facts=tuple((name, book.fact_types[name]) for name in facts),
    )


def _variables(
    ready: _Ready, event: RiskEvent, values: Mapping[Feature, int], listed: Mapping[ListQuestion, int]
) -> dict[str, Value]:
    at = event.at.astimezone(SHANGHAI)
    variables: dict[str, Value] = {
        "kind": str(event.kind),
        "amount": event.amount_fen,
        "voucher": event.voucher_fen,
        "hour": at.hour,
        "weekday": at.isoweekday(),
    }
    for variable, party in _KNOWN:
        variables[variable] = party in event.parties
    for variable, feature in ready.features:
        if feature.party not in event.parties:
            variables[variable] = -1 if feature.measure is Measure.GAP else 0
        elif feature in values:
            variables[variable] = values[feature]
    for variable, question in ready.questions:
        variables[variable] = listed.get(question, 0)
    for name, kind in ready.facts:
        variables[f"h_{name}"] = name in event.facts
        if type(event.facts.get(name)) is kind:
            variables[f"x_{name}"] = event.facts[name]
    return variables
