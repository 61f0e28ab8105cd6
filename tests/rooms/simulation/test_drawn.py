"""The effect of a draw on simulated behaviour: its truth is known, and intervals cover it at their rate."""

from random import Random

import pytest

from yongquan.simulation.behaviour import ShopDirectory, redeems
from yongquan.simulation.city import build_city
from yongquan.simulation.drawn import REDEEM_BP, WINNERS_EXTRA_FEN, change_fen, drawn_visit
from yongquan.vouchers.effect_estimating import effect_of
from yongquan.vouchers.effect_model import Registrant, experiment_of

PEOPLE = range(240)
DRAWS = 200
THRESHOLD_FEN = 10_000


@pytest.fixture(scope="module")
def directory() -> ShopDirectory:
    return ShopDirectory(build_city(seed=3, scale=0.01))


def spent(directory: ShopDirectory, citizen: int, *, won: bool) -> int:
    visit = drawn_visit(directory, seed=3, citizen=citizen, occasion="draw", threshold_fen=THRESHOLD_FEN, won=won)
    return visit.basket_fen if visit else 0


def test_only_winners_who_redeem_spend_more_and_at_the_same_shop(directory: ShopDirectory) -> None:
    for citizen in PEOPLE[:60]:
        usual, winning = (
            drawn_visit(directory, seed=3, citizen=citizen, occasion="draw", threshold_fen=0, won=won)
            for won in (False, True)
        )

        assert usual is not None
        assert winning is not None
        assert winning.shop == usual.shop
        goes = redeems(seed=3, citizen=citizen, occasion="draw", rate_bp=REDEEM_BP)
        assert winning.basket_fen - usual.basket_fen == (WINNERS_EXTRA_FEN if goes else 0)


def test_intervals_cover_the_true_effect_of_simulated_draws(directory: ShopDirectory) -> None:
    lives = {citizen: (spent(directory, citizen, won=False), spent(directory, citizen, won=True)) for citizen in PEOPLE}
    goes = {citizen: redeems(seed=3, citizen=citizen, occasion="draw", rate_bp=REDEEM_BP) for citizen in PEOPLE}
    district = directory.city.citizens.division
    changes = [
        change_fen(directory, seed=3, citizen=citizen, occasion="draw", threshold_fen=THRESHOLD_FEN)
        for citizen in PEOPLE
    ]
    truth = sum(changes) / len(PEOPLE)
    per_redeemer = truth * len(PEOPLE) / sum(goes.values())
    covered = covered_late = 0

    for draw in range(DRAWS):
        winners = set(Random(draw).sample(PEOPLE, len(PEOPLE) // 3))
        people = [
            Registrant(
                person=str(citizen),
                won=citizen in winners,
                stratum="east" if district[citizen] < 5 else "west",
                cluster=str(citizen),
                district="",
                age_band="",
                spent_fen=lives[citizen][citizen in winners],
                redeemed=citizen in winners and goes[citizen],
            )
            for citizen in PEOPLE
        ]
        effect = effect_of(experiment_of(people))
        covered += effect.itt.covers(truth)
        covered_late += effect.late is not None and effect.late.covers(per_redeemer)

    tolerance = 3.5 * (DRAWS * 0.95 * 0.05) ** 0.5
    assert abs(covered - 0.95 * DRAWS) <= tolerance
    assert abs(covered_late - 0.95 * DRAWS) <= tolerance
