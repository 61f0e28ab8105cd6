"""Another bank's credit card repaid: with any bound card now, or by mandate on every due date."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.institutions.connectors.service_messages import CardBill
from yongquan.programmes.bank_goods import BankGoods, GoodsRefused, GoodsWish

KIND = "repayment"
AMOUNT_MAX_FEN = 50_000_00


@dataclass(frozen=True, slots=True)
class CardRepayment:
    """The repayment counter of all issuers."""

    goods: BankGoods

    async def bill(self, card_no: str) -> tuple[str, CardBill]:
        """The card's issuer and last bill. Raises `GoodsRefused`: unknown_card, not_sold; `Outage`."""
        bank = self._issuer(card_no)
        if bank not in await self.goods.banks(KIND):
            raise GoodsRefused("not_sold", bank=bank, kind=KIND)
        return bank, await self.goods.bill(bank, card_no)

    async def wish(self, *, instrument_id: UUID, card_no: str, amount_fen: int) -> GoodsWish:
        """A repayment that the issuer would take. Raises `GoodsRefused`: as `bill`, bad_amount, over_limit."""
        bank, _ = await self.bill(card_no)
        if amount_fen <= 0:
            raise GoodsRefused("bad_amount")
        if amount_fen > AMOUNT_MAX_FEN:
            raise GoodsRefused("over_limit", limit_fen=AMOUNT_MAX_FEN)
        return GoodsWish(instrument_id=instrument_id, kind=KIND, bank=bank, amount_fen=amount_fen, target=card_no)

    def _issuer(self, card_no: str) -> str:
        registry = self.goods.mandates.links.registry
        member = None if registry is None else registry.issuer_of(card_no)
        if member is None:
            raise GoodsRefused("unknown_card")
        return member.code
