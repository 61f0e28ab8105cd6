"""What became of an attempt, written into its order: by the process that made it, or by the sweeper after a crash."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from yongquan.flows.refund_payment import RefundDesk
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import cell_of, named_id
from yongquan.payments.asking_store import asked_by_key
from yongquan.payments.model import PaymentRefused, PaymentState
from yongquan.payments.orders import (
    ATTEMPT_MOVES,
    PAID,
    PAYABLE,
    Attempt,
    AttemptState,
    Deed,
    OrderState,
    TradeOrder,
    after_attempt,
    after_refund,
    outcome_of,
    waits_for,
)
from yongquan.payments.orders_store import (
    LOOK_AGAIN,
    NEVER_BEGUN,
    Move,
    attempts_of,
    begun_as,
    give_up,
    lease_orders,
    look_again,
    move_attempt,
    move_order,
    order_by_id,
    tell,
)
from yongquan.payments.preauths import COMPLETION_CANCELLED
from yongquan.payments.refund_views import refunds_of
from yongquan.payments.refunds import RefundWish
from yongquan.payments.store import payment_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database

# An attempt is given this long to end by itself; one that has not begun by then never will.
LOOK_SOON = timedelta(seconds=15)
BEGINS_WITHIN = timedelta(seconds=60)
LATE = "late"
TOLD = frozenset({OrderState.AUTHORISED, OrderState.SUCCEEDED, OrderState.FAILED, OrderState.CLOSED})
UNDER_WAY = frozenset({AttemptState.CREATED, AttemptState.PENDING, AttemptState.UNKNOWN})

log = structlog.get_logger(__name__)
Outcome = tuple[AttemptState, UUID | None, str]


def key_of(order_id: UUID, attempt_no: int) -> UUID:
    """The key under which an attempt takes its payment, once."""
    return named_id(order_id, "attempt", attempt_no)


async def note_attempt(
    connection: Connection, cell: int, order_id: UUID, attempt_no: int, outcome: Outcome, *, now: datetime
) -> TradeOrder:
    """Write an attempt's state, payment and reason, and what they mean for its order; a repeat changes nothing."""
    order = _there(await order_by_id(connection, cell, order_id, lock=True))
    attempt = next(a for a in await attempts_of(connection, cell, order_id) if a.attempt_no == attempt_no)
    state, payment_id, reason = outcome
    if state not in ATTEMPT_MOVES[attempt.state]:
        return order
    came_late = state is AttemptState.SUCCEEDED and order.state not in waits_for(attempt.deed)
    noted = replace(
        attempt,
        state=state,
        payment_id=payment_id or attempt.payment_id,
        reason=reason,
        is_late=came_late or attempt.is_late,
        ended_at=None if state in UNDER_WAY else now,
    )
    await move_attempt(connection, cell, order_id, noted)
    if noted.is_late:
        # The money goes back by itself: the sweeper sees to it.
        await look_again(connection, cell, order_id, at=now)
        await tell(connection, cell, order, "paid_late" if came_late else "returned", part=str(attempt_no), now=now)
        return order
    after = after_attempt(order.state, state, attempt.deed)
    paid = after is OrderState.SUCCEEDED
    await move_order(
        connection,
        cell,
        order_id,
        Move(
            state=after,
            attempts=order.attempts,
            payment_id=noted.payment_id if paid else order.payment_id,
            refunded_fen=order.refunded_fen,
            paid_at=now if paid else order.paid_at,
            ended_at=now if after is OrderState.CLOSED else order.ended_at,
            look_at=_next_look(after, order, noted, now=now),
            paid_fen=(attempt.amount_fen or order.amount_fen) if paid else order.paid_fen,
        ),
    )
    moved = _there(await order_by_id(connection, cell, order_id))
    if after in TOLD and after is not order.state:
        await tell(connection, cell, moved, after.value, part=str(attempt_no), now=now)
    return moved


async def note_refunds(connection: Connection, cell: int, order_id: UUID, *, cells: int, now: datetime) -> TradeOrder:
    """Take over from the payment how much of a paid order was given back, telling each refund once."""
    order = _there(await order_by_id(connection, cell, order_id, lock=True))
    payment = order.payment_id and await payment_of(connection, cell_of(order.payment_id, cells), order.payment_id)
    if not payment or order.payment_id is None:
        return order
    rows = await refunds_of(connection, cell_of(order.payment_id, cells), order.payment_id)
    # Several may be under way at once: they are told in the order in which they ended.
    ended = sorted(
        (row for row in rows if row.state == "succeeded"), key=lambda row: (row.ended_at or now, row.refund_no)
    )
    if any(row.refund_no == COMPLETION_CANCELLED for row in ended):
        return await _note_completion_cancelled(connection, cell, order, now=now)
    state = after_refund(
        order.state,
        refunded_fen=payment.refunded_fen,
        amount_fen=payment.amount_fen,
        undone=any(row.refund_no == "undo" for row in ended),
    )
    open_still = payment.state is PaymentState.REFUNDING
    await move_order(
        connection,
        cell,
        order_id,
        Move(
            state=state,
            attempts=order.attempts,
            payment_id=order.payment_id,
            refunded_fen=payment.refunded_fen,
            paid_at=order.paid_at,
            ended_at=now if state in {OrderState.REFUNDED, OrderState.REVERSED} else None,
            look_at=now + LOOK_AGAIN if open_still else None,
            paid_fen=order.paid_fen,
        ),
    )
    moved = _there(await order_by_id(connection, cell, order_id))
    told_fen = 0
    for row in ended:
        told_fen += row.amount_fen
        if told_fen > order.refunded_fen:
            await tell(connection, cell, moved, "refunded", part=row.refund_no, now=now)
    return moved


async def _note_completion_cancelled(
    connection: Connection, cell: int, order: TradeOrder, *, now: datetime
) -> TradeOrder:
    """The completion never was: its attempt is given back, and the hold waits again."""
    for attempt in await attempts_of(connection, cell, order.order_id):
        if attempt.payment_id == order.payment_id and attempt.state is AttemptState.SUCCEEDED:
            given_back = replace(attempt, state=AttemptState.RETURNED, reason=COMPLETION_CANCELLED)
            await move_attempt(connection, cell, order.order_id, given_back)
    waiting = Move(OrderState.AUTHORISED, order.attempts, None, 0, None, None, None)
    await move_order(connection, cell, order.order_id, waiting)
    moved = _there(await order_by_id(connection, cell, order.order_id))
    await tell(connection, cell, moved, "completion_cancelled", part=str(order.payment_id), now=now)
    return moved


@dataclass(frozen=True, slots=True)
class OrderSweeper:
    """Looks after orders that are due: attempts under way, late successes, refunds under way, orders that expire."""

    database: Database
    refunds: RefundDesk
    clock: Clock
    cells: int

    async def sweep(self) -> int:
        """Look at each order that is due; say how many."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            due = await lease_orders(connection, now=now)
        for cell, order_id in due:
            try:
                await self._look(cell, order_id, now=now)
            except (Outage, PaymentRefused) as trouble:
                log.info("order_still_open", order_id=str(order_id), why=str(trouble))
        return len(due)

    async def _look(self, cell: int, order_id: UUID, *, now: datetime) -> None:
        async with self.database.transaction() as connection:
            order = _there(await order_by_id(connection, cell, order_id))
            attempts = await attempts_of(connection, cell, order_id)
            for attempt in attempts:
                # A hold makes no payment: its own sweeper asks about it (flows.preauthorise).
                if attempt.state in UNDER_WAY and attempt.deed is not Deed.HOLD:
                    await self._ask(connection, cell, order_id, attempt, now=now)
        await self._give_back(cell, order, attempts, now=now)
        async with self.database.transaction() as connection:
            order = _there(await order_by_id(connection, cell, order_id, lock=True))
            if order.state in PAYABLE and order.expires_at <= now:
                over = Move(OrderState.CLOSED, order.attempts, None, 0, None, now, None)
                await move_order(connection, cell, order_id, over)
                closed = _there(await order_by_id(connection, cell, order_id))
                await tell(connection, cell, closed, "closed", part="", now=now)
            elif order.state in PAID:
                await note_refunds(connection, cell, order_id, cells=self.cells, now=now)
            elif order.state is OrderState.CLOSED and not _unfinished(await attempts_of(connection, cell, order_id)):
                over = Move(OrderState.CLOSED, order.attempts, None, 0, None, order.ended_at, None)
                await move_order(connection, cell, order_id, over)

    async def _ask(self, connection: Connection, cell: int, order_id: UUID, attempt: Attempt, *, now: datetime) -> None:
        payer_cell, key = attempt.bucket % self.cells, key_of(order_id, attempt.attempt_no)
        payment_id = await begun_as(connection, payer_cell, order_id, key)
        if attempt.state is AttemptState.CREATED:
            if payment_id is None and await self._waits(connection, cell, order_id, attempt, key, now=now):
                return
            if payment_id not in {None, NEVER_BEGUN}:
                begun: Outcome = (AttemptState.PENDING, payment_id, "")
                await note_attempt(connection, cell, order_id, attempt.attempt_no, begun, now=now)
        never = payment_id == NEVER_BEGUN
        if payment_id is None and attempt.begun_at + BEGINS_WITHIN <= now:
            never = await give_up(connection, payer_cell, order_id, key)
        if never:
            outcome: Outcome = (AttemptState.FAILED, None, "never_begun")
            await note_attempt(connection, cell, order_id, attempt.attempt_no, outcome, now=now)
        elif payment_id is not None and (payment := await payment_of(connection, payer_cell, payment_id)) is not None:
            outcome = outcome_of(payment.state, payment.response_code), payment_id, payment.response_code or ""
            await note_attempt(connection, cell, order_id, attempt.attempt_no, outcome, now=now)

    async def _waits(
        self, connection: Connection, cell: int, order_id: UUID, attempt: Attempt, key: UUID, *, now: datetime
    ) -> bool:
        """Whether the payer is still asked; a no, or no answer, ends the attempt."""
        asked = await asked_by_key(connection, attempt.bucket % self.cells, order_id, key)
        if asked is None:
            return False
        said = asked.as_payment(now=now)
        if said.state is PaymentState.CLOSED:
            outcome: Outcome = (AttemptState.FAILED, None, said.response_code or "")
            await note_attempt(connection, cell, order_id, attempt.attempt_no, outcome, now=now)
        return True

    async def _give_back(self, cell: int, order: TradeOrder, attempts: Sequence[Attempt], *, now: datetime) -> None:
        for attempt in attempts:
            if not attempt.is_late or attempt.state is not AttemptState.SUCCEEDED or attempt.payment_id is None:
                continue
            payment_cell = cell_of(attempt.payment_id, self.cells)
            wish = RefundWish(refund_no=LATE, reason="the order was over when the money arrived")
            await self.refunds.refund(payment_cell, attempt.payment_id, store_id=order.store_id, now=now, wish=wish)
            async with self.database.transaction() as connection:
                payment = await payment_of(connection, payment_cell, attempt.payment_id)
                if payment is not None and payment.state is PaymentState.REFUNDED:
                    returned: Outcome = (AttemptState.RETURNED, None, LATE)
                    await note_attempt(connection, cell, order.order_id, attempt.attempt_no, returned, now=now)


def _next_look(state: OrderState, order: TradeOrder, attempt: Attempt, *, now: datetime) -> datetime | None:
    if state in waits_for(attempt.deed) and attempt.state in UNDER_WAY:
        return now + LOOK_AGAIN
    return order.expires_at if state in PAYABLE else None


def _unfinished(attempts: Sequence[Attempt]) -> bool:
    return any(a.state in UNDER_WAY or (a.is_late and a.state is AttemptState.SUCCEEDED) for a in attempts)


def _there(order: TradeOrder | None) -> TradeOrder:
    if order is None:
        raise PaymentRefused("not_found", "no such order")
    return order
