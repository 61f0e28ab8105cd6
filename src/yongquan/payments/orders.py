"""Orders and attempts: what a merchant asks to be paid, and each try to pay it. Their published state tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.payments.model import PaymentState

SUBJECT_MAX = 128
ATTEMPTS_MAX = 20


class OrderKind(StrEnum):
    """Whether an order takes money at once, or holds it first (pre-authorisation)."""

    PURCHASE = "purchase"
    PREAUTH = "preauth"


class Deed(StrEnum):
    """What a try does: it pays, it holds, or it takes what was held."""

    PAY = "pay"
    HOLD = "hold"
    COMPLETE = "complete"


class OrderState(StrEnum):
    """Where an order stands. `failed` may be tried again until it expires; `closed` is over for good.

    `authorised`: the money is held, and waits for its completion or its cancel.
    """

    CREATED = "created"
    PENDING = "pending"
    UNKNOWN = "unknown"
    AUTHORISED = "authorised"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    PARTLY_REFUNDED = "partly_refunded"
    REFUNDED = "refunded"
    CLOSED = "closed"


class AttemptState(StrEnum):
    """Where a try stands. `reversed`: undone at the issuer; `returned`: it succeeded too late and was given back."""

    CREATED = "created"
    PENDING = "pending"
    UNKNOWN = "unknown"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REVERSED = "reversed"
    RETURNED = "returned"


ORDER_MOVES: Mapping[OrderState, frozenset[OrderState]] = {
    OrderState.CREATED: frozenset({OrderState.PENDING, OrderState.CLOSED}),
    OrderState.PENDING: frozenset(
        {OrderState.UNKNOWN, OrderState.AUTHORISED, OrderState.SUCCEEDED, OrderState.FAILED, OrderState.CLOSED}
    ),
    OrderState.UNKNOWN: frozenset({OrderState.AUTHORISED, OrderState.SUCCEEDED, OrderState.FAILED, OrderState.CLOSED}),
    OrderState.AUTHORISED: frozenset({OrderState.SUCCEEDED, OrderState.CLOSED}),
    OrderState.FAILED: frozenset({OrderState.PENDING, OrderState.CLOSED}),
    # Back to authorised: the completion was cancelled on its day, and the hold stands again.
    OrderState.SUCCEEDED: frozenset(
        {OrderState.PARTLY_REFUNDED, OrderState.REFUNDED, OrderState.REVERSED, OrderState.AUTHORISED}
    ),
    OrderState.PARTLY_REFUNDED: frozenset({OrderState.PARTLY_REFUNDED, OrderState.REFUNDED}),
    OrderState.REFUNDED: frozenset(),
    OrderState.REVERSED: frozenset(),
    OrderState.CLOSED: frozenset(),
}
# There is no way from unknown to failed without the issuer's answer: only `outcome_of` an ended payment says failed.
ATTEMPT_MOVES: Mapping[AttemptState, frozenset[AttemptState]] = {
    AttemptState.CREATED: frozenset({AttemptState.PENDING, AttemptState.FAILED}),
    AttemptState.PENDING: frozenset(
        {AttemptState.UNKNOWN, AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.REVERSED}
    ),
    AttemptState.UNKNOWN: frozenset({AttemptState.SUCCEEDED, AttemptState.FAILED, AttemptState.REVERSED}),
    AttemptState.SUCCEEDED: frozenset({AttemptState.RETURNED}),
    AttemptState.FAILED: frozenset(),
    AttemptState.REVERSED: frozenset(),
    AttemptState.RETURNED: frozenset(),
}
PAYABLE = frozenset({OrderState.CREATED, OrderState.FAILED})
PAID = frozenset({OrderState.SUCCEEDED, OrderState.PARTLY_REFUNDED, OrderState.REFUNDED, OrderState.REVERSED})
TRIED = frozenset({OrderState.PENDING, OrderState.UNKNOWN})
COMPLETABLE = frozenset({OrderState.AUTHORISED})
REVERSED_RESPONSE = "68"  # the issuer undid the charge, see flows.resolve_payments


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What a merchant asks to be paid, in fen. `body_hash` tells another request under the same number from a repeat.

    `door` serves the merchant (native, acp, wechat_v3) and keeps in `facts` what it must say again.
    """

    store_id: UUID
    order_no: str
    door: str
    body_hash: UUID
    amount_fen: int
    subject: str
    expires_at: datetime
    facts: Mapping[str, object] = field(default_factory=dict)
    kind: OrderKind = OrderKind.PURCHASE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to pay an order."""

    attempt_no: int
    bucket: int
    state: AttemptState
    payment_id: UUID | None
    reason: str
    is_late: bool
    begun_at: datetime
    ended_at: datetime | None
    deed: Deed = Deed.PAY
    amount_fen: int | None = None


@dataclass(frozen=True, slots=True)
class TradeOrder:
    """An order as it stands. Amounts in fen, times in UTC.

    `paid_fen` is what was paid, if it was: the completion of a hold may take another amount than the order's.
    """

    order_id: UUID
    store_id: UUID
    order_no: str
    door: str
    body_hash: UUID
    amount_fen: int
    subject: str
    state: OrderState
    attempts: int
    payment_id: UUID | None
    refunded_fen: int
    facts: Mapping[str, object]
    created_at: datetime
    expires_at: datetime
    paid_at: datetime | None
    ended_at: datetime | None
    kind: OrderKind = OrderKind.PURCHASE
    paid_fen: int | None = None


def outcome_of(state: PaymentState, response_code: str | None) -> AttemptState:
    """What a payment's state says of the attempt that made it."""
    match state:
        case PaymentState.USER_PAYING:
            return AttemptState.CREATED
        case PaymentState.CLOSED:
            return AttemptState.FAILED
        case PaymentState.CHARGING:
            return AttemptState.PENDING
        case PaymentState.UNKNOWN:
            return AttemptState.UNKNOWN
        case PaymentState.FAILED:
            return AttemptState.REVERSED if response_code == REVERSED_RESPONSE else AttemptState.FAILED
        case PaymentState.SUCCEEDED | PaymentState.REFUNDING | PaymentState.REFUNDED:
            return AttemptState.SUCCEEDED


def waits_for(deed: Deed) -> frozenset[OrderState]:
    """The states in which an order waits for what such a try brings."""
    return COMPLETABLE if deed is Deed.COMPLETE else TRIED


def after_attempt(order: OrderState, attempt: AttemptState, deed: Deed = Deed.PAY) -> OrderState:
    """Where an order goes when its attempt stands so; an order that is over stays as it is.

    A completion that fails leaves the hold as it stands; a hold that was given back ends its order.
    """
    if order is OrderState.AUTHORISED:
        if deed is Deed.COMPLETE and attempt is AttemptState.SUCCEEDED:
            return OrderState.SUCCEEDED
        return OrderState.CLOSED if deed is Deed.HOLD and attempt is AttemptState.RETURNED else order
    if order not in TRIED:
        return order
    match attempt:
        case AttemptState.CREATED | AttemptState.PENDING:
            return order
        case AttemptState.UNKNOWN:
            return OrderState.UNKNOWN
        case AttemptState.SUCCEEDED:
            return OrderState.AUTHORISED if deed is Deed.HOLD else OrderState.SUCCEEDED
        case AttemptState.FAILED | AttemptState.REVERSED | AttemptState.RETURNED:
            return OrderState.FAILED


def after_refund(order: OrderState, *, refunded_fen: int, amount_fen: int, undone: bool) -> OrderState:
    """Where a paid order goes when so much of it was given back; `undone`: by an undo of the whole on its day."""
    if refunded_fen == 0:
        return order
    if refunded_fen < amount_fen:
        return OrderState.PARTLY_REFUNDED
    return OrderState.REVERSED if undone and order is OrderState.SUCCEEDED else OrderState.REFUNDED
