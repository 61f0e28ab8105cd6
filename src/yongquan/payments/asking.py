"""Pay codes that need the payer's word: above a limit, the citizen confirms on the phone before anything is charged."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.payments.model import Payment, PaymentState
from yongquan.plumbing.clock import business_day

CONFIRM_ABOVE_FEN: Final = 100_000  # as the field's own codes: up to 1,000 yuan without a password
WAITS_S: Final = 30  # the till asks every 5 s and gives up at 30 s
POLL_S: Final = 5
WISHED: Final = ("merchant_offer_fen", "terminal", "entry_mode", "cashier")  # of an order, beside its lines


class AskedState(StrEnum):
    """Where a question stands. `agreed`: the payment is about to begin; `begun`: the payment itself tells the rest."""

    ASKING = "asking"
    AGREED = "agreed"
    BEGUN = "begun"
    DENIED = "denied"
    TIMED_OUT = "timed_out"
    WITHDRAWN = "withdrawn"
    REFUSED = "refused"


ASKED_MOVES: Mapping[AskedState, frozenset[AskedState]] = {
    AskedState.ASKING: frozenset({AskedState.AGREED, AskedState.DENIED, AskedState.TIMED_OUT, AskedState.WITHDRAWN}),
    AskedState.AGREED: frozenset({AskedState.BEGUN, AskedState.REFUSED}),
    AskedState.BEGUN: frozenset(),
    AskedState.DENIED: frozenset(),
    AskedState.TIMED_OUT: frozenset(),
    AskedState.WITHDRAWN: frozenset(),
    AskedState.REFUSED: frozenset(),
}
WAITING = frozenset({AskedState.ASKING, AskedState.AGREED})
# What a payment that never began says as its response code.
REASONS: Mapping[AskedState, str] = {
    AskedState.DENIED: "payer_denied",
    AskedState.TIMED_OUT: "payer_timed_out",
    AskedState.WITHDRAWN: "till_withdrew",
}


def agreed_code(payment_id: UUID) -> UUID:
    """The code of an agreed payment, which nobody was ever shown: the one that was shown is spent by asking."""
    return named_id(payment_id, "agreed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A payment that waits, or waited, for its payer's word; the payment of the same id comes of it. Amount in fen."""

    payment_id: UUID
    citizen_id: UUID
    instrument_id: UUID
    voucher_ids: tuple[UUID, ...] | None
    caller_id: UUID
    key: UUID
    body_hash: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    wish: Mapping[str, Any] = field(default_factory=dict)
    state: AskedState
    reason: str
    asked_at: datetime
    expires_at: datetime
    ended_at: datetime | None

    def standing(self, *, now: datetime) -> AskedState:
        """The state, but that a question nobody answered in time is over at once, before anybody notes it."""
        late = self.state is AskedState.ASKING and self.expires_at <= now
        return AskedState.TIMED_OUT if late else self.state

    def as_payment(self, *, now: datetime) -> Payment:
        """What a till sees: nothing is priced yet, so the citizen's part is the whole amount."""
        state = self.standing(now=now)
        waits = state in WAITING
        return Payment(
            payment_id=self.payment_id,
            citizen_id=self.citizen_id,
            store_id=self.store_id,
            order_no=self.order_no,
            amount_fen=self.amount_fen,
            discount_fen=0,
            charged_fen=self.amount_fen,
            fee_fen=0,
            state=PaymentState.USER_PAYING if waits else PaymentState.CLOSED,
            settlement_date=business_day(self.asked_at),
            begun_at=self.asked_at,
            ended_at=None if waits else self.ended_at or self.expires_at,
            response_code=None if waits else REASONS.get(state, self.reason),
        )
