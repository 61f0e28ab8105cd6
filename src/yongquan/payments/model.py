"""A payment and its life. Amounts in fen, times in UTC."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import Refusal


class PaymentState(StrEnum):
    USER_PAYING = "user_paying"  # above the limit of pay codes: the payer is asked first (payments.asking)
    CLOSED = "closed"  # the payer said no, or nothing in time: it never began
    CHARGING = "charging"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDING = "refunding"
    REFUNDED = "refunded"


PAYMENT_MOVES: Mapping[PaymentState, frozenset[PaymentState]] = {
    PaymentState.USER_PAYING: frozenset({PaymentState.CHARGING, PaymentState.CLOSED}),
    PaymentState.CLOSED: frozenset(),
    PaymentState.CHARGING: frozenset({PaymentState.UNKNOWN, PaymentState.SUCCEEDED, PaymentState.FAILED}),
    PaymentState.UNKNOWN: frozenset({PaymentState.UNKNOWN, PaymentState.SUCCEEDED, PaymentState.FAILED}),
    PaymentState.SUCCEEDED: frozenset({PaymentState.REFUNDING}),
    PaymentState.REFUNDING: frozenset(
        {PaymentState.SUCCEEDED, PaymentState.REFUNDED}
    ),  # succeeded: a part was refunded
    PaymentState.FAILED: frozenset(),
    PaymentState.REFUNDED: frozenset(),
}


OUTCOME_OPEN = frozenset({PaymentState.USER_PAYING, PaymentState.CHARGING, PaymentState.UNKNOWN})


class PaymentRefused(Refusal):
    """A payment that does not begin; `code` says why, per instance."""

    def __init__(self, code: str, message: str = "", **facts: object) -> None:
        super().__init__(message or code, **facts)
        self.reason = code


@dataclass(frozen=True, slots=True)
class Share:
    """What one funder pays through one voucher."""

    voucher_id: UUID
    type_id: UUID
    funder_id: str
    amount_fen: int


@dataclass(frozen=True, slots=True)
class Payment:
    """A payment as everybody may see it: who paid what, and what the store will receive."""

    payment_id: UUID
    citizen_id: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    discount_fen: int
    charged_fen: int
    fee_fen: int
    state: PaymentState
    settlement_date: date
    begun_at: datetime
    ended_at: datetime | None
    response_code: str | None
    shares: tuple[Share, ...] = ()
    refunded_fen: int = 0
    merchant_offer_fen: int = 0  # the shop's own, before `amount_fen`

    @property
    def store_receives_fen(self) -> int:
        """What the acquirer will pay the store: everything but the fees."""
        return self.amount_fen - self.fee_fen


def merchant_no(store_id: UUID) -> str:
    """A store on card lines and in tap messages, 15 characters: the last digits of its id, which are random."""
    return store_id.hex[-15:]
