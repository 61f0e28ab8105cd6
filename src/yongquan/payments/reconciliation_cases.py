"""A difference becomes a case: who owns it, what is to be done, and how it moves. Pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.payments.reconciliation import IDLE_STATES, MOVED, Fate, Reconciled
from yongquan.plumbing.clock import day_start

CUT_OFF: Final = timedelta(minutes=30)


class PartyKind(StrEnum):
    """Whose file is held against ours."""

    ISSUER = "issuer"
    ACQUIRER = "acquirer"
    MERCHANT = "merchant"


class Owner(StrEnum):
    """Who has to act."""

    ISSUER = "issuer"
    ACQUIRER = "acquirer"
    MERCHANT = "merchant"
    US = "us"


class Action(StrEnum):
    """What has to be done."""

    ASK = "ask"
    REFUND = "refund"
    CORRECT = "correct"
    WAIT = "wait"


class CaseState(StrEnum):
    OPEN = "open"
    ASSIGNED = "assigned"
    RESOLVED = "resolved"


CASE_MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.ASSIGNED, CaseState.RESOLVED}),
    CaseState.ASSIGNED: frozenset({CaseState.OPEN, CaseState.ASSIGNED, CaseState.RESOLVED}),
    CaseState.RESOLVED: frozenset({CaseState.OPEN}),  # a later run found it again
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Both sides of a difference; what a side does not have is None."""

    fate: Fate
    side: str
    kind: str
    key: str
    our_line: int | None
    our_state: str | None
    our_amount_fen: int | None
    our_at: datetime | None
    their_line: int | None
    their_state: str | None
    their_amount_fen: int | None
    their_at: datetime | None


@dataclass(frozen=True, slots=True)
class NewCase:
    """A difference with its name, owner and action."""

    case_id: UUID
    difference: Difference
    owner: Owner
    action: Action


def cases_of(found: Reconciled, *, party: str, party_kind: PartyKind, day: date) -> Iterator[NewCase]:
    """A case for every difference. The same difference found again has the same id."""
    seen: Counter[tuple[object, ...]] = Counter()
    for difference in differences_of(found):
        name = (difference.fate.value, difference.side, difference.kind, difference.key)
        seen[name] += 1
        owner, action = handling(difference, party_kind, day)
        yield NewCase(named_id("case", party, day, *name, seen[name]), difference, owner, action)


def differences_of(found: Reconciled) -> Iterator[Difference]:
    """The differences, one by one."""
    names = list(Difference.__dataclass_fields__)
    for row in found.differences.select(names).iter_rows():
        yield Difference(**{**dict(zip(names, row, strict=True)), "fate": Fate(row[0])})


def handling(difference: Difference, party_kind: PartyKind, day: date) -> tuple[Owner, Action]:
    """Who owns a difference and what is to be done about it; the table is in docs/reconciliation.md."""
    party = Owner(party_kind.value)
    match difference.fate:
        case Fate.DUPLICATE:
            return (party if difference.side == "theirs" else Owner.US, Action.CORRECT)
        case Fate.AMOUNT:
            return party, Action.CORRECT
        case Fate.STATE:
            return _of_state(difference, party)
        case _:
            return _of_one_side(difference, party, day)


def _of_state(difference: Difference, party: Owner) -> tuple[Owner, Action]:
    if "unknown" in {difference.our_state, difference.their_state}:
        return Owner.US, Action.ASK
    if difference.our_state in IDLE_STATES:
        # The bank took money for a payment that failed here: it goes back. Others think of something that was not.
        return (Owner.US, Action.REFUND) if party is Owner.ISSUER else (party, Action.CORRECT)
    return (party, Action.REFUND) if party is Owner.MERCHANT else (party, Action.CORRECT)


def _of_one_side(difference: Difference, party: Owner, day: date) -> tuple[Owner, Action]:
    if (difference.our_state or difference.their_state) != MOVED:
        return Owner.US, Action.ASK
    # An acquirer pays after the day's end: its lines carry their day and belong to no other.
    if party is not Owner.ACQUIRER and _is_near_cut_off(difference.our_at or difference.their_at, day):
        return party, Action.WAIT
    if difference.fate is Fate.LONG and party is Owner.MERCHANT:
        return party, Action.CORRECT
    return party, Action.ASK


def _is_near_cut_off(at: datetime | None, day: date) -> bool:
    starts_at, ends_at = day_start(day), day_start(day + timedelta(days=1))
    return at is not None and not starts_at + CUT_OFF <= at < ends_at - CUT_OFF
