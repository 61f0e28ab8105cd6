"""How many of the planted gangs the search finds, at each level of camouflage, beside counts of degree."""

from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Any, Final

from yongquan.risk.findings import Finding, FindingKind, Party
from yongquan.risk.graph.measuring import best_by_degree, degree_counts, right
from yongquan.risk.search import search_days
from yongquan.simulation.city import City
from yongquan.simulation.planted import Level, PlantedWeek, plant_week

SEEDS: Final = (1, 2, 3, 4, 5)
KINDS: Final = (
    FindingKind.SCALPER_RING,
    FindingKind.CASH_OUT_GANG,
    FindingKind.VEST_CHANGER,
    FindingKind.RELOCATED_TERMINAL,
)


def planted_report(city: City, seeds: Sequence[int] = SEEDS) -> dict[str, Any]:
    """Medians over seeds of precision and recall, by level and kind; counts are of parties."""
    return {level.value: _level(city, level, seeds) for level in Level}


def found_of(findings: Sequence[Finding], kind: FindingKind | None = None) -> frozenset[Party]:
    """The parties found; of a terminal's finding the terminal alone."""
    return frozenset(
        party
        for finding in findings
        if kind in {None, finding.kind}
        for party in finding.parties
        if finding.kind is not FindingKind.RELOCATED_TERMINAL or party.kind == "terminal"
    )


def one_week(week: PlantedWeek) -> dict[str, Any]:
    """What the search finds in one week, with the baseline at its best."""
    started = perf_counter()
    findings = search_days(week.dealings, week.shops)
    seconds = perf_counter() - started
    truth = week.parties()
    return {
        "all": right(found_of(findings), truth).document(),
        **{kind.value: right(found_of(findings, kind), week.parties(kind)).document() for kind in KINDS},
        "degree_counts": best_by_degree(degree_counts(week.dealings), truth).document(),
        "events": len(week.dealings),
        "seconds": round(seconds, 1),
    }


def _level(city: City, level: Level, seeds: Sequence[int]) -> dict[str, Any]:
    weeks = [one_week(plant_week(city, level, seed=seed)) for seed in seeds]
    return {name: _medians([week[name] for week in weeks]) for name in weeks[0]}


def _medians(values: Sequence[Any]) -> Any:
    if isinstance(values[0], dict):
        return {name: _medians([value[name] for value in values]) for name in values[0]}
    middle = median(values)
    return round(middle, 3) if isinstance(middle, float) else middle
