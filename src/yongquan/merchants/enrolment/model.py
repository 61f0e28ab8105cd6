"""A call for shops, the shops in it, and a bureau's nominations."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.merchants.enrolment.conditions import CallConditions, CallWindow

NOMINATED_MAX = 200


class EnrolmentState(StrEnum):
    """Whether a shop is in; it may join again while sign-up is open."""

    JOINED = "joined"
    WITHDRAWN = "withdrawn"


class NominationState(StrEnum):
    """The life of a nomination: decided by another person than its maker."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REFUSED = "refused"


NOMINATION_MOVES: Mapping[NominationState, frozenset[NominationState]] = {
    NominationState.PROPOSED: frozenset({NominationState.APPROVED, NominationState.REFUSED}),
    NominationState.APPROVED: frozenset(),
    NominationState.REFUSED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class CallPlan:
    """What is fixed when a call is drafted; until `starts_at`, the campaign's beginning, a shop may withdraw."""

    campaign_id: UUID
    group_code: str
    opens_at: datetime
    closes_at: datetime
    starts_at: datetime
    places: int | None
    conditions: CallConditions


@dataclass(frozen=True, slots=True)
class Call:
    """A call with how many shops are in it."""

    call_id: UUID
    plan: CallPlan
    joined: int

    @property
    def window(self) -> CallWindow:
        """When it may be answered, and how many places are left."""
        left = None if self.plan.places is None else self.plan.places - self.joined
        return CallWindow(self.plan.opens_at, self.plan.closes_at, left)


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A shop in a call, or one that has withdrawn; `via` is the shop itself or a bureau."""

    call_id: UUID
    store_id: UUID
    state: EnrolmentState
    via: str
    by: str
    joined_at: datetime
    left_at: datetime | None


@dataclass(frozen=True, slots=True)
class Nomination:
    """Shops that a bureau names; `left_out` says of each that was not taken which condition it did not meet."""

    nomination_id: UUID
    call_id: UUID
    adcode: str
    stores: tuple[UUID, ...]
    reason: str
    state: NominationState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    left_out: Mapping[str, str]
