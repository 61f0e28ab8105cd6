"""Pre-authorisations: money held at an issuer for an order, completed once, or given free. Amounts in fen."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from yongquan.payments.model import PaymentRefused

# UnionPay's custom for hotels and car hire: a completion may take up to 115 % of the hold, which stands for 30 days.
COMPLETION_PERCENT_MAX = 115
HOLDS_FOR = timedelta(days=30)
# The refund number under which a completion is undone on its own day.
COMPLETION_CANCELLED = "cancel"


class HoldState(StrEnum):
    """Where a hold stands. `freeing`: its cancel was sent and is sent again until the issuer answers."""

    ASKING = "asking"
    UNKNOWN = "unknown"
    HELD = "held"
    DECLINED = "declined"
    FREEING = "freeing"
    FREED = "freed"


HOLD_MOVES: Mapping[HoldState, frozenset[HoldState]] = {
    HoldState.ASKING: frozenset({HoldState.UNKNOWN, HoldState.HELD, HoldState.DECLINED}),
    HoldState.UNKNOWN: frozenset({HoldState.HELD, HoldState.DECLINED}),
    HoldState.HELD: frozenset({HoldState.FREEING}),
    HoldState.DECLINED: frozenset(),
    HoldState.FREEING: frozenset({HoldState.FREED}),
    HoldState.FREED: frozenset(),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """One hold as it is told to the issuer, and where it stands."""

    cell: int
    order_id: UUID
    attempt_no: int
    store_id: UUID
    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    acquirer: str
    mcc: str
    amount_fen: int
    state: HoldState
    authorization: str | None
    response_code: str | None
    settlement_date: date
    stan: int
    sent_at: datetime
    free_stan: int | None
    free_sent_at: datetime | None
    free_reason: str
    begun_at: datetime
    expires_at: datetime
    ended_at: datetime | None


def require_within(hold: Hold, amount_fen: int) -> None:
    """Refuse a completion beyond 115 % of the hold. Raises `PaymentRefused`: completion_too_large."""
    most_fen = hold.amount_fen * COMPLETION_PERCENT_MAX // 100
    if not 0 < amount_fen <= most_fen:
        raise PaymentRefused(
            "completion_too_large", f"a completion of this hold takes 1 to {most_fen} fen", most_fen=most_fen
        )
