"""Has the world moved since the model learned? Population stability index of each feature and of the score."""

from typing import Any, Final

import numpy as np

from yongquan.risk.model.events import Floats
from yongquan.risk.model.features import Table
from yongquan.risk.model.fitted import Bins, Fitted, Scored

BINS: Final = 10
WATCH: Final = 0.1  # the usual levels of scorecard practice
ALARM: Final = 0.25
SCORE: Final = "score"
SHARE_LEAST: Final = 1e-4


def learn_bins(table: Table, score: Floats) -> dict[str, Bins]:
    """Tenths of every feature and of the score over the whole file that was learned from."""
    bins = {name: _spread(table.values[:, at].astype(np.float64)) for at, name in enumerate(table.names)}
    return bins | {SCORE: _spread(score)}


def drift_report(model: Fitted, scored: Scored, score: Floats) -> dict[str, Any]:
    """PSI of each feature and of the score between where the model learned and this file, highest first."""
    found = {}
    for at, name in enumerate(scored.table.names):
        if name in model.bins:
            found[name] = _psi(model.bins[name], scored.table.values[:, at].astype(np.float64))
    names = sorted(found, key=lambda name: -found[name])
    of_score = _psi(model.bins[SCORE], score) if SCORE in model.bins else 0.0
    return {
        "events": len(score),
        "score": {"psi": round(of_score, 4), "level": _level(of_score)},
        "features": [{"feature": name, "psi": round(found[name], 4), "level": _level(found[name])} for name in names],
        "alarms": sum(_level(psi) == "alarm" for psi in found.values()),
        "watched": sum(_level(psi) == "watch" for psi in found.values()),
    }


def _spread(values: Floats) -> Bins:
    known = values[~np.isnan(values)]
    edges = np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.zeros(0)
    return Bins(tuple(float(edge) for edge in edges), tuple(round(float(one), 6) for one in _shares(edges, values)))


def _shares(edges: Floats, values: Floats) -> Floats:
    unknown = np.isnan(values)
    place = np.searchsorted(edges, values[~unknown], side="right")
    counts = np.r_[np.bincount(place, minlength=len(edges) + 1), unknown.sum()]
    shares: Floats = counts / max(len(values), 1)
    return shares


def _psi(bins: Bins, values: Floats) -> float:
    then = np.maximum(np.asarray(bins.shares), SHARE_LEAST)
    now = np.maximum(_shares(np.asarray(bins.edges), values), SHARE_LEAST)
    return float(((now - then) * np.log(now / then)).sum()) if len(values) else 0.0


def _level(psi: float) -> str:
    return "alarm" if psi >= ALARM else "watch" if psi >= WATCH else "steady"
