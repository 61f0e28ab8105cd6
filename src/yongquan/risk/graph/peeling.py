"""Dense blocks by greedy peeling, after Fraudar (Hooi, Song, Beutel, Shah, Shin and Faloutsos, KDD 2016).

The density of a set S is g(S) = f(S) / |S|, where f adds the suspicion of S's nodes and of the edges within S. Taking
away, again and again, the node whose loss costs f least, and keeping the best set on the way, gives at least half of
the best density there is (their theorem 1). Edges to a common thing are discounted by 1 / log(x + c), x being how many
share it, so that honest purchases at popular places do not hide anybody.
"""

import heapq
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import rustworkx as rx

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

DISCOUNT_C: Final = 5.0  # the paper's c: a thing that one or two share weighs little more than one that five share


@dataclass(frozen=True, slots=True)
class Edges:
    """An undirected graph of nodes 0 to `nodes` - 1: edges without loops, each pair once, of positive suspicion.

    `prior` is each node's own suspicion, at least 0.
    """

    nodes: int
    source: Ints
    target: Ints
    weight: Floats
    prior: Floats

    @classmethod
    def of(cls, nodes: int, rows: Sequence[tuple[int, int, float]], prior: Sequence[float] = ()) -> "Edges":
        """From rows of (node, node, suspicion)."""
        return cls(
            nodes,
            np.array([row[0] for row in rows], np.int64),
            np.array([row[1] for row in rows], np.int64),
            np.array([row[2] for row in rows], np.float64),
            np.array(prior, np.float64) if len(prior) else np.zeros(nodes),
        )

    def within(self, keep: Ints) -> "Edges":
        """The graph of these nodes alone, numbered by their place in `keep`."""
        place = np.full(self.nodes, -1, np.int64)
        place[keep] = np.arange(len(keep))
        source, target = place[self.source], place[self.target]
        inside = (source >= 0) & (target >= 0)
        return Edges(len(keep), source[inside], target[inside], self.weight[inside], self.prior[keep])

    def strengths(self) -> Floats:
        """What f loses with each node: its own suspicion and that of its edges."""
        both = np.concatenate([self.source, self.target])
        return self.prior + np.bincount(both, np.tile(self.weight, 2), minlength=self.nodes)

    @property
    def density(self) -> float:
        """g of all nodes."""
        return float(self.prior.sum() + self.weight.sum()) / self.nodes if self.nodes else 0.0


@dataclass(frozen=True, slots=True)
class Block:
    """A dense set of nodes."""

    nodes: tuple[int, ...]
    density: float


def discount(sharers: int) -> float:
    """The suspicion of an edge to a thing that so many share."""
    return 1.0 / math.log(sharers + DISCOUNT_C)


def peel(edges: Edges) -> Block:
    """The best set on the way from all nodes to none; at least half as dense as the densest there is."""
    if edges.nodes == 0:
        return Block((), 0.0)
    order, best_left, density = _peel_order(edges)
    return Block(tuple(sorted(order[edges.nodes - best_left :])), density)


def _peel_order(edges: Edges) -> tuple[list[int], int, float]:
    """The order in which nodes go, how many were left at the best moment, and its density."""
    starts, neighbours, weights = _adjacency(edges)
    strength = edges.strengths().tolist()
    total = float(edges.prior.sum() + edges.weight.sum())
    heap = [(value, node) for node, value in enumerate(strength)]
    heapq.heapify(heap)
    is_gone = bytearray(edges.nodes)
    order: list[int] = []
    left, best_left, best = edges.nodes, edges.nodes, total / edges.nodes
    push, pop = heapq.heappush, heapq.heappop
    while heap:
        value, node = pop(heap)
        if is_gone[node] or value != strength[node]:
            continue  # an older entry: the node's present one is further on
        is_gone[node] = 1
        order.append(node)
        left -= 1
        total -= value
        for at in range(starts[node], starts[node + 1]):
            other = neighbours[at]
            if not is_gone[other]:
                strength[other] -= weights[at]
                push(heap, (strength[other], other))
        if left and total / left > best:
            best, best_left = total / left, left
    return order, best_left, best


def _adjacency(edges: Edges) -> tuple[list[int], list[int], list[float]]:
    source = np.concatenate([edges.source, edges.target])
    target = np.concatenate([edges.target, edges.source])
    order = np.argsort(source, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(source, minlength=edges.nodes))])
    return starts.tolist(), target[order].tolist(), np.tile(edges.weight, 2)[order].tolist()


def dense_blocks(edges: Edges, *, at_least: float, most: int = 1000) -> list[Block]:
    """Blocks of at least this density, the densest first: find one, take it away, look at what is left.

    Every node of a densest set loses f at least that set's density (else the set would be denser without it), so nodes
    below `at_least` are cut off first, and what falls apart is looked at piece by piece: nothing that counts is lost.
    """
    found: list[Block] = []
    waiting = list(_pieces(edges, np.arange(edges.nodes), at_least=at_least))
    while waiting:
        piece, names = waiting.pop()
        block = peel(piece)
        if block.density < at_least:
            continue
        inside = np.array(block.nodes, np.int64)
        found.append(Block(tuple(sorted(names[inside].tolist())), block.density))
        rest = np.setdiff1d(np.arange(piece.nodes), inside, assume_unique=True)
        waiting += _pieces(piece.within(rest), names[rest], at_least=at_least)
    return sorted(found, key=lambda block: (-block.density, block.nodes))[:most]


def _pieces(edges: Edges, names: Ints, *, at_least: float) -> Iterator[tuple[Edges, Ints]]:
    """The connected pieces of the core in which every node's strength is at least this, with their nodes' names."""
    while edges.nodes:
        keep = np.flatnonzero(edges.strengths() >= at_least)
        if len(keep) == edges.nodes:
            break
        edges, names = edges.within(keep), names[keep]
    if not edges.nodes:
        return
    drawn = rx.PyGraph(multigraph=False)
    drawn.add_nodes_from(range(edges.nodes))
    drawn.add_edges_from_no_data(list(zip(edges.source.tolist(), edges.target.tolist(), strict=True)))
    groups = rx.connected_components(drawn)
    if len(groups) == 1:
        yield edges, names
        return
    yield from _split(edges, names, groups)


def _split(edges: Edges, names: Ints, groups: Sequence[set[int]]) -> Iterator[tuple[Edges, Ints]]:
    """Cut into groups in one pass: nodes and edges are put in the order of their groups."""
    group_of, place = np.empty(edges.nodes, np.int64), np.empty(edges.nodes, np.int64)
    members = [np.array(sorted(group), np.int64) for group in groups]
    for number, inside in enumerate(members):
        group_of[inside], place[inside] = number, np.arange(len(inside))
    of_edge = group_of[edges.source]
    order = np.argsort(of_edge, kind="stable")
    ends = np.cumsum(np.bincount(of_edge, minlength=len(groups)))
    for inside, rows in zip(members, np.split(order, ends[:-1]), strict=True):
        piece = Edges(
            len(inside), place[edges.source[rows]], place[edges.target[rows]], edges.weight[rows], edges.prior[inside]
        )
        yield piece, names[inside]
