"""Why rows are together, and which pairs of clusters a person should look at."""

import numpy as np
from numpy.typing import NDArray

from yongquan.merchants.matching.blocking import Pairs
from yongquan.merchants.matching.comparing import Comparison
from yongquan.merchants.matching.levels import AddressLevel, DistanceLevel, KeyLevel, NameLevel, Nats

_NAMES = {
    "name": NameLevel,
    "address": AddressLevel,
    "distance": DistanceLevel,
    "licence": KeyLevel,
    "phone": KeyLevel,
    "person": KeyLevel,
}
Places = NDArray[np.int64]


def best_ties(first: Places, groups: Places, pairs: Pairs, odds: Nats) -> Places:
    """For each new row, and for each known group, the strongest pair that holds it in its cluster.

    `first` is each row's cluster, `groups` what it was in before (-1: nothing). Positions in `pairs`.
    """
    one, other = pairs
    inside = np.flatnonzero((first[one] == first[other]) & ((groups[one] != groups[other]) | (groups[one] < 0)))
    size = len(first)
    own = np.where(groups < 0, np.arange(size), size + groups)
    holders = np.concatenate([own[one[inside]], own[other[inside]]])
    found = np.concatenate([inside, inside])
    order = np.lexsort((found, -odds[found], holders))
    _, at = np.unique(holders[order], return_index=True)
    return np.unique(found[order][at])


def near_misses(first: Places, pairs: Pairs, odds: Nats, *, low: float) -> Places:
    """The strongest pair between any two clusters that stayed apart though it is not far from the bar, best first."""
    one, other = first[pairs[0]], first[pairs[1]]
    found = np.flatnonzero((one != other) & (odds >= low))
    packed = np.minimum(one, other)[found] * len(first) + np.maximum(one, other)[found]
    order = np.lexsort((found, -odds[found], packed))
    _, at = np.unique(packed[order], return_index=True)
    chosen = found[order][at]
    return chosen[np.argsort(-odds[chosen], kind="stable")]


def reasons_of(seen: Comparison) -> list[tuple[str, ...]]:
    """What each pair's features say: `name:same`, `distance:at`; nothing of what is unknown."""
    columns = [
        [f"{name}:{levels(level).name.lower()}" if level >= 0 else "" for level in seen.levels[name].tolist()]
        for name, levels in _NAMES.items()
    ]
    return [tuple(word for word in row if word) for row in zip(*columns, strict=True)]
