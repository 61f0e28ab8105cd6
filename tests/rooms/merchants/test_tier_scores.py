"""Grades and pay are pure: ranks among peers, caps, floor, clawback, and parts that add up."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import make_id
from yongquan.merchants.contribution import FIRST_FORMULA, FakeInput, Inputs, ShopInput, pay_of, read_formula
from yongquan.merchants.tiers import FIRST_RULES, ShopFacts, Takings, grade_grids, grade_shops, read_tier_rules

MONTH = date(2022, 2, 1)
RULES = read_tier_rules(FIRST_RULES)
FORMULA = read_formula(FIRST_FORMULA)


def shop(n: int, *measures: int, industry: str = "dining") -> ShopFacts:
    return ShopFacts(make_id(at_ms=n, bucket=0, entropy=n), industry, "330203-01", Takings(*measures))


def worked(n: int, payments: int = 0, *, payers: int = 0, is_new: bool = False, **more: int) -> ShopInput:
    facts = {"vouchers": 0, "inspections": 0} | more
    id_ = make_id(at_ms=n, bucket=0, entropy=n)
    return ShopInput(id_, "330203-01", is_new, payments, payers, min(payments, 28), **facts)


def inputs(*shops: ShopInput, fakes: tuple[FakeInput, ...] = (), owed_fen: int = 0) -> Inputs:
    return Inputs(MONTH, "p1", ("330203-01",), shops, fakes, owed_fen, "sha")


def test_shop_is_ranked_among_its_industry_alone() -> None:
    shops = [shop(1, 10, 1000, 5, 8), shop(2, 1, 100, 1, 1), shop(3, 900, 90000, 28, 700, industry="supermarket")]

    best, least, other = grade_shops(shops, RULES)

    assert (best.grade.score_bp, best.grade.tier, best.visits_bp) == (10_000, "A", 15_000)
    assert (least.grade.ranks, least.grade.tier) == ((5_000,) * 4, "B")
    assert (other.peers, other.grade.score_bp) == ("supermarket", 10_000)


def test_silent_shop_has_no_score() -> None:
    silent = grade_shops([shop(1), shop(2, 3, 300, 2, 2)], RULES)[0]

    assert (silent.grade.score_bp, silent.grade.tier) == (0, "D")


def test_best_fifth_of_the_grids_is_key_if_it_traded() -> None:
    takings = {f"g{n}": Takings(n, n * 100, n, n) for n in range(10)}

    grids = grade_grids(takings, dict.fromkeys(takings, 5), RULES)
    silent = grade_grids({"g": Takings(), "h": Takings()}, {"g": 1, "h": 1}, replace(RULES))

    assert [g.code for g in grids if g.is_key] == ["g8", "g9"]
    assert {g.minutes_bp for g in grids if g.is_key} == {12_500}
    assert not any(g.is_key for g in silent)


def test_lines_pay_for_units_up_to_their_caps() -> None:
    pay = pay_of(inputs(worked(1, 3000, payers=10, is_new=True), worked(2, 5, payers=1, vouchers=4)), FORMULA)

    by = {line.measure: line for line in pay.lines}
    assert (by["new_active_shops"].units, by["new_active_shops"].fen) == (1, 3_000)
    assert (by["transactions"].units, by["transactions"].paid_units, by["transactions"].fen) == (3_005, 2_005, 10_025)
    assert (by["vouchers_redeemed"].fen, by["users"].fen) == (40, 110)
    assert pay.total_fen == pay.earned_fen == 13_175


def test_new_shop_that_few_people_used_is_not_new_and_active() -> None:
    pay = pay_of(inputs(worked(1, 50, payers=1, is_new=True)), FORMULA)

    assert pay.lines[0].units == 0


def test_cap_cuts_and_floor_lifts() -> None:
    capped = pay_of(inputs(worked(1, 1000, payers=5)), replace(FORMULA, cap_fen=1_000))
    lifted = pay_of(inputs(worked(1)), replace(FORMULA, floor_fen=800))
    without_shops = pay_of(inputs(), replace(FORMULA, floor_fen=800))

    assert (capped.cut_fen, capped.total_fen) == (capped.gross_fen - 1_000, 1_000)
    assert (lifted.earned_fen, lifted.floor_fen, lifted.total_fen) == (0, 800, 800)
    assert without_shops.total_fen == 0


def test_fake_shop_gives_back_three_months_and_a_fine_and_the_rest_is_owed() -> None:
    id_ = make_id(at_ms=9, bucket=0, entropy=9)
    fake = FakeInput(id_, ((date(2021, 10, 1), 700), (date(2021, 11, 1), 600), (date(2022, 1, 1), 50)), True)

    pay = pay_of(inputs(worked(1, 100, payers=10), fakes=(fake,)), FORMULA)

    assert (pay.claws[0].back_fen, pay.claws[0].fine_fen) == (650, 5_000)
    assert (pay.earned_fen, pay.total_fen, pay.owed_fen) == (600, 0, 5_050)


def test_what_was_owed_goes_off_the_next_pay() -> None:
    pay = pay_of(inputs(worked(1, 100, payers=10), owed_fen=500), FORMULA)

    assert (pay.total_fen, pay.owed_fen) == (100, 0)


counts = st.integers(0, 5_000)
some_shops = st.lists(st.tuples(counts, counts, st.booleans(), counts, st.integers(0, 9)), max_size=12)


@given(shops=some_shops, cap=st.none() | st.integers(0, 200_000), owed=st.integers(0, 10_000))
def test_shops_parts_add_up_to_what_was_earned(
    shops: list[tuple[int, int, bool, int, int]], cap: int | None, owed: int
) -> None:
    given_shops = [
        worked(n, a, payers=b, is_new=new, vouchers=c, inspections=d) for n, (a, b, new, c, d) in enumerate(shops)
    ]
    seen = inputs(*given_shops, owed_fen=owed)

    pay = pay_of(seen, replace(FORMULA, cap_fen=cap))

    assert sum(one.earned_fen for one in pay.shops) == pay.earned_fen == pay.gross_fen - pay.cut_fen
    assert pay.total_fen - pay.owed_fen == pay.earned_fen + pay.floor_fen - pay.clawed_fen - owed
    assert pay_of(seen, replace(FORMULA, cap_fen=cap)) == pay
    assert seen.digest == inputs(*given_shops, owed_fen=owed).digest


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("trade: 30", "trade: 31", "weights"),
        ("from_bp: 5000", "from_bp: 9000", "from_bp"),
        ("share_bp: 2000", "shares_bp: 2000", "share_bp"),
        ("visits_bp: 15000", "visit_bp: 15000", "visit_bp"),
        ("within: industry", "within: planet", "within"),
        ("tiers:", "tiers: {", "line"),
    ],
)
def test_wrong_rules_name_the_field(old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_tier_rules(FIRST_RULES.replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("each_fen: 5,", "each_fen: -5,", "transactions"),
        ("each_fen: 5,", "each_fen: 5.5,", "each_fen"),
        ("measure: users", "measure: transactions", "once"),
        ("measure: users", "measure: __import__", "measure"),
        ("months: 3", "months: 13", "months"),
        ("cap_fen: 20000000", "cap_fens: 20000000", "cap_fens"),
    ],
)
def test_wrong_formula_names_the_field(old: str, new: str, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        read_formula(FIRST_FORMULA.replace(old, new, 1))
