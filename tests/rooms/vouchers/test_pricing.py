"""The calculator's rules, one test a sentence, and what must hold for every cart."""

import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

from yongquan.vouchers.pricing import (
    AmountOff,
    BundlePrice,
    Cart,
    Choice,
    Exchange,
    Line,
    NthFree,
    Offer,
    PercentOff,
    PerUnitOff,
    Reason,
    Scope,
    TieredOff,
    price,
)
from yongquan.vouchers.pricing_cases import price_lines

CASES = Path(__file__).with_name("pricing.jsonl")


def cart(*lines: Line) -> Cart:
    return Cart(lines)


def bill(fen: int) -> Cart:
    return cart(Line("bill", fen, 1))


def test_published_cases_come_out_as_expected() -> None:
    expected = [json.loads(line)["expect"] for line in CASES.read_text().splitlines()]

    answers = list(price_lines(CASES))

    for answer, expect in zip(answers, expected, strict=True):
        assert {key: answer[key] for key in expect} == expect


# --- kinds


def test_percentage_rounds_down_to_a_fen() -> None:
    assert price(bill(999), [Offer("o", PercentOff(1000))]).discount_fen == 99


def test_highest_tier_reached_counts_in_whatever_order_tiers_are_listed() -> None:
    tiers = TieredOff(((20000, 4000), (5000, 1000), (10000, 2000)))

    assert price(bill(10000), [Offer("o", tiers)]).discount_fen == 2000
    assert price(bill(4999), [Offer("o", tiers)]).rejected == {"o": Reason.BELOW_THRESHOLD}


def test_per_unit_discount_does_not_move_when_a_floor_refuses_it() -> None:
    goods = cart(Line("a", 100, 2, floor_fen=90), Line("b", 100, 1))

    assert price(goods, [Offer("o", PerUnitOff(30))]).lines_fen == (20, 30)


def test_bundle_takes_dearest_units_first_in_full_groups() -> None:
    goods = cart(Line("a", 100, 1), Line("b", 300, 2), Line("c", 200, 2))

    priced = price(goods, [Offer("o", BundlePrice(qty=2, price_fen=250))])

    assert priced.discount_fen == (600 - 250) + (400 - 250)
    assert priced.lines_fen == (0, 350, 150)


def test_bundle_passes_over_a_group_that_would_be_dearer() -> None:
    goods = cart(Line("a", 300, 2), Line("b", 100, 2))

    assert price(goods, [Offer("o", BundlePrice(qty=2, price_fen=250))]).lines_fen == (350, 0)


def test_bundle_of_several_lines_shares_its_saving_by_price() -> None:
    goods = cart(Line("a", 100, 1), Line("b", 200, 1))

    assert price(goods, [Offer("o", BundlePrice(qty=2, price_fen=240))]).lines_fen == (20, 40)


def test_bundle_saving_that_a_floor_refuses_stays_within_the_bundle() -> None:
    goods = cart(Line("a", 300, 1, floor_fen=300), Line("b", 200, 1), Line("c", 100, 1))

    assert price(goods, [Offer("o", BundlePrice(qty=2, price_fen=400))]).lines_fen == (0, 100, 0)


def test_too_few_units_for_a_group_is_below_min_qty() -> None:
    goods = cart(Line("a", 100, 2))
    offers = [Offer("b", BundlePrice(qty=3, price_fen=1)), Offer("n", NthFree(3))]

    assert set(price(goods, offers).rejected.values()) == {Reason.BELOW_MIN_QTY}


def test_of_every_n_units_the_cheapest_is_free() -> None:
    goods = cart(Line("a", 100, 3), Line("b", 300, 2), Line("c", 200, 2))

    priced = price(goods, [Offer("o", NthFree(3))])

    assert priced.lines_fen == (100, 0, 200)  # 300 300 200 | 200 100 100 | 100


def test_exchange_frees_the_dearest_unit_and_the_earlier_line_of_equals() -> None:
    goods = cart(Line("a", 100, 3), Line("b", 300, 2), Line("c", 300, 2))

    assert price(goods, [Offer("o", Exchange())]).lines_fen == (0, 300, 0)


def test_unit_price_is_what_is_left_of_the_line_by_quantity_rounded_down() -> None:
    goods = cart(Line("a", 100, 3))
    offers = [Offer("cut", AmountOff(50), priority=1), Offer("free", Exchange())]

    assert [part.discount_fen for part in price(goods, offers).applied] == [50, 83]


def test_a_huge_quantity_is_priced_without_counting_units() -> None:
    goods = cart(Line("a", 3, 10**12), Line("b", 2, 10**12 + 1))

    priced = price(goods, [Offer("n", NthFree(7)), Offer("b", BundlePrice(qty=7, price_fen=8))])

    assert priced.discount_fen > 0


# --- scope, thresholds, order


def test_scope_needs_any_tag_and_where_given_any_sku() -> None:
    goods = cart(Line("a", 100, 1, frozenset({"T"})), Line("b", 100, 1, frozenset({"T", "U"})), Line("c", 100, 1))

    def lines(scope: Scope) -> tuple[int, ...]:
        return price(goods, [Offer("o", PercentOff(5000), scope=scope)]).lines_fen

    assert lines(Scope(tags=frozenset({"T", "X"}))) == (50, 50, 0)
    assert lines(Scope(skus=frozenset({"a", "c"}))) == (50, 0, 50)
    assert lines(Scope(tags=frozenset({"T"}), skus=frozenset({"b", "c"}))) == (0, 50, 0)


def test_scope_bounds_the_threshold_and_the_minimum_quantity() -> None:
    goods = cart(Line("a", 100, 1, frozenset({"T"})), Line("b", 900, 9))
    scope = Scope(tags=frozenset({"T"}))

    priced = price(
        goods,
        [
            Offer("fen", AmountOff(10), threshold_fen=101, scope=scope),
            Offer("qty", AmountOff(10), min_qty=2, scope=scope),
        ],
    )

    assert priced.rejected == {"fen": Reason.BELOW_THRESHOLD, "qty": Reason.BELOW_MIN_QTY}


def test_offers_apply_from_high_priority_to_low_and_equals_as_listed() -> None:
    offers = [
        Offer("low", AmountOff(1), priority=-1),
        Offer("first", PercentOff(5000)),
        Offer("second", PercentOff(5000)),
        Offer("high", AmountOff(100), priority=5),
    ]

    applied = price(bill(1100), offers).applied

    assert [(part.offer_id, part.discount_fen) for part in applied] == [
        ("high", 100),
        ("first", 500),
        ("second", 250),
        ("low", 1),
    ]


def test_threshold_is_tested_on_what_is_left() -> None:
    offers = [Offer("m", AmountOff(100), priority=1), Offer("g", AmountOff(5), threshold_fen=950)]

    assert price(bill(1000), offers).rejected == {"g": Reason.BELOW_THRESHOLD}


def test_an_unselected_line_is_neither_counted_nor_discounted() -> None:
    goods = cart(Line("a", 100, 1), Line("b", 900, 1, frozenset({"T"}), selected=False))
    offers = [
        Offer("t", AmountOff(5), threshold_fen=101),
        Offer("s", AmountOff(5), scope=Scope(tags=frozenset({"T"}))),
    ]

    priced = price(goods, offers)

    assert priced.payable_fen == 100
    assert priced.rejected == {"t": Reason.BELOW_THRESHOLD, "s": Reason.OUT_OF_SCOPE}


# --- exclusive offers


def test_exclusive_offer_of_highest_priority_stands_alone() -> None:
    offers = [
        Offer("plain", AmountOff(500), priority=9),
        Offer("x1", AmountOff(10), exclusive=True),
        Offer("x2", AmountOff(20), exclusive=True, priority=1),
    ]

    priced = price(bill(1000), offers)

    assert [part.offer_id for part in priced.applied] == ["x2"]
    assert priced.rejected == {"plain": Reason.EXCLUSIVE, "x1": Reason.EXCLUSIVE}


def test_exclusive_offer_that_takes_nothing_does_not_stand() -> None:
    offers = [
        Offer("x", PercentOff(0), exclusive=True, priority=1),
        Offer("plain", AmountOff(500)),
    ]

    priced = price(bill(1000), offers)

    assert priced.discount_fen == 500
    assert priced.rejected == {"x": Reason.NOTHING_LEFT}


def test_exclusive_offer_is_tested_on_the_untouched_cart() -> None:
    offers = [
        Offer("plain", AmountOff(500), priority=1),
        Offer("x", AmountOff(10), exclusive=True, threshold_fen=1000),
    ]

    assert price(bill(1000), offers).discount_fen == 10


def test_own_failure_comes_before_exclusive() -> None:
    offers = [
        Offer("x", AmountOff(10), exclusive=True),
        Offer("far", AmountOff(10), threshold_fen=2000),
    ]

    assert price(bill(1000), offers).rejected == {"far": Reason.BELOW_THRESHOLD}


# --- floors, caps and shares


def test_a_line_never_goes_below_its_floor_and_the_rest_moves_to_others() -> None:
    goods = cart(Line("a", 100, 2, floor_fen=95), Line("b", 100, 2), Line("c", 100, 1))

    assert price(goods, [Offer("o", AmountOff(250))]).lines_fen == (10, 160, 80)


def test_discount_ends_at_what_the_lines_can_give() -> None:
    goods = cart(Line("a", 100, 1, floor_fen=40), Line("b", 50, 1, floor_fen=60))

    assert price(goods, [Offer("o", AmountOff(999))]).lines_fen == (60, 0)


def test_floors_do_not_lower_the_base_of_a_threshold() -> None:
    goods = cart(Line("a", 100, 1, floor_fen=100), Line("b", 100, 1))

    assert price(goods, [Offer("o", AmountOff(30), threshold_fen=200)]).lines_fen == (0, 30)


def test_percentage_is_computed_on_the_whole_scope_then_capped() -> None:
    goods = cart(Line("a", 100, 1, floor_fen=100), Line("b", 100, 1))

    assert price(goods, [Offer("o", PercentOff(4000))]).lines_fen == (0, 80)
    assert price(goods, [Offer("o", PercentOff(4000), cap_fen=50)]).lines_fen == (0, 50)


def test_equal_remainders_go_to_the_earlier_line() -> None:
    goods = cart(Line("a", 1, 1), Line("b", 1, 1), Line("c", 1, 1))

    assert price(goods, [Offer("o", AmountOff(2))]).lines_fen == (1, 1, 0)


def test_largest_remainder_gets_the_odd_fen() -> None:
    goods = cart(Line("a", 10, 1), Line("b", 25, 1))

    assert price(goods, [Offer("o", AmountOff(8))]).lines_fen == (2, 6)  # 2.29 and 5.71


def test_a_freed_unit_gives_no_more_than_its_floor_allows() -> None:
    goods = cart(Line("a", 300, 1, floor_fen=250), Line("b", 200, 1))

    assert price(goods, [Offer("o", Exchange())]).lines_fen == (50, 0)


def test_a_cap_bounds_discounts_on_units_too() -> None:
    goods = cart(Line("a", 100, 1), Line("b", 300, 1))

    assert price(goods, [Offer("o", PerUnitOff(40), cap_fen=60)]).lines_fen == (30, 30)


# --- reasons


def test_reasons_are_tested_in_their_fixed_order() -> None:
    goods = cart(Line("a", 100, 1))
    nowhere = Scope(tags=frozenset({"Z"}))
    offers = [
        Offer("1", AmountOff(0), threshold_fen=999, min_qty=9, scope=nowhere),
        Offer("2", AmountOff(0), threshold_fen=999, min_qty=9),
        Offer("3", AmountOff(0), min_qty=9),
        Offer("4", AmountOff(0)),
    ]

    assert list(price(goods, offers).rejected.values()) == [
        Reason.OUT_OF_SCOPE,
        Reason.BELOW_THRESHOLD,
        Reason.BELOW_MIN_QTY,
        Reason.NOTHING_LEFT,
    ]


def test_quantity_zero_and_an_empty_cart_are_valid() -> None:
    offers = [Offer("o", AmountOff(5)), Offer("x", Exchange())]

    assert price(cart(), offers).rejected == {"o": Reason.OUT_OF_SCOPE, "x": Reason.OUT_OF_SCOPE}
    none_bought = price(cart(Line("a", 100, 0)), offers)
    assert none_bought.payable_fen == 0
    assert none_bought.rejected == {"o": Reason.NOTHING_LEFT, "x": Reason.BELOW_MIN_QTY}


# --- best


def test_best_leaves_an_offer_out_where_that_is_cheaper() -> None:
    offers = [
        Offer("small", AmountOff(100), priority=1),
        Offer("large", AmountOff(500), threshold_fen=1000),
    ]

    priced = price(bill(1000), offers, choose=Choice.BEST)

    assert priced.payable_fen == 500
    assert priced.rejected == {"small": Reason.NOT_BEST}


def test_best_may_leave_an_exclusive_offer_out_or_take_it_alone() -> None:
    plain = Offer("plain", AmountOff(300))

    left_out = price(bill(1000), [plain, Offer("x", AmountOff(100), exclusive=True)], choose=Choice.BEST)
    taken = price(bill(1000), [plain, Offer("x", AmountOff(400), exclusive=True)], choose=Choice.BEST)

    assert left_out.rejected == {"x": Reason.NOT_BEST}
    assert taken.rejected == {"plain": Reason.EXCLUSIVE}


def test_best_keeps_within_a_funders_count() -> None:
    offers = [
        Offer("g1", AmountOff(100), funder="government"),
        Offer("g2", AmountOff(200), funder="government"),
        Offer("m", AmountOff(50), funder="merchant"),
    ]

    priced = price(bill(1000), offers, choose=Choice.BEST, max_per_funder={"government": 1})

    assert priced.by_funder == {"government": 200, "merchant": 50}


def test_a_funders_count_holds_only_under_best() -> None:
    offers = [Offer(name, AmountOff(100), funder="government") for name in "ab"]

    assert price(bill(1000), offers, max_per_funder={"government": 1}).by_funder == {"government": 200}


def test_ties_go_to_fewest_then_earliest_expiry_then_ids() -> None:
    day = datetime(2022, 8, 1, tzinfo=UTC)
    later = [Offer("a", AmountOff(100)), Offer("b", AmountOff(100), expires_at=day)]
    same = [Offer("d", AmountOff(100), expires_at=day), Offer("c", AmountOff(100), expires_at=day)]

    def chosen(offers: list[Offer]) -> list[str]:
        return [part.offer_id for part in price(bill(100), offers, choose=Choice.BEST).applied]

    assert chosen([*later, Offer("0", AmountOff(50)), Offer("1", AmountOff(50))]) == ["b"]
    assert chosen(same) == ["c"]


def test_expiries_are_compared_as_instants() -> None:
    china = timezone(timedelta(hours=8))
    offers = [
        Offer("a", AmountOff(100), expires_at=datetime(2022, 8, 1, 1, tzinfo=UTC)),
        Offer("b", AmountOff(100), expires_at=datetime(2022, 8, 1, 8, tzinfo=china)),
    ]

    assert price(bill(100), offers, choose=Choice.BEST).applied[0].offer_id == "b"


def test_twenty_offers_are_chosen_from() -> None:
    offers = [Offer(f"o{k}", AmountOff(1000 + 37 * k), threshold_fen=600 * k) for k in range(20)]

    best = price(bill(20000), offers, choose=Choice.BEST, max_per_funder={"government": 1})

    assert len(best.applied) > 1
    assert best.payable_fen <= min(price(bill(20000), [o]).payable_fen for o in offers)
    assert best.payable_fen <= price(bill(20000), offers).payable_fen
    assert set(best.rejected) | {a.offer_id for a in best.applied} == {o.offer_id for o in offers}
