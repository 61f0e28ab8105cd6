"""Mandates (授权代扣): what a payer allows a payee to collect, and when a failed debit may be tried again. Pure.

The account's bank holds the same authority and checks every debit against it; these rules say no before it has to.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.clock import business_day

PURPOSE_MAX: Final = 100
CONTRACT_NO_MAX: Final = 64
TERM_MAX: Final = timedelta(days=5 * 366)
NOTICE_HOURS_MAX: Final = 24 * 7
TRIES_MAX: Final = 5
BANK_REVOKED: Final = "M2"
# An issuer's answers that may be another tomorrow: no funds, the day's limit, not reached, undone before it was seen.
PASSING: Final = frozenset({"51", "61", "91", "68"})
BANK_REASONS: Final[Mapping[str, str]] = {
    "M1": "no_mandate",
    "M2": "revoked",
    "M3": "out_of_term",
    "M4": "other_payee",
    "M5": "over_debit_limit",
    "M6": "over_cycle_limit",
    "M7": "other_card",
    "M8": "too_often",
    "51": "insufficient_funds",
    "61": "over_daily_limit",
    "91": "bank_not_reached",
    "68": "bank_not_reached",
}


class Scene(StrEnum):
    """What may be collected at all; a payee is allowed some of these."""

    UTILITIES = "utilities"
    COMMUNICATIONS = "communications"
    PROPERTY = "property"
    TUITION = "tuition"
    INSURANCE = "insurance"
    TRANSIT = "transit"
    PARKING = "parking"
    MEMBERSHIP = "membership"
    FUND_PLAN = "fund_plan"
    CARD_REPAYMENT = "card_repayment"
    LOAN_REPAYMENT = "loan_repayment"


class Cycle(StrEnum):
    """How often the limit of the cycle begins anew; `none`: a condition triggers debits, the limit is the term's."""

    NONE = "none"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class MandateState(StrEnum):
    """Where a mandate stands."""

    ASKED = "asked"
    ACTIVE = "active"
    REFUSED = "refused"
    REVOKED = "revoked"
    EXPIRED = "expired"


class CollectionState(StrEnum):
    """Where a debit under a mandate stands; the order it pays has states of its own."""

    WAITING = "waiting"
    COLLECTING = "collecting"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


MANDATE_MOVES: Mapping[MandateState, frozenset[MandateState]] = {
    MandateState.ASKED: frozenset({MandateState.ACTIVE, MandateState.REFUSED, MandateState.REVOKED}),
    MandateState.ACTIVE: frozenset({MandateState.REVOKED, MandateState.EXPIRED}),
    MandateState.REFUSED: frozenset(),
    MandateState.REVOKED: frozenset(),
    MandateState.EXPIRED: frozenset(),
}
COLLECTION_MOVES: Mapping[CollectionState, frozenset[CollectionState]] = {
    CollectionState.WAITING: frozenset({CollectionState.COLLECTING, CollectionState.CANCELLED}),
    CollectionState.COLLECTING: frozenset(
        {CollectionState.SUCCEEDED, CollectionState.FAILED, CollectionState.CANCELLED}
    ),
    CollectionState.SUCCEEDED: frozenset(),
    CollectionState.FAILED: frozenset(),
    CollectionState.CANCELLED: frozenset(),
}


class MandateRefused(Refusal):
    """A mandate or a debit that cannot be; `reason` says why."""

    code = "mandate_refused"

    def __init__(self, reason: str, message: str = "", **facts: object) -> None:
        super().__init__(message or reason, reason=reason, **facts)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What the payer agrees to. Limits in fen, days of Asia/Shanghai, both included.

    `notice_hours`: the payer hears of a debit that long before. A failed debit is tried `tries` times in all,
    `try_every_hours` apart, and only if the bank's reason may pass.
    """

    purpose: str
    scene: Scene
    cycle: Cycle
    debit_max_fen: int
    cycle_max_fen: int
    starts_on: date
    ends_on: date
    cycle_times: int | None = None
    notice_hours: int = 0
    tries: int = 1
    try_every_hours: int = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMandate:
    """A payee (store) asks a payer's instrument for an authority, under a number of its own.

    `holder` is the name that the bank compares; "" leaves it to the bank's own knowledge of the card.
    """

    store_id: UUID
    contract_no: str
    payee_name: str
    citizen_id: UUID
    instrument_id: UUID
    terms: Terms
    holder: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mandate:
    """A mandate as it stands."""

    mandate_id: UUID
    store_id: UUID
    contract_no: str
    payee_name: str
    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    card_tail: str
    terms: Terms
    state: MandateState
    reason: str
    revoked_by: str
    body_hash: UUID
    facts: Mapping[str, object]
    asked_at: datetime
    signed_at: datetime | None
    ended_at: datetime | None

    @property
    def authority(self) -> str:
        """How a debit names the mandate and its payee to the bank."""
        return f"{self.mandate_id.hex}{self.store_id.hex}"


@dataclass(frozen=True, slots=True)
class Used:
    """What was collected, or is about to be, in a cycle."""

    times: int = 0
    amount_fen: int = 0


def check_terms(terms: Terms, *, allowed: frozenset[Scene], today: date) -> None:
    """Raises `MandateRefused`: scene_not_allowed for this payee; bad_terms, which says what is wrong."""
    if terms.scene not in allowed:
        raise MandateRefused("scene_not_allowed", f"this payee may not collect for {terms.scene}")
    wrong = [
        name
        for name, fault in (
            ("purpose", not 1 <= len(terms.purpose) <= PURPOSE_MAX),
            ("debit_max_fen", terms.debit_max_fen <= 0),
            ("cycle_max_fen", terms.cycle_max_fen < terms.debit_max_fen),
            ("cycle_times", terms.cycle_times is not None and terms.cycle_times < 1),
            ("starts_on", terms.starts_on > terms.ends_on),
            ("ends_on", terms.ends_on < today or terms.ends_on - terms.starts_on > TERM_MAX),
            ("notice_hours", not 0 <= terms.notice_hours <= NOTICE_HOURS_MAX),
            ("tries", not 1 <= terms.tries <= TRIES_MAX),
            ("try_every_hours", terms.try_every_hours < 1),
        )
        if fault
    ]
    if wrong:
        raise MandateRefused("bad_terms", f"these terms cannot be: {', '.join(wrong)}", fields=wrong)


def require_within(mandate: Mandate, amount_fen: int, *, on: date, used: Used) -> None:
    """Raises `MandateRefused` if a debit of this amount on this day is outside the mandate."""
    terms = mandate.terms
    for reason, outside in (
        ("revoked", mandate.state is MandateState.REVOKED),
        ("not_active", mandate.state is not MandateState.ACTIVE),
        ("out_of_term", not terms.starts_on <= on <= terms.ends_on),
        ("bad_amount", amount_fen <= 0),
        ("over_debit_limit", amount_fen > terms.debit_max_fen),
        ("over_cycle_limit", used.amount_fen + amount_fen > terms.cycle_max_fen),
        ("too_often", terms.cycle_times is not None and used.times >= terms.cycle_times),
    ):
        if outside:
            raise MandateRefused(reason)


def due_after_notice(terms: Terms, *, wanted: datetime | None, now: datetime) -> datetime:
    """When the debit may be made: as wanted, but not before the payer's notice has run."""
    return max(wanted or now, now + timedelta(hours=terms.notice_hours))


def next_try(terms: Terms, *, tries: int, bank_code: str, now: datetime) -> datetime | None:
    """When a debit that failed is tried again; None if it never is. A refused authority is never tried again."""
    later = now + timedelta(hours=terms.try_every_hours)
    if bank_code not in PASSING or tries >= terms.tries or business_day(later) > terms.ends_on:
        return None
    return later


def last_chance(terms: Terms, *, due_at: datetime) -> datetime:
    """When the order of a debit is over at the latest."""
    return due_at + timedelta(hours=terms.try_every_hours * (terms.tries - 1), days=1)


def reason_of(bank_code: str) -> str:
    """The bank's response code in words of ours."""
    return BANK_REASONS.get(bank_code, f"bank_{bank_code}" if bank_code else "refused")


def cycle_key(cycle: Cycle, on: date) -> str:
    """The name of the cycle that a day falls into."""
    match cycle:
        case Cycle.DAY:
            return on.isoformat()
        case Cycle.WEEK:
            year, week, _ = on.isocalendar()
            return f"{year}-W{week:02d}"
        case Cycle.MONTH:
            return on.isoformat()[:7]
        case Cycle.QUARTER:
            return f"{on.year}-Q{(on.month + 2) // 3}"
        case Cycle.YEAR:
            return str(on.year)
        case Cycle.NONE:
            return "term"
