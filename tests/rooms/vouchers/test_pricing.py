"""The calculator's rules, one test a sentence, and what must hold for every cart."""

import json
import time
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
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
    Priced,
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


def test_a_huge_quantity_prices_at_once() -> None:
    goods = cart(Line("a", 3, 10**12), Line("b", 2, 10**12 + 1))

    started = time.perf_counter()
    priced = price(goods, [Offer("n", NthFree(7)), Offer("b", BundlePrice(qty=7, price_fen=8))])

    assert priced.discount_fen > 0
    assert time.perf_counter() - started < 1


# --- scope, thresholds, order


def test_scope_needs_any_tag_and_where_given_any_sku() -> None:
    goods = cart(
        Line("a", 100, 1, frozenset({"T"})), Line("b", 100, 1, frozenset({"T", "U"})), Line("c", 100, 1)
    )

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


def test_twenty_offers_are_chosen_from_quickly() -> None:
    offers = [Offer(f"o{k}", AmountOff(1000 + 37 * k), threshold_fen=600 * k) for k in range(20)]

    started = time.perf_counter()
    price(bill(20000), offers, choose=Choice.BEST, max_per_funder={"government": 1})

    assert time.perf_counter() - started < 2


# --- what always holds

SMALL = st.integers(0, 400)
TAGS = st.frozensets(st.sampled_from("AB"))
LINES = st.builds(
    Line,
    sku=st.sampled_from("abc"),
    unit_fen=SMALL,
    qty=st.integers(0, 4),
    tags=TAGS,
    selected=st.sampled_from([True, True, True, False]),
    floor_fen=st.sampled_from([0, 0, 30, 120]),
)
DEALS = st.one_of(
    st.builds(AmountOff, SMALL),
    st.builds(PercentOff, st.integers(0, 10000)),
    st.builds(TieredOff, st.lists(st.tuples(SMALL, SMALL), max_size=3).map(tuple)),
    st.builds(PerUnitOff, SMALL),
    st.builds(BundlePrice, st.integers(1, 4), SMALL),
    st.builds(NthFree, st.integers(1, 4)),
    st.builds(Exchange),
)
INSTANTS = st.sampled_from([None, datetime(2022, 8, 1, tzinfo=UTC), datetime(2022, 9, 1, tzinfo=UTC)])


@st.composite
def offer_lists(draw: st.DrawFn) -> list[Offer]:
    return [
        Offer(
            f"o{9 - k}",
            draw(DEALS),
            priority=draw(st.integers(-1, 1)),
            exclusive=draw(st.sampled_from([False, False, False, True])),
            funder=draw(st.sampled_from([None, "government", "bank"])),
            threshold_fen=draw(st.sampled_from([0, 0, 100, 500])),
            min_qty=draw(st.sampled_from([0, 0, 2])),
            scope=draw(st.builds(Scope, tags=st.none() | TAGS, skus=st.none() | TAGS)),
            cap_fen=draw(st.none() | SMALL),
            expires_at=draw(INSTANTS),
        )
        for k in range(draw(st.integers(0, 6)))
    ]


CARTS = st.builds(Cart, st.lists(LINES, max_size=4).map(tuple))


@given(CARTS, offer_lists(), st.sampled_from(Choice))
@settings(max_examples=150, deadline=None)
def test_parts_add_up_and_no_line_goes_below_its_floor(
    goods: Cart, offers: list[Offer], choose: Choice
) -> None:
    priced = price(goods, offers, choose=choose)

    asked = [line.unit_fen * line.qty * line.selected for line in goods.lines]
    assert priced.payable_fen == sum(asked) - priced.discount_fen
    assert sum(priced.lines_fen) == priced.discount_fen == sum(p.discount_fen for p in priced.applied)
    assert list(priced.lines_fen) == [sum(p.lines_fen[i] for p in priced.applied) for i in range(len(asked))]
    for line, fen, off in zip(goods.lines, asked, priced.lines_fen, strict=True):
        assert 0 <= off <= max(fen - line.floor_fen * line.qty, 0)


@given(CARTS, offer_lists(), st.sampled_from(Choice))
@settings(max_examples=150, deadline=None)
def test_every_offer_is_either_applied_or_rejected(goods: Cart, offers: list[Offer], choose: Choice) -> None:
    priced = price(goods, offers, choose=choose)

    applied = [part.offer_id for part in priced.applied]
    assert sorted([*applied, *priced.rejected]) == sorted(offer.offer_id for offer in offers)
    assert all(part.discount_fen > 0 for part in priced.applied)
    caps = {offer.offer_id: offer.cap_fen for offer in offers}
    assert all(part.discount_fen <= (caps[part.offer_id] or part.discount_fen) for part in priced.applied)


def best_by_trying_all(goods: Cart, offers: list[Offer], limits: dict[str, int]) -> Priced:
    """Try every subset, without any bound."""
    by_id = {offer.offer_id: offer for offer in offers}
    results = []
    for size in range(len(offers) + 1):
        for subset in combinations(offers, size):
            priced = price(goods, subset)
            ids = sorted(part.offer_id for part in priced.applied)
            counts = Counter(by_id[key].funder for key in ids)
            if all(counts[funder] <= limit for funder, limit in limits.items()):
                far = datetime(9999, 1, 1, tzinfo=UTC)
                expiries = sorted(by_id[key].expires_at or far for key in ids)
                results.append(((priced.payable_fen, len(ids), expiries, ids), priced))
    return min(results, key=lambda result: result[0])[1]


@given(CARTS, offer_lists(), st.dictionaries(st.sampled_from(["government", "bank"]), st.integers(0, 2)))
@settings(max_examples=250, deadline=None)
def test_best_is_what_trying_every_subset_finds(
    goods: Cart, offers: list[Offer], limits: dict[str, int]
) -> None:
    priced = price(goods, offers, choose=Choice.BEST, max_per_funder=limits)

    expected = best_by_trying_all(goods, offers, limits)
    assert priced.payable_fen == expected.payable_fen
    assert priced.applied == expected.applied


# --- bad input

GOOD = {
    "id": "c1",
    "cart": {"lines": [{"sku": "a", "unit_fen": 100, "qty": 1}]},
    "offers": [{"id": "o", "kind": "amount_off", "amount_fen": 5}],
}


def offer_with(**changes: object) -> dict[str, object]:
    return {**GOOD, "offers": [{"id": "o", "kind": "amount_off", "amount_fen": 5, **changes}]}


def line_with(**changes: object) -> dict[str, object]:
    return {**GOOD, "cart": {"lines": [{"sku": "a", "unit_fen": 100, "qty": 1, **changes}]}}


@pytest.mark.parametrize(
    ("case", "field"),
    [
        (offer_with(kind="gift"), "offers[0].kind"),
        (offer_with(amount_fen=-1), "offers[0].amount_fen"),
        (offer_with(amount_fen=True), "offers[0].amount_fen"),
        (offer_with(amount_fen=1.5), "offers[0].amount_fen"),
        (offer_with(amount_fen="5"), "offers[0].amount_fen"),
        (offer_with(treshold_fen=5), "offers[0].treshold_fen"),
        (offer_with(expires_at="2022-08-01T10:00:00"), "offers[0].expires_at"),
        (offer_with(expires_at="soon"), "offers[0].expires_at"),
        (offer_with(priority="high"), "offers[0].priority"),
        ({**GOOD, "offers": [{"id": "o", "kind": "percent_off", "rate_bp": 10001}]}, "offers[0].rate_bp"),
        ({**GOOD, "offers": [{"id": "o", "kind": "percent_off"}]}, "offers[0].rate_bp"),
        ({**GOOD, "offers": [{"id": "o", "kind": "nth_free", "n": 0}]}, "offers[0].n"),
        ({**GOOD, "offers": [{"id": "o", "kind": "tiered_off", "tiers": [[1]]}]}, "offers[0].tiers"),
        ({**GOOD, "offers": [{"id": "o", "kind": "exchange"}] * 2}, "offers[1].id"),
        (line_with(qty=-1), "cart.lines[0].qty"),
        (line_with(selected=1), "cart.lines[0].selected"),
        (line_with(floor_fen=-5), "cart.lines[0].floor_fen"),
        ({**GOOD, "choose": "worst"}, "choose"),
        ({**GOOD, "max_per_funder": {"government": -1}}, "max_per_funder"),
        ({"offers": []}, "cart"),
        ([], "the case"),
    ],
)
def test_bad_input_names_file_line_and_field(case: object, field: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(f"\n{json.dumps(GOOD)}\n{json.dumps(case)}\n")

    with pytest.raises(BadInput) as caught:
        list(price_lines(path))

    assert str(caught.value).startswith(f"{path}:3: {field}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("line", [b"{", b"nonsense", b'{"id":"\xff"}', b"[" * 100_000])
def test_a_line_that_is_not_json_is_bad_input(line: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_bytes(line)

    with pytest.raises(BadInput, match=r"bad\.jsonl:1: "):
        list(price_lines(path))


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="absent"):
        list(price_lines(tmp_path / "absent.jsonl"))


def test_reasons_and_expectations_beside_a_case_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text(json.dumps({**GOOD, "why": "shows", "expect": {"payable_fen": 1}}) + "\n\n")

    assert list(price_lines(path)) == [
        {
            "id": "c1",
            "discount_fen": 5,
            "payable_fen": 95,
            "lines": [{"sku": "a", "discount_fen": 5}],
            "by_funder": {},
            "applied": [{"offer": "o", "discount_fen": 5}],
            "rejected": {},
        }
    ]
