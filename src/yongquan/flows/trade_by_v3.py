"""A merchant in the v3 shape trades: it opens orders, asks about them, closes them, gives money back."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.flows.admit_openid import admit_openid, citizen_of_openid
from yongquan.flows.bind_demo_card import bind_demo_card, demo_banks
from yongquan.flows.open_merchant_store import open_merchant_store
from yongquan.flows.order_desk import OrderDesk, Payer
from yongquan.flows.serve_app import AppDesk
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.links import Links
from yongquan.institutions.v3_refunds import AskedRefund, asked_refund, note_refund
from yongquan.institutions.v3_store import RequestNoUsed
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.orders import NewOrder, TradeOrder
from yongquan.payments.orders_store import order_of_payment
from yongquan.payments.refund_views import RefundRow
from yongquan.payments.refunds import RefundWish
from yongquan.payments.views import cards_of
from yongquan.vouchers.pricing import Line

DOOR: Final = "wechat_v3"
# A merchant's refund numbers are kept apart from the product's own (undo, late).
REFUND_PREFIX: Final = "v3-"
NATIVE: Final = "NATIVE"
JSAPI: Final = "JSAPI"
PARKING: Final = "PARKING"


class NoStore(Refusal):
    """The merchant was registered without a store whose takings its orders would be."""

    code = "no_store"


class NoSuchTrade(Refusal):
    """The merchant has no such order."""

    code = "no_such_trade"


class NoSuchRefund(Refusal):
    """The merchant has no such refund."""

    code = "no_such_refund"


class AmountDiffers(Refusal):
    """The order's total is not what the refund says it is."""

    code = "amount_differs"


@dataclass(frozen=True, slots=True, kw_only=True)
class TradeWish:
    """An order as it was asked for. `openid` names the one citizen who may pay it; `body` tells it from another."""

    out_trade_no: str
    trade_type: str
    amount_fen: int
    subject: str
    expires_at: datetime
    body: bytes
    openid: str | None = None
    facts: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveBack:
    """A refund as it was asked for; the order by one of its two numbers. Amounts in fen."""

    out_refund_no: str
    out_trade_no: str | None
    transaction_id: UUID | None
    amount_fen: int
    total_fen: int
    reason: str
    notify_url: str
    body: bytes


@dataclass(frozen=True, slots=True)
class V3Trades:
    """What the v3 shape asks of orders; every call may be repeated. `is_sandboxed`: stores and payers are made."""

    orders: OrderDesk
    apps: AppDesk
    links: Links
    is_sandboxed: bool

    async def open(self, merchant: GatewayMerchant, wish: TradeWish) -> TradeOrder:
        """The merchant's order under this number. Raises `NoStore`, `NotLinked`, `PaymentRefused`."""
        store_id = await self.store_of(merchant)
        facts: dict[str, object] = {
            "mchid": merchant.number,
            "appid": merchant.appid,
            "institution": merchant.institution,
            "trade_type": wish.trade_type,
            **wish.facts,
        }
        if wish.openid is not None:
            citizen_id = await self.payer_of_openid(merchant, wish.openid)
            facts |= {"openid": wish.openid, "payer": str(citizen_id)}
        new = NewOrder(
            store_id=store_id,
            order_no=wish.out_trade_no,
            door=DOOR,
            body_hash=UUID(bytes=_hash(wish.trade_type.encode() + wish.body)),
            amount_fen=wish.amount_fen,
            subject=wish.subject,
            expires_at=wish.expires_at,
            facts=facts,
        )
        return await self.orders.open(new)

    async def find(self, merchant: GatewayMerchant, out_trade_no: str) -> TradeOrder:
        """An order by the merchant's number. Raises `NoSuchTrade`."""
        found = await self.orders.find(merchant.store_id, out_trade_no) if merchant.store_id else None
        return _own(merchant, found)

    async def find_paid(self, merchant: GatewayMerchant, transaction_id: UUID) -> TradeOrder:
        """An order by the payment that paid it. Raises `NoSuchTrade`."""
        async with self.orders.database.transaction() as connection:
            found = await order_of_payment(connection, transaction_id)
        return _own(merchant, found)

    async def close(self, merchant: GatewayMerchant, out_trade_no: str) -> TradeOrder:
        """End an order unpaid. Raises `NoSuchTrade`, `PaymentRefused`: order_paid."""
        return await self.orders.close((await self.find(merchant, out_trade_no)).order_id)

    async def refund(self, merchant: GatewayMerchant, wish: GiveBack) -> tuple[TradeOrder, RefundRow]:
        """Give money back, once for the merchant's number; a bank that has not answered yet leaves it under way.

        Raises `NoSuchTrade`, `AmountDiffers`, `RequestNoUsed`, `PaymentRefused`.
        """
        order = await self._refunded_order(merchant, wish)
        asked = AskedRefund(
            merchant.number,
            wish.out_refund_no,
            order.order_id,
            _hash(wish.body),
            wish.notify_url,
            self.orders.clock.now(),
        )
        await self._note(asked)
        refund_no = f"{REFUND_PREFIX}{wish.out_refund_no}"
        try:
            order = await self.orders.refund(order.order_id, RefundWish(wish.amount_fen, refund_no, reason=wish.reason))
        except Outage:
            row = await self._row(order, refund_no)
            if row is None:
                raise
            return order, row
        row = await self._row(order, refund_no)
        if row is None:
            raise NoSuchRefund(wish.out_refund_no)
        return order, row

    async def refund_of(self, merchant: GatewayMerchant, out_refund_no: str) -> tuple[TradeOrder, RefundRow]:
        """A refund by the merchant's number. Raises `NoSuchRefund`."""
        async with self.orders.database.transaction() as connection:
            asked = await asked_refund(connection, merchant.number, out_refund_no)
        if asked is None:
            raise NoSuchRefund(out_refund_no)
        order = await self.orders.order(asked.order_id)
        row = await self._row(order, f"{REFUND_PREFIX}{out_refund_no}")
        if row is None:
            raise NoSuchRefund(out_refund_no)
        return order, row

    async def pay_as(self, merchant: GatewayMerchant, order: TradeOrder, openid: str) -> TradeOrder:
        """Beside the sandbox: pay as the citizen of an openid, with its first card and its best vouchers."""
        citizen_id = await self.payer_of_openid(merchant, openid)
        async with self.orders.database.transaction() as connection:
            cards = await cards_of(connection, cell_of(citizen_id, self.orders.cells), citizen_id)
        payer = payer_of(order, citizen_id, cards[0].instrument_id)
        return await self.orders.pay(order.order_id, payer)

    async def store_of(self, merchant: GatewayMerchant) -> UUID:
        """The store whose takings the merchant's orders are. Raises `NoStore`."""
        if merchant.store_id is not None:
            return merchant.store_id
        if not self.is_sandboxed:
            raise NoStore("gateway merchant add --store names the store whose takings the orders are")
        now = self.orders.clock.now()
        return await open_merchant_store(self.orders.database, self.links, merchant, cells=self.orders.cells, now=now)

    async def payer_of_openid(self, merchant: GatewayMerchant, openid: str) -> UUID:
        """The citizen behind an openid; beside the sandbox anybody, with a card of its own. Raises `NotLinked`."""
        now = self.orders.clock.now()
        if not self.is_sandboxed:
            return await citizen_of_openid(self.apps, merchant, openid, active_at=now)
        citizen_id = await admit_openid(self.apps, merchant, openid, now=now)
        cells, database = self.orders.cells, self.orders.database
        async with database.transaction() as connection:
            cards = await cards_of(connection, cell_of(citizen_id, cells), citizen_id)
        banks = demo_banks(self.links)
        if not cards and banks:
            bank = banks[citizen_id.int % len(banks)].code
            await bind_demo_card(
                database,
                self.links,
                self.apps.sealing,
                cells=cells,
                citizen_id=citizen_id,
                bank=bank,
                now=now,
            )
        return citizen_id

    async def _refunded_order(self, merchant: GatewayMerchant, wish: GiveBack) -> TradeOrder:
        if wish.transaction_id is not None:
            order = await self.find_paid(merchant, wish.transaction_id)
        else:
            order = await self.find(merchant, wish.out_trade_no or "")
        if wish.out_trade_no not in {None, order.order_no}:
            raise NoSuchTrade(f"{wish.out_trade_no} is another order")
        if order.amount_fen != wish.total_fen:
            raise AmountDiffers(f"the order's total is {order.amount_fen} fen")
        return order

    async def _note(self, asked: AskedRefund) -> None:
        async with self.orders.database.transaction() as connection:
            known = await asked_refund(connection, asked.mchid, asked.out_refund_no)
            if known is None:
                await note_refund(connection, asked)
        if known is None or (known.order_id, known.body_hash) == (asked.order_id, asked.body_hash):
            return
        # A number whose refund was refused is free for a corrected request.
        before = await self.orders.order(known.order_id)
        if await self._row(before, f"{REFUND_PREFIX}{asked.out_refund_no}") is not None:
            raise RequestNoUsed(f"{asked.out_refund_no} was used for another refund")
        async with self.orders.database.transaction() as connection:
            await note_refund(connection, asked)

    async def _row(self, order: TradeOrder, refund_no: str) -> RefundRow | None:
        return _named(await self.orders.refunds_of(order), refund_no)


def payer_of(
    order: TradeOrder, citizen_id: UUID, instrument_id: UUID, vouchers: tuple[UUID, ...] | None = None
) -> Payer:
    """A citizen who pays an order: scanned at the shop, or in the merchant's own app. Vouchers None: the best."""
    return Payer(
        bucket=bucket_of(citizen_id),
        citizen_id=citizen_id,
        instrument_id=instrument_id,
        vouchers=vouchers,
        lines=_lines(order.facts.get("goods")),
        is_online=order.facts.get("trade_type") != NATIVE,
    )


def _lines(goods: object) -> tuple[Line, ...]:
    rows = goods if isinstance(goods, list) else []
    return tuple(Line(str(row["sku"]), int(row["unit_fen"]), int(row["qty"])) for row in rows)


def _own(merchant: GatewayMerchant, order: TradeOrder | None) -> TradeOrder:
    if order is None or order.door != DOOR or order.facts.get("mchid") != merchant.number:
        raise NoSuchTrade("the merchant has no such order")
    return order


def _named(rows: Sequence[RefundRow], refund_no: str) -> RefundRow | None:
    return next((row for row in rows if row.refund_no == refund_no), None)


def _hash(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=16).digest()
