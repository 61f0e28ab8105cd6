"""The graph of parties, added to day by day: adding a day's ties to it is the same as making it from all of them."""

from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

import rustworkx as rx

from yongquan.risk.findings import Party


class Tie(NamedTuple):
    """Two parties that met: how many times, first and last (microseconds since 1970 in UTC).

    `one` is a citizen or a store; `other` is what it used or is registered with.
    """

    one: Party
    other: Party
    weight: int
    first_us: int
    last_us: int


class Graph:
    """Ties by their two ends."""

    __slots__ = ("_ties",)

    def __init__(self, ties: Iterable[Tie] = ()) -> None:
        self._ties: dict[tuple[Party, Party], tuple[int, int, int]] = {}
        self.add(ties)

    def add(self, ties: Iterable[Tie]) -> None:
        """Add a day's ties: meetings add up, the first and last time move apart."""
        known = self._ties
        for one, other, weight, first_us, last_us in ties:
            before = known.get((one, other))
            known[one, other] = (
                (weight, first_us, last_us)
                if before is None
                else (before[0] + weight, min(before[1], first_us), max(before[2], last_us))
            )

    def __len__(self) -> int:
        return len(self._ties)

    def __iter__(self) -> Iterator[Tie]:
        for (one, other), seen in self._ties.items():
            yield Tie(one, other, *seen)

    def among(self, parties: Collection[Party]) -> list[Tie]:
        """The ties both of whose ends are among these, in a fixed order."""
        wanted = frozenset(parties)
        return sorted(tie for tie in self if tie.one in wanted and tie.other in wanted)

    def components(self) -> list[frozenset[Party]]:
        """Parties that hang together, the largest group first."""
        numbers: dict[Party, int] = {}
        pairs = [
            (numbers.setdefault(one, len(numbers)), numbers.setdefault(other, len(numbers)))
            for one, other in self._ties
        ]
        names = list(numbers)
        drawn = rx.PyGraph(multigraph=False)
        drawn.add_nodes_from(range(len(names)))
        drawn.add_edges_from_no_data(pairs)
        found = [frozenset(names[number] for number in group) for group in rx.connected_components(drawn)]
        return sorted(found, key=lambda group: (-len(group), min(group)))
