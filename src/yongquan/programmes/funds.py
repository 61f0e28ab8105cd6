"""Funds of other banks, bought with any bound card at once or regularly by mandate."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

import structlog

from yongquan.institutions.connectors.service_messages import FundHolding, FundOnSale
from yongquan.kernel.errors import Outage
from yongquan.programmes.bank_goods import BankGoods, GoodsRefused, GoodsWish, holder_of

KIND = "fund"
AMOUNT_MAX_FEN = 100_000_00

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class FundsOfBank:
    """What a bank sells, and what a citizen holds of it; `is_silent` if it does not answer now."""

    bank: str
    funds: tuple[FundOnSale, ...]
    holdings: tuple[FundHolding, ...]
    is_silent: bool = False


@dataclass(frozen=True, slots=True)
class Funds:
    """The fund counter of all banks."""

    goods: BankGoods

    async def catalogue(self, citizen_id: UUID) -> list[FundsOfBank]:
        """Every bank's funds, with what the citizen holds."""
        banks = await self.goods.banks(KIND)
        return list(await asyncio.gather(*(self._of(bank, citizen_id) for bank in banks)))

    async def fund(self, bank: str, code: str) -> FundOnSale:
        """One fund. Raises `GoodsRefused`: not_sold; `Outage`."""
        if bank in await self.goods.banks(KIND):
            async with self.goods.mandates.links.client(bank) as client:
                found = next((fund for fund in await client.funds() if fund.code == code), None)
            if found is not None:
                return found
        raise GoodsRefused("not_sold")

    async def wish(self, *, instrument_id: UUID, bank: str, code: str, amount_fen: int) -> GoodsWish:
        """A purchase that the bank would take. Raises `GoodsRefused`: not_sold, below_least, over_limit; `Outage`."""
        fund = await self.fund(bank, code)
        if amount_fen < fund.least_fen:
            raise GoodsRefused("below_least", least_fen=fund.least_fen)
        if amount_fen > AMOUNT_MAX_FEN:
            raise GoodsRefused("over_limit", limit_fen=AMOUNT_MAX_FEN)
        return GoodsWish(instrument_id=instrument_id, kind=KIND, bank=bank, amount_fen=amount_fen, fund_code=code)

    async def _of(self, bank: str, citizen_id: UUID) -> FundsOfBank:
        try:
            async with self.goods.mandates.links.client(bank) as client:
                return FundsOfBank(bank, await client.funds(), await client.fund_holdings(holder_of(citizen_id)))
        except Outage as outage:
            log.info("funds_not_told", bank=bank, why=str(outage))
            return FundsOfBank(bank, (), (), is_silent=True)
