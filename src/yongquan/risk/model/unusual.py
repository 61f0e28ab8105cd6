"""How unusual an event is where nobody has labelled any: rare values of telling features, added up."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from yongquan.risk.model.events import Floats, Ints
from yongquan.risk.model.features import Table

GRID: Final = 200  # quantiles kept of each feature
TOP: Final = 4  # the most surprising features that count
SURPRISE_MOST: Final = 12.0
# Features of which high values deserve a look; low ones where the name ends in "-".
TELLING: Final = (
    "payer.deviation", "payer.amount_over_highest", "payer.burst_1d", "payer.count_1h", "payer.gap-",
    "payer.new_payees_1d", "payer.same_amount_7d", "payer.usual_hour-", "payer.in_gap-", "payer.device_changes_1d",
    "payer.location_changes_1d", "pair.count_1d", "payee.deviation", "payee.burst_1d", "payee.count_1h",
    "payee.new_payers_1d", "payee.same_amount_7d", "payee.out_gap-", "payee.night_share", "device.payers",
    "device.new_payers_1d", "kind.payer_deviation", "kind.deviation", "device.times_by_payer-",
    "location.times_by_payer-", "event.amount",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rarity:
    """Quantiles of the telling features where the model learned; name (with its sign) -> values."""

    quantiles: dict[str, tuple[float, ...]]

    def surprises(self, table: Table) -> Floats:
        """-ln of the share of events at least as extreme, a column each; 0 for what is unknown or usual."""
        names = tuple(self.quantiles)
        values = table.only(tuple(name.removesuffix("-") for name in names)).astype(np.float64)
        found = np.zeros(values.shape)
        for at, name in enumerate(names):
            sign = -1.0 if name.endswith("-") else 1.0
            grid = np.asarray(self.quantiles[name])
            below = np.searchsorted(grid, sign * values[:, at], side="left") / len(grid)
            beyond = np.maximum(sign * values[:, at] - grid[-1], 0.0) / (abs(grid[-1] - grid[len(grid) // 2]) + 1e-9)
            surprise = -np.log(np.maximum(1.0 - below, 0.5 / len(grid))) + np.log1p(beyond)
            found[:, at] = np.where(np.isnan(values[:, at]), 0.0, np.clip(surprise, 0.0, SURPRISE_MOST))
        return found

    def margin(self, table: Table) -> Floats:
        """The most surprising features together; grows with how unusual the event is."""
        found = -np.sort(-self.surprises(table), axis=1)[:, :TOP]
        return found @ (0.7 ** np.arange(found.shape[1]))


def learn_rarity(table: Table, rows: Ints) -> Rarity:
    """Quantiles of each telling feature that varies and is known often enough."""
    quantiles = {}
    deviations = tuple(name for name in table.names if name.startswith("payer.x_") and name.endswith(".deviation"))
    for name in (*TELLING, *deviations):
        column = table.only((name.removesuffix("-"),))[rows, 0].astype(np.float64)
        known = column[~np.isnan(column)] * (-1.0 if name.endswith("-") else 1.0)
        if len(known) >= 20 and known.min() < known.max():
            quantiles[name] = tuple(float(one) for one in np.quantile(known, np.linspace(0, 1, GRID + 1)[1:]))
    return Rarity(quantiles)
