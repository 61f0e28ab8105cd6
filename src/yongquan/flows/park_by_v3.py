"""A car park in the v3 shape: is a plate's parking paid without stopping, a car drives in, its fee is taken."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.flows.trade_by_v3 import PARKING, NoSuchTrade, TradeWish, V3Trades, payer_of
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.institutions.v3_store import Numbered, answer_before, keep_answer
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import OrderState, TradeOrder
from yongquan.payments.plates_store import (
    Plate,
    PlateService,
    is_parked,
    note_parking,
    open_plate,
    service_of,
)
from yongquan.payments.views import cards_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing

# Beside the sandbox anybody's openid owns it, with a card of 5,000 yuan.
TEST_PLATE: Final = Plate("浙B12345", "BLUE")


class NoSuchParking(Refusal):
    """The merchant has no such entry, or it is another car's."""

    code = "no_such_parking"


class PlateNotOpen(Refusal):
    """Nobody pays for this plate's parking."""

    code = "plate_not_open"


@dataclass(frozen=True, slots=True)
class V3Parking:
    """What a car park asks; every call may be repeated."""

    trades: V3Trades
    sealing: Sealing

    async def service(self, merchant: GatewayMerchant, plate: Plate, openid: str) -> PlateService | None:
        """Since when the citizen of this openid has this plate's parking paid. Raises `NotLinked`."""
        citizen_id = await self.trades.payer_of_openid(merchant, openid)
        if self.trades.is_sandboxed and plate == TEST_PLATE:
            await self._open_for(citizen_id, plate)
        found = await self._find(plate)
        return found if found is not None and found.citizen_id == citizen_id else None

    async def enter(
        self, merchant: GatewayMerchant, asked: Numbered, plate: Plate, *, at: datetime
    ) -> tuple[UUID, bool]:
        """The entry's id, and whether the plate's parking will be paid. Raises `RequestNoUsed`."""
        await self._admit_test_plate(merchant, plate)
        is_paid = await self._find(plate) is not None
        async with self.trades.orders.database.transaction() as connection:
            known = await answer_before(connection, asked)
            if known is None:
                parking_id = fresh_id()
                names = (merchant.number, asked.number)
                await note_parking(connection, self.sealing, parking_id, merchant=names, plate=plate, at=at)
                known = await keep_answer(connection, asked, {"id": parking_id.hex, "is_paid": is_paid})
        return UUID(str(known["id"])), bool(known["is_paid"])

    async def charge(self, merchant: GatewayMerchant, parking_id: UUID, plate: Plate, wish: TradeWish) -> TradeOrder:
        """Take the fee from whoever pays for the plate, once; a bank that has not answered leaves it under way.

        Raises `NoSuchParking`, `PlateNotOpen`, `NoStore`, `PaymentRefused`.
        """
        async with self.trades.orders.database.transaction() as connection:
            if not await is_parked(connection, self.sealing, parking_id, mchid=merchant.number, plate=plate):
                raise NoSuchParking("parking_id is not an entry of this plate")
        service = await self._find(plate)
        if service is None:
            raise PlateNotOpen("nobody pays for this plate's parking")
        order = await self.trades.open(merchant, wish)
        if order.state is not OrderState.CREATED:
            return order
        payer = payer_of(order, service.citizen_id, service.instrument_id)
        try:
            return await self.trades.orders.pay(order.order_id, payer)
        except PaymentRefused:
            # The order says that it failed, and a repeat says so again; the driver may pay it at a barrier's code.
            return await self.trades.orders.order(order.order_id)

    async def find(self, merchant: GatewayMerchant, out_trade_no: str) -> TradeOrder:
        """A parking order by the merchant's number. Raises `NoSuchTrade`."""
        order = await self.trades.find(merchant, out_trade_no)
        if order.facts.get("trade_type") != PARKING:
            raise NoSuchTrade("the order is not for parking")
        return order

    async def _find(self, plate: Plate) -> PlateService | None:
        async with self.trades.orders.database.transaction() as connection:
            return await service_of(connection, self.sealing, plate)

    async def _admit_test_plate(self, merchant: GatewayMerchant, plate: Plate) -> None:
        if self.trades.is_sandboxed and plate == TEST_PLATE and await self._find(plate) is None:
            await self._open_for(await self.trades.payer_of_openid(merchant, "test-driver"), plate)

    async def _open_for(self, citizen_id: UUID, plate: Plate) -> None:
        orders = self.trades.orders
        async with orders.database.transaction() as connection:
            (card, *_) = await cards_of(connection, cell_of(citizen_id, orders.cells), citizen_id)
            service = PlateService(citizen_id, card.instrument_id, orders.clock.now())
            known = await service_of(connection, self.sealing, plate)
            if known is None or known.citizen_id != citizen_id:
                await open_plate(connection, self.sealing, plate, service, takes_over=True)
