"""Which vouchers an order uses, and why one cannot be used."""

from datetime import UTC, datetime, timedelta

import pytest

from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.model import CampaignRules, Direction, VoucherState
from yongquan.vouchers.pricing import Cart, Line
from yongquan.vouchers.selection import HeldVoucher, VoucherNotUsable, choose_best, use_named
from yongquan.vouchers.usability import StoreFacts, TypeRules, WhyNot, why_not_here, why_not_now
from yongquan.vouchers.validity import Validity

NOW = datetime(2022, 2, 21, 4, 0, tzinfo=UTC)
STORE = StoreFacts("dining", "330203", hardship=False)
CART = Cart((Line("bill", 10_000, 1),))


def rules(**changes: object) -> TypeRules:
    facts: dict[str, object] = {
        "campaign_active": True,
        "industry": None,
        "districts": None,
        "hardship_only": False,
        "direction": Direction.EITHER,
        "threshold_fen": 0,
    }
    return TypeRules(**(facts | changes))  # type: ignore[arg-type]


def held(
    name: str,
    fen: int,
    *,
    campaign: str = "c",
    threshold_fen: int = 0,
    rate_bp: int | None = None,
    days: int = 1,
    campaign_rules: CampaignRules | None = None,
    **changes: object,
) -> HeldVoucher:
    type_ = TypeOffer(
        type_hex=f"type-{name}",
        type_id=f"type-{name}",
        amount_fen=fen,
        threshold_fen=threshold_fen,
        validity=Validity(None, None, 1),
        name=name,
        name_en=name,
        rate_bp=rate_bp,
        campaign_hex=campaign,
        funder_id="bureau",
        rules=rules(threshold_fen=threshold_fen, **changes),
        campaign_rules=campaign_rules or CampaignRules(),
    )
    return HeldVoucher(name, type_, NOW + timedelta(days=days), fen)


def best(*vouchers: HeldVoucher, cart: Cart = CART) -> tuple[int, list[str]]:
    selection = choose_best(cart, vouchers, store=STORE, direction=Direction.EITHER)
    return selection.payable_fen, [c.voucher.voucher_id for c in selection.chosen]


def test_the_largest_discount_wins_then_the_earliest_expiry() -> None:
    assert best(held("a", 500), held("b", 1000)) == (9_000, ["b"])
    assert best(held("late", 500, days=5), held("soon", 500, days=2)) == (9_500, ["soon"])


def test_one_voucher_an_order_unless_the_campaign_allows_more() -> None:
    two = CampaignRules(per_order=2)

    assert best(held("a", 500), held("b", 400)) == (9_500, ["a"])
    assert best(held("a", 500, campaign_rules=two), held("b", 400, campaign_rules=two))[0] == 9_100


def test_campaigns_that_do_not_stack_are_not_mixed() -> None:
    stacks = CampaignRules(stacks_with_others=True)

    assert best(held("a", 500), held("b", 400, campaign="d"))[0] == 9_500
    mixed = best(held("a", 500, campaign_rules=stacks), held("b", 400, campaign="d", campaign_rules=stacks))
    assert mixed[0] == 9_100


def test_a_percentage_stays_below_its_cap() -> None:
    assert best(held("p", 2_000, rate_bp=4_000))[0] == 8_000
    assert best(held("p", 9_000, rate_bp=4_000))[0] == 6_000


def test_an_order_without_usable_vouchers_is_paid_in_full() -> None:
    assert best(held("a", 500, industry="sports"), held("b", 500, threshold_fen=10_001)) == (10_000, [])


def test_a_named_voucher_that_cannot_be_used_is_refused_with_the_reason() -> None:
    with pytest.raises(VoucherNotUsable) as refused:
        use_named(CART, [held("a", 500, threshold_fen=20_000)], store=STORE, direction=Direction.EITHER)
    assert refused.value.facts["reason"] == "below_threshold"

    with pytest.raises(VoucherNotUsable) as refused:
        use_named(CART, [held("a", 1), held("b", 1)], store=STORE, direction=Direction.EITHER)
    assert refused.value.facts["reason"] == "does_not_stack"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"campaign_active": False}, WhyNot.PAUSED),
        ({"industry": "sports"}, WhyNot.OTHER_INDUSTRY),
        ({"districts": frozenset({"330225"})}, WhyNot.OTHER_PLACE),
        ({"hardship_only": True}, WhyNot.RELIEF_SHOPS_ONLY),
        ({"direction": Direction.SHOP_SCANS}, WhyNot.WRONG_DIRECTION),
        ({"threshold_fen": 101}, WhyNot.BELOW_THRESHOLD),
        ({}, None),
    ],
)
def test_each_rule_has_its_own_reason(changes: dict[str, object], why: WhyNot | None) -> None:
    found = why_not_here(rules(**changes), store=STORE, direction=Direction.CITIZEN_SCANS, amount_fen=100)

    assert found is why


def test_a_vouchers_own_moment_is_told_before_the_store() -> None:
    def now(state: VoucherState, *, starts: int, ends: int) -> WhyNot | None:
        window = {"valid_from": NOW + timedelta(hours=starts), "valid_until": NOW + timedelta(hours=ends)}
        return why_not_now(state, now=NOW, **window)

    assert now(VoucherState.HELD, starts=-1, ends=1) is None
    assert now(VoucherState.HELD, starts=0, ends=1) is None
    assert now(VoucherState.HELD, starts=1, ends=2) is WhyNot.NOT_YET_VALID
    assert now(VoucherState.HELD, starts=-1, ends=0) is WhyNot.EXPIRED
    assert now(VoucherState.REDEEMED, starts=-1, ends=1) is WhyNot.NOT_HELD


def test_days_of_validity_count_the_day_of_the_claim_in_shanghai() -> None:
    late_evening = datetime(2022, 2, 21, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai

    assert Validity(None, None, 1).window(late_evening)[1] == datetime(2022, 2, 21, 16, 0, tzinfo=UTC)
    assert Validity(None, None, 3).window(late_evening)[1] == datetime(2022, 2, 23, 16, 0, tzinfo=UTC)
    capped = Validity(None, NOW + timedelta(hours=2), 30).window(NOW)
    assert capped == (NOW, NOW + timedelta(hours=2))
