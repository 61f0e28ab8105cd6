"""A pre-authorisation: money held for an order, then completed (a payment like any other), or given free."""

import asyncio
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from yongquan.flows.order_desk import OrderDesk, Payer, require_payable, there
from yongquan.flows.settle_attempt import LOOK_SOON, UNDER_WAY, key_of, note_attempt, note_refunds
from yongquan.flows.settle_hold import HoldDesk, money_of
from yongquan.flows.take_payment import SIGNED_OFF, Order
from yongquan.institutions.errors import NotSent, OutcomeUnknown
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.payments.clearing_store import day_is_open
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import (
    ATTEMPTS_MAX,
    PAID,
    Attempt,
    AttemptState,
    Deed,
    OrderKind,
    OrderState,
    TradeOrder,
    outcome_of,
)
from yongquan.payments.orders_store import Move, attempts_of, begin_attempt, look_again, move_order, order_by_id
from yongquan.payments.preauths import COMPLETION_CANCELLED, HOLDS_FOR, Hold, HoldState, require_within
from yongquan.payments.preauths_store import (
    begin_freeing,
    hold_facts,
    insert_hold,
    latest_hold,
)
from yongquan.payments.refunds import RefundWish
from yongquan.payments.switch import Switch
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database

# The issuer has nothing held any more: freed now, over already, or unknown to it.
NOTHING_HELD: Final = frozenset({"00", "22", "25"})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Preauths:
    """Holds money for orders of kind `preauth`; every call may be repeated."""

    orders: OrderDesk
    switch: Switch

    @property
    def holds(self) -> HoldDesk:
        return HoldDesk(self.orders.payments, self.switch, self.orders.clock, self.orders.cells)

    @property
    def database(self) -> Database:
        return self.orders.database

    async def hold(self, order_id: UUID, payer: Payer) -> TradeOrder:
        """Try to hold an order's amount: authorised, failed (it may be tried again), or unknown until the issuer says.

        Raises `PaymentRefused`: wrong_kind, order_authorised, order_closed, order_paid, attempt_under_way,
        instrument_unknown, store_closed. Vouchers are not used: they would be bound for weeks.
        """
        hold, sealed = await self._begin_hold(order_id, payer)
        charge = self.holds.charge_of(hold, sealed)
        try:
            answer = await self.switch.hold(charge)
        except NotSent:
            return await asyncio.shield(self.holds.note(hold, HoldState.DECLINED, SIGNED_OFF, None))
        except OutcomeUnknown as unknown:
            log.warning("hold_unknown", order_id=str(order_id), why=str(unknown))
            return await asyncio.shield(self.holds.note(hold, HoldState.UNKNOWN, "", None))
        return await asyncio.shield(self.holds.note_answer(hold, answer))

    async def complete(self, order_id: UUID, amount_fen: int) -> TradeOrder:
        """Take up to 115 % of what is held, once: succeeded, or authorised as before if the issuer declines.

        While the outcome is unknown the order stays authorised, with an attempt under way. Raises `PaymentRefused`:
        not_authorised, completion_too_large, conflicting_request (completed with another amount).
        """
        begun = await self._begin_completion(order_id, amount_fen)
        if isinstance(begun, TradeOrder):
            return begun
        order, hold, attempt_no = begun
        try:
            payment = await self.orders.payments.take(_completion_wish(order, hold, attempt_no, amount_fen))
        except Outage:
            raise
        except Refusal as refusal:
            reason = getattr(refusal, "reason", refusal.code)
            await self._note_attempt(order, attempt_no, (AttemptState.FAILED, None, reason))
            raise
        outcome = outcome_of(payment.state, payment.response_code), payment.payment_id, payment.response_code or ""
        return await asyncio.shield(self._note_attempt(order, attempt_no, outcome))

    async def cancel(self, order_id: UUID) -> TradeOrder:
        """Give what is held free and close the order. Raises `PaymentRefused`: not_authorised, attempt_under_way,
        order_paid; `Outage` if the issuer has not answered: the cancel goes on by itself.
        """
        cell, now = self._cell(order_id), self.orders.clock.now()
        stan = await self.orders.payments.next_stan()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id, lock=True))
            hold = await latest_hold(connection, cell, order_id)
            if hold is not None and hold.state is HoldState.FREED:
                return order
            if order.state in PAID:
                raise PaymentRefused("order_paid", "the hold is completed: cancel the completion, or refund it")
            if hold is not None and hold.state is HoldState.HELD:
                _require_settled(await attempts_of(connection, cell, order_id))
                hold = await begin_freeing(connection, hold, stan=stan, reason="cancelled", now=now)
        if hold is None or hold.state is not HoldState.FREEING:
            raise PaymentRefused("not_authorised", f"an order that is {order.state.value} holds no money")
        return await self.holds.free(hold)

    async def cancel_completion(self, order_id: UUID) -> TradeOrder:
        """Undo a completion on its own settlement day: the money goes back, and the hold stands again.

        Raises `PaymentRefused`: not_refundable, undo_too_late; `Outage`: it goes on by itself.
        """
        cell, now = self._cell(order_id), self.orders.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id))
            if order.state is OrderState.AUTHORISED and _was_cancelled(await attempts_of(connection, cell, order_id)):
                return order
            if order.kind is not OrderKind.PREAUTH or order.state is not OrderState.SUCCEEDED or not order.payment_id:
                raise PaymentRefused("not_refundable", f"an order that is {order.state.value} has no completion")
            # If we die on the way, the orders' sweeper finds out what became of it.
            await look_again(connection, cell, order_id, at=now + LOOK_SOON)
        payment_cell = self._cell(order.payment_id)
        payment = await self.orders.payments.payment(payment_cell, order.payment_id)
        async with self.database.transaction() as connection:
            if not await day_is_open(connection, payment.settlement_date):
                raise PaymentRefused("undo_too_late", "the day of the completion is closed: refund it instead")
        wish = RefundWish(refund_no=COMPLETION_CANCELLED)
        desk = self.orders.refunds
        await desk.refund(payment_cell, order.payment_id, store_id=order.store_id, now=now, wish=wish)
        async with self.database.transaction() as connection:
            return await note_refunds(connection, cell, order_id, cells=self.orders.cells, now=now)

    async def held(self, order_id: UUID) -> Hold | None:
        """The newest hold of an order."""
        async with self.database.transaction() as connection:
            return await latest_hold(connection, self._cell(order_id), order_id)

    async def sweep(self) -> int:
        """Look at each hold that is due; say how many."""
        return await self.holds.sweep()

    async def _begin_hold(self, order_id: UUID, payer: Payer) -> tuple[Hold, bytes]:
        cell, now = self._cell(order_id), self.orders.clock.now()
        stan = await self.orders.payments.next_stan()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id, lock=True))
            require_payable(order, OrderKind.PREAUTH, now=now)
            payer_cell = payer.bucket % self.orders.cells
            facts = await hold_facts(connection, payer_cell, payer.instrument_id, payer.citizen_id, order.store_id)
            if facts is None or payer.citizen_id is None or payer.instrument_id is None:
                raise PaymentRefused("instrument_unknown", "only a card that is named can be held")
            if facts.store_state != "open":
                raise PaymentRefused("store_closed")
            hold = Hold(
                cell=cell,
                order_id=order_id,
                attempt_no=order.attempts + 1,
                store_id=order.store_id,
                citizen_id=payer.citizen_id,
                instrument_id=payer.instrument_id,
                issuer=facts.issuer,
                acquirer=facts.acquirer,
                mcc=facts.mcc,
                amount_fen=order.amount_fen,
                state=HoldState.ASKING,
                authorization=None,
                response_code=None,
                settlement_date=business_day(now),
                stan=stan,
                sent_at=now.replace(microsecond=0),
                free_stan=None,
                free_sent_at=None,
                free_reason="",
                begun_at=now,
                expires_at=now + HOLDS_FOR,
                ended_at=None,
            )
            number = hold.attempt_no
            await begin_attempt(connection, cell, order_id, number, bucket=payer.bucket, now=now, deed=Deed.HOLD)
            await insert_hold(connection, hold, look_at=now + LOOK_SOON)
            pending = Move(OrderState.PENDING, number, None, 0, None, None, None)
            await move_order(connection, cell, order_id, pending)
        return hold, facts.pan_sealed

    async def _begin_completion(self, order_id: UUID, amount_fen: int) -> TradeOrder | tuple[TradeOrder, Hold, int]:
        cell, now = self._cell(order_id), self.orders.clock.now()
        async with self.database.transaction() as connection:
            order = there(await order_by_id(connection, cell, order_id, lock=True))
            hold = await latest_hold(connection, cell, order_id)
            attempts = await attempts_of(connection, cell, order_id)
            earlier = [
                a for a in attempts if a.deed is Deed.COMPLETE and a.state in {*UNDER_WAY, AttemptState.SUCCEEDED}
            ]
            if earlier:
                if earlier[-1].amount_fen != amount_fen:
                    raise PaymentRefused("conflicting_request", "the hold is being completed with another amount")
                return order
            if order.state is not OrderState.AUTHORISED or hold is None or hold.state is not HoldState.HELD:
                raise PaymentRefused("not_authorised", f"an order that is {order.state.value} holds no money")
            require_within(hold, amount_fen)
            if order.attempts >= ATTEMPTS_MAX:
                raise PaymentRefused("order_closed", f"the order was tried {ATTEMPTS_MAX} times")
            number, bucket = order.attempts + 1, bucket_of(hold.citizen_id)
            await begin_attempt(
                connection,
                cell,
                order_id,
                number,
                bucket=bucket,
                now=now,
                deed=Deed.COMPLETE,
                amount_fen=amount_fen,
            )
            going = Move(OrderState.AUTHORISED, number, None, 0, None, None, now + LOOK_SOON)
            await move_order(connection, cell, order_id, going)
        return order, hold, number

    async def _note_attempt(
        self, order: TradeOrder, attempt_no: int, outcome: tuple[AttemptState, UUID | None, str]
    ) -> TradeOrder:
        cell, now = self._cell(order.order_id), self.orders.clock.now()
        async with self.database.transaction() as connection:
            return await note_attempt(connection, cell, order.order_id, attempt_no, outcome, now=now)

    def _cell(self, id_: UUID) -> int:
        return cell_of(id_, self.orders.cells)


def _completion_wish(order: TradeOrder, hold: Hold, attempt_no: int, amount_fen: int) -> Order:
    key = key_of(order.order_id, attempt_no)
    return Order(
        caller_id=order.order_id,
        key=key,
        body_hash=named_id(key, hold.citizen_id, hold.instrument_id, amount_fen),
        bucket=bucket_of(hold.citizen_id),
        store_id=order.store_id,
        amount_fen=amount_fen,
        order_no=f"{order.order_no}~{attempt_no}",
        citizen_id=hold.citizen_id,
        instrument_id=hold.instrument_id,
        vouchers=(),
        is_online=True,
        hold=money_of(hold),
    )


def _require_settled(attempts: list[Attempt]) -> None:
    if any(a.state in UNDER_WAY for a in attempts):
        raise PaymentRefused("attempt_under_way", "a completion of this hold has not ended: ask what became of it")


def _was_cancelled(attempts: list[Attempt]) -> bool:
    completions = [a for a in attempts if a.deed is Deed.COMPLETE]
    return bool(completions) and completions[-1].reason == COMPLETION_CANCELLED
