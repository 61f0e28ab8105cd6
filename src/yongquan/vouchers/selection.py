"""Which vouchers an order uses: the best ones, or those the citizen named, under their campaigns' rules. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from yongquan.kernel.errors import Refusal
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.model import Direction, UseRules
from yongquan.vouchers.policies import (
    GOVERNMENT,
    Party,
    needs_order_of_choice,
    sets_that_go_together,
    threshold_to_meet,
)
from yongquan.vouchers.pricing import AmountOff, Cart, Choice, Exchange, Offer, PercentOff, Priced, Reason, Scope, price
from yongquan.vouchers.sharing import FunderPart
from yongquan.vouchers.usability import StoreFacts, WhyNot, why_not_here


class VoucherNotUsable(Refusal):
    """A voucher the citizen asked for cannot be used in this order; the facts say which and why."""

    code = "voucher_not_usable"


@dataclass(frozen=True, slots=True)
class HeldVoucher:
    """A voucher of the citizen that is good now; `amount_fen` is what it takes off, or its cap.

    `is_capped`: the citizen has used as many as the type's caps of use allow. `is_public`: a government pays for it,
    if only in part.
    """

    voucher_id: str
    type: TypeOffer
    valid_until: datetime
    amount_fen: int
    funder_kind: str = GOVERNMENT
    is_capped: bool = False
    is_public: bool = True

    def why_not(self, store: StoreFacts, direction: Direction) -> WhyNot | None:
        """Why it cannot be used in an order here, whatever the amount."""
        reason = why_not_here(self.type.rules, store=store, direction=direction)
        if reason is None and self.is_public and not store.may_take_subsidies:
            return WhyNot.NO_LICENCE
        return WhyNot.USE_CAP_REACHED if reason is None and self.is_capped else reason


@dataclass(frozen=True, slots=True)
class Chosen:
    """A voucher that the order uses, and what it takes off."""

    voucher: HeldVoucher
    discount_fen: int

    @property
    def parts(self) -> tuple[FunderPart, ...]:
        """Who pays what of it."""
        return self.voucher.type.parts_of(self.discount_fen, held_fen=self.voucher.amount_fen)


@dataclass(frozen=True, slots=True)
class Selection:
    """The order's vouchers and what is left to pay, in fen."""

    payable_fen: int
    chosen: tuple[Chosen, ...]


def choose_best(
    cart: Cart, held: Sequence[HeldVoucher], *, store: StoreFacts, direction: Direction, merchant_offer_fen: int = 0
) -> Selection:
    """The vouchers that leave the least to pay: fewest, then the earliest to expire, where equal.

    Campaigns whose order of choice is the largest first are served so. `cart` is what the merchant's own offer left.
    """
    asked_fen = sum(line.unit_fen * line.qty for line in cart.lines if line.selected)
    usable = [v for v in held if v.why_not(store, direction) is None and _threshold(v, merchant_offer_fen) is not None]
    if not usable:
        return Selection(asked_fen, ())
    by_id = {v.voucher_id: v for v in usable}
    best = min(
        (_price_group(cart, group, merchant_offer_fen) for group in _groups_that_stack(usable)),
        key=lambda priced: _rank(priced, by_id),
    )
    return _selection(best, by_id)


def use_named(
    cart: Cart, named: Sequence[HeldVoucher], *, store: StoreFacts, direction: Direction, merchant_offer_fen: int = 0
) -> Selection:
    """Use exactly these vouchers. Raises `VoucherNotUsable` naming the first that cannot be used and why."""
    for voucher in named:
        reason = voucher.why_not(store, direction)
        why = None if reason is None else reason.value
        if why is None and _threshold(voucher, merchant_offer_fen) is None:
            why = "not_with_merchant_offer"
        if why is not None:
            raise VoucherNotUsable(f"{voucher.type.name}: {why}", voucher_id=voucher.voucher_id, reason=why)
    if len(_groups_that_stack(named)) > 1 or _too_many(named):
        raise VoucherNotUsable("these vouchers cannot be used together", reason="does_not_stack")
    priced = price(cart, [_offer(v, merchant_offer_fen) for v in named])
    for voucher_id, reason_ in priced.rejected.items():
        why_ = WhyNot.OTHER_GOODS if reason_ is Reason.OUT_OF_SCOPE else reason_
        raise VoucherNotUsable(f"{voucher_id}: {why_}", voucher_id=voucher_id, reason=why_.value)
    return _selection(priced, {v.voucher_id: v for v in named})


def _selection(priced: Priced, by_id: dict[str, HeldVoucher]) -> Selection:
    return Selection(priced.payable_fen, tuple(Chosen(by_id[a.offer_id], a.discount_fen) for a in priced.applied))


def _price_group(cart: Cart, group: Sequence[HeldVoucher], merchant_offer_fen: int) -> Priced:
    if not needs_order_of_choice(_parties(group)):
        offers = [_offer(v, merchant_offer_fen) for v in group]
        return price(cart, offers, choose=Choice.BEST, max_per_funder=_per_order(group))
    # One after the other: each time the one that takes the most of what is left, then the earliest to expire.
    chosen: list[Offer] = []
    left, room = list(group), _per_order(group)
    best = price(cart, chosen)
    while left:
        tried = [(price(cart, [*chosen, _offer(v, merchant_offer_fen)]), v) for v in left]
        priced, voucher = min(tried, key=lambda pair: (pair[0].payable_fen, pair[1].valid_until, pair[1].voucher_id))
        if priced.payable_fen == best.payable_fen:
            break
        best = priced
        chosen.append(_offer(voucher, merchant_offer_fen))
        room[voucher.type.campaign_hex] -= 1
        left = [v for v in left if v is not voucher and room[v.type.campaign_hex] > 0]
    return best


def _groups_that_stack(vouchers: Sequence[HeldVoucher]) -> list[list[HeldVoucher]]:
    """Sets of vouchers that may be used together, by their campaigns' stacking policies."""
    kept: list[HeldVoucher] = []
    of_type: dict[str, int] = defaultdict(int)
    for voucher in sorted(vouchers, key=lambda v: (v.valid_until, v.voucher_id)):
        # Vouchers of one type differ in expiry only: an order needs no more of them than it may use.
        if of_type[voucher.type.type_hex] < voucher.type.campaign_rules.per_order:
            of_type[voucher.type.type_hex] += 1
            kept.append(voucher)
    groups = [{party.campaign for party in parties} for parties in sets_that_go_together(_parties(kept))]
    return [[v for v in kept if v.type.campaign_hex in campaigns] for campaigns in groups]


def _parties(vouchers: Sequence[HeldVoucher]) -> list[Party]:
    parties = {v.type.campaign_hex: Party(v.type.campaign_hex, v.type.campaign_rules, v.funder_kind) for v in vouchers}
    return list(parties.values())


def _threshold(voucher: HeldVoucher, merchant_offer_fen: int) -> int | None:
    type_ = voucher.type
    return threshold_to_meet(type_.campaign_rules, type_.threshold_fen, merchant_offer_fen=merchant_offer_fen)


def _per_order(group: Sequence[HeldVoucher]) -> dict[str, int]:
    return {v.type.campaign_hex: v.type.campaign_rules.per_order for v in group}


def _too_many(named: Sequence[HeldVoucher]) -> bool:
    return len(named) > sum(len(group) for group in _groups_that_stack(named)) or any(
        sum(v.type.campaign_hex == campaign for v in named) > most for campaign, most in _per_order(named).items()
    )


def _offer(voucher: HeldVoucher, merchant_offer_fen: int) -> Offer:
    type_ = voucher.type
    return Offer(
        offer_id=voucher.voucher_id,
        deal=_deal(voucher),
        funder=type_.campaign_hex,
        threshold_fen=_threshold(voucher, merchant_offer_fen) or 0,
        scope=_scope(type_.rules.use),
        cap_fen=voucher.amount_fen if type_.rules.use.exchange or type_.rate_bp is not None else None,
        expires_at=voucher.valid_until,
    )


def _deal(voucher: HeldVoucher) -> AmountOff | PercentOff | Exchange:
    if voucher.type.rules.use.exchange:
        return Exchange()
    rate_bp = voucher.type.rate_bp
    return AmountOff(voucher.amount_fen) if rate_bp is None else PercentOff(rate_bp)


def _scope(use: UseRules) -> Scope:
    return Scope(None if use.tags is None else frozenset(use.tags), None if use.skus is None else frozenset(use.skus))


def _rank(priced: Priced, by_id: dict[str, HeldVoucher]) -> tuple[int, int, list[datetime], list[str]]:
    used = [by_id[a.offer_id] for a in priced.applied]
    return (
        priced.payable_fen,
        len(used),
        sorted(v.valid_until for v in used),
        sorted(v.voucher_id for v in used),
    )
