"""A large payment by pay code waits for its payer's word: asked, agreed, charged; or denied, withdrawn, out of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import structlog
from psycopg.errors import UniqueViolation

from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.payments.asking import CONFIRM_ABOVE_FEN, WAITS_S, WISHED, Asked, AskedState, agreed_code
from yongquan.payments.asking_store import (
    LOOK_AGAIN,
    add_asked,
    asked_by_id,
    asked_by_key,
    issuer_asked,
    lease_asked,
    lock_code,
    move_asked,
    renew_code,
    spend_code,
    used_number,
)
from yongquan.payments.model import Payment, PaymentRefused
from yongquan.payments.orders_store import give_up, look_again
from yongquan.payments.store import payment_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id

if TYPE_CHECKING:
    from yongquan.flows.take_payment import Order, PaymentDesk

BEGINS_WITHIN_S = 60
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class PayerDesk:
    """Asks payers, and goes on with what they say. Every call may be repeated."""

    database: Database
    clock: Clock
    cells: int
    payments: "PaymentDesk"
    above_fen: int = field(default=CONFIRM_ABOVE_FEN)

    def is_asked_about(self, order: "Order") -> bool:
        """Whether this payment needs its payer's word first."""
        return order.code_hash is not None and order.amount_fen > self.above_fen and order.payment_id is None

    async def ask(self, order: "Order") -> Payment:
        """The payment as it stands, waiting from now on if it is new. Raises `PaymentRefused`."""
        cell = order.bucket % self.cells
        try:
            async with self.database.transaction() as connection:
                asked = await asked_by_key(connection, cell, order.caller_id, order.key)
                if asked is None:
                    asked = await self._put(connection, cell, order)
        except UniqueViolation as twice:
            raise PaymentRefused("conflicting_request", "this order number waits for a payer already") from twice
        if asked.body_hash != order.body_hash:
            raise PaymentRefused("conflicting_request")
        return await self.present(asked)

    async def asked(self, order: "Order") -> Payment | None:
        """The payment of this order that waits, or waited, for its payer. Raises `PaymentRefused`."""
        async with self.database.transaction() as connection:
            asked = await asked_by_key(connection, order.bucket % self.cells, order.caller_id, order.key)
        if asked is None:
            return None
        if asked.body_hash != order.body_hash:
            raise PaymentRefused("conflicting_request")
        return await self.present(asked)

    async def find(self, cell: int, payment_id: UUID) -> Asked | None:
        """The question under a payment's id."""
        async with self.database.transaction() as connection:
            return await asked_by_id(connection, cell, payment_id)

    async def issuer_of(self, cell: int, payment_id: UUID) -> str | None:
        """The issuer of the card that a question is about; None if nothing waits under this id."""
        async with self.database.transaction() as connection:
            return await issuer_asked(connection, cell, payment_id)

    async def present(self, asked: Asked) -> Payment:
        """The payment itself once it has begun, else what there is to say of it."""
        async with self.database.transaction() as connection:
            payment = await payment_of(connection, cell_of(asked.payment_id, self.cells), asked.payment_id)
        return payment or asked.as_payment(now=self.clock.now())

    async def agree(self, payment_id: UUID, citizen_id: UUID) -> Payment:
        """The payer says yes: the payment begins. Too late is closed. Raises `PaymentRefused`: not_found."""
        asked = await self._answer(payment_id, AskedState.AGREED, citizen_id=citizen_id)
        if asked.state is AskedState.AGREED:
            await self._take(asked)
        return await self.present(asked)

    async def deny(self, payment_id: UUID, citizen_id: UUID) -> Payment:
        """The payer says no; after a yes it is what the yes became."""
        return await self.present(await self._answer(payment_id, AskedState.DENIED, citizen_id=citizen_id))

    async def withdraw(self, payment_id: UUID, store_id: UUID) -> Payment:
        """The till waits no longer; a payment that has begun stays as it is: refund it."""
        return await self.present(await self._answer(payment_id, AskedState.WITHDRAWN, store_id=store_id))

    async def sweep(self) -> int:
        """End what nobody answered, go on with what was agreed and left by a process that died; how many."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            due = await lease_asked(connection, now=now)
        for cell, payment_id in due:
            asked = await self.find(cell, payment_id)
            if asked is None:
                continue
            try:
                if asked.state is AskedState.ASKING:
                    await self._end(asked, AskedState.TIMED_OUT, now=now)
                elif asked.state is AskedState.AGREED:
                    await self._take(asked)
            except (Outage, Refusal) as trouble:
                log.info("payer_still_asked", payment_id=str(payment_id), why=str(trouble))
        return len(due)

    async def _put(self, connection: Connection, cell: int, order: "Order") -> Asked:
        now, order_no = self.clock.now(), order.order_no or named_id(order.caller_id, order.key).hex
        used = await used_number(connection, cell_of(order.store_id, self.cells), order.store_id, order_no)
        if used is not None:
            raise PaymentRefused("order_exists", "this order number stands for another payment")
        if order.code_hash is None:
            raise PaymentRefused("code_unknown")
        code = await lock_code(connection, cell, order.code_hash)
        if code is None:
            raise PaymentRefused("code_unknown")
        if code.payment_id is not None:
            raise PaymentRefused("code_used")
        if code.expires_at <= now:
            raise PaymentRefused("code_expired")
        payment_id = fresh_id(bucket_of(code.citizen_id))
        await spend_code(connection, cell, order.code_hash, payment_id)
        values = {
            "payment": payment_id,
            "citizen": code.citizen_id,
            "instrument": code.instrument_id,
            "vouchers": None if code.voucher_ids is None else list(code.voucher_ids),
            "caller": order.caller_id,
            "key": order.key,
            "hash": order.body_hash,
            "store": order.store_id,
            "no": order_no,
            "fen": order.amount_fen,
            "wish": _wish_of(order),
            "now": now,
            "expires": self.clock.in_real_seconds(WAITS_S),
        }
        return await add_asked(connection, cell, values)

    async def _answer(
        self, payment_id: UUID, wanted: AskedState, *, citizen_id: UUID | None = None, store_id: UUID | None = None
    ) -> Asked:
        cell, now = cell_of(payment_id, self.cells), self.clock.now()
        async with self.database.transaction() as connection:
            asked = await asked_by_id(connection, cell, payment_id, lock=True)
            if asked is None or (citizen_id or asked.citizen_id, store_id or asked.store_id) != (
                asked.citizen_id,
                asked.store_id,
            ):
                raise PaymentRefused("not_found", "no such payment waits")
            standing = asked.standing(now=now)
            if standing is AskedState.ASKING:
                yes = wanted is AskedState.AGREED
                look_at = now + LOOK_AGAIN if yes else None
                await move_asked(connection, cell, payment_id, wanted, ended_at=None if yes else now, look_at=look_at)
                if yes:
                    await self._renew(connection, cell, asked)
                else:
                    await self._wake_order(connection, asked, now=now)
            return await asked_by_id(connection, cell, payment_id) or asked

    async def _take(self, asked: Asked) -> None:
        cell, now = cell_of(asked.payment_id, self.cells), self.clock.now()
        late = asked.expires_at + (self.clock.in_real_seconds(BEGINS_WITHIN_S) - now) <= now
        if late and await self._fence(cell, asked):
            await self._end(asked, AskedState.REFUSED, now=now, reason="never_begun")
            return
        try:
            await self.payments.take_agreed(asked)
        except Outage:
            raise
        except Refusal as refusal:
            async with self.database.transaction() as connection:
                begun = await payment_of(connection, cell, asked.payment_id)
            # Somebody else may have begun it at the same moment: then the code is used, and all is well.
            if begun is None:
                await self._end(asked, AskedState.REFUSED, now=now, reason=_reason(refusal))
                return
        await self._end(asked, AskedState.BEGUN, now=now)

    async def _fence(self, cell: int, asked: Asked) -> bool:
        async with self.database.transaction() as connection:
            return await give_up(connection, cell, asked.caller_id, asked.key)

    async def _end(self, asked: Asked, state: AskedState, *, now: datetime, reason: str = "") -> None:
        cell = cell_of(asked.payment_id, self.cells)
        async with self.database.transaction() as connection:
            locked = await asked_by_id(connection, cell, asked.payment_id, lock=True)
            if locked is not None and locked.state is asked.state:
                await move_asked(connection, cell, asked.payment_id, state, reason=reason, ended_at=now, look_at=None)
                await self._wake_order(connection, asked, now=now)

    async def _renew(self, connection: Connection, cell: int, asked: Asked) -> None:
        until = self.clock.in_real_seconds(WAITS_S + BEGINS_WITHIN_S)
        await renew_code(connection, cell, asked, agreed_code(asked.payment_id), until=until)

    async def _wake_order(self, connection: Connection, asked: Asked, *, now: datetime) -> None:
        # A till's caller is its store, of which no order has the id: then nothing is woken.
        await look_again(connection, cell_of(asked.caller_id, self.cells), asked.caller_id, at=now)


def _wish_of(order: "Order") -> Mapping[str, Any]:
    lines = [[ln.sku, ln.unit_fen, ln.qty, sorted(ln.tags), ln.selected, ln.floor_fen] for ln in order.lines]
    return {"lines": lines, **{name: getattr(order, name) for name in WISHED}}


def _reason(refusal: Refusal) -> str:
    return str(getattr(refusal, "reason", "") or refusal.facts.get("reason", "") or refusal.code)
