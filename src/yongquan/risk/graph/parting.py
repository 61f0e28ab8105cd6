"""Parts a block that hangs together by few threads: local moving of modularity, the first step of Louvain.

Blondel, Guillaume, Lambiotte and Lefebvre, Fast unfolding of communities in large networks (2008).
"""

from collections import defaultdict

from yongquan.risk.graph.peeling import Edges

ROUNDS_MAX = 20


def part(edges: Edges) -> list[tuple[int, ...]]:
    """Groups of nodes that are closer to each other than chance would have it, in a fixed order."""
    near: list[list[tuple[int, float]]] = [[] for _ in range(edges.nodes)]
    for a, b, weight in zip(edges.source.tolist(), edges.target.tolist(), edges.weight.tolist(), strict=True):
        near[a].append((b, weight))
        near[b].append((a, weight))
    strength = [sum(weight for _, weight in around) for around in near]
    whole = sum(strength)
    if whole == 0:
        return [(node,) for node in range(edges.nodes)]
    group = list(range(edges.nodes))
    of_group = dict(enumerate(strength))
    for _ in range(ROUNDS_MAX):
        moved = [
            _move(node, near[node], strength[node], group, of_group=of_group, whole=whole)
            for node in range(edges.nodes)
        ]
        if not any(moved):
            break
    return _collected(group)


def _move(
    node: int,
    around: list[tuple[int, float]],
    own: float,
    group: list[int],
    *,
    of_group: dict[int, float],
    whole: float,
) -> bool:
    """Put one node where it is best off; says whether it moved."""
    before = group[node]
    of_group[before] -= own
    ties: dict[int, float] = defaultdict(float)
    for other, weight in around:
        ties[group[other]] += weight
    gains = {target: tie - own * of_group[target] / whole for target, tie in ties.items()}
    stay = gains.get(before, -own * of_group[before] / whole)
    best, gain = max(gains.items(), key=lambda item: (item[1], -item[0]), default=(before, stay))
    after = best if gain > stay + 1e-12 else before
    group[node] = after
    of_group[after] = of_group.get(after, 0.0) + own
    return after != before


def _collected(group: list[int]) -> list[tuple[int, ...]]:
    members: dict[int, list[int]] = defaultdict(list)
    for node, number in enumerate(group):
        members[number].append(node)
    return sorted((tuple(nodes) for nodes in members.values()), key=lambda nodes: (-len(nodes), nodes))
