"""Weigh the evidence: log-odds of Fellegi and Sunter (1969), estimated without labels.

How often each level stands in a match is estimated by expectation-maximisation with a Dirichlet prior; how often
by chance comes from random pairs, and for an agreement from how many rows share the very value (a rare name speaks
more than a common one). Features that tell the same story are not added up in full: address with distance, and
licence with phone and person.
"""

from dataclasses import dataclass
from math import log

import numpy as np

from yongquan.merchants.matching.comparing import Comparison
from yongquan.merchants.matching.levels import (
    BELIEFS,
    CAPS,
    IN_NEIGHBOURS,
    IN_SIBLINGS,
    NEIGHBOUR_SHARE,
    SIBLING_SHARE,
    UNKNOWN,
    AddressLevel,
    DistanceLevel,
    NameLevel,
    Nats,
)
from yongquan.merchants.matching.vetoes import Flags, has_both_kinds

ROUNDS = 8
FLOOR = 0.4  # of a belief: what is never seen in sure matches, as a rename, may still happen
PRIOR_PAIRS = 300.0  # the weight of the starting beliefs, in pairs
ECHO = 0.35  # what a second witness of the same kind adds
LIMIT = 18.0
SHUT = -2.0
BRANCH_NATS = 3.5  # a chain gives one designator to one branch, about

Shares = dict[str, np.ndarray[tuple[int], np.dtype[np.float64]]]


@dataclass(frozen=True, eq=False, slots=True)
class Weights:
    """The estimate: shares of levels in matches, shares by chance, log-odds before any evidence."""

    in_matches: Shares
    by_chance: Shares
    before: float


def starting_weights(population: int, chance: Comparison | None) -> Weights:
    """The beliefs, and shares by chance from a comparison of random pairs if there are enough."""
    in_matches = {name: np.array(belief.in_matches) for name, belief in BELIEFS.items()}
    by_chance = {name: np.array(belief.by_chance) for name, belief in BELIEFS.items()}
    if chance is not None:
        by_chance = {name: _shares(chance, name, np.ones(len(chance)), by_chance[name]) for name in by_chance}
    return Weights(in_matches, by_chance, -log(population))


def estimate(weights: Weights, seen: Comparison, forbidden: Flags) -> Weights:
    """Improve the shares in matches by expectation and maximisation over the candidate pairs."""
    for _ in range(ROUNDS):
        odds = log_odds(weights, seen, forbidden)
        chance = np.where(odds > SHUT, probabilities(odds), 0.0)
        shares = {name: _shares(seen, name, chance, np.array(BELIEFS[name].in_matches)) for name in BELIEFS}
        weights = Weights(shares, weights.by_chance, weights.before)
    return weights


def log_odds(weights: Weights, seen: Comparison, forbidden: Flags) -> Nats:
    """Natural log-odds that the two rows are one shop; -18 where a veto stands, -2 at most where the gate is shut."""
    nats = {name: _nats_of(weights, seen, name) for name in BELIEFS}
    place = _place(nats["address"], nats["distance"], seen)
    owner = _joined([nats["licence"], nats["phone"], nats["person"]])
    by_chance = weights.before + nats["name"] + place + owner + _chain_bonus(seen)
    neighbours = _against(weights, seen, IN_NEIGHBOURS) + log(1 / NEIGHBOUR_SHARE - 1)
    siblings = _against(weights, seen, IN_SIBLINGS) + log(1 / SIBLING_SHARE - 1)
    siblings += BRANCH_NATS * seen.same_branch
    # one of three stories explains the pair otherwise; odds against each add up
    total = -np.logaddexp(np.logaddexp(-by_chance, -neighbours), -siblings)
    shut = ~has_both_kinds(list(seen.levels.values()))
    total = np.where(shut, np.clip(total, -LIMIT / 3, SHUT), np.clip(total, 1 - LIMIT, LIMIT))
    return np.where(forbidden, -LIMIT, total)


def probabilities(odds: Nats) -> Nats:
    """Turn log-odds into probabilities."""
    return 1 / (1 + np.exp(-odds))


def _shares(seen: Comparison, name: str, weight: Nats, prior: Nats) -> Nats:
    level = seen.levels[name]
    known = level != UNKNOWN
    counted = np.bincount(level[known], weights=weight[known], minlength=len(prior))
    shares = counted + PRIOR_PAIRS * prior
    return np.asarray(np.maximum(shares / shares.sum(), FLOOR * prior))


def _nats_of(weights: Weights, seen: Comparison, name: str) -> Nats:
    level = seen.levels[name]
    caps = np.array(CAPS[name])
    at = np.maximum(level, 0)
    in_matches = weights.in_matches[name][at]
    usual = np.log(in_matches / weights.by_chance[name][at])
    rare = np.log(in_matches) + np.minimum(seen.surprises[name], caps[at] + 2.0)
    nats = np.where(caps[at] > 0, np.minimum(rare, caps[at]), np.minimum(usual, 0.0))
    return np.where(level == UNKNOWN, 0.0, np.clip(nats, -6.0, None))


def _against(weights: Weights, seen: Comparison, story: dict[str, tuple[float, ...]]) -> Nats:
    """Log-odds of a match against one other story, by the features that tell the two apart."""
    total = np.zeros(len(seen))
    for name, shares in story.items():
        level = seen.levels[name]
        nats = np.log(weights.in_matches[name] / np.array(shares))
        total += np.where(level == UNKNOWN, 0.0, nats[np.maximum(level, 0)])
    return total


def _place(address: Nats, distance: Nats, seen: Comparison) -> Nats:
    """One place told twice: the better witness counts, the other echoes; a contradiction counts in full."""
    both = np.maximum(address, distance) + ECHO * np.minimum(address, distance)
    mixed = address + distance
    agreeing = (address >= 0) & (distance >= 0)
    at_door = (seen.levels["address"] >= AddressLevel.SAME_NUMBER) & (seen.levels["distance"] == DistanceLevel.FAR)
    mixed = np.where(at_door, np.maximum(mixed, address - 4.0), mixed)
    return np.where(agreeing, both, mixed)


def _joined(witnesses: list[Nats]) -> Nats:
    stacked = np.stack(witnesses)
    speaking_for = np.maximum(stacked, 0)
    best = speaking_for.max(axis=0)
    return np.asarray(best + ECHO * (speaking_for.sum(axis=0) - best) + np.minimum(stacked, 0).sum(axis=0))


def _chain_bonus(seen: Comparison) -> Nats:
    """A chain does not open twice behind one door: name and door together say more than each by chance."""
    same = seen.levels["name"] >= NameLevel.SOUNDS_SAME
    door = seen.levels["address"] >= AddressLevel.SAME_NUMBER
    at = (seen.levels["distance"] == DistanceLevel.AT) & (seen.levels["address"] >= AddressLevel.SIMILAR)
    return np.where(same & (door | at), np.clip(9.5 - seen.surprises["name"], 0.0, 3.0), 0.0)
