"""How much, how often and when: an event against what its payer, payee, device or place did before."""

from collections.abc import Iterator

import numpy as np

from yongquan.risk.model.events import DAY_US, HOUR_US, UNKNOWN, Column, Events, Floats, Ints
from yongquan.risk.model.timeline import Clock, Past, joined, past_of

POINT = 10_000  # logarithms are kept as whole ten-thousandths, so that sums are exact
WINDOWS = {"1h": HOUR_US, "1d": DAY_US, "7d": 7 * DAY_US, "30d": 30 * DAY_US}
RECENT = 12  # events of the near past that are looked at one by one
SPREAD_LEAST = 0.1


def logged(amount_fen: Ints) -> Ints:
    """ln(1 + fen) in whole ten-thousandths."""
    whole: Ints = np.rint(np.log1p(amount_fen.astype(np.float64)) * POINT).astype(np.int64)
    return whole


def of_event(events: Events, log_fen: Ints) -> Iterator[Column]:
    """What the event says by itself."""
    hours = (events.local_us // HOUR_US % 24).astype(np.float64)
    yield "event.amount", log_fen / POINT
    yield "event.hour", hours + (events.local_us % HOUR_US // (15 * 60_000_000)) / 4
    yield "event.weekday", (events.local_us // DAY_US + 3) % 7 * 1.0
    yield "event.roundness", _roundness(events.amount_fen)
    yield "event.to_self", (events.payer == events.payee) * 1.0


def _roundness(amount_fen: Ints) -> Floats:
    """How many of 1, 10, 100, 1,000 and 10,000 yuan divide the amount."""
    steps = [(amount_fen % step == 0) & (amount_fen > 0) for step in (100, 1_000, 10_000, 100_000, 1_000_000)]
    return np.asarray(np.sum(steps, axis=0), np.float64)


def of_party(name: str, past: Past, events: Events, log_fen: Ints) -> Iterator[Column]:
    """A payer's or payee's pace, amounts, hours and roundness so far."""
    yield from _pace(name, past)
    yield from _amounts(name, past, log_fen)
    yield from _recent(name, past, log_fen)
    yield from _hours(name, past, events)
    is_round = (_roundness(events.amount_fen) >= 2).astype(np.int64)
    yield f"{name}.round_share", _share(past.total(is_round), past.count)
    same = past_of(past.clock, joined(past.keys, log_fen))
    yield f"{name}.same_amount_7d", (same.end - same.since(7 * DAY_US)) * 1.0
    yield f"{name}.same_amount_share", _share(same.count, past.count)


def of_thing(name: str, past: Past, log_fen: Ints) -> Iterator[Column]:
    """A device's or place's pace and amounts; all unknown where the event names none."""
    unknown = past.keys < 0
    for column, values in (*_pace(name, past), *_amounts(name, past, log_fen)):
        yield column, np.where(unknown, np.nan, values)


def of_pair(pair: Past, payer: Past, payee: Past, log_fen: Ints) -> Iterator[Column]:
    """How well this payer and this payee know each other."""
    yield "pair.count", pair.count * 1.0
    yield "pair.gap", _gap(pair)
    yield "pair.count_1d", (pair.end - pair.since(DAY_US)) * 1.0
    yield "pair.share_of_payer", _share(pair.count, payer.count)
    yield "pair.share_of_payee", _share(pair.count, payee.count)
    mean, _ = _mean_and_spread(pair, log_fen)
    yield "pair.amount_over_mean", log_fen / POINT - mean


def of_kind(events: Events, clock: Clock, kind: Ints, payer: Past, log_fen: Ints) -> Iterator[Column]:
    """The event against others of its kind, and the kind against the payer's usual ones."""
    own = past_of(clock, joined(events.payer, np.where(kind < 0, UNKNOWN, kind)))
    yield "kind.share_of_payer", np.where(kind < 0, np.nan, _share(own.count, payer.count))
    yield "kind.gap", _gap(own)
    mean, spread = _mean_and_spread(own, log_fen)
    yield "kind.payer_deviation", (log_fen / POINT - mean) / spread
    every = past_of(clock, kind)
    since = every.since(30 * DAY_US)
    mean, spread = _mean_and_spread(every, log_fen, since)
    yield "kind.deviation", (log_fen / POINT - mean) / spread
    theirs = past_of(clock, joined(events.payee, kind))
    payee = past_of(clock, events.payee)
    yield "kind.share_of_payee", np.where(kind < 0, np.nan, _share(theirs.count, payee.count))


def _pace(name: str, past: Past) -> Iterator[Column]:
    counts = {window: (past.end - past.since(us)) * 1.0 for window, us in WINDOWS.items()}
    for window, count in counts.items():
        yield f"{name}.count_{window}", count
    yield f"{name}.count", np.minimum(past.count, 1_000) * 1.0
    yield f"{name}.gap", _gap(past)
    age_days = (past.clock.at_us - _first_us(past)) / DAY_US
    yield f"{name}.age", np.minimum(age_days, 60.0)
    span = np.clip(age_days, 1.0, 30.0)
    yield f"{name}.burst_1d", counts["1d"] / (counts["30d"] / span + 0.5)
    yield f"{name}.burst_7d", counts["7d"] / (counts["30d"] / np.maximum(span / 7, 1.0) + 0.5)


def _amounts(name: str, past: Past, log_fen: Ints) -> Iterator[Column]:
    now = log_fen / POINT
    mean, spread = _mean_and_spread(past, log_fen)
    yield f"{name}.amount_mean", mean
    yield f"{name}.amount_spread", spread
    yield f"{name}.deviation", (now - mean) / spread
    yield f"{name}.amount_over_highest", now - past.highest(log_fen) / POINT
    for window in ("1d", "7d", "30d"):
        since = past.since(WINDOWS[window])
        mean, _ = _mean_and_spread(past, log_fen, since)
        yield f"{name}.mean_{window}", mean
        yield f"{name}.amount_over_{window}", now - mean


def _recent(name: str, past: Past, log_fen: Ints) -> Iterator[Column]:
    """The last few events one by one: where this amount ranks among them, and how odd they were themselves."""
    mean, spread = _mean_and_spread(past, log_fen)
    odd = np.nan_to_num((log_fen / POINT - mean) / spread)
    below, seen, oddest = np.zeros(len(log_fen)), np.zeros(len(log_fen)), np.full(len(log_fen), -np.inf)
    for steps in range(1, RECENT + 1):
        earlier = past.back(log_fen, steps)
        seen += ~np.isnan(earlier)
        below += earlier < log_fen
        oddest = np.fmax(oddest, past.back(odd, steps))
    yield f"{name}.rank_of_last", np.where(seen > 2, below / np.maximum(seen, 1), np.nan)
    yield f"{name}.oddest_of_last", np.where(np.isinf(oddest), np.nan, oddest)
    yield f"{name}.amount_over_last", (log_fen - past.back(log_fen, 1)) / POINT
    is_odd = (odd > 2).astype(np.int64)
    yield f"{name}.odd_7d", past.total(is_odd, past.since(7 * DAY_US)) * 1.0
    yield f"{name}.odd_30d", past.total(is_odd, past.since(30 * DAY_US)) * 1.0


def _hours(name: str, past: Past, events: Events) -> Iterator[Column]:
    """Night share, and how far the hour is from the usual one on the clock's circle."""
    angle = (events.local_us % DAY_US) / DAY_US * 2 * np.pi
    east, north = np.sin(angle), np.cos(angle)
    count = np.maximum(past.count, 1)
    usual_east = past.total(np.rint(east * POINT).astype(np.int64)) / count / POINT
    usual_north = past.total(np.rint(north * POINT).astype(np.int64)) / count / POINT
    yield f"{name}.usual_hour", np.where(past.count > 2, east * usual_east + north * usual_north, np.nan)
    hour = events.local_us // HOUR_US % 24
    yield f"{name}.night_share", _share(past.total((hour < 6).astype(np.int64)), past.count)


def _mean_and_spread(past: Past, values: Ints, since: Ints | None = None) -> tuple[Floats, Floats]:
    """Mean and standard deviation of past values, shrunk to a spread of 1 where there are few."""
    count = past.end - (past.start if since is None else since)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = past.total(values, since) / count
        variance = np.maximum(past.total(values * values, since) / count - mean * mean, 0.0) / POINT**2
    spread = np.sqrt((variance * count + 2.0) / (count + 2.0))
    return mean / POINT, np.maximum(spread, SPREAD_LEAST)


def _gap(past: Past) -> Floats:
    """ln of seconds since the last one."""
    return np.log1p((past.clock.at_us - past.back(past.clock.at_us, 1)) / 1e6)


def _first_us(past: Past) -> Floats:
    """When the first one was, NaN if there is none."""
    is_there = past.end > past.start
    found = np.full(len(past.end), np.nan)
    found[is_there] = past.clock.at_us[past.timeline.rows[past.start[is_there]]]
    return found


def _share(part: Ints, whole: Ints) -> Floats:
    """part / whole, drawn a little to 0 where there is little; NaN where there is nothing."""
    return np.where(whole > 0, part / np.maximum(whole + 1.0, 1.0), np.nan)
