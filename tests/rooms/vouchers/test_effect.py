"""The effect of a draw: what the estimates are, and that their intervals cover a known truth at the stated rate."""

import numpy as np
import pytest

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.effect_estimating import NothingToCompare, effect_of, effects_by
from yongquan.vouchers.effect_model import Effect, Registrant, experiment_of
from yongquan.vouchers.effect_power import (
    Design,
    registrants_needed,
    smallest_effect_fen,
    smallest_effect_on_redeemers_fen,
)

SEEDS = 200
FIRST_SEED = 1_000
EXTRA_FEN = 6_000
TAKEUP = 0.8


def drawn(seed: int, *, people: int = 240, extra_fen: int = EXTRA_FEN, household: int = 1) -> list[Registrant]:
    """A draw in three districts with different chances; a redeemer spends `extra_fen` more, whoever it is."""
    rng = np.random.default_rng(seed)
    chance = (0.2, 0.5, 0.7)
    rows = []
    for first in range(0, people, household):
        place = int(rng.integers(3))
        usual = float(rng.lognormal(9.0, 0.8)) * (1 + place)
        won = bool(rng.random() < chance[place])
        for number in range(first, first + household):
            redeems = bool(rng.random() < TAKEUP)
            spent = usual * float(rng.lognormal(0, 0.3)) + (extra_fen if won and redeems else 0)
            rows.append(
                Registrant(
                    person=str(number),
                    won=won,
                    stratum=f"d{place}",
                    cluster=str(first),
                    district=f"d{place}",
                    age_band="18-29" if number % 2 else "30-44",
                    spent_fen=round(spent),
                    redeemed=won and redeems,
                    subsidy_fen=2_000 if won and redeems else 0,
                    before_fen=round(usual),
                    by_industry={"restaurants": round(spent * 0.6), "fuel": round(spent) - round(spent * 0.6)},
                )
            )
    return rows


def within_binomial(hits: int, tries: int, rate: float) -> bool:
    """Whether so many hits are within three and a half deviations of the stated rate."""
    return abs(hits - tries * rate) <= 3.5 * (tries * rate * (1 - rate)) ** 0.5


def test_the_estimate_is_the_mean_of_the_districts_differences_weighed_by_their_people() -> None:
    people = drawn(1)

    effect = effect_of(experiment_of(people))

    by_hand = 0.0
    for place in ("d0", "d1", "d2"):
        here = [p for p in people if p.district == place]
        won = np.mean([p.spent_fen for p in here if p.won])
        lost = np.mean([p.spent_fen for p in here if not p.won])
        by_hand += float(won - lost) * len(here) / len(people)
    assert effect.itt.value == pytest.approx(by_hand)
    assert effect.counts.people == 240
    assert effect.counts.strata == 3


def test_the_effect_on_redeemers_is_the_effect_on_winners_over_the_takeup() -> None:
    effect = effect_of(experiment_of(drawn(2)))

    assert effect.late is not None
    assert effect.per_subsidy is not None
    assert effect.late.value == pytest.approx(effect.itt.value / effect.takeup.value)
    assert effect.per_subsidy.value == pytest.approx(effect.late.value / 2_000)


@pytest.mark.parametrize(("household", "adjust"), [(1, False), (2, True)])
def test_intervals_cover_the_truth_at_their_rate(household: int, adjust: bool) -> None:
    effects = [
        effect_of(experiment_of(drawn(s, household=household)), adjust=adjust)
        for s in range(FIRST_SEED, FIRST_SEED + SEEDS)
    ]

    assert within_binomial(sum(e.late is not None and e.late.covers(EXTRA_FEN) for e in effects), SEEDS, 0.95)
    itt = EXTRA_FEN * TAKEUP
    assert within_binomial(sum(e.itt.covers(itt) for e in effects), SEEDS, 0.95)
    assert abs(np.mean([e.itt.value for e in effects]) - itt) < 3.5 * _error_of_mean(effects)


def _error_of_mean(effects: list[Effect]) -> float:
    return float(np.std([e.itt.value for e in effects])) / len(effects) ** 0.5


def test_forgetting_that_households_win_together_would_cover_too_little() -> None:
    alone = effect_of(experiment_of([_alone(p) for p in drawn(3, household=4)]))

    together = effect_of(experiment_of(drawn(3, household=4)))

    assert together.itt.error > 1.3 * alone.itt.error


def _alone(person: Registrant) -> Registrant:
    return Registrant(
        person=person.person,
        won=person.won,
        stratum=person.stratum,
        cluster=person.person,
        district=person.district,
        age_band=person.age_band,
        spent_fen=person.spent_fen,
        redeemed=person.redeemed,
    )


def test_earlier_spending_narrows_the_interval() -> None:
    experiment = experiment_of(drawn(4))

    plain, adjusted = effect_of(experiment), effect_of(experiment, adjust=True)

    assert adjusted.itt.error < plain.itt.error


def test_a_district_where_all_won_compares_nothing() -> None:
    people = [*drawn(5), Registrant("x", True, "d9", "x", "d9", "30-44", 99_999_999, True)]

    effect = effect_of(experiment_of(people))

    assert effect.counts.left_out == 1
    assert effect.itt.value == pytest.approx(effect_of(experiment_of(drawn(5))).itt.value)


def test_too_few_people_are_refused() -> None:
    with pytest.raises(NothingToCompare):
        effect_of(experiment_of(drawn(6, people=6)))
    with pytest.raises(NothingToCompare):
        effect_of(experiment_of([]))


def test_a_round_that_nobody_redeemed_has_no_effect_on_redeemers() -> None:
    people = [Registrant(str(n), n % 2 == 0, "a", str(n), "a", "", 100 * (n % 7), False) for n in range(40)]

    effect = effect_of(experiment_of(people))

    assert effect.late is None
    assert effect.takeup.value == 0


def test_when_hardly_anybody_redeems_the_interval_says_that_it_knows_nothing() -> None:
    people = [Registrant(str(n), n % 2 == 0, "a", str(n), "a", "", 997 * n % 5_000, n == 0) for n in range(60)]

    effect = effect_of(experiment_of(people))

    assert effect.late is not None
    assert effect.late.low is None
    assert effect.late.high is None


def test_industries_add_up_to_the_whole_effect() -> None:
    experiment = experiment_of(drawn(7))

    parts = effects_by(experiment, "industry")

    assert set(parts) == {"fuel", "restaurants"}
    total = sum(part.itt.value for part in parts.values() if part)
    assert total == pytest.approx(effect_of(experiment).itt.value)


def test_each_district_and_age_has_its_own_effect() -> None:
    experiment = experiment_of(drawn(8))

    assert set(effects_by(experiment, "district")) == {"d0", "d1", "d2"}
    assert set(effects_by(experiment, "age_band")) == {"18-29", "30-44"}


def test_power_and_the_number_needed_undo_each_other() -> None:
    design = Design(sigma_fen=10_000, win_share=0.5)

    needed = registrants_needed(design, effect_fen=1_000)

    # Two groups of 1,570: the textbook's 16 sigma^2 / delta^2 for each.
    assert needed == 3_140
    assert smallest_effect_fen(design, registrants=needed) == pytest.approx(1_000, rel=2e-3)
    assert smallest_effect_on_redeemers_fen(design, registrants=needed) == pytest.approx(1_000 / 0.9, rel=2e-3)


def test_the_stated_power_is_what_simulation_finds() -> None:
    rng = np.random.default_rng(9)
    design = Design(sigma_fen=1_000, win_share=0.3)
    people, tries = 200, 300
    extra = smallest_effect_fen(design, registrants=people)

    found = 0
    for _ in range(tries):
        won = rng.permutation(people) < 0.3 * people
        spent = rng.normal(5_000, 1_000, people) + won * extra
        rows = [Registrant(str(n), bool(won[n]), "a", str(n), "a", "", int(spent[n]), False) for n in range(people)]
        low = effect_of(experiment_of(rows)).itt.low
        found += low is not None and low > 0

    assert within_binomial(found, tries, 0.8)


@pytest.mark.parametrize("wrong", [{"win_share": 1.0}, {"sigma_fen": 0}, {"power": 0.0}, {"cluster_size": 0.5}])
def test_an_impossible_plan_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        Design(**{"sigma_fen": 1_000, "win_share": 0.5, **wrong})  # type: ignore[arg-type]
