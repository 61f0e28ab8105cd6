"""The matcher: which rows of one list, or of two, are the same shop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from yongquan.merchants.matching.blocking import Pairs, candidate_pairs
from yongquan.merchants.matching.clustering import VETO, cluster, first_of, pairs_inside, tangles
from yongquan.merchants.matching.comparing import Comparison, compare
from yongquan.merchants.matching.levels import Nats
from yongquan.merchants.matching.places import Shift, find_shifts
from yongquan.merchants.matching.reading import Row
from yongquan.merchants.matching.sifting import worth_comparing
from yongquan.merchants.matching.table import Table, build_table
from yongquan.merchants.matching.ties import best_ties, near_misses, reasons_of
from yongquan.merchants.matching.vetoes import is_blind, is_disputed, vetoed
from yongquan.merchants.matching.weighing import Weights, estimate, log_odds, probabilities, starting_weights

BAR = 3.2  # natural log-odds a pair needs: 0.96
PERSON_BAR = -1.0  # from here to the bar a pair is one for a person
CHANCE_PAIRS = 100_000
SLICE = 1_000_000
_STEPS = ("read names and addresses", "find candidates", "compare", "weigh", "group")

Say = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Link:
    """Two rows taken for the same shop, by position; `score` is the probability."""

    left: int
    right: int
    score: float


@dataclass(frozen=True, slots=True)
class Grouping:
    """The cluster of each row in the rows' order (numbered from 0 as they first appear), and what it took.

    `doubtful` counts the pairs that are one for a person: neither taken nor far from it.
    """

    clusters: list[int]
    candidates: int
    doubtful: int
    coordinate_shifts: int


@dataclass(frozen=True, slots=True)
class Known:
    """What was decided before: the group of each row (-1: a new row), and pairs of groups that stay apart."""

    groups: Sequence[int]
    apart: frozenset[tuple[int, int]] = frozenset()


@dataclass(frozen=True, slots=True)
class Tie:
    """Two rows (positions), the probability that they are one shop, and what speaks: `name:same`, `phone:near`."""

    one: int
    other: int
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Extension:
    """The cluster of each row; why each row is not alone in it; and pairs of clusters that are for a person."""

    clusters: list[int]
    ties: list[Tie]
    near: list[Tie]
    candidates: int


@dataclass(frozen=True, eq=False, slots=True)
class _Found:
    """All that one run found out, by places in the table."""

    first: NDArray[np.int64]
    pairs: Pairs
    odds: Nats
    candidates: int
    doubtful: int
    shifts: int


@dataclass(frozen=True, eq=False, slots=True)
class _Judge:
    """What weighs any pair of one table."""

    table: Table
    shifts: list[Shift]
    weights: Weights

    def odds(self, pairs: Pairs) -> Nats:
        seen = compare(self.table, pairs, self.shifts)
        odds = log_odds(self.weights, seen, vetoed(self.table, pairs, seen))
        return _held_back(odds, is_blind(self.table, pairs, seen) | is_disputed(seen))


def dedupe(rows: Sequence[Row], say: Say | None = None) -> Grouping:
    """Group the rows of one list; the rows' order does not matter."""
    grouping, _, _ = _group(rows, say or _hush)
    return grouping


def link(left: Sequence[Row], right: Sequence[Row], say: Say | None = None) -> tuple[list[Link], Grouping]:
    """Link two lists; a row may have several partners where a list holds a shop twice."""
    grouping, table, judge = _group([*left, *right], say or _hush)
    by_cluster: dict[int, tuple[list[int], list[int]]] = {}
    for at, number in enumerate(grouping.clusters):
        by_cluster.setdefault(number, ([], []))[at >= len(left)].append(at)
    found = np.array([(a, b) for ours, theirs in by_cluster.values() for a in ours for b in theirs], dtype=np.int64)
    if not len(found) or judge is None:
        return [], grouping
    place_of = np.empty(len(table), dtype=np.int64)
    place_of[table.order] = np.arange(len(table))
    one, other = place_of[found[:, 0]], place_of[found[:, 1]]
    odds = judge.odds((np.minimum(one, other), np.maximum(one, other)))
    scores = np.maximum(probabilities(odds), probabilities(np.array(BAR)))
    links = [Link(int(a), int(b) - len(left), float(s)) for (a, b), s in zip(found, scores, strict=True)]
    return links, grouping


def extend(rows: Sequence[Row], known: Known, say: Say | None = None) -> Extension:
    """Put new rows to the groups they belong to, or into new ones; known groups join only by what a new row shows.

    Pairs of known rows are not looked at for their own sake: they were, when they came.
    """
    table, judge, found = _found(rows, say or _hush, known)
    clusters = _numbered(table.order, found.first)
    if judge is None:
        return Extension(clusters, [], [], found.candidates)
    groups = np.array(known.groups, dtype=np.int64)[table.order]
    best = best_ties(found.first, groups, found.pairs, found.odds)
    near = near_misses(found.first, found.pairs, found.odds, low=PERSON_BAR)
    return Extension(clusters, _ties(table, judge, found, best), _ties(table, judge, found, near), found.candidates)


def _ties(table: Table, judge: _Judge, found: _Found, chosen: NDArray[np.int64]) -> list[Tie]:
    pairs = (found.pairs[0][chosen], found.pairs[1][chosen])
    if not len(chosen):
        return []
    words = reasons_of(compare(table, pairs, judge.shifts))
    scores = probabilities(found.odds[chosen]).tolist()
    one, other = table.order[pairs[0]].tolist(), table.order[pairs[1]].tolist()
    return [Tie(*tie) for tie in zip(one, other, scores, words, strict=True)]


def _group(rows: Sequence[Row], say: Say) -> tuple[Grouping, Table, _Judge | None]:
    table, judge, found = _found(rows, say, None)
    clusters = _numbered(table.order, found.first)
    return Grouping(clusters, found.candidates, found.doubtful, found.shifts), table, judge


def _found(rows: Sequence[Row], say: Say, known: Known | None) -> tuple[Table, _Judge | None, _Found]:
    _tell(say, 0)
    table = build_table(rows)
    groups = None if known is None else np.array(known.groups, dtype=np.int64)[table.order]
    _tell(say, 1)
    every = candidate_pairs(table, None if groups is None else groups < 0)
    candidates = len(every[0])
    pairs = worth_comparing(table, every)
    if not len(pairs[0]):
        first = np.arange(len(table), dtype=np.int64) if groups is None else first_of(groups)
        return table, None, _Found(first, pairs, np.empty(0), candidates, 0, 0)
    _tell(say, 2)
    shifts = find_shifts(table, pairs)
    judge, odds = _weigh(table, pairs, shifts, say)
    _tell(say, 4)
    doubtful = int(np.count_nonzero((odds >= PERSON_BAR) & (odds < BAR)))
    start = np.arange(len(table), dtype=np.int64) if groups is None else first_of(groups)
    labels = tangles(len(table), pairs, odds >= BAR, start)
    missing = _without(pairs_inside(labels), pairs, len(table))
    if groups is not None:
        missing = _between_groups(missing, groups)
    if len(missing[0]):
        odds = np.concatenate([odds, judge.odds(missing)])
        pairs = (np.concatenate([pairs[0], missing[0]]), np.concatenate([pairs[1], missing[1]]))
    if known is not None and groups is not None and known.apart:
        odds = np.where(_kept_apart(pairs, groups, known.apart), 1.5 * VETO, odds)
    first = cluster(labels, pairs, odds, bar=BAR, start=start)
    return table, judge, _Found(first, pairs, odds, candidates, doubtful, len(shifts))


def _between_groups(pairs: Pairs, groups: NDArray[np.int64]) -> Pairs:
    kept = (groups[pairs[0]] != groups[pairs[1]]) | (groups[pairs[0]] < 0)
    return pairs[0][kept], pairs[1][kept]


def _kept_apart(pairs: Pairs, groups: NDArray[np.int64], apart: frozenset[tuple[int, int]]) -> NDArray[np.bool_]:
    one, other = groups[pairs[0]], groups[pairs[1]]
    size = int(max(groups.max(), 0)) + 1
    packed = np.where((one < 0) | (other < 0), -1, np.minimum(one, other) * size + np.maximum(one, other))
    return np.isin(packed, [min(pair) * size + max(pair) for pair in apart])


def _weigh(table: Table, pairs: Pairs, shifts: list[Shift], say: Say) -> tuple[_Judge, Nats]:
    """Compare slice by slice, estimate on a sample of the slices' pairs, then weigh all."""
    n = len(pairs[0])
    slices = [(pairs[0][start : start + SLICE], pairs[1][start : start + SLICE]) for start in range(0, n, SLICE)]
    seen = [compare(table, part, shifts) for part in slices]
    forbidden = [vetoed(table, part, each) for part, each in zip(slices, seen, strict=True)]
    _tell(say, 3)
    weights = starting_weights(table.population, _chance(table, shifts))
    weights = estimate(weights, _stacked(seen), np.concatenate(forbidden))
    odds = [log_odds(weights, each, veto) for each, veto in zip(seen, forbidden, strict=True)]
    unsure = [is_blind(table, part, each) | is_disputed(each) for part, each in zip(slices, seen, strict=True)]
    return _Judge(table, shifts, weights), _held_back(np.concatenate(odds), np.concatenate(unsure))


def _held_back(odds: Nats, blind: NDArray[np.bool_]) -> Nats:
    """What the evidence cannot bear stays below the bar: it is for a person."""
    return np.where(blind, np.minimum(odds, BAR - 0.1), odds)


def _chance(table: Table, shifts: list[Shift]) -> Comparison | None:
    """Compare random pairs, always the same ones for the same table."""
    if len(table) < 200:
        return None
    numbers = np.random.default_rng(20221).integers(0, len(table), (2, CHANCE_PAIRS))
    apart = numbers[:, numbers[0] != numbers[1]]
    return compare(table, (apart.min(axis=0), apart.max(axis=0)), shifts)


def _stacked(parts: list[Comparison]) -> Comparison:
    return Comparison(
        {name: np.concatenate([part.levels[name] for part in parts]) for name in parts[0].levels},
        {name: np.concatenate([part.surprises[name] for part in parts]) for name in parts[0].surprises},
        np.concatenate([part.metres for part in parts]),
        np.concatenate([part.unit_differs for part in parts]),
        np.concatenate([part.district_differs for part in parts]),
        np.concatenate([part.same_branch for part in parts]),
    )


def _without(wanted: Pairs, known: Pairs, n: int) -> Pairs:
    fresh = np.setdiff1d(wanted[0] * n + wanted[1], known[0] * n + known[1])
    return fresh // n, fresh % n


def _numbered(order: NDArray[np.int64], first: NDArray[np.int64]) -> list[int]:
    at_input = np.empty(len(order), dtype=np.int64)
    at_input[order] = first
    numbers: dict[int, int] = {}
    return [numbers.setdefault(label, len(numbers)) for label in at_input.tolist()]


def _tell(say: Say, step: int) -> None:
    say(_STEPS[step], step, len(_STEPS))


def _hush(_step: str, _number: int, _of: int) -> None:
    return None
