"""Whether a voucher can be used at a store, and if not, why not. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from yongquan.vouchers.model import Direction, VoucherState


class WhyNot(StrEnum):
    """The first reason, in this order, that a voucher cannot be used now."""

    NOT_HELD = "not_held"
    NOT_YET_VALID = "not_yet_valid"
    EXPIRED = "expired"
    PAUSED = "paused"
    OTHER_INDUSTRY = "other_industry"
    OTHER_PLACE = "other_place"
    RELIEF_SHOPS_ONLY = "relief_shops_only"
    WRONG_DIRECTION = "wrong_direction"
    BELOW_THRESHOLD = "below_threshold"


@dataclass(frozen=True, slots=True)
class StoreFacts:
    """What vouchers look at in a store."""

    industry: str
    adcode: str
    hardship: bool


@dataclass(frozen=True, slots=True)
class TypeRules:
    """Where and how vouchers of one type may be used; `districts` and `industry` None mean any."""

    campaign_active: bool
    industry: str | None
    districts: frozenset[str] | None
    hardship_only: bool
    direction: Direction
    threshold_fen: int


def why_not_here(
    rules: TypeRules, *, store: StoreFacts, direction: Direction, amount_fen: int | None = None
) -> WhyNot | None:
    """Why vouchers of a type cannot be used in a payment here; None if they can. Amount None is not yet known."""
    if not rules.campaign_active:
        return WhyNot.PAUSED
    if rules.industry is not None and rules.industry != store.industry:
        return WhyNot.OTHER_INDUSTRY
    if rules.districts is not None and store.adcode not in rules.districts:
        return WhyNot.OTHER_PLACE
    if rules.hardship_only and not store.hardship:
        return WhyNot.RELIEF_SHOPS_ONLY
    if rules.direction not in {Direction.EITHER, direction}:
        return WhyNot.WRONG_DIRECTION
    if amount_fen is not None and amount_fen < rules.threshold_fen:
        return WhyNot.BELOW_THRESHOLD
    return None


def why_not_now(state: VoucherState, *, valid_from: datetime, valid_until: datetime, now: datetime) -> WhyNot | None:
    """Why one voucher cannot be used at this moment, whatever the store; None if it can."""
    if state is not VoucherState.HELD:
        return WhyNot.EXPIRED if state is VoucherState.EXPIRED else WhyNot.NOT_HELD
    if now < valid_from:
        return WhyNot.NOT_YET_VALID
    return WhyNot.EXPIRED if now >= valid_until else None
