"""What the calculator works on: carts, lines, offers, their deals, and the priced result.

All amounts are integer fen, all rates integer basis points, all instants aware datetimes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Reason(StrEnum):
    """Why an offer was not applied; the first four are also the order in which an offer is tested."""

    OUT_OF_SCOPE = "out_of_scope"
    BELOW_THRESHOLD = "below_threshold"
    BELOW_MIN_QTY = "below_min_qty"
    NOTHING_LEFT = "nothing_left"
    EXCLUSIVE = "exclusive"
    NOT_BEST = "not_best"


class Choice(StrEnum):
    """Whether every offer is tried, or the subset that leaves the least to pay."""

    ALL = "all"
    BEST = "best"


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a cart; a line that is not selected is neither paid nor discounted."""

    sku: str
    unit_fen: int
    qty: int
    tags: frozenset[str] = frozenset()
    selected: bool = True
    floor_fen: int = 0


@dataclass(frozen=True, slots=True)
class Cart:
    """What a citizen is about to pay for."""

    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """The lines an offer is for; `None` means no such condition, an empty set admits no line."""

    tags: frozenset[str] | None = None
    skus: frozenset[str] | None = None

    def covers(self, line: Line) -> bool:
        """Say whether the line has any listed tag and, where skus are listed too, any listed sku."""
        if self.tags is not None and self.tags.isdisjoint(line.tags):
            return False
        return self.skus is None or line.sku in self.skus


WHOLE_CART = Scope()


@dataclass(frozen=True, slots=True)
class AmountOff:
    """满减: a fixed amount off the scope."""

    amount_fen: int


@dataclass(frozen=True, slots=True)
class PercentOff:
    """折扣: `rate_bp` is the part taken off, 0 to 10000, rounded down to a fen."""

    rate_bp: int


@dataclass(frozen=True, slots=True)
class TieredOff:
    """阶梯满减: pairs of threshold and amount off, in fen; the highest threshold reached counts."""

    tiers: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class PerUnitOff:
    """单品立减: an amount off every unit in scope."""

    amount_fen: int


@dataclass(frozen=True, slots=True)
class BundlePrice:
    """组合价: any `qty` units in scope for `price_fen`, as often as it fits."""

    qty: int
    price_fen: int


@dataclass(frozen=True, slots=True)
class NthFree:
    """第 N 件免费: of every `n` units in scope the cheapest is free."""

    n: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """兑换券: the dearest unit in scope is free."""


Deal = AmountOff | PercentOff | TieredOff | PerUnitOff | BundlePrice | NthFree | Exchange


@dataclass(frozen=True, slots=True)
class Offer:
    """A voucher or promotion that wants to take something off a cart."""

    offer_id: str
    deal: Deal
    priority: int = 0
    exclusive: bool = False
    funder: str | None = None
    threshold_fen: int = 0
    min_qty: int = 0
    scope: Scope = WHOLE_CART
    cap_fen: int | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppliedOffer:
    """What one offer took, in all and from each line of the cart in input order."""

    offer_id: str
    discount_fen: int
    lines_fen: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Priced:
    """A priced cart; `lines_fen` adds up to `discount_fen`, every offer is applied or rejected."""

    discount_fen: int
    payable_fen: int
    lines_fen: tuple[int, ...]
    by_funder: Mapping[str, int]
    applied: tuple[AppliedOffer, ...]
    rejected: Mapping[str, Reason]
