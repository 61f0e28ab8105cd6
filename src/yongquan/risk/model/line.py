"""A logistic regression on a few plain features: steady where there are too few labels for trees, and the baseline."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from yongquan.risk.model.events import Flags, Floats, Ints
from yongquan.risk.model.features import KNOWN, Table

FAR: Final = 8.0  # a feature counts as at most so many spreads away
SIMPLE: Final = (
    "event.amount", "event.hour", "payer.count_1d", "payer.count_7d", "payer.mean_7d", "payer.deviation",
    "payee.count_7d", "known.payee_rate_7d", "known.payee_rate_30d", "pair.count",
)  # fmt: skip
STEADY: Final = (
    *SIMPLE, "event.unusual", "payer.amount_over_highest", "payer.burst_1d", "payer.new_payees_1d",
    "payer.in_gap", "payee.deviation", "payee.age", "device.times_by_payer", "location.times_by_payer",
    "kind.deviation",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """weight x (value - middle) / spread, summed, plus a shift; a value that is unknown counts as the middle."""

    names: tuple[str, ...]
    middle: tuple[float, ...]
    spread: tuple[float, ...]
    weight: tuple[float, ...]
    shift: float

    def contributions(self, table: Table) -> Floats:
        """What each feature adds to the log-odds, rows x features."""
        added: Floats = self._scaled(table) * np.asarray(self.weight)
        return added

    def margin(self, table: Table) -> Floats:
        """Log-odds of each row; summed feature by feature, so that a row's does not depend on the others."""
        found = np.full(len(table.values), self.shift)
        for column in self.contributions(table).T:
            found = found + column
        return found

    def _scaled(self, table: Table) -> Floats:
        values = table.only(self.names).astype(np.float64)
        values = np.where(np.isnan(values), np.asarray(self.middle), values)
        scaled: Floats = np.clip((values - np.asarray(self.middle)) / np.asarray(self.spread), -FAR, FAR)
        return scaled


def fit_line(table: Table, label: Ints, rows: Ints, *, names: tuple[str, ...], weight: Floats | None = None) -> Line:
    """The line of greatest likelihood on `rows`, drawn to 0 (ridge)."""
    values = table.only(names)[rows].astype(np.float64)
    known: Flags = np.asarray(~np.isnan(values).all(axis=0))
    names = tuple(name for name, is_known in zip(names, known.tolist(), strict=True) if is_known)
    values = values[:, known]
    middle = np.nanmedian(values, axis=0)
    values = np.where(np.isnan(values), middle, values)
    deviation = values.std(axis=0)
    spread = np.where(deviation > 0, deviation, 1.0)
    values = np.hstack([np.clip((values - middle) / spread, -FAR, FAR), np.ones((len(rows), 1))])
    wanted = label[rows]
    counts = np.ones(len(rows)) if weight is None else weight[rows]
    ridge = np.r_[np.ones(len(names)), 0.001]

    def loss(weights: Floats) -> tuple[float, Floats]:
        odds = values @ weights
        chance = 1 / (1 + np.exp(-np.clip(odds, -60, 60)))
        gradient = values.T @ (counts * (chance - wanted)) + ridge * weights
        return float(np.sum(counts * (np.logaddexp(0, odds) - wanted * odds)) + ridge @ weights**2 / 2), gradient

    found = minimize(loss, np.zeros(values.shape[1]), jac=True, method="L-BFGS-B").x
    return Line(names, _plain(middle), _plain(spread), _plain(found[:-1]), float(found[-1]))


def steady_names(table: Table, *, informed: bool) -> tuple[str, ...]:
    """The features of the line beside small trees: the plain ones, and the file's own columns."""
    own = tuple(name for name in table.names if name.startswith("event.x_") and ".less." not in name)
    return tuple(name for name in (*STEADY, *own[:8]) if informed or not name.startswith(KNOWN))


def _plain(values: Floats) -> tuple[float, ...]:
    return tuple(float(value) for value in values)
