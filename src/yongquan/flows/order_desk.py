"""A merchant's order: opened, paid by an attempt, closed, refunded. What an attempt does is `take_payment`'s work."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from yongquan.flows.refund_payment import RefundDesk
from yongquan.flows.settle_attempt import LOOK_SOON, key_of, note_attempt, note_refunds
from yongquan.flows.take_payment import Order, PaymentDesk
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.payments.clearing_store import day_is_open
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import (
    ATTEMPTS_MAX,
    PAID,
    PAYABLE,
    Attempt,
    AttemptState,
    NewOrder,
    OrderKind,
    OrderState,
    TradeOrder,
    outcome_of,
)
from yongquan.payments.orders_store import (
    Move,
    attempts_of,
    begin_attempt,
    insert_order,
    look_again,
    move_order,
    order_by_id,
    order_by_no,
    tell,
)
from yongquan.payments.refund_views import RefundRow, refunds_of
from yongquan.payments.refunds import RefundWish
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.pricing import Line

UNDO = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payer:
    """Who pays: a citizen with an instrument, or whoever shows the pay code of this hash.

    `vouchers` None means the best ones; a code carries its own choice. `lines` are the goods, if they are known.
    """

    bucket: int
    citizen_id: UUID | None = None
    instrument_id: UUID | None = None
    code_hash: UUID | None = None
    vouchers: tuple[UUID, ...] | None = None
    lines: tuple[Line, ...] = field(default=())
    is_online: bool = True
    authority: str = ""  # of a collection, see payments.mandates
    device: str | None = None  # its token, where the payer's phone names itself
    place: tuple[float, float] | None = None  # where the payer's phone says it is: lon, lat
    step_up_code: str = field(default="", repr=False)  # that risk asked for
    is_proven: bool = False  # the payer has just given back a code that the card's bank texted


@dataclass(frozen=True, slots=True)
class OrderDesk:
    """Keeps merchants' orders; every call may be repeated."""

    payments: PaymentDesk
    refunds: RefundDesk
    clock: Clock
    cells: int

    @property
    def database(self) -> Database:
        return self.payments.database

    async def open(self, new: NewOrder) -> TradeOrder:
        """The store's order under this number, made now if it is new.

        Raises `PaymentRefused`: order_no_used, when the number stands for another request; bad_order.
        """
        cell, now = cell_of(new.store_id, self.cells), self.clock.now()
        if new.expires_at <= now:
            raise PaymentRefused("bad_order", "the order would be over before it begins: give a later expires_at")
        async with self.database.transaction() as connection:
            order = await insert_order(connection, cell, fresh_id(bucket_of(new.store_id)), new, now=now)
            if order is None:
                order = await order_by_no(connection, cell, new.store_id, new.order_no)
            else:
                await tell(connection, cell, order, "created", part="", now=now)
        if order is None or (order.body_hash, order.door) != (new.body_hash, new.door):
            raise PaymentRefused("order_no_used", f"order number {new.order_no} stands for another order")
        return order

    async def order(self, order_id: UUID) -> TradeOrder:
        """An order by id. Raises `PaymentRefused`: not_found."""
        cell = cell_of(order_id, self.cells)
        async with self.database.transaction() as connection:
            return there(await order_by_id(connection, cell, order_id))

    async def find(self, store_id: UUID, order_no: str) -> TradeOrder | None:
        """A store's order by its number."""
        async with self.database.transaction() as connection:
            return await order_by_no(connection, cell_of(store_id, self.cells), store_id, order_no)

    async def attempts(self, order_id: UUID) -> list[Attempt]:
        """The tries to pay an order, the first first."""
        async with self.database.transaction() as connection:
            return await attempts_of(connection, cell_of(order_id, self.cells), order_id)

    async def pay(self, order_id: UUID, payer: Payer) -> TradeOrder:
        """Try to pay an order: succeeded, failed (it may be tried again), or unknown until the issuer answers.

        Raises `PaymentRefused` and `VoucherNotUsable` when the try never began, which leaves the order payable;
        order_closed, order_paid, attempt_under_way say that the order cannot be tried now. After step_up_required the
        next try brings the code as `step_up_code`; `WrongCode` is a failed try too.
        """
        cell = cell_of(order_id, self.cells)
        order, attempt_no = await self._begin(cell, order_id, payer)
        try:
            payment = await self.payments.take(attempt_wish(order, attempt_no, payer))
        except Outage:
            raise
        except Refusal as refusal:
            reason = getattr(refusal, "reason", refusal.code)
            await self._note(order, attempt_no, AttemptState.FAILED, None, reason)
            raise
        outcome = outcome_of(payment.state, payment.response_code)
        return await asyncio.shield(
            self._note(order, attempt_no, outcome, payment.payment_id, payment.response_code or "")
        )

    async def close(self, order_id: UUID) -> TradeOrder:
        """End an order unpaid; money that arrives later goes back by itself. Raises `PaymentRefused`: order_paid."""
        cell, now = cell_of(order_id, self.cells), self.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id, lock=True))
            if order.state in PAID:
                raise PaymentRefused("order_paid", "the order is paid: refund it instead")
            if order.state is OrderState.AUTHORISED:
                raise PaymentRefused("order_authorised", "money is held for the order: cancel the hold instead")
            if order.state is not OrderState.CLOSED:
                under_way = order.state in {OrderState.PENDING, OrderState.UNKNOWN}
                look_at = now + LOOK_SOON if under_way else None
                await move_order(
                    connection,
                    cell,
                    order_id,
                    Move(OrderState.CLOSED, order.attempts, order.payment_id, 0, None, now, look_at),
                )
                order = there(await order_by_id(connection, cell, order_id))
                await tell(connection, cell, order, "closed", part="", now=now)
        return order

    async def refund(self, order_id: UUID, wish: RefundWish) -> TradeOrder:
        """Give back what is wished of a paid order; the same `refund_no` again is the same refund.

        Raises `PaymentRefused`; `Outage` if the issuer has not answered yet: the refund goes on by itself.
        """
        cell, now = cell_of(order_id, self.cells), self.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id))
            if order.payment_id is None:
                raise PaymentRefused("not_refundable", f"an order that is {order.state.value} has nothing to refund")
            # If we die on the way, the sweeper finds out what became of the refund.
            await look_again(connection, cell, order_id, at=now + LOOK_SOON)
        payment_cell = cell_of(order.payment_id, self.cells)
        await self.refunds.refund(payment_cell, order.payment_id, store_id=order.store_id, now=now, wish=wish)
        return await self.synchronise(order_id)

    async def undo(self, order_id: UUID) -> TradeOrder:
        """Give the whole back on the order's own settlement day, so that it never was. Idempotent.

        Raises `PaymentRefused`: undo_too_late once the day is closed, not_refundable, refund_too_large.
        """
        order = await self.order(order_id)
        if order.state is OrderState.REVERSED:
            return order
        if order.kind is not OrderKind.PURCHASE:
            raise PaymentRefused("wrong_kind", "this order completed a hold: cancel the completion instead")
        if order.state is not OrderState.SUCCEEDED or order.payment_id is None:
            raise PaymentRefused("not_refundable", f"an order that is {order.state.value} cannot be undone")
        payment = await self.payments.payment(cell_of(order.payment_id, self.cells), order.payment_id)
        async with self.database.transaction() as connection:
            if not await day_is_open(connection, payment.settlement_date):
                raise PaymentRefused("undo_too_late", "the order's day is closed: refund it instead")
        return await self.refund(order_id, RefundWish(refund_no=UNDO))

    async def refunds_of(self, order: TradeOrder) -> Sequence[RefundRow]:
        """An order's refunds, the first first."""
        if order.payment_id is None:
            return []
        async with self.database.transaction() as connection:
            return await refunds_of(connection, cell_of(order.payment_id, self.cells), order.payment_id)

    async def synchronise(self, order_id: UUID) -> TradeOrder:
        """Take over what the payment of a paid order says of its refunds."""
        cell = cell_of(order_id, self.cells)
        async with self.database.transaction() as connection:
            return await note_refunds(connection, cell, order_id, cells=self.cells, now=self.clock.now())

    async def _begin(self, cell: int, order_id: UUID, payer: Payer) -> tuple[TradeOrder, int]:
        now = self.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id, lock=True))
            require_payable(order, OrderKind.PURCHASE, now=now)
            attempt_no = order.attempts + 1
            waits = self.payments.payers.is_asked_about(attempt_wish(order, attempt_no, payer))
            state = AttemptState.CREATED if waits else AttemptState.PENDING
            await begin_attempt(connection, cell, order_id, attempt_no, bucket=payer.bucket, state=state, now=now)
            pending = Move(OrderState.PENDING, attempt_no, None, 0, None, None, now + LOOK_SOON)
            await move_order(connection, cell, order_id, pending)
        return order, attempt_no

    async def _note(
        self, order: TradeOrder, attempt_no: int, outcome: AttemptState, payment_id: UUID | None, reason: str
    ) -> TradeOrder:
        cell = cell_of(order.order_id, self.cells)
        async with self.database.transaction() as connection:
            return await note_attempt(
                connection,
                cell,
                order.order_id,
                attempt_no,
                (outcome, payment_id, reason),
                now=self.clock.now(),
            )


def attempt_wish(order: TradeOrder, attempt_no: int, payer: Payer) -> Order:
    """The payment that an attempt asks for; the same attempt always asks under the same key."""
    key = key_of(order.order_id, attempt_no)
    return Order(
        caller_id=order.order_id,
        key=key,
        body_hash=named_id(key, payer.citizen_id, payer.instrument_id, payer.code_hash, payer.vouchers),
        bucket=payer.bucket,
        store_id=order.store_id,
        amount_fen=order.amount_fen,
        # A failed try keeps its number: the next one is told apart in the store's books.
        order_no=order.order_no if attempt_no == 1 else f"{order.order_no}~{attempt_no}",
        lines=payer.lines,
        code_hash=payer.code_hash,
        citizen_id=payer.citizen_id,
        instrument_id=payer.instrument_id,
        vouchers=payer.vouchers,
        is_online=payer.is_online and payer.code_hash is None,
        authority=payer.authority,
        device=payer.device,
        place=payer.place,
        step_up_code=payer.step_up_code,
        is_proven=payer.is_proven,
        judged_as=order.order_id,
    )


def require_payable(order: TradeOrder, kind: OrderKind, *, now: datetime) -> None:
    """Refuse to try an order that is of another kind, paid, held, under way or over. Raises `PaymentRefused`."""
    if order.kind is not kind:
        raise PaymentRefused("wrong_kind", f"this order is a {order.kind.value}")
    if order.state is OrderState.AUTHORISED:
        raise PaymentRefused("order_authorised", "money is held for this order already")
    if order.state in PAID:
        raise PaymentRefused("order_paid", "the order is paid already")
    if order.state in {OrderState.PENDING, OrderState.UNKNOWN}:
        raise PaymentRefused("attempt_under_way", "an attempt to pay this order has not ended: ask what became of it")
    if order.state not in PAYABLE or order.expires_at <= now:
        raise PaymentRefused("order_closed", "the order is closed: ask the merchant for a new one")
    if order.attempts >= ATTEMPTS_MAX:
        raise PaymentRefused("order_closed", f"the order was tried {ATTEMPTS_MAX} times: ask for a new one")


def there(order: TradeOrder | None) -> TradeOrder:
    """The order that must be there. Raises `PaymentRefused`: not_found."""
    if order is None:
        raise PaymentRefused("not_found", "no such order")
    return order
