"""Where the parties of a gang stand in a drawing: near what they share. The same gang is always drawn alike."""

from collections.abc import Sequence
from typing import Final

import rustworkx as rx

from yongquan.risk.findings import Party
from yongquan.risk.graph.graph import Tie

SEED: Final = 7
ROUNDS: Final = 120


def places_of(parties: Sequence[Party], ties: Sequence[Tie]) -> list[tuple[float, float]]:
    """A place for each party, about -1 to 1 both ways, by forces along the ties (Fruchterman and Reingold 1991)."""
    number = {party: n for n, party in enumerate(parties)}
    drawn = rx.PyGraph(multigraph=False)
    drawn.add_nodes_from(range(len(parties)))
    drawn.add_edges_from_no_data([(number[tie.one], number[tie.other]) for tie in ties])
    found = rx.spring_layout(drawn, seed=SEED, num_iter=ROUNDS)
    return [(round(float(found[n][0]), 4), round(float(found[n][1]), 4)) for n in range(len(parties))]
