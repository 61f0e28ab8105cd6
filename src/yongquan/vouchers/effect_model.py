"""An experiment that a draw made, and what can be estimated from it. Amounts in fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.float64]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Registrant:
    """One person who signed up for a draw, and what they did in the plan's window.

    `spent_fen` is the outcome, `before_fen` the same over the window of the same length before the draw,
    `subsidy_fen` what vouchers of this round took off, `by_industry` the outcome split by the shops' industries.
    `chance` is that of winning; None: the share of winners in the stratum.
    """

    person: str
    won: bool
    stratum: str
    cluster: str
    district: str
    age_band: str
    spent_fen: int
    redeemed: bool
    subsidy_fen: int = 0
    before_fen: int = 0
    by_industry: Mapping[str, int] | None = None
    chance: float | None = None


@dataclass(frozen=True, slots=True)
class Experiment:
    """Registrants as columns; `people` keeps the rows the columns were made of."""

    people: Sequence[Registrant]
    won: Mask
    stratum: NDArray[np.int64]
    cluster: NDArray[np.int64]
    spent: Column
    redeemed: Column
    subsidy: Column
    before: Column
    chance: Column

    def outcome_in(self, industry: str) -> Column:
        """What each spent at shops of one industry."""
        return np.array([(p.by_industry or {}).get(industry, 0) for p in self.people], dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval (or another level, see the plan); None where the data cannot bound it."""

    value: float
    low: float | None
    high: float | None
    error: float

    def covers(self, truth: float) -> bool:
        """Whether the interval contains a known truth; an unbounded side contains everything."""
        return (self.low is None or self.low <= truth) and (self.high is None or truth <= self.high)


@dataclass(frozen=True, slots=True)
class Counts:
    """Who stands behind an estimate: only strata with winners and losers compare anything."""

    people: int
    winners: int
    losers: int
    clusters: int
    strata: int
    left_out: int


@dataclass(frozen=True, slots=True)
class Effect:
    """What winning did.

    `itt` is extra spending per winner whether they redeemed or not, `late` per redeemer, `per_subsidy` extra fen
    of spending for each fen of subsidy: the causal sibling of the pull ratio. `takeup` is the share who redeemed
    because they won.
    """

    itt: Estimate
    late: Estimate | None
    per_subsidy: Estimate | None
    takeup: Estimate
    counts: Counts


def experiment_of(people: Sequence[Registrant]) -> Experiment:
    """The columns of an experiment. Strata and clusters become numbers in the order of their names."""
    return Experiment(
        people=people,
        won=np.array([p.won for p in people], dtype=np.bool_),
        stratum=_numbered([p.stratum for p in people]),
        cluster=_numbered([p.cluster for p in people]),
        spent=np.array([p.spent_fen for p in people], dtype=np.float64),
        redeemed=np.array([p.redeemed for p in people], dtype=np.float64),
        subsidy=np.array([p.subsidy_fen for p in people], dtype=np.float64),
        before=np.array([p.before_fen for p in people], dtype=np.float64),
        chance=np.array([np.nan if p.chance is None else p.chance for p in people], dtype=np.float64),
    )


def _numbered(names: Sequence[str]) -> NDArray[np.int64]:
    if not names:
        return np.zeros(0, dtype=np.int64)
    return np.unique(np.array(names), return_inverse=True)[1].astype(np.int64)
