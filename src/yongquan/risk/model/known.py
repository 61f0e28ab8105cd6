"""What is known of the past to be bad: labels of earlier events, each known only after a delay."""

from collections.abc import Iterator

import numpy as np

from yongquan.risk.model.events import DAY_US, Column, Events, Floats, Ints
from yongquan.risk.model.timeline import Clock, Timeline, joined, past_in

WINDOWS = {"1d": DAY_US, "7d": 7 * DAY_US, "30d": 30 * DAY_US}
PRIOR_WEIGHT = 5.0  # a rate starts as the base rate, as if seen in so many events


def count_known(events: Events, delay_us: int) -> Ints:
    """For each event how many labels of the file could be known by then."""
    running = np.r_[0, np.cumsum(events.label >= 0)]
    found: Ints = running[np.searchsorted(events.at_us, events.at_us - delay_us, side="right")]
    return found


def of_labels(events: Events, clock: Clock, kind: Ints | None, delay_us: int, base_rate: float) -> Iterator[Column]:
    """Known bad events and their rate, of payee, payer, pair, device, place and kind."""
    subjects = {
        "payee": events.payee,
        "payer": events.payer,
        "pair": joined(events.payer, events.payee),
        "device": events.device,
        "location": events.location,
        "kind": kind,
    }
    is_bad = (events.label == 1).astype(np.int64)
    by_now = clock.known(delay_us)
    for name, keys in subjects.items():
        if keys is None:
            continue
        timeline = Timeline(clock, keys, only=events.label >= 0)
        past = past_in(timeline, clock, keys, by_now)
        unknown = keys < 0
        bad, seen = past.total(is_bad), past.count
        yield f"known.{name}_count", np.where(unknown, np.nan, np.minimum(seen, 1_000))
        yield f"known.{name}_bad", np.where(unknown, np.nan, bad)
        yield f"known.{name}_rate", np.where(unknown, np.nan, _rate(bad, seen, base_rate))
        if name in {"kind", "pair"}:
            continue
        for window, us in WINDOWS.items():
            since = np.clip(timeline.before(keys, clock.ago(delay_us + us)), past.start, past.end)
            bad, seen = past.total(is_bad, since), past.end - since
            yield f"known.{name}_bad_{window}", np.where(unknown, np.nan, bad)
            yield f"known.{name}_rate_{window}", np.where(unknown, np.nan, _rate(bad, seen, base_rate))
        ill = past_in(Timeline(clock, keys, only=events.label == 1), clock, keys, by_now)
        yield f"known.{name}_bad_age", (clock.at_us - ill.back(clock.at_us, 1)) / DAY_US


def _rate(bad: Ints, seen: Ints, base_rate: float) -> Floats:
    return (bad + base_rate * PRIOR_WEIGHT) / (seen + PRIOR_WEIGHT)
