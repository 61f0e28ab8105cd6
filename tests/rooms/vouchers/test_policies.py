"""Stacking and refund policies by name; the worked examples of the cities."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.model import CampaignRules, Direction, MerchantOffer, PartialRefund, RefundPolicy
from yongquan.vouchers.policies import (
    POLICIES,
    PRESETS,
    Party,
    after_merchant_offer,
    go_together,
    rules_of,
    sets_that_go_together,
)
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, VoucherNotUsable, choose_best, use_named
from yongquan.vouchers.usability import StoreFacts, TypeRules
from yongquan.vouchers.validity import Validity

NOW = datetime(2022, 7, 1, 4, 0, tzinfo=UTC)
STORE = StoreFacts("dining", "330203", hardship=False)
BANK_RULES = CampaignRules(stacks_with_others=True)


def voucher(
    name: str,
    threshold: int,
    off: int,
    rules: CampaignRules,
    *,
    campaign: str = "c",
    kind: str = "bureau",
    days: int = 1,
) -> HeldVoucher:
    """A voucher of `off` yuan from `threshold` yuan."""
    type_ = TypeOffer(
        type_hex=name,
        type_id=name,
        amount_fen=off * 100,
        threshold_fen=threshold * 100,
        validity=Validity(None, None, 1),
        name=name,
        name_en=name,
        rate_bp=None,
        campaign_hex=campaign,
        funder_id=kind,
        rules=TypeRules(
            campaign_active=True,
            industry=None,
            districts=None,
            hardship_only=False,
            direction=rules.direction,
            threshold_fen=threshold * 100,
        ),
        campaign_rules=rules,
    )
    return HeldVoucher(name, type_, NOW + timedelta(days=days), off * 100, kind)


@dataclass(frozen=True, slots=True)
class Worked:
    """A worked example in yuan: the bill, the merchant's own offer, what is used and what is left to pay."""

    what: str
    bill: int
    vouchers: tuple[HeldVoucher, ...]
    used: list[str]
    paid: int
    own_offer: int = 0
    direction: Direction = field(default=Direction.SHOP_SCANS)


HANGZHOU, SHANGHAI = PRESETS["hangzhou_2022"], PRESETS["shanghai_2022"]
HAISHU, XIANGSHAN = PRESETS["ningbo_haishu"], PRESETS["xiangshan"]
BEFORE = replace(HANGZHOU, merchant_offer=MerchantOffer.THRESHOLD_BEFORE)
EXAMPLES = [
    Worked("hangzhou: 50 - 5 = 45 >= 40 - 10 = 35", 50, (voucher("h", 40, 10, HANGZHOU),), ["h"], 35, own_offer=5),
    Worked("hangzhou: 44 - 5 = 39 < 40", 44, (voucher("h", 40, 10, HANGZHOU),), [], 39, own_offer=5),
    Worked("before: 44 >= 40, then 44 - 5 - 10", 44, (voucher("h", 40, 10, BEFORE),), ["h"], 29, own_offer=5),
    Worked(
        "alone: no voucher beside the shop's offer",
        60,
        (voucher("a", 40, 10, rules_of({"stacking": "alone"})),),
        [],
        55,
        own_offer=5,
    ),
    Worked("shanghai: one an order", 200, (voucher("a", 0, 50, SHANGHAI), voucher("b", 0, 30, SHANGHAI)), ["a"], 150),
    Worked("shanghai: beside the shop's offer", 110, (voucher("a", 0, 50, SHANGHAI),), ["a"], 50, own_offer=10),
    Worked("no change given: 50 off 30", 30, (voucher("a", 0, 50, SHANGHAI),), ["a"], 0),
    Worked(
        "haishu: largest first, then earliest expiry",
        100,
        (
            voucher("late", 50, 20, HAISHU, days=9),
            voucher("soon", 50, 20, HAISHU, days=2),
            voucher("c", 20, 5, HAISHU, days=1),
        ),
        ["soon"],
        80,
    ),
    Worked(
        "haishu: the citizen may not scan the shop",
        100,
        (voucher("a", 50, 20, HAISHU),),
        [],
        100,
        direction=Direction.CITIZEN_SCANS,
    ),
    Worked(
        "xiangshan: not with another government's, but with a bank's",
        100,
        (
            voucher("x", 30, 15, XIANGSHAN, campaign="x"),
            voucher("g", 30, 10, BANK_RULES, campaign="g"),
            voucher("b", 0, 8, BANK_RULES, campaign="b", kind="bank"),
        ),
        ["b", "x"],
        77,
    ),
]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.what)
def test_the_cities_worked_examples(example: Worked) -> None:
    cart = after_merchant_offer(Cart((Line("bill", example.bill * 100, 1),)), example.own_offer * 100)

    found = choose_best(
        cart, example.vouchers, store=STORE, direction=example.direction, merchant_offer_fen=example.own_offer * 100
    )

    assert sorted(chosen.voucher.voucher_id for chosen in found.chosen) == example.used
    assert found.payable_fen == example.paid * 100


def test_a_named_voucher_beside_the_shops_offer_says_why_not() -> None:
    alone = voucher("a", 0, 10, rules_of({"stacking": "alone"}))

    with pytest.raises(VoucherNotUsable) as refused:
        use_named(
            Cart((Line("bill", 5_000, 1),)), [alone], store=STORE, direction=Direction.EITHER, merchant_offer_fen=500
        )

    assert refused.value.facts["reason"] == "not_with_merchant_offer"


def test_largest_first_goes_on_while_an_order_has_room() -> None:
    rules = replace(HAISHU, per_order=2)
    three = [voucher("a", 50, 10, rules), voucher("b", 95, 20, rules), voucher("c", 0, 5, rules)]

    found = choose_best(Cart((Line("bill", 10_000, 1),)), three, store=STORE, direction=Direction.SHOP_SCANS)

    assert [chosen.voucher.voucher_id for chosen in found.chosen] == ["b", "a"]


def test_the_presets_say_what_the_cities_published() -> None:
    assert XIANGSHAN.refund is RefundPolicy.FORFEIT
    assert HANGZHOU.refund is RefundPolicy.RETURN
    assert (SHANGHAI.refund, SHANGHAI.partial_refund) == (RefundPolicy.RETURN_IN_VALIDITY, PartialRefund.PRO_RATA)
    assert (SHANGHAI.per_order, HAISHU.per_order) == (1, 1)


def test_policies_are_chosen_by_name_on_a_preset() -> None:
    rules = rules_of({"refund": "forfeited", "cap_after_refund": "freed"}, preset="hangzhou_2022", per_order=2)

    assert (rules.refund, rules.refund_frees_cap, rules.per_order) == (RefundPolicy.FORFEIT, True, 2)
    assert all(rules_of({subject: name}) for subject, names in POLICIES.items() for name in names)
    for wrong in ({"refund": "kept"}, {"refunds": "forfeited"}):
        with pytest.raises(BadInput):
            rules_of(wrong)
    with pytest.raises(BadInput):
        rules_of({}, preset="atlantis")


@given(
    st.lists(
        st.builds(
            CampaignRules, stacks_with_others=st.booleans(), not_with=st.sampled_from([(), ("bureau",), ("bank",)])
        ),
        min_size=1,
        max_size=6,
    ),
    st.data(),
)
def test_sets_that_go_together_are_all_the_largest_ones(rules: list[CampaignRules], data: st.DataObject) -> None:
    parties = [Party(str(n), r, data.draw(st.sampled_from(["bureau", "bank"]))) for n, r in enumerate(rules)]

    found = {frozenset(p.campaign for p in group) for group in sets_that_go_together(parties)}

    agreeing = [
        frozenset(p.campaign for p in group)
        for size in range(1, len(parties) + 1)
        for group in combinations(parties, size)
        if all(go_together(a, b) for a, b in combinations(group, 2))
    ]
    assert found == {group for group in agreeing if not any(group < other for other in agreeing)}


@given(st.lists(st.tuples(st.integers(1, 900), st.integers(1, 5), st.booleans()), min_size=1, max_size=6), st.data())
def test_the_shops_offer_leaves_exactly_the_rest(lines: list[tuple[int, int, bool]], data: st.DataObject) -> None:
    cart = Cart(tuple(Line(str(n), fen, qty, selected=on) for n, (fen, qty, on) in enumerate(lines)))
    asked = sum(line.unit_fen * line.qty for line in cart.lines if line.selected)
    offer = data.draw(st.integers(0, asked))

    left = after_merchant_offer(cart, offer)

    assert sum(line.unit_fen * line.qty for line in left.lines if line.selected) == asked - offer
