"""From pairs to shops: groups grow only while every member may stand beside every other."""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from yongquan.merchants.matching.blocking import Pairs
from yongquan.merchants.matching.levels import Nats
from yongquan.merchants.matching.vetoes import Flags

GROUP_MAX = 400  # a larger tangle is cut by raising the bar inside it
MEAN_MIN = 0.0
VETO = -17.5
CLEARLY = 2.5  # nats by which one of two rivals must be nearer


@dataclass(slots=True)
class _Tangle:
    """Rows joined by accepted pairs, with the log-odds and vetoes between all of them."""

    members: list[int]
    odds: dict[tuple[int, int], float] = field(default_factory=dict)
    start: dict[int, list[int]] = field(default_factory=dict)  # first row of a known group -> its other rows


def first_of(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """The first row of each row's group; a row without one (-1) is its own."""
    own = np.arange(len(groups), dtype=np.int64)
    grouped = np.flatnonzero(groups >= 0)
    _, first, number = np.unique(groups[grouped], return_index=True, return_inverse=True)
    own[grouped] = grouped[first][number]
    return own


def tangles(rows: int, pairs: Pairs, accepted: Flags, start: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number each row's tangle: what it is joined to by accepted pairs or by `start`, directly or through others."""
    from scipy.sparse import coo_matrix  # noqa: PLC0415 - slow to load, and most processes never need it
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    one = np.concatenate([pairs[0][accepted], np.arange(rows)])
    other = np.concatenate([pairs[1][accepted], start])
    graph = coo_matrix((np.ones(len(one), dtype=np.int8), (one, other)), shape=(rows, rows))
    return np.asarray(connected_components(graph, directed=False)[1], dtype=np.int64)


def pairs_inside(labels: NDArray[np.int64]) -> Pairs:
    """All pairs inside tangles of three and more rows, so that none goes unexamined."""
    groups: dict[int, list[int]] = defaultdict(list)
    for row, label in enumerate(labels.tolist()):
        groups[label].append(row)
    wanted = [np.array(group) for group in groups.values() if 3 <= len(group) <= GROUP_MAX]
    halves = [(group[left], group[right]) for group in wanted for left, right in [np.triu_indices(len(group), 1)]]
    empty = np.empty(0, dtype=np.int64)
    return np.concatenate([empty, *(low for low, _ in halves)]), np.concatenate([empty, *(high for _, high in halves)])


def cluster(
    labels: NDArray[np.int64], pairs: Pairs, odds: Nats, *, bar: float, start: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Give each row its cluster: the first row in it. Rows with the same `start` are together already.

    Average linkage: the best pair of groups first; a merge needs a pair above the bar, a mean above even odds and
    no veto between any two members. Ties are broken by row number, so the same table gives the same clusters.
    """
    found: dict[int, _Tangle] = {}
    inside = labels[pairs[0]] == labels[pairs[1]]
    one, other = pairs[0][inside], pairs[1][inside]
    for low, high, value in zip(one.tolist(), other.tolist(), odds[inside].tolist(), strict=True):
        found.setdefault(int(labels[low]), _Tangle([])).odds[low, high] = value
    for row in np.flatnonzero(start != np.arange(len(start))).tolist():
        if (tangle := found.get(int(labels[row]))) is not None:
            tangle.start.setdefault(int(start[row]), []).append(row)
    result = start.copy()
    for tangle in found.values():
        for group in _agglomerate(tangle, bar):
            result[group] = min(group)
    return result


def _agglomerate(tangle: _Tangle, bar: float) -> list[list[int]]:
    members = sorted({row for pair in tangle.odds for row in pair})
    group_of = {row: [row] for row in members}
    for first, others in tangle.start.items():
        together = group_of.setdefault(first, [first])
        together.extend(others)
        group_of.update(dict.fromkeys(others, together))
    torn = _torn(tangle, bar)
    for (low, high), value in sorted(tangle.odds.items(), key=lambda item: (-item[1], item[0])):
        if value < bar:
            break
        if (low, high) in torn:
            continue
        mine, theirs = group_of[low], group_of[high]
        if mine is not theirs and _may_join(mine, theirs, tangle.odds):
            mine.extend(theirs)
            for row in theirs:
                group_of[row] = mine
    return list({id(group): group for group in group_of.values()}.values())


def _torn(tangle: _Tangle, bar: float) -> set[tuple[int, int]]:
    """Pairs of a row that fits two rivals about equally well, as a nameless row between a shop and its successor.

    Rivals are rows with a veto between them. Whose the row is, a person must say.
    """
    partners: dict[int, list[tuple[float, int]]] = defaultdict(list)
    for (low, high), value in tangle.odds.items():
        if value >= bar:
            partners[low].append((value, high))
            partners[high].append((value, low))
    torn: set[tuple[int, int]] = set()
    for row, found in partners.items():
        for value, one in found:
            for other_value, other in found:
                is_rival = tangle.odds.get((min(one, other), max(one, other)), 0.0) <= VETO
                if one != other and is_rival and value - other_value < CLEARLY:
                    torn.add((min(row, one), max(row, one)))
    return torn


def _may_join(mine: list[int], theirs: list[int], odds: dict[tuple[int, int], float]) -> bool:
    values = [odds.get((min(a, b), max(a, b)), VETO) for a in mine for b in theirs]
    return min(values) > VETO and sum(min(value, 8.0) for value in values) / len(values) > MEAN_MIN
