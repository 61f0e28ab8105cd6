"""What winning a draw caused: stratified differences with cluster-robust intervals (docs/effect.md has the formulas).

Within a stratum the draw is a fair coin, so the difference between its winners and losers is causal. Strata are
weighed by their registrants: inverse-probability weights make weighted least squares with a mean for each stratum
give exactly the size-weighted mean of the strata's differences, and statsmodels' sandwich gives the interval.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from yongquan.kernel.errors import Refusal
from yongquan.vouchers.effect_model import Column, Counts, Effect, Estimate, Experiment, Mask, experiment_of

LEVEL = 0.95
CLUSTERS_MIN = 10
# Beyond these chances a few people would carry most of the weight.
CHANCE_MIN = 0.05


class NothingToCompare(Refusal):
    """Too few registrants: no stratum with winners and losers, or fewer than `CLUSTERS_MIN` clusters."""

    code = "nothing_to_compare"


@dataclass(frozen=True, slots=True)
class _Design:
    """The draw with what differs between strata taken out; `scale` undoes statsmodels' ignorance of their means."""

    rows: Mask
    weight: Column
    won: Column
    extra: Column | None
    cluster: Any
    strata: Any
    critical: float
    scale: float


def effect_of(
    experiment: Experiment, *, level: float = LEVEL, adjust: bool = False, outcome: Column | None = None
) -> Effect:
    """Estimate what winning did to `outcome` (spending by default).

    `adjust` takes out what spending before the draw foretells; it narrows the interval and moves nothing on
    average. Raises `NothingToCompare`.
    """
    spent = experiment.spent if outcome is None else outcome
    design = _design_of(experiment, level=level, adjust=adjust)
    takeup = _difference(design, experiment.redeemed)
    return Effect(
        itt=_difference(design, spent),
        late=_ratio(design, spent, experiment.redeemed),
        per_subsidy=_ratio(design, spent, experiment.subsidy),
        takeup=takeup,
        counts=_counts_of(experiment, design),
    )


def effects_by(
    experiment: Experiment, cut: str, *, level: float = LEVEL, adjust: bool = False
) -> Mapping[str, Effect | None]:
    """The effect by `district` or `age_band` of the registrants, or on spending by `industry` of the shops.

    None where a part has too few people to say anything.
    """
    if cut == "industry":
        names = sorted({name for p in experiment.people for name in p.by_industry or {}})
        return {
            name: _effect_or_none(experiment, level=level, adjust=adjust, outcome=experiment.outcome_in(name))
            for name in names
        }
    labels = [getattr(p, cut) for p in experiment.people]
    parts: dict[str, Effect | None] = {}
    for name in sorted(set(labels)):
        part = experiment_of([p for p, label in zip(experiment.people, labels, strict=True) if label == name])
        parts[name] = _effect_or_none(part, level=level, adjust=adjust, outcome=None)
    return parts


def _effect_or_none(experiment: Experiment, *, level: float, adjust: bool, outcome: Column | None) -> Effect | None:
    try:
        effect = effect_of(experiment, level=level, adjust=adjust, outcome=outcome)
    except NothingToCompare:
        return None
    # An industry's outcome is a part of the spending, the subsidy is of all of it: their ratio would mean nothing.
    return effect if outcome is None else replace(effect, per_subsidy=None)


def _design_of(experiment: Experiment, *, level: float, adjust: bool) -> _Design:
    rows = _comparable(experiment)
    clusters = len(np.unique(experiment.cluster[rows]))
    if clusters < CLUSTERS_MIN:
        raise NothingToCompare(f"{clusters} clusters in strata with winners and losers, {CLUSTERS_MIN} are needed")
    stratum = np.unique(experiment.stratum[rows], return_inverse=True)[1]
    won = experiment.won[rows].astype(np.float64)
    size, winners = np.bincount(stratum), np.bincount(stratum, weights=won)
    known = experiment.chance[rows]
    share = np.where(np.isnan(known), (winners / size)[stratum], known)
    weight = np.where(won > 0, 1 / share, 1 / (1 - share))
    strata = int(stratum.max()) + 1
    extra = _centred(experiment.before[rows], stratum, weight) if adjust else None
    if extra is not None and not extra.any():
        extra = None
    taken_out = strata + 1 + (extra is not None)
    return _Design(
        rows=rows,
        weight=weight,
        won=_centred(won, stratum, weight),
        extra=extra,
        cluster=experiment.cluster[rows],
        strata=stratum,
        critical=_students_t(0.5 + level / 2, clusters - 1),
        # statsmodels corrects for the columns it sees; the strata's means were taken out before.
        scale=float((len(won) - 1 - (extra is not None)) / max(len(won) - taken_out, 1)) ** 0.5,
    )


def _students_t(share: float, freedom: int) -> float:
    """Below which value this share of Student's t lies."""
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to load, and most processes never need it

    return float(stdtrit(freedom, share))


def _comparable(experiment: Experiment) -> Mask:
    """Who is compared: a chance that is neither nearly sure nor nearly none, in a stratum of winners and losers."""
    likely = np.isnan(experiment.chance) | ((experiment.chance >= CHANCE_MIN) & (experiment.chance <= 1 - CHANCE_MIN))
    size = np.bincount(experiment.stratum, weights=likely.astype(np.float64))
    winners = np.bincount(experiment.stratum, weights=(likely & experiment.won).astype(np.float64))
    mixed = (winners > 0) & (winners < size)
    rows: Mask = likely & mixed[experiment.stratum] if len(size) else likely
    return rows


def _centred(column: Column, stratum: Any, weight: Column) -> Column:
    mean = np.bincount(stratum, weights=column * weight) / np.bincount(stratum, weights=weight)
    centred: Column = column - mean[stratum]
    return centred


def _fit(design: _Design, column: Column) -> tuple[float, float]:
    """The size-weighted difference of a column that is cut to the design's rows, and its standard error."""
    centred = _centred(column, design.strata, design.weight)
    columns = design.won[:, None] if design.extra is None else np.column_stack([design.won, design.extra])
    from statsmodels.regression.linear_model import WLS  # noqa: PLC0415 - slow to load, and most processes never need it

    fitted = WLS(centred, columns, weights=design.weight).fit(
        cov_type="cluster", cov_kwds={"groups": design.cluster}, use_t=True
    )
    return float(fitted.params[0]), float(fitted.bse[0]) * design.scale


def _difference(design: _Design, column: Column) -> Estimate:
    value, error = _fit(design, column[design.rows])
    half = design.critical * error
    return Estimate(value=value, low=value - half, high=value + half, error=error)


def _ratio(design: _Design, above: Column, below: Column) -> Estimate | None:
    """The Wald (2SLS) ratio with the Anderson-Rubin interval, which stays right when few winners redeem.

    The interval is every b for which the difference in `above - b * below` is not significant: a quadratic in b.
    None without any first stage; a side is None where the data do not bound it.
    """
    y, d = above[design.rows], below[design.rows]
    spread_y, spread_d = float(y.std()), float(d.std())
    if spread_d == 0:
        return None
    unit = (spread_y or 1.0) / spread_d
    y = y / (spread_y or 1.0)
    d = d / spread_d
    (top, top_error), (bottom, bottom_error) = _fit(design, y), _fit(design, d)
    if bottom == 0:
        return None
    value = top / bottom
    _, residual_error = _fit(design, y - value * d)
    both = _fit(design, y + d)[1] ** 2 - top_error**2 - bottom_error**2
    squared = design.critical**2
    a = bottom**2 - squared * bottom_error**2
    b = top * bottom - squared * both / 2
    c = top**2 - squared * top_error**2
    low: float | None = None
    high: float | None = None
    if a > 0:
        root = max(b * b - a * c, 0.0) ** 0.5
        low, high = (b - root) / a * unit, (b + root) / a * unit
    return Estimate(value=value * unit, low=low, high=high, error=residual_error / abs(bottom) * unit)


def _counts_of(experiment: Experiment, design: _Design) -> Counts:
    won = experiment.won[design.rows]
    return Counts(
        people=len(won),
        winners=int(won.sum()),
        losers=int((~won).sum()),
        clusters=len(np.unique(design.cluster)),
        strata=int(design.strata.max()) + 1,
        left_out=len(experiment.people) - len(won),
    )
