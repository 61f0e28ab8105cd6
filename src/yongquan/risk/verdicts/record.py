"""A verdict as it is kept: the event, what was read, what spoke, what was answered; and how it is written as JSON."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.rules.judging import Failed, Fired, Judgement
from yongquan.risk.verdicts.model import Action


class VerdictState(StrEnum):
    GIVEN = "given"
    WAIVED = "waived"  # the code or the wait that was asked for is done: the order went on
    UNJUDGED = "unjudged"  # risk was down; the declared behaviour answered
    AFTER = "after"  # it was done when it was judged: nobody was stopped, whatever the action


VERDICT_MOVES: Mapping[VerdictState, frozenset[VerdictState]] = {
    VerdictState.GIVEN: frozenset({VerdictState.WAIVED}),
    VerdictState.WAIVED: frozenset(),
    VerdictState.UNJUDGED: frozenset(),
    VerdictState.AFTER: frozenset(),
}
LETS_THROUGH = frozenset({Action.ALLOW, Action.WATCH})
GOES_ON = frozenset({VerdictState.WAIVED, VerdictState.AFTER})


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleSaid:
    """A rule that fired, as it stood. `reads` are the values it read, as the rule writes them."""

    rule_id: str
    version: str
    owner: str = ""
    title: str = ""
    title_en: str = ""
    reason: str = ""
    reason_en: str = ""
    action: str = ""
    severity: int = 0
    reads: Mapping[str, bool | int | str] = field(default_factory=dict)
    is_shadow: bool = False
    problem: str = ""  # of a rule that came to no answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What was answered to an event, and why. `subject` names what was asked for, whatever key it came under."""

    verdict_id: UUID
    subject: UUID
    batch_no: int
    event: RiskEvent
    action: Action
    state: VerdictState
    numbers: Mapping[str, int]
    listed: tuple[ListEntry, ...]
    rules: tuple[RuleSaid, ...]
    book_version: str
    shadow_versions: tuple[str, ...]
    is_attended: bool
    list_version: int
    retry_at: datetime | None = None
    waived_at: datetime | None = None
    waived_batch: int | None = None

    @property
    def lets_through(self) -> bool:
        """Whether the event goes on."""
        return self.action in LETS_THROUGH or self.state in GOES_ON

    @property
    def is_silent(self) -> bool:
        """Whether this says nothing of what was done already: no rule spoke, no list knew a party."""
        return self.state is VerdictState.AFTER and not self.rules and not self.listed


def rules_said(judgement: Judgement | None) -> tuple[RuleSaid, ...]:
    """Every rule of a judgement that fired, would have fired in shadow, or failed."""
    if judgement is None:
        return ()
    return (
        *(_said(fired, is_shadow=False) for fired in judgement.fired),
        *(_said(fired, is_shadow=True) for fired in judgement.shadow),
        *(_failed(failed) for failed in judgement.failed),
    )


def numbers_read(values: Mapping[Feature, int]) -> dict[str, int]:
    """The features read, by their names."""
    return {feature.name: values[feature] for feature in sorted(values, key=lambda one: one.name)}


def event_json(event: RiskEvent) -> dict[str, Any]:
    """An event that `event_of` reads again exactly."""
    return {
        "event_id": str(event.event_id),
        "kind": event.kind.value,
        "at": event.at.isoformat(),
        "parties": {party.value: value for party, value in event.parties.items()},
        "amount_fen": event.amount_fen,
        "voucher_fen": event.voucher_fen,
        "facts": dict(event.facts),
    }


def event_of(document: Mapping[str, Any]) -> RiskEvent:
    """The event of `event_json`."""
    return RiskEvent(
        event_id=UUID(document["event_id"]),
        kind=EventKind(document["kind"]),
        at=datetime.fromisoformat(document["at"]).astimezone(UTC),
        parties={Entity(party): value for party, value in document["parties"].items()},
        amount_fen=document["amount_fen"],
        voucher_fen=document["voucher_fen"],
        facts=dict(document["facts"]),
    )


def entry_json(entry: ListEntry) -> dict[str, Any]:
    """A list entry that `entry_of` reads again exactly."""
    return {
        "entry_id": str(entry.entry_id),
        "colour": entry.colour.value,
        "party": entry.party.value,
        "value": entry.value,
        "tier": entry.tier,
        "source": entry.source,
        "branch": entry.branch,
        "since": entry.since.isoformat(),
        "until": None if entry.until is None else entry.until.isoformat(),
    }


def entry_of(document: Mapping[str, Any]) -> ListEntry:
    """The entry of `entry_json`."""
    until = document["until"]
    return ListEntry(
        entry_id=UUID(document["entry_id"]),
        colour=Colour(document["colour"]),
        party=Entity(document["party"]),
        value=document["value"],
        tier=document["tier"],
        source=document["source"],
        branch=document["branch"],
        since=datetime.fromisoformat(document["since"]),
        until=None if until is None else datetime.fromisoformat(until),
    )


def rule_json(rule: RuleSaid) -> dict[str, Any]:
    """What a rule said, as JSON; what is empty is left out."""
    document: dict[str, Any] = {name: getattr(rule, name) for name in RuleSaid.__dataclass_fields__}
    document["reads"] = dict(rule.reads)
    return {name: value for name, value in document.items() if value not in ("", {}, False) or name == "rule_id"}


def rules_of(documents: Sequence[Mapping[str, Any]]) -> tuple[RuleSaid, ...]:
    """The rules of a kept verdict."""
    return tuple(RuleSaid(**{"version": "", **document}) for document in documents)


def _said(fired: Fired, *, is_shadow: bool) -> RuleSaid:
    rule = fired.rule
    return RuleSaid(
        rule_id=rule.rule_id,
        version=fired.version,
        owner=rule.owner,
        title=rule.title,
        title_en=rule.title_en,
        reason=rule.reason,
        reason_en=rule.reason_en,
        action=rule.action.value,
        severity=rule.severity,
        reads=dict(fired.reads),
        is_shadow=is_shadow,
    )


def _failed(failed: Failed) -> RuleSaid:
    return RuleSaid(rule_id=failed.rule_id, version=failed.version, problem=failed.problem, is_shadow=failed.is_shadow)
