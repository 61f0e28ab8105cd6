"""What citizens decide depends on seed, citizen and occasion, and on nothing else."""

from statistics import median

import pytest

from yongquan.simulation.behaviour import (
    ShopDirectory,
    basket_fen,
    choose_instrument,
    comes_at_ms,
    grab_order,
    plan_visit,
    redeems,
    tries_round,
)
from yongquan.simulation.city import build_city
from yongquan.simulation.industries import INDUSTRIES

SEED = 2022


@pytest.fixture(scope="module")
def directory() -> ShopDirectory:
    return ShopDirectory(build_city(seed=SEED, scale=0.01))


def test_decisions_do_not_depend_on_the_order_in_which_they_are_made(directory: ShopDirectory) -> None:
    people = range(200)

    forwards = [plan_visit(directory, seed=SEED, citizen=each, occasion="r1/0") for each in people]
    backwards = [plan_visit(directory, seed=SEED, citizen=each, occasion="r1/0") for each in reversed(people)]

    assert forwards == backwards[::-1]


def test_another_round_is_another_decision() -> None:
    def tried(round_code: str) -> list[bool]:
        return [tries_round(seed=SEED, citizen=n, round_code=round_code, claim_bp=5000) for n in range(200)]

    assert tried("r1") != tried("r2")


def test_citizens_try_as_often_as_their_appetite_says() -> None:
    def tries(claim_bp: int, interest_bp: int = 10_000) -> int:
        return sum(
            tries_round(seed=SEED, citizen=n, round_code="r", claim_bp=claim_bp, interest_bp=interest_bp)
            for n in range(10_000)
        )

    assert tries(0) == 0
    assert tries(10_000) == 10_000
    assert 4700 < tries(5000) < 5300
    assert 2300 < tries(5000, 5000) < 2700


def test_grabbers_come_early_within_the_rush_and_in_one_fixed_order() -> None:
    moments = [comes_at_ms(seed=SEED, citizen=n, round_code="r", rush_ms=60_000) for n in range(2000)]
    order = grab_order(seed=SEED, citizens=range(2000), round_code="r", rush_ms=60_000)

    assert all(0 <= moment < 60_000 for moment in moments)
    assert median(moments) < 20_000
    assert order == grab_order(seed=SEED, citizens=range(1999, -1, -1), round_code="r", rush_ms=60_000)
    assert [moments[n] for n in order] == sorted(moments)


def test_holders_redeem_at_the_rate_given() -> None:
    assert 8700 < sum(redeems(seed=SEED, citizen=n, occasion="r", rate_bp=8900) for n in range(10_000)) < 9100


def test_visits_go_where_the_voucher_may_be_used(directory: ShopDirectory) -> None:
    shops = directory.city.shops

    for citizen in range(300):
        visit = plan_visit(
            directory,
            seed=SEED,
            citizen=citizen,
            occasion="r/0",
            industries=["dining", "lodging"],
            adcodes=["330203", "330225"],
        )
        assert visit is not None
        shop = shops.row(visit.shop)
        assert shop.industry.code in {"dining", "lodging"}
        assert shop.adcode in {"330203", "330225"}
        assert 0 <= visit.second_of_day < 86_400


def test_nobody_goes_where_there_is_no_shop(directory: ShopDirectory) -> None:
    assert plan_visit(directory, seed=SEED, citizen=1, occasion="r", adcodes=["110101"]) is None


def test_most_people_pay_near_home(directory: ShopDirectory) -> None:
    city = directory.city
    visits = [plan_visit(directory, seed=SEED, citizen=n, occasion="r/0") for n in range(1000)]

    near = sum(city.shops.division[visit.shop] == city.citizens.division[visit.citizen] for visit in visits if visit)
    assert 780 < near < 900


def test_baskets_are_around_the_median_of_their_industry() -> None:
    for position, industry in enumerate(INDUSTRIES):
        baskets = [
            basket_fen(seed=SEED, citizen=n, occasion="r", industry=position, spend_bp=10_000) for n in range(1500)
        ]
        assert 0.9 < median(baskets) / industry.basket_fen < 1.1
        assert min(baskets) >= 100


def test_a_threshold_fills_baskets_up_and_never_makes_one_smaller() -> None:
    raised = 0
    for citizen in range(1000):
        without = basket_fen(seed=SEED, citizen=citizen, occasion="r", industry=0, spend_bp=10_000)
        with_voucher = basket_fen(
            seed=SEED, citizen=citizen, occasion="r", industry=0, spend_bp=10_000, threshold_fen=10_000
        )
        assert with_voucher >= without
        raised += with_voucher > without
        assert with_voucher == without or with_voucher >= 10_000
    assert 300 < raised < 700


def test_people_pay_with_what_they_have() -> None:
    for citizen in range(300):
        by_card = choose_instrument(seed=SEED, citizen=citizen, occasion="r", cards=2, wallets=())
        either = choose_instrument(seed=SEED, citizen=citizen, occasion="r", cards=1, wallets=("quanfu",))
        assert by_card.wallet is None
        assert by_card.card_ordinal in {0, 1}
        assert either.wallet in {None, "quanfu"}
        assert either.card_ordinal == 0
