"""A fitted model, and how it scores: each row by what could be known at its time."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from yongquan.risk.model.calibration import Calibration
from yongquan.risk.model.events import Events, Flags, Floats
from yongquan.risk.model.features import Plan, Table, build_features
from yongquan.risk.model.line import Line
from yongquan.risk.model.trees import Forest
from yongquan.risk.model.unusual import Rarity

UNUSUAL: Final = "event.unusual"
STRONG: Final = 12.0  # rarity at which an unlabelled event scores 0.63


@dataclass(frozen=True, slots=True)
class View:
    """Trees on some of the features: `informed` ones know old labels, `blind` ones do without."""

    names: tuple[str, ...]
    forest: Forest
    calibration: Calibration
    line: Line | None = None  # beside small trees, where labels are few

    def margin(self, table: Table) -> Floats:
        """Log-odds before calibration."""
        trees = self.forest.margin(table.only(self.names))
        return trees if self.line is None else (trees + self.line.margin(table)) / 2


@dataclass(frozen=True, slots=True)
class Bins:
    """How a feature (or the score) was spread where the model learned: inner edges, shares, the last is unknown."""

    edges: tuple[float, ...]
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Everything that scoring needs. Holds no event and no party's id."""

    mode: str  # trees, few (labels), or unusual (no labels)
    plan: Plan
    views: dict[str, View]
    rarity: Rarity
    bins: dict[str, Bins]
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scored:
    """Scores of a file's rows in the order of time, with what they were made from."""

    score: Floats
    table: Table
    is_informed: Flags


def score_events(model: Fitted, events: Events) -> Scored:
    """Score each event from what came before it in the file; higher is worse. A later row changes no score."""
    return score_table(model, build_features(events, model.plan))


def score_table(model: Fitted, table: Table) -> Scored:
    """Score features that have been computed."""
    unusual = model.rarity.margin(table)
    if model.mode == "unusual":
        return Scored(1.0 - np.exp(-unusual / STRONG), table, np.zeros(len(unusual), bool))
    table = with_unusual(table, unusual)
    is_informed = (table.known_labels > 0) & ("informed" in model.views)
    score = np.zeros(len(unusual))
    for name, rows in (("blind", ~is_informed), ("informed", is_informed)):
        if rows.any():
            view = model.views[name]
            score[rows] = view.calibration.probability(view.margin(table.take(np.flatnonzero(rows))))
    return Scored(score, table, is_informed)


def with_unusual(table: Table, unusual: Floats) -> Table:
    """The table with its last column: how unusual each event is."""
    values = np.hstack([table.values, unusual.astype(np.float32)[:, None]])
    return Table((*table.names, UNUSUAL), values, table.known_labels)
