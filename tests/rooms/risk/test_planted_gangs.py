"""Gangs planted in a week of the demo city: found, at the level that counts, without honest people."""

from functools import cache

import polars as pl
import pytest

from yongquan.risk.findings import FindingKind
from yongquan.risk.graph.dealings import DAY_US, Dealings, ties_of
from yongquan.risk.graph.gangs import find_gangs
from yongquan.risk.graph.graph import Graph
from yongquan.risk.graph.measuring import best_by_degree, degree_counts, right
from yongquan.risk.graph.vests import find_vests
from yongquan.risk.search import search_days
from yongquan.risk.terminals.relocation import find_relocated
from yongquan.simulation.city import City, build_city
from yongquan.simulation.planted import Level, PlantedWeek, plant_week
from yongquan.simulation.planted_honest import WEEK_FROM_US
from yongquan.simulation.planted_report import found_of

SPLIT_US = WEEK_FROM_US + 4 * DAY_US


@cache
def city() -> City:
    return build_city(seed=1, scale=0.01)


@cache
def week(level: Level, seed: int = 7) -> PlantedWeek:
    return plant_week(city(), level, seed=seed)


def test_the_same_seed_plants_the_same_week() -> None:
    again = plant_week(city(), Level.MIDDLE, seed=7)

    assert again.dealings.frame.equals(week(Level.MIDDLE).dealings.frame)
    assert again.gangs == week(Level.MIDDLE).gangs


def test_middle_gangs_are_found_with_few_false_alarms() -> None:
    planted = week(Level.MIDDLE)

    found = right(found_of(search_days(planted.dealings, planted.shops)), planted.parties())

    assert found.precision >= 0.93
    assert found.recall >= 0.8


def test_the_search_beats_counts_of_degree_cut_by_the_truth() -> None:
    planted = week(Level.MIDDLE)

    found = right(found_of(search_days(planted.dealings, planted.shops)), planted.parties())

    assert found.f1 > best_by_degree(degree_counts(planted.dealings), planted.parties()).f1 + 0.2


def test_a_gang_tells_why_in_both_languages() -> None:
    worst = find_gangs(week(Level.PLAIN).dealings)[0]

    assert worst.kind is FindingKind.SCALPER_RING
    assert {"density", "closed", "phones"} <= {reason.code for reason in worst.reasons}
    assert all(reason.zh and reason.en for reason in worst.reasons)


def test_ties_kept_by_days_find_the_same_gangs() -> None:
    dealings = week(Level.MIDDLE).dealings
    kept = Graph()
    for day in range(7):
        start_us = WEEK_FROM_US + day * DAY_US
        kept.add(ties_of(dealings.between(start_us, start_us + DAY_US)))
    kept.add(ties_of(dealings.between(WEEK_FROM_US + 7 * DAY_US, 2**62)))

    assert find_gangs(dealings, kept) == find_gangs(dealings)


def test_honest_days_alone_raise_hardly_an_alarm() -> None:
    planted = week(Level.PLAIN)
    guilty = [party.value for party in planted.parties()]
    frame = planted.dealings.frame
    honest = frame.filter(~pl.col("payer").is_in(guilty) & ~pl.col("payee").is_in(guilty))

    assert find_gangs(Dealings(honest)) == []


@pytest.mark.parametrize("level", [Level.PLAIN, Level.MIDDLE])
def test_terminals_carried_off_are_found(level: Level) -> None:
    planted = week(level)
    usual, recent = planted.dealings.between(0, SPLIT_US), planted.dealings.between(SPLIT_US, 2**62)

    found = right(found_of(find_relocated(usual, recent, planted.shops)), planted.parties("relocated_terminal"))

    assert found.precision >= 0.75
    assert found.recall >= 0.75


def test_a_new_owner_at_the_old_counter_is_no_vest_changer() -> None:
    planted = week(Level.HARD)

    found = found_of(find_vests(planted.dealings, planted.shops))

    assert not {party for party in found if party not in planted.parties("vest_changer")}


def test_a_plain_change_of_vest_is_found() -> None:
    planted = week(Level.PLAIN)

    found = right(found_of(find_vests(planted.dealings, planted.shops)), planted.parties("vest_changer"))

    assert found.recall >= 0.7
