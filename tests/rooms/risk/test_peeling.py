"""Dense blocks: as good as the paper promises, and the same whether cut first or not."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from yongquan.risk.graph.peeling import Edges, dense_blocks, discount, peel


def density(edges: Edges, nodes: tuple[int, ...]) -> float:
    return edges.within(np.array(nodes, np.int64)).density


def densest(edges: Edges) -> float:
    every = range(1, edges.nodes + 1)
    return max(density(edges, nodes) for size in every for nodes in combinations(range(edges.nodes), size))


@st.composite
def graphs(draw: st.DrawFn, *, nodes_max: int = 8) -> Edges:
    nodes = draw(st.integers(2, nodes_max))
    pairs = draw(st.sets(st.sampled_from(list(combinations(range(nodes), 2)))))
    weight = st.integers(1, 64).map(lambda n: n / 16)
    rows = [(a, b, draw(weight)) for a, b in sorted(pairs)]
    return Edges.of(nodes, rows, [draw(st.integers(0, 8)) / 16 for _ in range(nodes)])


def test_a_clique_is_found_among_hangers_on() -> None:
    clique = [(a, b, 1.0) for a, b in combinations(range(5), 2)]
    edges = Edges.of(9, [*clique, (4, 5, 1.0), (5, 6, 1.0), (6, 7, 1.0), (7, 8, 1.0)])

    block = peel(edges)

    assert block.nodes == (0, 1, 2, 3, 4)
    assert block.density == pytest.approx(2.0)


def test_the_block_of_a_graph_that_greed_gets_right_is_the_best_of_all() -> None:
    clique = [(a, b, 1.0) for a, b in combinations(range(4), 2)]
    edges = Edges.of(8, [*clique, (3, 4, 0.5), (4, 5, 0.5), (6, 7, 1.0)], [0, 0, 0, 0.2, 0, 0, 0, 0])

    assert peel(edges).density == pytest.approx(densest(edges))


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_a_block_is_at_least_half_as_dense_as_the_densest(edges: Edges) -> None:
    block = peel(edges)

    assert block.density == pytest.approx(density(edges, block.nodes))
    assert block.density >= densest(edges) / 2 - 1e-9


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_the_first_block_after_cutting_keeps_the_promise(edges: Edges) -> None:
    best = densest(edges)

    found = dense_blocks(edges, at_least=best / 2 or 1e-9)

    if best > 0:
        assert found[0].density >= best / 2 - 1e-9


@settings(max_examples=40, deadline=None)
@given(graphs(nodes_max=12), st.integers(1, 16))
def test_blocks_are_apart_and_each_is_dense_enough(edges: Edges, sixteenths: int) -> None:
    found = dense_blocks(edges, at_least=sixteenths / 16)

    nodes = [node for block in found for node in block.nodes]
    assert len(nodes) == len(set(nodes))
    assert all(density(edges, block.nodes) >= sixteenths / 16 - 1e-9 for block in found)


def test_two_rings_are_two_blocks() -> None:
    rows = [(a, b, 1.0) for a, b in combinations(range(6), 2)] + [(a, b, 1.0) for a, b in combinations(range(6, 10), 2)]

    found = dense_blocks(Edges.of(12, [*rows, (10, 11, 1.0)]), at_least=1.0)

    assert [block.nodes for block in found] == [(0, 1, 2, 3, 4, 5), (6, 7, 8, 9)]


def test_what_many_share_says_less() -> None:
    assert discount(2) > discount(20) > discount(2000) > 0
