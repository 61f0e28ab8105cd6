"""How small an effect a planned draw could show, and how many registrants a wanted effect needs.

For a difference of means between N p winners and N (1 - p) losers (Bloom 1995; Duflo, Glennerster and Kremer 2007):
MDE = (z[1 - alpha / 2] + z[power]) * sigma * sqrt((1 - R2) * D / (N p (1 - p))),
where R2 is the part that earlier spending foretells and D = 1 + (m - 1) rho the design effect of clusters of m.
"""

import math
from dataclasses import dataclass
from statistics import NormalDist

from yongquan.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class Design:
    """A planned draw: deviation of spending (fen), share of winners, share of winners who redeem."""

    sigma_fen: int
    win_share: float
    takeup: float = 0.9
    alpha: float = 0.05
    power: float = 0.8
    foretold: float = 0.0
    cluster_size: float = 1.0
    cluster_correlation: float = 0.0

    def __post_init__(self) -> None:
        shares = {"win_share": self.win_share, "takeup": self.takeup, "alpha": self.alpha, "power": self.power}
        for name, share in shares.items():
            if not 0 < share < 1 and not (name == "takeup" and share == 1):
                raise BadInput(f"{name} is {share}: it must lie between 0 and 1")
        if self.sigma_fen <= 0 or not 0 <= self.foretold < 1 or not 0 <= self.cluster_correlation <= 1:
            raise BadInput("sigma_fen must be above 0, foretold below 1, cluster_correlation from 0 to 1")
        if self.cluster_size < 1:
            raise BadInput("cluster_size must be at least 1")

    @property
    def _spread(self) -> float:
        standard = NormalDist()
        quantiles = standard.inv_cdf(1 - self.alpha / 2) + standard.inv_cdf(self.power)
        clustered = 1 + (self.cluster_size - 1) * self.cluster_correlation
        return (
            quantiles
            * self.sigma_fen
            * math.sqrt((1 - self.foretold) * clustered / (self.win_share * (1 - self.win_share)))
        )


def smallest_effect_fen(design: Design, *, registrants: int) -> int:
    """The smallest effect per winner (ITT) that would be found with the wanted power, rounded up to a fen."""
    if registrants < 2:
        raise BadInput(f"{registrants} registrants: two at least")
    return math.ceil(design._spread / math.sqrt(registrants))


def smallest_effect_on_redeemers_fen(design: Design, *, registrants: int) -> int:
    """The same per redeemer (LATE): take-up dilutes it."""
    return math.ceil(smallest_effect_fen(design, registrants=registrants) / design.takeup)


def registrants_needed(design: Design, *, effect_fen: int) -> int:
    """How many must sign up so that this effect per winner would be found."""
    if effect_fen <= 0:
        raise BadInput(f"effect_fen is {effect_fen}: it must be above 0")
    return math.ceil((design._spread / effect_fen) ** 2)
