"""The cashier of an order: who may see it, what each card would pay, and where the payer goes afterwards."""

import base64
import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit
from uuid import UUID

from yongquan.flows.find_payer import Card
from yongquan.flows.order_desk import OrderDesk, Payer
from yongquan.flows.quote_payment import Quote, facts_of, quote_of, vouchers_at_hand
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.merchants.cashier_origins import origins_of
from yongquan.merchants.views import StoreRow, store_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAID, PAYABLE, OrderState, TradeOrder
from yongquan.payments.routes import Promotion, promotion_of
from yongquan.payments.routes_store import all_routes
from yongquan.payments.views import CardRow, card_heads_of, cards_of
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.catalogue import Catalogue
from yongquan.vouchers.model import Direction
from yongquan.vouchers.selection import HeldVoucher

RETURN_URL: Final = "return_url"
UNKNOWN = frozenset({OrderState.PENDING, OrderState.UNKNOWN})


@dataclass(frozen=True, slots=True)
class Return:
    """Where a payer goes when all is said: by a link, or by posting `fields` to it."""

    url: str
    fields: Mapping[str, str] = field(default_factory=dict)


ReturnBuilder = Callable[[TradeOrder], Awaitable[Return | None]]


@dataclass(frozen=True, slots=True)
class Visit:
    """An order at the cashier."""

    order: TradeOrder
    store: StoreRow
    origins: Sequence[str]


@dataclass(frozen=True, slots=True)
class CardOffer:
    """One of the payer's cards with what paying by it would come to, and the vouchers that could be chosen for it."""

    card: CardRow
    quote: Quote
    usable: tuple[HeldVoucher, ...]
    promotion: Promotion | None = None  # what the issuer gives on its own, in words

    @property
    def of_this_card(self) -> tuple[HeldVoucher, ...]:
        """Those of the vouchers used that are for cards of its kind only: the channel's own promotion."""
        used = (chosen.voucher for chosen in self.quote.selection.chosen)
        return tuple(v for v in used if v.type.rules.use.card_issuers or v.type.rules.use.card_bins)


@dataclass(frozen=True, slots=True)
class CashierDesk:
    """Serves orders' cashier pages. `returns` holds, by door, how its payers go back to the merchant."""

    orders: OrderDesk
    catalogue: Catalogue
    sealing: Sealing
    cells: int
    returns: dict[str, ReturnBuilder] = field(default_factory=dict)

    def token(self, order_id: UUID) -> str:
        """What proves that somebody was given this order's address: 22 letters that nobody can guess."""
        return base64.urlsafe_b64encode(self.sealing.index(order_id.hex, what="cashier")).decode().rstrip("=")

    def path(self, order_id: UUID) -> str:
        """The path of an order's cashier page."""
        return f"/cashier/{order_id}?t={self.token(order_id)}"

    async def visit(self, order_id: UUID, token: str) -> Visit:
        """The order behind an address. Raises `PaymentRefused`: not_found, also when the token is wrong."""
        if not hmac.compare_digest(token.encode(), self.token(order_id).encode()):
            raise PaymentRefused("not_found", "no such order")
        order = await self.orders.order(order_id)
        async with self.orders.database.transaction() as connection:
            store = await store_of(connection, order.store_id)
            origins = await origins_of(connection, order.store_id)
        if store is None:
            raise PaymentRefused("not_found", "no such store")
        return Visit(order, store, origins)

    async def offers(self, visit: Visit, citizen_id: UUID) -> list[CardOffer]:
        """A citizen's cards, each with its best vouchers; the one that saves most first."""
        now, cell = self.orders.clock.now(), cell_of(citizen_id, self.cells)
        async with self.orders.database.transaction() as connection:
            cards = await cards_of(connection, cell, citizen_id)
            heads = await card_heads_of(connection, cell, citizen_id, self.sealing)
            routes = await all_routes(connection)
        held = await self._held(visit, citizen_id)
        offers = []
        for card in cards:
            store = facts_of(visit.store, issuer=card.issuer, card_bin=heads[card.instrument_id], now=now)
            quote = quote_of(held, store=store, direction=Direction.ONLINE, amount_fen=visit.order.amount_fen)
            unusable = {v.voucher_id for v, _ in quote.unusable}
            fits = (v for v in held if v.voucher_id not in unusable and v.type.threshold_fen <= visit.order.amount_fen)
            given = promotion_of(routes, card.issuer, heads[card.instrument_id])
            offers.append(CardOffer(card, quote, tuple(fits), given))
        return sorted(offers, key=lambda offer: -offer.quote.saved_fen)

    def cell_of(self, id_: UUID) -> int:
        """The cell of whatever has this id."""
        return cell_of(id_, self.cells)

    async def quote(
        self, visit: Visit, citizen_id: UUID, instrument_id: UUID, vouchers: Sequence[UUID] | None
    ) -> Quote:
        """What one card and these vouchers (None: the best) would come to. Raises `VoucherNotUsable`."""
        now, cell = self.orders.clock.now(), cell_of(citizen_id, self.cells)
        async with self.orders.database.transaction() as connection:
            cards = {card.instrument_id: card for card in await cards_of(connection, cell, citizen_id)}
            heads = await card_heads_of(connection, cell, citizen_id, self.sealing)
        if instrument_id not in cards:
            raise PaymentRefused("instrument_unknown")
        store = facts_of(visit.store, issuer=cards[instrument_id].issuer, card_bin=heads[instrument_id], now=now)
        return quote_of(
            await self._held(visit, citizen_id),
            store=store,
            direction=Direction.ONLINE,
            amount_fen=visit.order.amount_fen,
            named=vouchers,
        )

    async def pay(
        self,
        visit: Visit,
        citizen_id: UUID,
        instrument_id: UUID,
        vouchers: Sequence[UUID] | None,
        *,
        step_up_code: str = "",
    ) -> TradeOrder:
        """Try to pay. Raises what `OrderDesk.pay` raises."""
        payer = Payer(
            bucket=bucket_of(citizen_id),
            citizen_id=citizen_id,
            instrument_id=instrument_id,
            vouchers=None if vouchers is None else tuple(vouchers),
            step_up_code=step_up_code,
        )
        return await self.orders.pay(visit.order.order_id, payer)

    async def pay_by_card(self, visit: Visit, card: Card) -> TradeOrder:
        """Try to pay by a card alone. Raises what `OrderDesk.pay` raises."""
        return await self.orders.pay(visit.order.order_id, card.payer())

    async def way_back(self, order: TradeOrder) -> Return | None:
        """Where the payer goes from here: as the order's door says, else to the order's own return address."""
        builder = self.returns.get(order.door)
        if builder is not None:
            return await builder(order)
        address = str(order.facts.get(RETURN_URL) or "")
        return Return(_with(address, order_no=order.order_no, state=standing(order))) if address else None

    async def _held(self, visit: Visit, citizen_id: UUID) -> list[HeldVoucher]:
        return await vouchers_at_hand(
            self.orders.database,
            self.catalogue,
            cells=self.cells,
            citizen_id=citizen_id,
            merchant=visit.store.licence_no,
            now=self.orders.clock.now(),
        )


def standing(order: TradeOrder) -> str:
    """The three answers that a payer gets, and two more: paid, unpaid (try again), unknown; open, over."""
    if order.state in PAID:
        return "paid"
    if order.state in UNKNOWN:
        return "unknown"
    if order.state is OrderState.CLOSED:
        return "over"
    return "unpaid" if order.attempts and order.state in PAYABLE else "open"


def _with(address: str, **facts: str) -> str:
    parts = urlsplit(address)
    query = urlencode([*parse_qsl(parts.query, keep_blank_values=True), *facts.items()])
    return urlunsplit(parts._replace(query=query))
