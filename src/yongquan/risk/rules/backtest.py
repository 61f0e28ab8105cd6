"""What a book would have done: events in the order of time, each judged by what came before it. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, Final

from yongquan.plumbing.clock import business_day
from yongquan.risk.events import Entity, RiskEvent
from yongquan.risk.features.timeline import Timeline
from yongquan.risk.rules.judging import CompiledBook, Failed, Judgement
from yongquan.risk.verdicts.model import Action

BAD: Final = 1
STOPPED: Final = frozenset({Action.STEP_UP, Action.DELAY, Action.REFUSE})


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """An event to judge, and its label (1 bad, 0 good, -1 unknown)."""

    event: RiskEvent
    label: int = -1


@dataclass(slots=True)
class Hits:
    """Events that something spoke about."""

    events: int = 0
    amount_fen: int = 0
    bad: int = 0
    good: int = 0

    def add(self, row: JudgedRow) -> None:
        self.events += 1
        self.amount_fen += row.event.amount_fen
        self.bad += row.label == BAD
        self.good += row.label == 0

    def document(self, labelled: "Hits | None") -> dict[str, Any]:
        """As JSON; with labels also precision (of the labelled ones) and recall (of all bad ones)."""
        found: dict[str, Any] = {"events": self.events, "amount_fen": self.amount_fen}
        if labelled is not None:
            known = self.bad + self.good
            found |= {
                "bad": self.bad,
                "good": self.good,
                "precision": round(self.bad / known, 4) if known else None,
                "recall": round(self.bad / labelled.bad, 4) if labelled.bad else None,
            }
        return found


@dataclass(slots=True)
class RuleHits:
    """What one rule said, and where."""

    hits: Hits = field(default_factory=Hits)
    payers: set[str] = field(default_factory=set)
    payees: set[str] = field(default_factory=set)
    days: set[str] = field(default_factory=set)
    failed: int = 0
    problem: str = ""


@dataclass(slots=True)
class Backtest:
    """Judges rows one by one; `document` tells what came of it."""

    book: CompiledBook
    all: Hits = field(default_factory=Hits)
    spoken: Hits = field(default_factory=Hits)  # a live rule fired
    stopped: Hits = field(default_factory=Hits)  # ... and would have asked, delayed or refused
    actions: Counter[Action] = field(default_factory=Counter)
    with_shadow: Counter[Action] = field(default_factory=Counter)
    rules: dict[str, RuleHits] = field(default_factory=dict)
    days: dict[str, Counter[str]] = field(default_factory=dict)
    payees: dict[str, Counter[str]] = field(default_factory=dict)
    timeline: Timeline = field(default_factory=Timeline)

    def run(self, rows: Iterable[JudgedRow], *, tick: Callable[[], object] = lambda: None) -> None:
        """Judge rows in the order of time; `tick` is called after each."""
        self.rules = {rule.rule_id: RuleHits() for rule in self.book.book.rules}
        for row in rows:
            event = row.event
            values = self.timeline.values(event, self.book.features_for(event.kind))
            self._count(row, self.book.judge(event, values))
            self.timeline.add(event)
            tick()

    def _count(self, row: JudgedRow, said: Judgement) -> None:
        event = row.event
        day = str(business_day(event.at))
        self.all.add(row)
        self.actions[said.action] += 1
        self.with_shadow[said.shadow_action] += 1
        if said.fired:
            self.spoken.add(row)
        if said.action in STOPPED:
            self.stopped.add(row)
        self.days.setdefault(day, Counter()).update(["events", f"action:{said.action}"])
        payee = self.payees.setdefault(event.parties.get(Entity.STORE, ""), Counter())
        payee.update(["events", f"action:{said.action}"])
        for fired in (*said.fired, *said.shadow):
            self.days[day][f"rule:{fired.rule_id}"] += 1
            payee[f"rule:{fired.rule_id}"] += 1
            _note(self.rules[fired.rule_id], row, event, day)
        for failed in said.failed:
            _fail(self.rules[failed.rule_id], failed)

    def document(self, *, has_labels: bool, top: int) -> dict[str, Any]:
        """Everything counted, for JSON: payees that a rule spoke about, at most `top`, the most spoken of first."""
        labelled = self.all if has_labels else None
        spoken = sorted(
            (item for item in self.payees.items() if _rules_of(item[1])),
            key=lambda item: (-sum(_rules_of(item[1]).values()), item[0]),
        )
        found: dict[str, Any] = {
            "book": self.book.version,
            "events": self.all.events,
            "amount_fen": self.all.amount_fen,
            "actions": _actions(self.actions),
            "actions_with_shadow": _actions(self.with_shadow),
            "spoken_of": self.spoken.document(labelled),
            "stopped": self.stopped.document(labelled),
            "by_rule": [self._rule(rule.rule_id, labelled) for rule in self.book.book.rules],
            "by_day": [{"day": day, **_line(counts)} for day, counts in sorted(self.days.items())],
            "by_payee": [{"payee_id": name, **_line(counts)} for name, counts in spoken[:top]],
            "payees_spoken_of": len(spoken),
        }
        if has_labels:
            found["labels"] = {"bad": self.all.bad, "good": self.all.good}
        return found

    def _rule(self, rule_id: str, labelled: Hits | None) -> dict[str, Any]:
        rule = next(one for one in self.book.book.rules if one.rule_id == rule_id)
        said = self.rules[rule_id]
        found = {
            "id": rule_id,
            "title": rule.title,
            "title_en": rule.title_en,
            "action": rule.action.value,
            "shadow": rule.is_shadow or self.book.book.is_shadow,
            **said.hits.document(labelled),
            "payers": len(said.payers),
            "payees": len(said.payees),
            "days": len(said.days),
        }
        return found | ({"failed": said.failed, "problem": said.problem} if said.failed else {})


def _note(rule: RuleHits, row: JudgedRow, event: RiskEvent, day: str) -> None:
    rule.hits.add(row)
    rule.days.add(day)
    rule.payers.add(event.parties.get(Entity.CITIZEN, ""))
    rule.payees.add(event.parties.get(Entity.STORE, ""))


def _fail(rule: RuleHits, failed: Failed) -> None:
    rule.failed += 1
    rule.problem = rule.problem or failed.problem


def _actions(counts: Counter[Action]) -> dict[str, int]:
    return {action.value: counts[action] for action in Action}


def _rules_of(counts: Counter[str]) -> dict[str, int]:
    return {key.removeprefix("rule:"): times for key, times in counts.items() if key.startswith("rule:")}


def _line(counts: Counter[str]) -> dict[str, Any]:
    actions = {action.value: counts[f"action:{action}"] for action in Action}
    return {"events": counts["events"], "actions": actions, "rules": _rules_of(counts)}
