"""From a margin to a probability: a logistic curve fitted on later events than the trees were grown on.

Platt's curve (1999) in log-odds; it rises strictly, so it never changes the order or ties two scores.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import minimize

from yongquan.risk.model.events import Floats, Ints

SLOPE_LEAST: Final = 0.2
SLOPE_MOST: Final = 3.0
SLOPE_PRIOR: Final = 5.0  # how firmly a slope of 1 is believed before anything is seen


@dataclass(frozen=True, slots=True)
class Calibration:
    """log-odds = slope x margin + shift."""

    slope: float = 1.0
    shift: float = 0.0

    def probability(self, margin: Floats) -> Floats:
        return 1.0 / (1.0 + np.exp(-np.clip(self.slope * margin + self.shift, -60.0, 60.0)))


def fit_calibration(margin: Floats, label: Ints, weight: Floats) -> Calibration:
    """The curve of greatest likelihood. Leaves margins as they are where one class is missing."""
    if len(label) == 0 or label.min() == label.max():
        return Calibration()

    def loss(curve: Floats) -> float:
        odds = curve[0] * margin + curve[1]
        fit = np.sum(weight * (np.logaddexp(0.0, odds) - label * odds))
        return float(fit + SLOPE_PRIOR * (curve[0] - 1.0) ** 2 + 0.01 * curve[1] ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), bounds=[(SLOPE_LEAST, SLOPE_MOST), (-20.0, 20.0)], method="L-BFGS-B")
    return Calibration(slope=round(float(found.x[0]), 9), shift=round(float(found.x[1]), 9))
