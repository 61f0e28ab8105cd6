"""The levels of agreement, best last, and what is believed of them before any list was seen."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

Levels = NDArray[np.int8]
Nats = NDArray[np.float64]
UNKNOWN: Final = -1


class NameLevel(IntEnum):
    """How two names agree; a name that holds the other whole is `CONTAINED`."""

    DIFFERENT = 0
    TOUCHING = 1
    SIMILAR = 2
    CLOSE = 3
    CONTAINED = 4
    SOUNDS_SAME = 5
    SAME = 6


class AddressLevel(IntEnum):
    """How two addresses agree; `INCOMPARABLE`: one names a road, the other a market."""

    ELSEWHERE = 0
    OTHER_NUMBER = 1
    INCOMPARABLE = 2
    SIMILAR = 3
    SAME_ROAD = 4
    SAME_PLACE = 5
    SAME_NUMBER = 6
    SAME_UNIT = 7


class DistanceLevel(IntEnum):
    """How far apart two places are: beyond 1,500 m, within it, within 250 m, within 60 m."""

    FAR = 0
    AROUND = 1
    NEAR = 2
    AT = 3


class KeyLevel(IntEnum):
    """How two licences, phones or persons agree."""

    DIFFERENT = 0
    NEAR = 1
    SAME = 2


@dataclass(frozen=True, slots=True)
class Belief:
    """Of one feature: how often each level stands in a match, and in a chance pair."""

    in_matches: tuple[float, ...]
    by_chance: tuple[float, ...]


# Starting points of the estimation; levels that a rare value can reach get their chance from its frequency.
BELIEFS: Final = {
    "name": Belief((0.03, 0.03, 0.04, 0.09, 0.12, 0.06, 0.63), (0.93, 0.05, 0.01, 0.004, 0.002, 0.001, 0.003)),
    "address": Belief(
        (0.01, 0.02, 0.06, 0.09, 0.10, 0.15, 0.27, 0.30), (0.90, 0.005, 0.09, 0.01, 0.005, 0.01, 0.003, 0.001)
    ),
    "distance": Belief((0.015, 0.045, 0.14, 0.80), (0.95, 0.04, 0.008, 0.002)),
    "licence": Belief((0.02, 0.05, 0.93), (0.999, 0.0005, 0.0005)),
    "phone": Belief((0.16, 0.06, 0.78), (0.999, 0.0005, 0.0005)),
    "person": Belief((0.07, 0.06, 0.87), (0.99, 0.005, 0.005)),
}
# An agreement is worth at most so many nats, however rare what is shared: typing mistakes are shared too.
CAPS: Final = {
    "name": (0, 1.0, 5.0, 7.0, 8.0, 10.0, 11.0),
    "address": (0, 0, 0, 4.0, 4.5, 7.0, 8.5, 10.0),
    "distance": (0, 0, 4.5, 7.0),
    "licence": (0, 4.0, 10.5),
    "phone": (0, 3.0, 9.5),
    "person": (0, 3.0, 8.0),
}

# Not every pair that is no match is a chance pair. Two other stories explain much of an agreement away:
# another shop behind the same door (a successor, the next stall), and another shop of the same owner (a branch).
NEIGHBOUR_SHARE: Final = 0.0125  # of pairs behind one door, how many are two shops
SIBLING_SHARE: Final = 0.012  # of pairs with one owner, how many are two shops
IN_NEIGHBOURS: Final = {
    "name": (0.55, 0.12, 0.08, 0.03, 0.02, 0.01, 0.19),
    "licence": (0.98, 0.01, 0.01),
    "phone": (0.96, 0.01, 0.03),
    "person": (0.93, 0.02, 0.05),
}
IN_SIBLINGS: Final = {
    "name": (0.25, 0.05, 0.05, 0.03, 0.06, 0.01, 0.55),
    "address": (0.60, 0.06, 0.24, 0.05, 0.025, 0.015, 0.005, 0.005),
    "distance": (0.85, 0.10, 0.04, 0.01),
}
