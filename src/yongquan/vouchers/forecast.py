"""When a type runs out, if claims go on as in the last days. Pure; the method is in docs/funders.md."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import mean, stdev

DAYS = 7
Z80 = 1.2816
"""Four times in five the mean of the coming days lies within, if they are like the last ones."""


@dataclass(frozen=True, slots=True)
class RunsOut:
    """Days until nothing is left: the likely number, and the bounds between which it lies four times in five.

    `days` None: nobody claims. `latest` None: the slowest pace of the interval never gets there.
    """

    days: float | None
    earliest: float | None
    latest: float | None


def runs_out(left: int, per_day: Sequence[int]) -> RunsOut:
    """From the claims of the last days (the first `DAYS` of `per_day` are used); fewer than two give no interval."""
    used = list(per_day[:DAYS])
    if left <= 0:
        return RunsOut(0.0, 0.0, 0.0)
    if not any(used):
        return RunsOut(None, None, None)
    pace = mean(used)
    if len(used) < 2:
        return RunsOut(left / pace, None, None)
    swing = Z80 * stdev(used) / sqrt(len(used))
    return RunsOut(left / pace, left / (pace + swing), left / (pace - swing) if pace > swing else None)
