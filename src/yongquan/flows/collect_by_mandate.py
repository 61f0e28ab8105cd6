"""Collecting under a mandate: a debit is planned, the payer hears of it, the account's bank has the last word.

A debit pays an order like any other payment does; the mandate goes along with it to the issuer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from yongquan.citizens.store import phone_of
from yongquan.flows.order_desk import Payer
from yongquan.flows.sign_mandate import MandateDesk, there
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, named_id
from yongquan.kernel.money import yuan
from yongquan.payments import mandates_store as store
from yongquan.payments.mandates import (
    BANK_REVOKED,
    CollectionState,
    Mandate,
    MandateRefused,
    MandateState,
    cycle_key,
    due_after_notice,
    last_chance,
    next_try,
    reason_of,
    require_within,
)
from yongquan.payments.mandates_store import Collection
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAID, PAYABLE, NewOrder, OrderState, TradeOrder
from yongquan.plumbing.clock import SHANGHAI, business_day
from yongquan.plumbing.db import Connection

LOOK_SOON = timedelta(seconds=10)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectWish:
    """A payee's wish to debit under its mandate: its order number, the amount in fen, when (now, if left out).

    `door` and `facts` go into the order, as with any other.
    """

    mandate_id: UUID
    order_no: str
    amount_fen: int
    subject: str
    due_at: datetime | None = None
    door: str = "mandate"
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Collected:
    """A debit, and the order it pays."""

    collection: Collection
    order: TradeOrder


class Mandates(MandateDesk):
    """Keeps mandates and collects under them; every call may be repeated."""

    __slots__ = ()

    async def collect(self, wish: CollectWish) -> Collected:
        """Debit under a mandate: at once, or when the payer's notice has run.

        Raises `MandateRefused` for a debit outside the mandate (nothing is kept of it); `PaymentRefused`:
        order_no_used.
        """
        mandate, now = await self.mandate(wish.mandate_id), self.now()
        known = await self.orders.find(mandate.store_id, wish.order_no)
        due_at = due_after_notice(mandate.terms, wanted=wish.due_at, now=now)
        if known is None:
            async with self.database.transaction() as connection:
                await self._require_within(connection, mandate, wish.amount_fen, due_at)
        order = await self.orders.open(_order(mandate, wish, due_at=due_at))
        found = await self._plan(mandate, order, due_at=due_at, now=now)
        await self.send_notices()
        if found.state is CollectionState.WAITING and found.due_at <= now:
            await self.go_on(found.order_id, cell=found.cell)
        return await self.collected(order.order_id, cell=found.cell)

    async def collected(self, order_id: UUID, *, cell: int) -> Collected:
        """A debit and its order; `cell` is the payer's. Raises `MandateRefused`: not_found."""
        async with self.database.transaction() as connection:
            found = await store.collection_of(connection, cell, order_id)
        if found is None:
            raise MandateRefused("not_found")
        return Collected(found, await self.orders.order(order_id))

    async def cancel(self, order_id: UUID, *, cell: int, reason: str = "withdrawn") -> Collected:
        """Drop a debit that has not begun, or is between two tries."""
        await self.cancel_debit(cell, order_id, reason)
        return await self.collected(order_id, cell=cell)

    async def sweep(self) -> int:
        """Go on with debits that are due, speak to banks about revocations, send notices; how many were looked at."""
        now = self.now()
        async with self.database.transaction() as connection:
            debits = await store.lease_collections(connection, now=now)
            mandates = await store.lease_mandates(connection, now=now)
        for cell, order_id in debits:
            try:
                await self.go_on(order_id, cell=cell)
            except (Outage, Refusal) as trouble:
                log.info("debit_still_open", order_id=str(order_id), why=str(trouble))
        for _, mandate_id in mandates:
            try:
                await self.speak_to_bank(mandate_id)
            except Outage as outage:
                log.info("bank_not_asked", mandate_id=str(mandate_id), why=str(outage))
        await self.send_notices()
        return len(debits) + len(mandates)

    async def go_on(self, order_id: UUID, *, cell: int) -> None:
        """Try a debit that is due, or find out what became of its last try."""
        order = await self.orders.order(order_id)
        if order.state in PAYABLE and await self._begin_try(cell, order):
            mandate = await self.mandate((await self.collected(order_id, cell=cell)).collection.mandate_id)
            try:
                order = await self.orders.pay(order_id, _payer(mandate))
            except PaymentRefused as refusal:
                log.info("debit_not_begun", order_id=str(order_id), why=refusal.reason)
                order = await self.orders.order(order_id)
        await self._note(cell, order)

    async def send_notices(self) -> int:
        """Tell payers of debits to come; each notice is claimed once, better lost with a crash than sent twice."""
        async with self.database.transaction() as connection:
            claimed = await store.claim_notices(connection)
        for cell, order_id, mandate_id, amount_fen, due_at in claimed:
            mandate = await self.mandate(mandate_id)
            async with self.database.transaction() as connection:
                phone = await phone_of(connection, cell, mandate.citizen_id, self.sealing)
            if phone is not None and self.texts is not None:
                at = due_at.astimezone(SHANGHAI).strftime("%m-%d %H:%M")
                words = f"“{mandate.payee_name}”将于{at}按您的授权从尾号{mandate.card_tail}的卡扣款{yuan(amount_fen)}元"
                try:
                    await self.texts.send(phone, f"【涌泉】{words},如有疑问请在“代扣授权”中解约。")
                except Outage as outage:
                    log.warning("notice_unanswered", order_id=str(order_id), why=str(outage))
                    continue
            async with self.database.transaction() as connection:
                await store.note_notice(connection, cell, order_id)
        return len(claimed)

    async def _require_within(
        self,
        connection: Connection,
        mandate: Mandate,
        amount_fen: int,
        due_at: datetime,
        *,
        but: UUID | None = None,
    ) -> str:
        on = business_day(due_at)
        key = cycle_key(mandate.terms.cycle, on)
        used = await store.used_in(connection, self.cell(mandate.mandate_id), mandate.mandate_id, key, but=but)
        require_within(mandate, amount_fen, on=on, used=used)
        return key

    async def _plan(self, mandate: Mandate, order: TradeOrder, *, due_at: datetime, now: datetime) -> Collection:
        cell = self.cell(mandate.mandate_id)
        async with self.database.transaction() as connection:
            locked = await self.locked(connection, mandate.mandate_id)
            known = await store.collection_of(connection, cell, order.order_id)
            if known is not None:
                return known
            trouble = None
            try:
                key = await self._require_within(connection, locked, order.amount_fen, due_at, but=order.order_id)
            except MandateRefused as refusal:
                trouble = refusal
            else:
                needs_notice = mandate.terms.notice_hours > 0
                planned = Collection(
                    cell,
                    order.order_id,
                    mandate.mandate_id,
                    mandate.store_id,
                    order.order_no,
                    order.amount_fen,
                    order.subject,
                    CollectionState.WAITING,
                    "",
                    0,
                    due_at,
                    "due" if needs_notice else "none",
                    due_at + LOOK_SOON if due_at <= now else due_at,
                    now,
                    None,
                )
                await store.plan_collection(connection, planned, cycle_key=key)
                if needs_notice:
                    await self.tell(connection, locked, "mandate.notice", now=now, order_id=order.order_id)
        if trouble is not None:
            # Another debit took what was left of the cycle between our two looks.
            await self.orders.close(order.order_id)
            raise trouble
        return planned

    async def _begin_try(self, cell: int, order: TradeOrder) -> bool:
        now = self.now()
        async with self.database.transaction() as connection:
            found = await store.collection_of(connection, cell, order.order_id, lock=True)
            if found is None or found.state not in {CollectionState.WAITING, CollectionState.COLLECTING}:
                return False
            mandate = there(await store.mandate_of(connection, cell, found.mandate_id))
            if mandate.state is not MandateState.ACTIVE:
                state = CollectionState.CANCELLED
                await store.move_collection(connection, found, state, reason=mandate.state.value, now=now)
                return False
            if found.due_at > now:
                return False
            if found.state is CollectionState.COLLECTING and not found.reason:
                # A try was counted and what became of it is not noted yet; if it never began, it begins now.
                return order.attempts < found.tries
            await store.move_collection(
                connection, found, CollectionState.COLLECTING, tries=found.tries + 1, look_at=now + LOOK_SOON, now=now
            )
        return True

    async def _note(self, cell: int, order: TradeOrder) -> None:
        now = self.now()
        attempts = await self.orders.attempts(order.order_id)
        code = attempts[-1].reason if attempts else ""
        close, revoked = False, False
        async with self.database.transaction() as connection:
            found = await store.collection_of(connection, cell, order.order_id, lock=True)
            if found is None or found.state is not CollectionState.COLLECTING:
                return
            mandate = there(await store.mandate_of(connection, cell, found.mandate_id))
            if order.state in PAID:
                await store.move_collection(connection, found, CollectionState.SUCCEEDED, now=now)
            elif order.state in {OrderState.PENDING, OrderState.UNKNOWN}:
                await store.move_collection(
                    connection, found, CollectionState.COLLECTING, look_at=now + LOOK_SOON, now=now
                )
            else:
                again = next_try(mandate.terms, tries=found.tries, bank_code=code, now=now)
                if again is not None and order.state is not OrderState.CLOSED:
                    await store.move_collection(
                        connection, found, CollectionState.COLLECTING, reason=reason_of(code), look_at=again, now=now
                    )
                else:
                    close, revoked = order.state is not OrderState.CLOSED, code == BANK_REVOKED
                    await store.move_collection(
                        connection, found, CollectionState.FAILED, reason=reason_of(code), now=now
                    )
                    await self.tell(
                        connection, mandate, "collection.failed", now=now, order_id=order.order_id, why=reason_of(code)
                    )
        if close:
            await self.orders.close(order.order_id)
        if revoked:
            await self.end(found.mandate_id, by="bank", bank_knows=True)


def _payer(mandate: Mandate) -> Payer:
    return Payer(
        bucket=bucket_of(mandate.citizen_id),
        citizen_id=mandate.citizen_id,
        instrument_id=mandate.instrument_id,
        vouchers=(),
        authority=mandate.authority,
    )


def _order(mandate: Mandate, wish: CollectWish, *, due_at: datetime) -> NewOrder:
    return NewOrder(
        store_id=mandate.store_id,
        order_no=wish.order_no,
        door=wish.door,
        body_hash=named_id(wish.mandate_id, wish.amount_fen, wish.subject, wish.due_at),
        amount_fen=wish.amount_fen,
        subject=wish.subject,
        expires_at=last_chance(mandate.terms, due_at=due_at),
        facts={**wish.facts, "mandate_id": mandate.mandate_id.hex},
    )
