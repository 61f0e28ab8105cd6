"""Whether a voucher can be used at a store, and if not, why not. Pure."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from yongquan.kernel.places import Zone
from yongquan.vouchers.hours import is_in_hours, is_on_weekday
from yongquan.vouchers.model import Direction, UseRules, VoucherState


class WhyNot(StrEnum):
    """The first reason, in this order, that a voucher cannot be used now."""

    NOT_HELD = "not_held"
    FROZEN = "frozen"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    PAUSED = "paused"
    OTHER_INDUSTRY = "other_industry"
    OTHER_PLACE = "other_place"
    OTHER_SHOP_GROUP = "other_shop_group"
    RELIEF_SHOPS_ONLY = "relief_shops_only"
    OTHER_TERMINAL = "other_terminal"
    OTHER_CARD = "other_card"
    WRONG_DIRECTION = "wrong_direction"
    NOT_TODAY = "not_today"
    NOT_THIS_HOUR = "not_this_hour"
    OTHER_GOODS = "other_goods"
    NO_LICENCE = "no_licence"
    USE_CAP_REACHED = "use_cap_reached"
    BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What vouchers look at in a store, and in the moment of paying there.

    `place` is longitude and latitude, `merchant` the licence, `terminal` the number a till sends; `now` None is not
    known yet. `issuer` is the bank or wallet paid with, `card_bin` its number's first digits; None is not known yet.
    """

    industry: str
    adcode: str
    hardship: bool
    groups: frozenset[str] = frozenset()
    place: tuple[float, float] | None = None
    merchant: str = ""
    terminal: str | None = None
    now: datetime | None = None
    issuer: str | None = None
    card_bin: str = ""
    may_take_subsidies: bool = True  # public money is spent under a good licence only

    def pays_with(self, issuers: Collection[str] | None, bins: Collection[str] | None) -> bool:
        """Whether the payment's card is of one of these issuers and ranges."""
        if self.issuer is None:
            return True
        if issuers is not None and self.issuer not in issuers:
            return False
        return bins is None or any(_in_range(self.card_bin, each) for each in bins)


@dataclass(frozen=True, slots=True)
class TypeRules:
    """Where and how vouchers of one type may be used; `districts` and `industry` None mean any."""

    campaign_active: bool
    industry: str | None
    districts: frozenset[str] | None
    hardship_only: bool
    direction: Direction
    threshold_fen: int
    use: UseRules = field(default=UseRules())
    zone: Zone | None = None  # of `use.areas`

    def takes_place_of(self, store: StoreFacts) -> bool:
        """Whether the store lies in one of the districts or areas."""
        if self.districts is None and self.zone is None:
            return True
        if self.districts is not None and store.adcode in self.districts:
            return True
        return self.zone is not None and store.place is not None and self.zone.covers(*store.place)


def why_not_here(
    rules: TypeRules, *, store: StoreFacts, direction: Direction, amount_fen: int | None = None
) -> WhyNot | None:
    """Why vouchers of a type cannot be used in a payment here; None if they can. Amount None is not yet known."""
    if not rules.campaign_active:
        return WhyNot.PAUSED
    if rules.industry is not None and rules.industry != store.industry:
        return WhyNot.OTHER_INDUSTRY
    if not rules.takes_place_of(store):
        return WhyNot.OTHER_PLACE
    if rules.use.shop_groups is not None and store.groups.isdisjoint(rules.use.shop_groups):
        return WhyNot.OTHER_SHOP_GROUP
    if rules.hardship_only and not store.hardship:
        return WhyNot.RELIEF_SHOPS_ONLY
    if rules.use.terminals is not None and store.terminal not in rules.use.terminals:
        return WhyNot.OTHER_TERMINAL
    if not store.pays_with(rules.use.card_issuers, rules.use.card_bins):
        return WhyNot.OTHER_CARD
    if rules.direction not in {Direction.EITHER, direction}:
        return WhyNot.WRONG_DIRECTION
    if rules.use.directions is not None and direction not in rules.use.directions:
        return WhyNot.WRONG_DIRECTION
    if store.now is not None and (reason := why_not_at(rules.use, now=store.now)) is not None:
        return reason
    if amount_fen is not None and amount_fen < rules.threshold_fen:
        return WhyNot.BELOW_THRESHOLD
    return None


def why_not_at(use: UseRules, *, now: datetime) -> WhyNot | None:
    """Why vouchers cannot be used on this day of the week or at this hour; None if they can."""
    if not is_on_weekday(use.weekdays, now):
        return WhyNot.NOT_TODAY
    return None if is_in_hours(use.daily, now) else WhyNot.NOT_THIS_HOUR


def why_not_now(state: VoucherState, *, valid_from: datetime, valid_until: datetime, now: datetime) -> WhyNot | None:
    """Why one voucher cannot be used at this moment, whatever the store; None if it can."""
    if state is VoucherState.FROZEN:
        return WhyNot.FROZEN
    if state is not VoucherState.HELD:
        return WhyNot.EXPIRED if state is VoucherState.EXPIRED else WhyNot.NOT_HELD
    if now < valid_from:
        return WhyNot.NOT_YET_VALID
    return WhyNot.EXPIRED if now >= valid_until else None


def _in_range(card_bin: str, range_: str) -> bool:
    first, _, last = range_.partition("-")
    return first <= card_bin[: len(first)] <= (last or first)
