"""Looking back: which earlier events share a key, as ranges of a sorted list. Exact, and the same for every prefix.

An event sees only what happened at an earlier instant; events of one instant do not see each other, so neither the
order of a file's rows nor a later row changes what any event sees. Sums are of whole numbers, hence exact.
"""

from dataclasses import dataclass

import numpy as np

from yongquan.risk.model.events import Flags, Floats, Ints


class Clock:
    """The different instants of a file, numbered: ticks."""

    def __init__(self, at_us: Ints) -> None:
        self.at_us = at_us
        self._instants, self.tick = np.unique(at_us, return_inverse=True)
        self.ticks = len(self._instants) + 1

    def ago(self, window_us: int) -> Ints:
        """For each event the first tick that is at most `window_us` before it."""
        return np.searchsorted(self._instants, self.at_us - window_us, side="left")

    def known(self, delay_us: int) -> Ints:
        """For each event the first tick of which nothing is known yet, when news takes `delay_us`."""
        return np.searchsorted(self._instants, self.at_us - delay_us, side="right")


class Timeline:
    """Events sorted by key, then time; key -1 takes no part."""

    def __init__(self, clock: Clock, keys: Ints, only: Flags | None = None) -> None:
        taken = keys >= 0 if only is None else (keys >= 0) & only
        rows = np.flatnonzero(taken)
        codes = keys[rows] * clock.ticks + clock.tick[rows]
        order = np.argsort(codes, kind="stable")
        self.rows = rows[order]
        self._codes = codes[order]
        self._ticks = clock.ticks

    def before(self, keys: Ints, ticks: Ints | int) -> Ints:
        """Where, for each key, the events before a tick end; 0 for key -1."""
        return np.searchsorted(self._codes, np.where(keys < 0, -1, keys * self._ticks + ticks), side="left")

    def running(self, values: Ints) -> Ints:
        """Running totals of whole numbers (one a row of the file) in this list's order."""
        totals = np.zeros(len(self.rows) + 1, np.int64)
        np.cumsum(values[self.rows], out=totals[1:])
        return totals


@dataclass(frozen=True, slots=True)
class Past:
    """For each event of a file the range of earlier events of a key: from `start` (the first ever) to `end`."""

    timeline: Timeline
    clock: Clock
    keys: Ints
    start: Ints
    end: Ints

    @property
    def count(self) -> Ints:
        return self.end - self.start

    def since(self, window_us: int) -> Ints:
        """Where the events of the last `window_us` begin."""
        return np.maximum(self.timeline.before(self.keys, self.clock.ago(window_us)), self.start)

    def total(self, values: Ints, since: Ints | None = None) -> Ints:
        """The sum of `values` over the past, or over its part from `since`."""
        running = self.timeline.running(values)
        return running[self.end] - running[self.start if since is None else since]

    def back(self, values: Floats | Ints, steps: int) -> Floats:
        """The value of the event `steps` before (1 is the last one), NaN where there is none."""
        at = self.end - steps
        is_there = at >= self.start
        found = np.full(len(at), np.nan)
        found[is_there] = values[self.timeline.rows[at[is_there]]]
        return found

    def highest(self, values: Ints) -> Floats:
        """The highest of `values` (whole, from 0 to 2^40) in all the past, NaN where there is none."""
        in_order = values[self.timeline.rows]
        group = np.cumsum(np.r_[False, self.keys[self.timeline.rows][1:] != self.keys[self.timeline.rows][:-1]])
        peaks = np.maximum.accumulate(in_order + (group << 41)) - (group << 41) if len(in_order) else in_order
        found = np.full(len(self.end), np.nan)
        is_there = self.end > self.start
        found[is_there] = peaks[self.end[is_there] - 1]
        return found


def past_of(clock: Clock, keys: Ints) -> Past:
    """Each event's own earlier events under the same key."""
    timeline = Timeline(clock, keys)
    return past_in(timeline, clock, keys, clock.tick)


def past_in(timeline: Timeline, clock: Clock, keys: Ints, ticks: Ints) -> Past:
    """What stands under other keys before some ticks: a payer's receipts, labels known by now."""
    return Past(timeline, clock, keys, timeline.before(keys, 0), timeline.before(keys, ticks))


def joined(*parts: Ints) -> Ints:
    """One key of several; -1 where any is unknown."""
    keys = parts[0].astype(np.int64)
    for part in parts[1:]:
        width = int(part.max(initial=0)) + 1
        _, keys = np.unique(np.where((keys < 0) | (part < 0), -1, keys * width + part), return_inverse=True)
        keys = keys.astype(np.int64)
    if len(parts) > 1:
        unknown = np.logical_or.reduce([part < 0 for part in parts])
        keys = np.where(unknown, -1, keys)
    return keys
