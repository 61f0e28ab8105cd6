"""What a bank sells to another bank's customers: paid without leaving the page, or by mandate, then told to the bank.

The order is one like any other, at a store of the selling bank's own. What the bank refuses is refunded by itself.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

import structlog

from yongquan.citizens.sign_in import SignInDesk, WrongCode
from yongquan.citizens.store import phone_of
from yongquan.flows.collect_by_mandate import CollectWish, Mandates
from yongquan.flows.order_desk import Payer
from yongquan.institutions.connectors.service_messages import CardBill
from yongquan.institutions.connectors.signed_http import InstitutionRefused
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, cell_of, named_id
from yongquan.kernel.money import yuan
from yongquan.payments.mandates import Cycle, Mandate, MandateRefused, MandateState, NewMandate, Scene, Terms
from yongquan.payments.orders import PAID, NewOrder, OrderState, TradeOrder
from yongquan.payments.refunds import RefundWish
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.programmes import bank_goods_store as store
from yongquan.programmes.bank_goods_store import BankOrder, BankPlan

LOOK_SOON = timedelta(seconds=10)
ORDER_LASTS = timedelta(minutes=15)
PLAN_LASTS = timedelta(days=365)
SCENES = {"fund": Scene.FUND_PLAN, "repayment": Scene.CARD_REPAYMENT}
SUBJECTS = {"fund": "购买基金", "repayment": "信用卡还款"}

log = structlog.get_logger(__name__)


class GoodsRefused(Refusal):
    """A purchase, repayment or plan that cannot be; `reason` says why."""

    code = "goods_refused"

    def __init__(self, reason: str, **facts: object) -> None:
        super().__init__(reason, reason=reason, **facts)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class GoodsWish:
    """What a citizen wants of a bank, and the card that pays: a fund, or the repayment of the card `target`."""

    instrument_id: UUID
    kind: str
    bank: str
    amount_fen: int
    fund_code: str = ""
    target: str = ""

    @property
    def purpose(self) -> str:
        """What a one-time code for this purchase is good for, and nothing else."""
        parts = (self.instrument_id, self.kind, self.bank, self.amount_fen, self.fund_code, self.target)
        return f"goods {named_id(*parts).hex}"


@dataclass(frozen=True, slots=True)
class BankGoods:
    """Sells banks' goods; every call may be repeated."""

    mandates: Mandates
    example_cards: Callable[[], tuple[str, ...]] = tuple  # the demo's credit cards, shown beside the sandbox

    async def offer(self, bank: str, kind: str, store_id: UUID) -> None:
        """Let a bank sell a kind of goods through a store of its own, by mandate too."""
        async with self.mandates.database.transaction() as connection:
            await store.name_store(connection, bank, kind, store_id)
        await self.mandates.allow(store_id, [SCENES[kind]])

    async def banks(self, kind: str) -> list[str]:
        """The banks that sell a kind of goods."""
        async with self.mandates.database.transaction() as connection:
            return await store.banks_selling(connection, kind)

    async def send_code(self, citizen_id: UUID, wish: GoodsWish) -> None:
        """Send the payer a code for this one purchase. Raises `GoodsRefused`: no_phone; as `SignInDesk`."""
        phone, desk = await self._phone(citizen_id)
        asks = f"您正在支付{yuan(wish.amount_fen)}元({SUBJECTS[wish.kind]}),"
        await desk.send_code(phone, now=wall_now(), purpose=wish.purpose, asks=asks)

    async def buy(self, citizen_id: UUID, key: str, wish: GoodsWish, *, code: str) -> BankOrder:
        """Pay now, once for the key. Raises `WrongCode`, `GoodsRefused`: not_sold; `PaymentRefused`."""
        store_id = await self._store(wish)
        order_no = f"{wish.kind}-{named_id(citizen_id, key).hex}"
        cell = self._cell(citizen_id)
        known = await self.mandates.orders.find(store_id, order_no)
        if known is not None and (found := await self._found(cell, known.order_id)) is not None:
            await self.deliver(found)
            return await self.order(citizen_id, found.order_id)
        phone, desk = await self._phone(citizen_id)
        agreed, _ = await desk.agree(phone, code, now=wall_now(), purpose=wish.purpose, name="")
        if agreed != citizen_id:
            raise WrongCode
        now = self._now()
        order = await self.mandates.orders.open(
            NewOrder(
                store_id=store_id,
                order_no=order_no,
                door="bank_goods",
                body_hash=named_id(wish.purpose),
                amount_fen=wish.amount_fen,
                subject=SUBJECTS[wish.kind],
                expires_at=now + ORDER_LASTS,
            )
        )
        bought = self._bank_order(citizen_id, order, wish, by_plan=None, now=now)
        async with self.mandates.database.transaction() as connection:
            await store.add_order(connection, bought, look_at=now + LOOK_SOON)
        payer = Payer(
            bucket=bucket_of(citizen_id), citizen_id=citizen_id, instrument_id=wish.instrument_id, vouchers=()
        )
        await self.mandates.orders.pay(order.order_id, payer)
        await self.deliver(bought)
        return await self.order(citizen_id, order.order_id)

    async def ask_plan(self, citizen_id: UUID, key: str, wish: GoodsWish, *, payee_name: str) -> Mandate:
        """Ask for the mandate of a plan: `amount_fen` a month at most. It is signed as any mandate is."""
        today = business_day(self._now())
        terms = Terms(
            purpose=SUBJECTS[wish.kind],
            scene=SCENES[wish.kind],
            cycle=Cycle.MONTH,
            debit_max_fen=wish.amount_fen,
            cycle_max_fen=wish.amount_fen,
            starts_on=today,
            ends_on=today + PLAN_LASTS,
            notice_hours=0 if wish.kind == "repayment" else 24,
            tries=3,
            try_every_hours=6,
        )
        new = NewMandate(
            store_id=await self._store(wish),
            contract_no=f"plan-{named_id(citizen_id, key).hex}",
            payee_name=payee_name,
            citizen_id=citizen_id,
            instrument_id=wish.instrument_id,
            terms=terms,
        )
        return await self.mandates.ask(new)

    async def begin_plan(self, mandate: Mandate, wish: GoodsWish, *, day: int) -> BankPlan:
        """Carry a signed mandate's plan out every month on a day (1 to 28). Raises `GoodsRefused`: not_signed."""
        if mandate.state is not MandateState.ACTIVE:
            raise GoodsRefused("not_signed", state=mandate.state.value)
        now, cell = self._now(), self._cell(mandate.citizen_id)
        plan = BankPlan(
            cell=cell,
            plan_id=mandate.mandate_id,
            citizen_id=mandate.citizen_id,
            kind=wish.kind,
            bank=wish.bank,
            mandate_id=mandate.mandate_id,
            amount_fen=wish.amount_fen,
            fund_code=wish.fund_code,
            target_sealed=self._sealed(wish),
            target_tail=wish.target[-4:],
            day=day,
            next_on=on_or_after(business_day(now), day),
        )
        async with self.mandates.database.transaction() as connection:
            await store.add_plan(connection, plan, now=now)
        return plan

    async def plans(self, citizen_id: UUID, kind: str) -> list[BankPlan]:
        """A citizen's plans."""
        async with self.mandates.database.transaction() as connection:
            return await store.plans_of(connection, self._cell(citizen_id), citizen_id, kind)

    async def orders(self, citizen_id: UUID, kind: str) -> list[BankOrder]:
        """A citizen's last orders."""
        async with self.mandates.database.transaction() as connection:
            return await store.orders_of(connection, self._cell(citizen_id), citizen_id, kind)

    async def order(self, citizen_id: UUID, order_id: UUID) -> BankOrder:
        """A citizen's order. Raises `GoodsRefused`: not_found."""
        found = await self._found(self._cell(citizen_id), order_id)
        if found is None or found.citizen_id != citizen_id:
            raise GoodsRefused("not_found")
        return found

    async def bill(self, bank: str, card_no: str) -> CardBill:
        """A credit card's last bill. Raises `GoodsRefused`: unknown_card; `Outage`."""
        try:
            async with self.mandates.links.client(bank) as client:
                return await client.bill(card_no, today=business_day(self._now()))
        except InstitutionRefused as refusal:
            raise GoodsRefused("unknown_card") from refusal

    async def sweep(self) -> int:
        """Carry out plans that are due, and tell banks of paid orders; how many were looked at."""
        now = self._now()
        async with self.mandates.database.transaction() as connection:
            plans = await store.due_plans(connection, today=business_day(now))
            due = await store.lease_orders(connection, now=now)
        for plan in plans:
            try:
                await self._carry_out(plan)
            except (Outage, Refusal) as trouble:
                log.info("plan_waits", plan_id=str(plan.plan_id), why=str(trouble))
        for order in due:
            try:
                await self.deliver(order)
            except (Outage, Refusal) as trouble:
                log.info("goods_wait", order_id=str(order.order_id), why=str(trouble))
        return len(plans) + len(due)

    async def deliver(self, bought: BankOrder) -> None:
        """Tell the bank of an order once it is paid; refund what it refuses."""
        order, now = await self.mandates.orders.order(bought.order_id), self._now()
        found = await self._found(bought.cell, bought.order_id)
        if found is None or found.state in {"confirmed", "failed", "refunded"}:
            return
        if order.state in {OrderState.REFUNDED, OrderState.REVERSED}:
            await self._move(replace(found, state="refunded"), reason=found.reason or "refunded")
        elif found.state == "refunding":
            await self._refund(found)
        elif order.state in PAID:
            await self._tell_bank(found, now=now)
        elif order.state is OrderState.CLOSED or (order.state is OrderState.FAILED and found.by_plan is None):
            await self.mandates.orders.close(order.order_id)
            attempts = await self.mandates.orders.attempts(order.order_id)
            await self._move(replace(found, state="failed"), reason=attempts[-1].reason if attempts else "closed")
        else:
            await self._move(found, reason="", look_at=now + LOOK_SOON)

    async def _tell_bank(self, bought: BankOrder, *, now: datetime) -> None:
        day, name = business_day(now), bought.order_id.hex
        async with self.mandates.links.client(bought.bank) as bank:
            if bought.kind == "fund":
                holder = holder_of(bought.citizen_id)
                told = await bank.buy_fund(
                    name, fund_code=bought.fund_code, holder=holder, amount_fen=bought.amount_fen, day=day
                )
                good, reason, shares, nav = told.code == "confirmed", told.code, told.shares, told.nav
            else:
                card_no = Vault(self.mandates.sealing).open(bought.target_sealed or b"")
                reason = await bank.repay_card(name, card_no=card_no, amount_fen=bought.amount_fen, day=day)
                good, shares, nav = reason == "booked", 0, 0
        if good:
            await self._move(replace(bought, state="confirmed", shares=shares, nav=nav), reason="")
            return
        await self._move(replace(bought, state="refunding"), reason=reason, look_at=now + LOOK_SOON)
        await self._refund(replace(bought, state="refunding", reason=reason))

    async def _refund(self, bought: BankOrder) -> None:
        after = await self.mandates.orders.refund(bought.order_id, RefundWish(refund_no="goods", reason=bought.reason))
        if after.state in {OrderState.REFUNDED, OrderState.REVERSED}:
            await self._move(replace(bought, state="refunded"), reason=bought.reason)

    async def _carry_out(self, plan: BankPlan) -> None:
        mandate = await self.mandates.mandate(plan.mandate_id)
        if mandate.state is not MandateState.ACTIVE:
            async with self.mandates.database.transaction() as connection:
                await store.end_plan(connection, plan)
            return
        amount_fen = await self._due_fen(plan)
        if amount_fen:
            wish = CollectWish(
                mandate_id=plan.mandate_id,
                order_no=f"{plan.plan_id.hex}-{plan.next_on:%Y%m%d}",
                amount_fen=amount_fen,
                subject=SUBJECTS[plan.kind],
                door="bank_goods",
            )
            try:
                collected = await self.mandates.collect(wish)
            except MandateRefused as refusal:
                log.warning("plan_refused", plan_id=str(plan.plan_id), why=refusal.reason)
            else:
                await self._note_debit(plan, collected.order, look_at=collected.collection.due_at + LOOK_SOON)
        async with self.mandates.database.transaction() as connection:
            await store.next_time(connection, plan, on=on_or_after(plan.next_on + timedelta(days=1), plan.day))

    async def _note_debit(self, plan: BankPlan, order: TradeOrder, *, look_at: datetime) -> None:
        bought = BankOrder(
            plan.cell,
            order.order_id,
            plan.citizen_id,
            plan.kind,
            plan.bank,
            order.amount_fen,
            plan.fund_code,
            plan.target_sealed,
            plan.target_tail,
            plan.plan_id,
            "paying",
            "",
            0,
            0,
            self._now(),
        )
        async with self.mandates.database.transaction() as connection:
            await store.add_order(connection, bought, look_at=look_at)
        await self.deliver(bought)

    async def _due_fen(self, plan: BankPlan) -> int:
        if plan.kind == "fund":
            return plan.amount_fen
        bill = await self.bill(plan.bank, Vault(self.mandates.sealing).open(plan.target_sealed or b""))
        return min(bill.left_fen, plan.amount_fen)

    def _bank_order(
        self, citizen_id: UUID, order: TradeOrder, wish: GoodsWish, *, by_plan: UUID | None, now: datetime
    ) -> BankOrder:
        return BankOrder(
            self._cell(citizen_id),
            order.order_id,
            citizen_id,
            wish.kind,
            wish.bank,
            order.amount_fen,
            wish.fund_code,
            self._sealed(wish),
            wish.target[-4:],
            by_plan,
            "paying",
            "",
            0,
            0,
            now,
        )

    def _sealed(self, wish: GoodsWish) -> bytes | None:
        return Vault(self.mandates.sealing).keep(wish.target).sealed if wish.target else None

    async def _move(self, order: BankOrder, *, reason: str, look_at: datetime | None = None) -> None:
        async with self.mandates.database.transaction() as connection:
            await store.move_order(
                connection, order, order.state, reason=reason, shares=order.shares, nav=order.nav, look_at=look_at
            )

    async def _store(self, wish: GoodsWish) -> UUID:
        async with self.mandates.database.transaction() as connection:
            found = await store.store_of(connection, wish.bank, wish.kind)
        if found is None:
            raise GoodsRefused("not_sold", bank=wish.bank, kind=wish.kind)
        return found

    async def _found(self, cell: int, order_id: UUID) -> BankOrder | None:
        async with self.mandates.database.transaction() as connection:
            return await store.order_of(connection, cell, order_id)

    async def _phone(self, citizen_id: UUID) -> tuple[str, SignInDesk]:
        m = self.mandates
        async with m.database.transaction() as connection:
            phone = await phone_of(connection, self._cell(citizen_id), citizen_id, m.sealing)
        if phone is None or m.texts is None:
            raise GoodsRefused("no_phone")
        return phone, SignInDesk(m.database, m.sealing, m.texts, m.cells)

    def _now(self) -> datetime:
        return self.mandates.now()

    def _cell(self, citizen_id: UUID) -> int:
        return cell_of(citizen_id, self.mandates.cells)


def holder_of(citizen_id: UUID) -> str:
    """How a citizen is known to the banks whose funds they hold; it says nothing of the person."""
    return named_id("fund holder", citizen_id).hex


def on_or_after(day: date, of_month: int) -> date:
    """The first such day of a month from `day` on."""
    if day.day <= of_month:
        return day.replace(day=of_month)
    return (day.replace(day=28) + timedelta(days=4)).replace(day=of_month)
