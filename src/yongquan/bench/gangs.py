"""`yongquan bench gangs`: planted gangs found at three levels of camouflage, and a million edges peeled."""

import sys
from time import perf_counter
from typing import Any

import numpy as np

from yongquan.bench.machine import describe_machine
from yongquan.risk.graph.peeling import Edges, dense_blocks, peel
from yongquan.simulation.city import build_city
from yongquan.simulation.planted_report import SEEDS, planted_report

SCALE = 0.02
NODES, EDGES = 200_000, 1_000_000
PLANTED, PLANTED_DEGREE = 60, 30
HOW = (
    "a week over the demo city (scale 0.02: 6,000 citizens, 1,800 shops) with gangs planted by a seed; medians over "
    "five seeds that no threshold was chosen on; parties counted are accounts, shops and terminals; degree_counts "
    "flags accounts by people a phone and shops by voucher payers, with the cuts that suit the truth best; peeling: a "
    "random graph of 200,000 nodes and a million edges with a block of 60 nodes planted"
)


def bench_gangs() -> dict[str, Any]:
    """Precision and recall by level and kind; seconds of peeling."""
    levels = planted_report(build_city(seed=1, scale=SCALE))
    sys.stderr.write("planted gangs searched for\n")
    return {
        "name": "gangs",
        "how": HOW,
        "seeds": len(SEEDS),
        "levels": levels,
        "peeling": _peeling(),
    } | describe_machine()


def _peeling() -> dict[str, Any]:
    edges = _random_graph()
    started = perf_counter()
    block = peel(edges)
    peeled = perf_counter()
    found = dense_blocks(edges, at_least=block.density)
    return {
        "edges": len(edges.weight),
        "whole_s": round(peeled - started, 2),
        "after_cutting_s": round(perf_counter() - peeled, 2),
        "planted_nodes_found": sum(node < PLANTED for node in block.nodes),
        "same_block": bool(found) and found[0].nodes == block.nodes,
    }


def _random_graph() -> Edges:
    chance = np.random.default_rng(1)
    pairs = np.sort(chance.integers(0, NODES, (EDGES, 2)), axis=1)
    block = np.sort(chance.integers(0, PLANTED, (PLANTED * PLANTED_DEGREE, 2)), axis=1)
    pairs = np.unique(np.vstack([pairs, block]), axis=0)
    pairs = pairs[pairs[:, 0] != pairs[:, 1]]
    return Edges(NODES, pairs[:, 0], pairs[:, 1], np.ones(len(pairs)), np.zeros(NODES))
