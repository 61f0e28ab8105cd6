"""Stacking and refund policies, each with a name; a campaign chooses, and the cities' own choices are presets.

The facts of the presets are those of `cases/ningbo-2022.yaml`. What every campaign shares is no choice: no change is
given (what a voucher is worth above the bill goes back to its funder), and an expired voucher is never good again
(another may be granted for it).
A cap of so many a merchant a day is a condition of the round or type, not a policy.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import share_out
from yongquan.vouchers.model import (
    CampaignRules,
    ChoiceOrder,
    Direction,
    MerchantOffer,
    PartialRefund,
    RefundPolicy,
)
from yongquan.vouchers.pricing import Cart, Line

GOVERNMENT = "bureau"
"""The funder kind of government vouchers."""

Facts = Mapping[str, object]

STACKING: Mapping[str, Facts] = {
    "alone": {"stacks_with_others": False, "merchant_offer": MerchantOffer.REFUSED},
    "with_merchant_offers": {"stacks_with_others": False},
    "with_other_campaigns": {"stacks_with_others": True, "not_with": ()},
    "not_with_other_government": {"stacks_with_others": True, "not_with": (GOVERNMENT,)},
}
THRESHOLD: Mapping[str, Facts] = {
    "before_merchant_offer": {"merchant_offer": MerchantOffer.THRESHOLD_BEFORE},
    "after_merchant_offer": {"merchant_offer": MerchantOffer.THRESHOLD_AFTER},
}
CHOICE: Mapping[str, Facts] = {order.value: {"choice": order} for order in ChoiceOrder}
REFUND: Mapping[str, Facts] = {
    "forfeited": {"refund": RefundPolicy.FORFEIT},
    "returned_with_first_expiry": {"refund": RefundPolicy.RETURN},
    "returned_in_validity": {"refund": RefundPolicy.RETURN_IN_VALIDITY},
}
PARTIAL_REFUND: Mapping[str, Facts] = {part.value: {"partial_refund": part} for part in PartialRefund}
CAP_AFTER_REFUND: Mapping[str, Facts] = {
    "stays_used": {"refund_frees_cap": False},
    "freed": {"refund_frees_cap": True},
}
EXPIRED: Mapping[str, Facts] = {
    "recycled": {"regrant_expired": False},
    "granted_again": {"regrant_expired": True},
}
POLICIES: Mapping[str, Mapping[str, Facts]] = {
    "stacking": STACKING,
    "threshold": THRESHOLD,
    "choice": CHOICE,
    "refund": REFUND,
    "partial_refund": PARTIAL_REFUND,
    "cap_after_refund": CAP_AFTER_REFUND,
    "expired": EXPIRED,
}
"""Every policy by subject and name: the rules it sets."""

_NINGBO = CampaignRules(refund=RefundPolicy.RETURN)
PRESETS: Mapping[str, CampaignRules] = {
    "ningbo_2022": _NINGBO,
    "ningbo_haishu": replace(_NINGBO, choice=ChoiceOrder.LARGEST_FIRST, per_order=1, direction=Direction.SHOP_SCANS),
    "xiangshan": CampaignRules(refund=RefundPolicy.FORFEIT, stacks_with_others=True, not_with=(GOVERNMENT,)),
    "shanghai_2022": CampaignRules(
        refund=RefundPolicy.RETURN_IN_VALIDITY, partial_refund=PartialRefund.PRO_RATA, per_order=1
    ),
    "hangzhou_2022": CampaignRules(
        refund=RefundPolicy.RETURN, merchant_offer=MerchantOffer.THRESHOLD_AFTER, per_order=1
    ),
}
"""What cities chose, by name."""


def rules_of(named: Mapping[str, str], *, per_order: int = 1, preset: str | None = None) -> CampaignRules:
    """A campaign's rules from policies by subject and name, on a preset if one is named. Raises `BadInput`."""
    if preset is not None and preset not in PRESETS:
        raise BadInput(f"no preset is called {preset}: there are {', '.join(PRESETS)}")
    rules = replace(PRESETS[preset] if preset else CampaignRules(), per_order=per_order)
    # Stacking first: `alone` and a threshold policy both speak of the merchant's offer, and the latter is closer.
    for subject in POLICIES:
        if subject in named:
            rules = replace(rules, **_facts(subject, named[subject]))  # type: ignore[arg-type]
    unknown = sorted(set(named) - set(POLICIES))
    if unknown:
        raise BadInput(f"{unknown[0]} is no subject of a policy: there are {', '.join(POLICIES)}")
    return rules


@dataclass(frozen=True, slots=True)
class Party:
    """One campaign at the table: its id, its rules, its funder's kind."""

    campaign: str
    rules: CampaignRules
    funder_kind: str


def go_together(one: Party, other: Party) -> bool:
    """Whether vouchers of two campaigns may be in one order: both must allow it. Within one, `per_order` decides."""
    if one.campaign == other.campaign:
        return True
    return all(
        mine.rules.stacks_with_others and theirs.funder_kind not in mine.rules.not_with
        for mine, theirs in ((one, other), (other, one))
    )


def sets_that_go_together(parties: Sequence[Party]) -> list[list[Party]]:
    """Every largest set of campaigns that may be in one order together (maximal cliques, Bron and Kerbosch)."""
    found: list[list[Party]] = []

    def grow(chosen: list[int], open_: set[int], closed: set[int]) -> None:
        if not open_ and not closed:
            found.append([parties[i] for i in sorted(chosen)])
            return
        pivot = max(open_ | closed, key=lambda i: (len(friends[i] & open_), -i))
        for i in sorted(open_ - friends[pivot]):
            grow([*chosen, i], open_ & friends[i], closed & friends[i])
            open_.remove(i)
            closed.add(i)

    friends = [
        {j for j, other in enumerate(parties) if i != j and go_together(one, other)} for i, one in enumerate(parties)
    ]
    grow([], set(range(len(parties))), set())
    return found


def threshold_to_meet(rules: CampaignRules, threshold_fen: int, *, merchant_offer_fen: int) -> int | None:
    """What must be left of the bill after the merchant's own offer; None if a voucher does not go with the offer."""
    if merchant_offer_fen and rules.merchant_offer is MerchantOffer.REFUSED:
        return None
    if rules.merchant_offer is MerchantOffer.THRESHOLD_BEFORE:
        return max(0, threshold_fen - merchant_offer_fen)
    return threshold_fen


def after_merchant_offer(cart: Cart, offer_fen: int) -> Cart:
    """The cart as the merchant's own offer leaves it: taken off the selected lines in proportion, as one unit each."""
    if not offer_fen:
        return cart
    asked = [line.unit_fen * line.qty if line.selected else 0 for line in cart.lines]
    off = share_out(offer_fen, asked)
    return Cart(
        tuple(
            Line(line.sku, fen - less, 1, line.tags, floor_fen=min(line.floor_fen * line.qty, fen - less))
            for line, fen, less in zip(cart.lines, asked, off, strict=True)
            if line.selected
        )
    )


def needs_order_of_choice(parties: Collection[Party]) -> bool:
    """Whether all these campaigns use the largest voucher first, one after the other."""
    return bool(parties) and all(party.rules.choice is ChoiceOrder.LARGEST_FIRST for party in parties)


def _facts(subject: str, name: str) -> dict[str, object]:
    if name not in POLICIES[subject]:
        raise BadInput(f"{subject} is never {name}: there are {', '.join(POLICIES[subject])}")
    return dict(POLICIES[subject][name])
