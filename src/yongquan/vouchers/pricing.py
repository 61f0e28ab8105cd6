"""The calculator: what a citizen pays for a cart when a set of offers is laid on it. Pure.

Source of the rules: the section `yongquan price` of the product's contracts.
"""

from collections.abc import Iterator, Mapping, Sequence

from yongquan.vouchers.pricing_choice import best_subset
from yongquan.vouchers.pricing_discounts import Bill, FittedOffer, fit, lay_out, take
from yongquan.vouchers.pricing_model import (
    AmountOff,
    AppliedOffer,
    BundlePrice,
    Cart,
    Choice,
    Deal,
    Exchange,
    Line,
    NthFree,
    Offer,
    PercentOff,
    PerUnitOff,
    Priced,
    Reason,
    Scope,
    TieredOff,
)

__all__ = [
    "AmountOff",
    "AppliedOffer",
    "BundlePrice",
    "Cart",
    "Choice",
    "Deal",
    "Exchange",
    "Line",
    "NthFree",
    "Offer",
    "PerUnitOff",
    "PercentOff",
    "Priced",
    "Reason",
    "Scope",
    "TieredOff",
    "price",
]


def price(
    cart: Cart,
    offers: Sequence[Offer],
    *,
    choose: Choice = Choice.ALL,
    max_per_funder: Mapping[str, int] | None = None,
) -> Priced:
    """Price a cart: offers from high priority to low, equal priorities as listed; amounts in fen.

    Offer ids are unique. `max_per_funder` counts applied offers and holds only under `Choice.BEST`.
    """
    bill = lay_out(cart)
    in_order = sorted([fit(offer, cart) for offer in offers], key=lambda fitted: -fitted.offer.priority)
    if choose is Choice.BEST:
        tried = best_subset(in_order, bill, max_per_funder=max_per_funder or {})
    else:
        tried = _all_that_may_apply(in_order, bill)

    left = list(bill.asked_fen)
    applied, failed = _apply_in_sequence(tried, bill, left)
    return Priced(
        discount_fen=sum(bill.asked_fen) - sum(left),
        payable_fen=sum(left),
        lines_fen=tuple([asked - rest for asked, rest in zip(bill.asked_fen, left, strict=True)]),
        by_funder=_sum_by_funder(applied, tried),
        applied=tuple(applied),
        rejected=dict(_reject(offers, fitted=in_order, bill=bill, tried=tried, failed=failed)),
    )


def _all_that_may_apply(in_order: Sequence[FittedOffer], bill: Bill) -> tuple[FittedOffer, ...]:
    for fitted in in_order:
        if fitted.offer.exclusive and not isinstance(take(fitted, bill, bill.asked_fen), Reason):
            return (fitted,)
    return tuple([fitted for fitted in in_order if not fitted.offer.exclusive])


def _apply_in_sequence(
    tried: Sequence[FittedOffer], bill: Bill, left: list[int]
) -> tuple[list[AppliedOffer], dict[str, Reason]]:
    """Apply each offer to what the earlier ones left; `left` is brought down in place."""
    applied: list[AppliedOffer] = []
    failed: dict[str, Reason] = {}
    for fitted in tried:
        taken = take(fitted, bill, left)
        if isinstance(taken, Reason):
            failed[fitted.offer.offer_id] = taken
            continue
        lines_fen = [0] * len(left)
        for i, fen in zip(fitted.lines, taken, strict=True):
            left[i] -= fen
            lines_fen[i] = fen
        applied.append(AppliedOffer(fitted.offer.offer_id, sum(taken), tuple(lines_fen)))
    return applied, failed


def _sum_by_funder(applied: Sequence[AppliedOffer], tried: Sequence[FittedOffer]) -> dict[str, int]:
    funder_of = {fitted.offer.offer_id: fitted.offer.funder for fitted in tried}
    by_funder: dict[str, int] = {}
    for part in applied:
        funder = funder_of[part.offer_id]
        if funder is not None:
            by_funder[funder] = by_funder.get(funder, 0) + part.discount_fen
    return by_funder


def _reject(
    offers: Sequence[Offer],
    *,
    fitted: Sequence[FittedOffer],
    bill: Bill,
    tried: Sequence[FittedOffer],
    failed: Mapping[str, Reason],
) -> Iterator[tuple[str, Reason]]:
    """Give each offer not applied its reason: its own failure, else the choice's, else that in sequence."""
    fitted_by_id = {each.offer.offer_id: each for each in fitted}
    tried_ids = {each.offer.offer_id for each in tried}
    barred = Reason.EXCLUSIVE if tried and tried[0].offer.exclusive else Reason.NOT_BEST
    for offer in offers:
        key = offer.offer_id
        if key in tried_ids and key not in failed:
            continue
        alone = take(fitted_by_id[key], bill, bill.asked_fen)
        if isinstance(alone, Reason):
            yield key, alone
        else:
            yield key, failed.get(key, barred)
