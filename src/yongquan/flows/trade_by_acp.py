"""A merchant trades through ACP: its transactions lead to the product's orders and refunds, and are read from them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.find_payer import Card, Cards
from yongquan.flows.order_desk import UNDO, OrderDesk, Payer
from yongquan.flows.read_acp_outcome import COMPLETION, DOOR, HOLD, AcpReader, Outcome
from yongquan.flows.tell_acp_merchants import tell_if_ended
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.signing import signed_text
from yongquan.institutions.acp.transactions import (
    NewTransaction,
    Transaction,
    add_transaction,
    end_transaction,
    order_no_of,
    transaction_by_query_id,
    transaction_of,
)
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.registry import Registry
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import named_id
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAID, PAYABLE, NewOrder, OrderKind, OrderState, TradeOrder
from yongquan.payments.refunds import RefundWish
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.selection import VoucherNotUsable

PAYABLE_FOR = timedelta(minutes=30)
KEPT = frozenset(
    {
        *("version", "encoding", "signMethod", "accessType", "currencyCode", "channelType", "reqReserved", "reserved"),
        *("backUrl", "frontUrl", "txnAmt", "subMerId", "bussCode", "billNo", "batchNo", "postscript", "tokenPayData"),
    }
)


class AcpRefused(Refusal):
    """A no in ACP's own code."""

    code = "acp_refused"

    def __init__(self, resp_code: str, detail: str = "") -> None:
        super().__init__(codes.message(resp_code, detail))
        self.resp_code = resp_code


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose signature and fields hold."""

    merchant: GatewayMerchant
    fields: Mapping[str, str]

    @property
    def numbers(self) -> tuple[str, str, str]:
        """merId, orderId, txnTime."""
        return self.merchant.number, self.fields["orderId"], self.fields["txnTime"]

    @property
    def amount_fen(self) -> int:
        return int(self.fields.get("txnAmt", "0"))

    @property
    def body_hash(self) -> UUID:
        """Tells another request under the same numbers from a repeat."""
        return named_id("acp", signed_text(self.fields))


@dataclass(frozen=True, slots=True)
class AcpDesk:
    """Keeps ACP transactions over the order desk; every number is used once."""

    orders: OrderDesk
    cards: Cards
    sealing: Sealing
    registry: Callable[[], Registry | None]
    reader: AcpReader
    is_sandboxed: bool

    @property
    def now(self) -> datetime:
        return self.orders.clock.now()

    def hash_code(self, code: str) -> UUID:
        """How a pay code is known in the database."""
        return UUID(bytes=self.sealing.index(code, what="pay_code"))

    def store_of(self, asked: Asked) -> UUID:
        """The store whose takings the merchant's orders are. Raises `AcpRefused` 31."""
        if asked.merchant.store_id is None:
            raise AcpRefused(codes.MERCHANT)
        return asked.merchant.store_id

    async def find(self, asked: Asked) -> Transaction | None:
        """What was asked before under these numbers."""
        async with self.orders.database.transaction() as connection:
            return await transaction_of(connection, *asked.numbers)

    async def require_new(self, asked: Asked) -> None:
        """Raises `AcpRefused` 12 if the numbers are used."""
        if await self.find(asked) is not None:
            raise AcpRefused(codes.DUPLICATE)

    async def remember(self, asked: Asked, channel: str, **links: object) -> Transaction:
        """Use the request's numbers. Raises `AcpRefused` 12 if they are used."""
        mer_id, order_id, txn_time = asked.numbers
        new = NewTransaction(
            mer_id=mer_id,
            order_id=order_id,
            txn_time=txn_time,
            txn_type=asked.fields["txnType"],
            txn_sub_type=asked.fields["txnSubType"],
            biz_type=asked.fields["bizType"],
            channel=channel,
            amount_fen=asked.amount_fen,
            body_hash=asked.body_hash,
            request={name: value for name, value in asked.fields.items() if name in KEPT and value},
            received_at=self.now,
            **links,  # type: ignore[arg-type]
        )
        async with self.orders.database.transaction() as connection:
            added = await add_transaction(connection, new)
        if added is None:
            raise AcpRefused(codes.DUPLICATE)
        return added

    async def open_order(
        self, asked: Asked, channel: str, *, expires_at: datetime | None = None, tn: str | None = None
    ) -> Transaction:
        """Open the order that a request asks for. Raises `AcpRefused`."""
        await self.require_new(asked)
        _, order_id, txn_time = asked.numbers
        new = NewOrder(
            store_id=self.store_of(asked),
            order_no=order_no_of(order_id, txn_time),
            door=DOOR,
            body_hash=asked.body_hash,
            amount_fen=asked.amount_fen,
            subject=(asked.fields.get("orderDesc") or f"订单 {order_id}")[:128],
            expires_at=expires_at or self.now + PAYABLE_FOR,
            kind=OrderKind.PREAUTH if asked.fields["txnType"] == HOLD else OrderKind.PURCHASE,
            facts={"mer_id": asked.merchant.number, "channel": channel},
        )
        try:
            order = await self.orders.open(new)
        except PaymentRefused as no:
            raise AcpRefused(codes.of_refusal(no.reason)) from no
        return await self.remember(asked, channel, trade_order_id=order.order_id, tn=tn)

    async def card(self, pan: str) -> Card:
        """A card by its number. Raises `AcpRefused`."""
        registry = self.registry()
        if registry is None:
            raise AcpRefused(codes.BUSY)
        try:
            return await self.cards.find(registry, pan, now=self.now)
        except Refusal as no:
            raise AcpRefused(codes.of_refusal(no.code)) from no

    async def charge(self, transaction: Transaction, payer: Payer) -> Outcome:
        """Try to pay a back-channel order at once; one that fails is over."""
        order_id = order_of(transaction)
        try:
            order = await self.orders.pay(order_id, payer)
        except Outage:
            return Outcome(codes.UNKNOWN)
        except (PaymentRefused, VoucherNotUsable):
            order = await self.orders.order(order_id)
        if order.state in PAYABLE:
            await self.orders.close(order_id)
        return await self.outcome(transaction)

    async def original(self, asked: Asked) -> Transaction:
        """The paid transaction that `origQryId` names. Raises `AcpRefused` 35 or 36."""
        async with self.orders.database.transaction() as connection:
            found = await transaction_by_query_id(connection, asked.fields["origQryId"])
        if found is None or found.mer_id != asked.merchant.number or found.trade_order_id is None:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        if found.biz_type != asked.fields["bizType"]:
            raise AcpRefused(codes.MISMATCH, "bizType")
        return found

    async def refund(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Give a part or the whole back; the refund goes on by itself if the issuer does not answer."""
        await self.require_new(asked)
        original = await self.original(asked)
        order = await self.paid_order(original)
        if asked.amount_fen > (order.paid_fen or 0) - order.refunded_fen:
            raise AcpRefused(codes.MISMATCH, "txnAmt")
        _, order_id, txn_time = asked.numbers
        refund_no = order_no_of(order_id, txn_time)
        return await self._give_back(asked, original, RefundWish(asked.amount_fen, refund_no))

    async def undo(self, asked: Asked) -> tuple[Transaction, Outcome]:
        """Undo the whole on its own day."""
        await self.require_new(asked)
        original = await self.original(asked)
        order = await self.paid_order(original)
        if order.state is not OrderState.SUCCEEDED:
            raise AcpRefused(codes.GIVEN_BACK)
        if asked.amount_fen != order.amount_fen:
            raise AcpRefused(codes.MISMATCH, "txnAmt")
        if business_day(original.received_at) != business_day(self.now):
            raise AcpRefused(codes.OUTSIDE_WINDOW)
        return await self._give_back(asked, original, RefundWish(refund_no=UNDO))

    async def reverse(self, original: Transaction) -> Outcome:
        """Make sure that a transaction whose answer got lost never was. Raises `AcpRefused`."""
        if original.trade_order_id is None or original.refund_no is not None:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        order = await self.orders.order(original.trade_order_id)
        if order.state in {OrderState.REFUNDED, OrderState.PARTLY_REFUNDED}:
            raise AcpRefused(codes.GIVEN_BACK)
        try:
            if original.txn_type == COMPLETION:
                await self.reader.preauths.cancel_completion(order.order_id)
            elif order.state is OrderState.AUTHORISED:
                await self.reader.preauths.cancel(order.order_id)
            elif order.state in PAID:
                await self.orders.undo(order.order_id)
            else:
                # What the issuer may still have charged goes back by itself once it is known.
                await self.orders.close(order.order_id)
        except PaymentRefused as no:
            raise AcpRefused(codes.of_refusal(no.reason)) from no
        except Outage:
            return Outcome(codes.UNKNOWN)
        return Outcome(codes.OK)

    async def paid_order(self, original: Transaction) -> TradeOrder:
        """The order of an original that has money to give back. Raises `AcpRefused` 35 or 45."""
        order = await self.orders.order(order_of(original))
        if original.refund_no is not None or order.state not in PAID:
            raise AcpRefused(codes.ORIGINAL_MISSING)
        if order.state in {OrderState.REFUNDED, OrderState.REVERSED}:
            raise AcpRefused(codes.GIVEN_BACK)
        return order

    async def outcome(self, transaction: Transaction) -> Outcome:
        """What became of a transaction, as it is now."""
        return await self.reader.outcome(transaction)

    async def _give_back(self, asked: Asked, original: Transaction, wish: RefundWish) -> tuple[Transaction, Outcome]:
        order_id = order_of(original)
        transaction = await self.remember(
            asked, "back", trade_order_id=order_id, original_id=original.query_id, refund_no=wish.refund_no
        )
        try:
            if wish.refund_no == UNDO:
                await self.orders.undo(order_id)
            else:
                await self.orders.refund(order_id, wish)
        except Outage:
            return transaction, Outcome(codes.UNKNOWN)
        except PaymentRefused as no:
            await self.end(transaction, codes.of_refusal(no.reason))
        return transaction, await self.outcome(transaction)

    async def end(self, transaction: Transaction, resp_code: str, said: Mapping[str, str] | None = None) -> None:
        """Say for good what became of a transaction, and tell its merchant."""
        said = {name: value for name, value in (said or {}).items() if value}
        async with self.orders.database.transaction() as connection:
            await end_transaction(connection, transaction.query_id, resp_code, said)
        await tell_if_ended(self.orders.database, transaction, Outcome(resp_code))


def order_of(transaction: Transaction) -> UUID:
    """The product's order of a transaction. Raises `AcpRefused` 35."""
    if transaction.trade_order_id is None:
        raise AcpRefused(codes.ORIGINAL_MISSING)
    return transaction.trade_order_id
