"""An objection, and what a citizen is told of what stands against the account. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.lists.treatment import treatment_of

REASON_MIN, REASON_MAX, ANSWER_MAX, PHOTOS_MAX = 10, 500, 500, 4
ANSWERED_WITHIN: Final = timedelta(days=7)


class ObjectionState(StrEnum):
    """The life of an objection."""

    OPEN = "open"
    UPHELD = "upheld"
    REFUSED = "refused"


class Held(StrEnum):
    """What stands against an account in general words: what it does, never which list, rule or source."""

    NO_PAYMENTS = "no_payments"
    NO_VOUCHERS = "no_vouchers"
    NO_CAMPAIGNS = "no_campaigns"
    STRICTER = "stricter"
    REPORTED = "reported"


class NothingHeld(Refusal):
    """Nothing stands against this account."""

    code = "nothing_held"


class ObjectionOpen(Refusal):
    """An objection of this citizen waits for its answer."""

    code = "objection_open"


class UnknownObjection(Refusal):
    """There is no such objection."""

    code = "not_found"


class ObjectionIncomplete(Refusal):
    """The form lacks something; `faults` names the fields."""

    code = "application_incomplete"

    def __init__(self, faults: dict[str, str]) -> None:
        super().__init__(", ".join(sorted(faults)))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class Objection:
    """An objection as it stands, opened. `entries` and `reports` are what stood when it was sent."""

    objection_id: UUID
    citizen_id: UUID
    reason: str
    entries: tuple[UUID, ...]
    reports: tuple[UUID, ...]
    state: ObjectionState
    answer: str
    sent_at: datetime
    due_at: datetime
    answered_by: str | None
    answered_at: datetime | None


def faults_of(reason: str, photos: int) -> dict[str, str]:
    """The fields of the form that are missing or wrong."""
    found = {}
    if not REASON_MIN <= len(reason) <= REASON_MAX:
        found["reason"] = "too_short" if len(reason) < REASON_MIN else "too_long"
    if photos > PHOTOS_MAX:
        found["photos"] = "too_many"
    return found


def is_against(entry: ListEntry) -> bool:
    """Whether an entry is held against its party; the white list shields."""
    return entry.colour is not Colour.WHITE


def held_by(entries: Iterable[ListEntry], *, is_reported: bool) -> tuple[Held, ...]:
    """What a citizen is told, the gravest first."""
    treatment = treatment_of([entry for entry in entries if is_against(entry)])
    is_refused = treatment.always == "refuse"
    is_stricter = (
        treatment.with_vouchers != "allow" or treatment.step_up_above_fen is not None or treatment.cap_fen is not None
    )
    told = {
        Held.NO_PAYMENTS: is_refused,
        Held.NO_VOUCHERS: not treatment.may_use_vouchers and not is_refused,
        Held.NO_CAMPAIGNS: not treatment.may_take_part or not treatment.may_grab,
        Held.STRICTER: is_stricter and treatment.may_use_vouchers and not is_refused,
        Held.REPORTED: is_reported,
    }
    return tuple(what for what, holds in told.items() if holds)
