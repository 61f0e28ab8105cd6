"""Finds gangs: dense groups of citizens, taken apart, grown around their shops, judged by several kinds of evidence."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from yongquan.risk.findings import Finding, FindingKind, Party
from yongquan.risk.graph.company import Company, company_of, groups_of
from yongquan.risk.graph.dealings import Dealings, ties_of
from yongquan.risk.graph.evidence import Evidence, Specials
from yongquan.risk.graph.graph import Graph, Tie
from yongquan.risk.graph.parting import part
from yongquan.risk.graph.reasons import facts_of, reasons_of

MEMBERS_MIN: Final = 5
GROWTH_ROUNDS: Final = 3
GROUP_DENSITY_MIN: Final = 0.5
SIGNS_MIN: Final = 3
NEAR_MIN: Final = 2
_NOBODY: Final[frozenset[str]] = frozenset()
SAME_GANG: Final = 0.4
SCORE_MIN: Final = 4_800  # of 10,000; fixed on seeds that no published figure uses

# What a figure must reach to count in full, and what it then counts.
FULL: Final = {"inside": 0.6, "taken": 0.4, "phones": 0.4, "back": 0.2, "together": 0.5, "same": 0.5}
POINTS: Final = {"closed": 3_500, "phones": 3_000, "back": 3_000, "together": 1_000, "same": 500}


@dataclass(frozen=True, slots=True)
class Group:
    """A group with its evidence and score."""

    kind: FindingKind
    evidence: Evidence
    density: float
    score: int


def find_gangs(dealings: Dealings, ties: Iterable[Tie] | None = None) -> list[Finding]:
    """Scalper rings and cash-out gangs in some days' events, the worst first.

    `ties` are those of the same days where they are kept; else they are made here.
    """
    graph = Graph(ties_of(dealings)) if ties is None else ties
    company = company_of(graph)
    near = _neighbours(company)
    number = {name: n for n, name in enumerate(company.names)}
    groups: list[Group] = []
    seen: set[tuple[str, ...]] = set()
    for kind, specials in (
        (FindingKind.SCALPER_RING, Specials(dealings, vouchers=True)),
        (FindingKind.CASH_OUT_GANG, Specials(dealings, vouchers=False)),
    ):
        for members in _candidates(company):
            grown = _grow(members, specials, near)
            if grown is not None and grown.members not in seen:
                seen.add(grown.members)
                groups.append(Group(kind, grown, _density(company, number, grown.members), score_of(grown)))
    kept = _apart([group for group in groups if group.score >= SCORE_MIN and group.density >= GROUP_DENSITY_MIN])
    return [_finding(group) for group in kept]


def score_of(evidence: Evidence) -> int:
    """0 to 10,000. A group that only keeps to itself, or only shares phones, stays below the threshold."""
    part_of = {name: min(float(getattr(evidence, name)) / full, 1.0) for name, full in FULL.items()}
    part_of["closed"] = part_of["inside"] * part_of["taken"]
    return round(sum(points * part_of[name] for name, points in POINTS.items()) * 10_000 / sum(POINTS.values()))


def _candidates(company: Company) -> Iterator[frozenset[str]]:
    """Dense blocks, whole and in their parts."""
    number = {name: n for n, name in enumerate(company.names)}
    for members, _ in groups_of(company):
        whole = frozenset(members)
        yield whole
        inside = company.edges.within(np.array(sorted(number[name] for name in members), np.int64))
        names = sorted(members, key=number.__getitem__)
        for nodes in part(inside):
            few = frozenset(names[node] for node in nodes)
            if MEMBERS_MIN - 2 <= len(few) < len(whole):
                yield few


def _grow(members: frozenset[str], specials: Specials, near: dict[str, frozenset[str]]) -> Evidence | None:
    """Let go who does not go to the group's shops, take in who does and belongs; None if too little is left."""
    for _ in range(GROWTH_ROUNDS):
        hubs = specials.hubs(members)
        if not hubs:
            return None
        at_hubs = {paid.citizen for store in hubs for paid in specials.of_store[store]}
        grown = frozenset(
            one
            for one in at_hubs
            if specials.signs(one, members, hubs) + (len(near.get(one, _NOBODY) & members) >= NEAR_MIN) >= SIGNS_MIN
        )
        if grown == members:
            break
        members = grown
    hubs = specials.hubs(members)
    return specials.evidence(members, hubs) if len(members) >= MEMBERS_MIN and hubs else None


def _density(company: Company, number: dict[str, int], members: Iterable[str]) -> float:
    """How dense the company of these people is."""
    known = sorted(number[name] for name in members if name in number)
    return company.edges.within(np.array(known, np.int64)).density


def _neighbours(company: Company) -> dict[str, frozenset[str]]:
    around: dict[str, set[str]] = {}
    for a, b in zip(company.edges.source.tolist(), company.edges.target.tolist(), strict=True):
        around.setdefault(company.names[a], set()).add(company.names[b])
        around.setdefault(company.names[b], set()).add(company.names[a])
    return {name: frozenset(others) for name, others in around.items()}


def _apart(groups: list[Group]) -> list[Group]:
    """The worst of groups that are one gang seen twice."""
    kept: list[Group] = []
    for group in sorted(groups, key=lambda g: (-g.score * len(g.evidence.members), g.kind, g.evidence.members)):
        members = set(group.evidence.members)
        seen = {name for other in kept for name in other.evidence.members}
        if len(members & seen) < SAME_GANG * len(members):
            kept.append(group)
    return sorted(kept, key=lambda g: (-g.score, g.evidence.members))


def _finding(group: Group) -> Finding:
    evidence = group.evidence
    parties = [Party("citizen", name) for name in evidence.members] + [Party("store", name) for name in evidence.hubs]
    return Finding(
        kind=group.kind,
        subject=Party("store", evidence.hubs[0]),
        parties=tuple(parties),
        score=group.score,
        reasons=reasons_of(evidence, group.density),
        facts=facts_of(evidence, group.density),
    )
