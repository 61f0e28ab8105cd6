"""What a shop's own voucher may cost, said before the shop commits to it. Pure; amounts in fen."""

from dataclasses import dataclass
from enum import StrEnum

from yongquan.kernel.money import BASIS_POINTS
from yongquan.vouchers.own_model import Design

ASSUMED_BP = 8_900
"""The redemption rate that Ningbo published for its vouchers of 2022; taken where nothing was measured."""
SHOP_CLAIMED_MIN = 30
CITY_CLAIMED_MIN = 100


class Basis(StrEnum):
    """Where the expected rate of use comes from."""

    SHOP = "shop"
    CITY = "city"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Measured:
    """Vouchers whose time is over: how many were claimed, what they could take off, and what they took off."""

    claimed: int = 0
    claimed_fen: int = 0
    spent_fen: int = 0

    @property
    def rate_bp(self) -> int:
        """What was spent of what was claimed, rounded up: a cost is not guessed too low."""
        return -(-self.spent_fen * BASIS_POINTS // self.claimed_fen) if self.claimed_fen else 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """The most it can cost, what it should cost, and why: so much of all that is claimed, measured on `claimed`."""

    most_fen: int
    expected_fen: int
    rate_bp: int
    basis: Basis
    claimed: int


def forecast_cost(design: Design, *, shop: Measured, city: Measured) -> Forecast:
    """All stock claimed, and used as the shop's past vouchers were, else the city's, else by the assumption."""
    rate_bp, basis, claimed = ASSUMED_BP, Basis.ASSUMED, 0
    if shop.claimed >= SHOP_CLAIMED_MIN:
        rate_bp, basis, claimed = shop.rate_bp, Basis.SHOP, shop.claimed
    elif city.claimed >= CITY_CLAIMED_MIN:
        rate_bp, basis, claimed = city.rate_bp, Basis.CITY, city.claimed
    expected_fen = -(-design.most_fen * rate_bp // BASIS_POINTS)
    return Forecast(design.most_fen, expected_fen, rate_bp, basis, claimed)
