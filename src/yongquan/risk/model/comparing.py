"""Champion and challenger on the same events."""

from typing import Any, Final

import numpy as np

from yongquan.risk.model.events import Events, Floats
from yongquan.risk.model.measuring import average_precision, figures, rounded

RESAMPLES: Final = 200
MOST_RESAMPLED: Final = 100_000


def compare_scores(events: Events, champion: Floats, challenger: Floats, *, seed: int = 1) -> dict[str, Any]:
    """Figures of both on the labelled events, and whether the difference is more than chance."""
    ours = figures(events.label, champion, events.at_us, events.payer)
    theirs = figures(events.label, challenger, events.at_us, events.payer)
    low, high = _difference(events, champion, challenger, seed)
    verdict = "challenger" if low is not None and low > 0 else "champion" if high is not None and high < 0 else "even"
    return {
        "champion": ours,
        "challenger": theirs,
        "difference": {"average_precision_ci95": [low, high], "better": verdict},
        "same_of_top_100": _shared(champion, challenger, 100),
        "same_of_top_1000": _shared(champion, challenger, 1_000),
    }


def _difference(events: Events, champion: Floats, challenger: Floats, seed: int) -> tuple[float | None, float | None]:
    """95% interval of the gain in average precision, from resampled events."""
    rows = np.flatnonzero(events.label >= 0)
    lots = np.random.default_rng(seed)
    if len(rows) > MOST_RESAMPLED:
        rows = lots.choice(rows, MOST_RESAMPLED, replace=False)
    if not (events.label[rows] == 1).any():
        return None, None
    gains = []
    for _ in range(RESAMPLES):
        drawn = lots.choice(rows, len(rows))
        label = events.label[drawn]
        gains.append(average_precision(label, challenger[drawn]) - average_precision(label, champion[drawn]))
    known = np.asarray([gain for gain in gains if not np.isnan(gain)])
    if not len(known):
        return None, None
    low, high = np.quantile(known, (0.025, 0.975))
    return rounded(float(low)), rounded(float(high))


def _shared(first: Floats, second: Floats, top: int) -> float | None:
    top = min(top, len(first))
    if not top:
        return None
    ours, theirs = (set(np.argsort(-score, kind="stable")[:top].tolist()) for score in (first, second))
    return round(len(ours & theirs) / top, 4)
