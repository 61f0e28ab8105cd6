"""A voucher that a shop designs and pays for itself, from its draft to the day it goes public. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import BASIS_POINTS

NAME_MAX = 40
FEN_MAX = 10_000_00
STOCK_MAX = 1_000_000
PER_PERSON_MAX = 99
DAYS_MAX = 366
GOODS_MAX = 50


class OwnKind(StrEnum):
    """What the voucher does: 满减, 折扣, 兑换."""

    AMOUNT_OFF = "amount_off"
    PERCENT_OFF = "percent_off"
    EXCHANGE = "exchange"


class Channel(StrEnum):
    """The door through which an application came in."""

    PROVIDER = "provider"
    MINI_PROGRAMME = "mini_programme"
    MERCHANT_SPACE = "merchant_space"
    BUREAU = "bureau"
    FEDERATION = "federation"


INSTITUTIONS_CHANNELS = (Channel.PROVIDER, Channel.FEDERATION)


class OwnState(StrEnum):
    """Until it is published; from then on its campaign and round have the states."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RESUBMITTED = "resubmitted"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    PUBLISHED = "published"


_DECIDED = frozenset({OwnState.APPROVED, OwnState.REJECTED, OwnState.WITHDRAWN})
OWN_MOVES: Mapping[OwnState, frozenset[OwnState]] = {
    OwnState.DRAFT: frozenset({OwnState.SUBMITTED, OwnState.WITHDRAWN}),
    OwnState.SUBMITTED: _DECIDED,
    OwnState.RESUBMITTED: _DECIDED,
    OwnState.APPROVED: frozenset({OwnState.PUBLISHED, OwnState.WITHDRAWN}),
    OwnState.REJECTED: frozenset({OwnState.RESUBMITTED, OwnState.WITHDRAWN}),
    OwnState.WITHDRAWN: frozenset(),
    OwnState.PUBLISHED: frozenset(),
}
WAITING = (OwnState.SUBMITTED, OwnState.RESUBMITTED)
CHANGEABLE = (OwnState.DRAFT, OwnState.REJECTED)


class BadDesign(BadInput):
    """A field of a design that cannot be so; `field` names it."""

    def __init__(self, field: str, why: str) -> None:
        super().__init__(f"{field}: {why}")
        self.field = field


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a shop wants to give. Amounts in fen, days of Shanghai, both included.

    `amount_fen` is the amount off, or the most that a discount or an exchange takes off; `rate_bp` is the part that
    a discount takes off. `tags` and `skus` are the goods it is for; an exchange must name some. `bank` will hold the
    supervised account.
    """

    name: str
    name_en: str = ""
    kind: OwnKind
    amount_fen: int
    threshold_fen: int = 0
    rate_bp: int | None = None
    tags: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    stock: int
    per_person: int = 1
    starts_on: date
    ends_on: date
    stores: tuple[UUID, ...]
    bank: str

    @property
    def most_fen(self) -> int:
        """The most it can cost: every voucher used to its full value."""
        return self.amount_fen * self.stock

    def check(self) -> None:
        """Raises `BadDesign` for the first field that cannot be so."""
        _require("name", 1 <= len(self.name) <= NAME_MAX, f"write 1 to {NAME_MAX} characters")
        _require("name_en", len(self.name_en) <= NAME_MAX, f"at most {NAME_MAX} characters")
        _require("amount", 1 <= self.amount_fen <= FEN_MAX, f"1 to {FEN_MAX} fen")
        _require("threshold", 0 <= self.threshold_fen <= 100 * FEN_MAX, "not below zero")
        self._check_kind()
        _require("stock", 1 <= self.stock <= STOCK_MAX, f"1 to {STOCK_MAX}")
        _require("per_person", 1 <= self.per_person <= PER_PERSON_MAX, f"1 to {PER_PERSON_MAX}")
        _require("ends_on", self.starts_on <= self.ends_on, "the last day is before the first")
        _require("ends_on", self.ends_on - self.starts_on < timedelta(days=DAYS_MAX), f"{DAYS_MAX} days at most")
        _require("stores", bool(self.stores), "choose at least one of the merchant's stores")
        _require("bank", bool(self.bank), "choose the bank of the supervised account")

    def _check_kind(self) -> None:
        goods = self.tags + self.skus
        _require(
            "goods", len(goods) <= GOODS_MAX and all(0 < len(g) <= NAME_MAX for g in goods), "too many or too long"
        )
        if self.kind is OwnKind.PERCENT_OFF:
            _require("rate", self.rate_bp is not None and 1 <= self.rate_bp < BASIS_POINTS, "between 0 and 100 percent")
        else:
            _require("rate", self.rate_bp is None, "only a discount has a rate")
        if self.kind is OwnKind.AMOUNT_OFF:
            _require("threshold", self.threshold_fen >= self.amount_fen, "the threshold is not below the amount")
        if self.kind is OwnKind.EXCHANGE:
            _require("goods", bool(goods), "an exchange names the goods that are free")


@dataclass(frozen=True, slots=True)
class OwnVoucher:
    """An application and what became of it."""

    own_id: UUID
    code: str
    store_id: UUID
    merchant: str
    shop: str
    adcode: str
    channel: Channel
    entered_by: str
    state: OwnState
    design: Design
    reason: str = ""
    campaign_id: UUID | None = None
    round_id: UUID | None = None
    listed: bool = False
    surplus_turn: int = 0
    submitted_at: datetime | None = None
    decided_at: datetime | None = None
    decided_by: str | None = None

    @property
    def funder_id(self) -> str:
        """The merchant as the funder of its own vouchers."""
        return f"shop-{self.merchant}"


def _require(field: str, holds: bool, otherwise: str) -> None:
    if not holds:
        raise BadDesign(field, otherwise)
