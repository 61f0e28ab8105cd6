"""Features in memory, exact, for files and backtests: what is recorded is kept until the timeline is dropped.

Instants are microseconds since 1970. Counts and sums are differences of running totals, found by bisection. Distinct
values are counted by a window that slides forward with the questions; a question about an earlier moment than the last
one, or an event that came late, is counted afresh.
"""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import WINDOWS_S, Feature, Measure

NEVER = -1  # a gap without an earlier event
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_SECOND = 1_000_000
_LONGEST = WINDOWS_S["30d"] * _SECOND

_Key = tuple[Entity, EventKind, str]


class Timeline:
    """The past of every party. Add events in any order; each event id counts once, as it was first added."""

    def __init__(self) -> None:
        self._lines: dict[_Key, _Line] = {}
        self._seen: dict[UUID, RiskEvent] = {}

    def values(self, event: RiskEvent, features: Iterable[Feature]) -> dict[Feature, int]:
        """Each feature over what was added before, without the event itself."""
        at_us = micros(event.at)
        own = self._seen.get(event.event_id)
        return {feature: self._value(feature, event, at_us, own) for feature in features}

    def add(self, event: RiskEvent) -> None:
        """Record one event; a repeat of its id changes nothing."""
        if event.event_id in self._seen:
            return
        self._seen[event.event_id] = event
        at_us = micros(event.at)
        for party, value in event.parties.items():
            self._lines.setdefault((party, event.kind, value), _Line()).add(at_us, event)

    def _value(self, feature: Feature, event: RiskEvent, at_us: int, own: RiskEvent | None) -> int:
        key = (feature.party, feature.kind, event.parties.get(feature.party, ""))
        line = self._lines.get(key)
        if line is None:
            return NEVER if feature.measure is Measure.GAP else 0
        if own is not None and (feature.party, own.kind, own.parties.get(feature.party)) == key:
            return line.without(own).value(feature, at_us)
        return line.value(feature, at_us)


class _Line:
    """Events of one kind and one party in the order of time, those of one instant in the order they were added."""

    __slots__ = ("amount", "at_us", "events", "sliding", "voucher")

    def __init__(self) -> None:
        self.at_us: list[int] = []
        self.events: list[RiskEvent] = []
        self.amount: list[int] = [0]  # running totals, one more than there are events
        self.voucher: list[int] = [0]
        self.sliding: dict[tuple[str, int], _Sliding] = {}

    def add(self, at_us: int, event: RiskEvent) -> None:
        place = bisect_right(self.at_us, at_us)
        if place < len(self.at_us):
            self.sliding.clear()
        self.at_us.insert(place, at_us)
        self.events.insert(place, event)
        del self.amount[place + 1 :], self.voucher[place + 1 :]
        for later in self.events[place:]:
            self.amount.append(self.amount[-1] + later.amount_fen)
            self.voucher.append(self.voucher[-1] + later.voucher_fen)

    def without(self, own: RiskEvent) -> "_Line":
        """The same line as if this event had never been added."""
        line = _Line()
        for at_us, event in zip(self.at_us, self.events, strict=True):
            if event.event_id != own.event_id:
                line.add(at_us, event)
        return line

    def value(self, feature: Feature, at_us: int) -> int:
        end = bisect_right(self.at_us, at_us)
        if feature.measure is Measure.GAP:
            last = self.at_us[end - 1] if end else at_us - _LONGEST
            return (at_us - last) // _SECOND if last > at_us - _LONGEST else NEVER
        begin = bisect_right(self.at_us, at_us - feature.seconds * _SECOND)
        if feature.measure is Measure.COUNT:
            return end - begin
        if feature.measure is Measure.SUM:
            totals = self.amount if feature.of == "amount" else self.voucher
            return totals[end] - totals[begin]
        return self._distinct(Entity(feature.of), feature.seconds, begin, end)

    def _distinct(self, of: Entity, seconds: int, begin: int, end: int) -> int:
        sliding = self.sliding.setdefault((of, seconds), _Sliding())
        if begin < sliding.begin or end < sliding.end:
            sliding = self.sliding[of, seconds] = _Sliding(begin, begin)
        return sliding.move(self.events, of, begin, end)


@dataclass(slots=True)
class _Sliding:
    """How often each value occurs between two places of a line; both only move forward."""

    begin: int = 0
    end: int = 0
    times: dict[str, int] = field(default_factory=dict)

    def move(self, events: list[RiskEvent], of: Entity, begin: int, end: int) -> int:
        """Slide to (begin, end) and return how many values occur."""
        if begin >= self.end:
            self.begin = self.end = begin
            self.times.clear()
        for event in events[self.end : end]:
            if (value := event.parties.get(of)) is not None:
                self.times[value] = self.times.get(value, 0) + 1
        for event in events[self.begin : begin]:
            if (value := event.parties.get(of)) is not None:
                self.times[value] -= 1
                if not self.times[value]:
                    del self.times[value]
        self.begin, self.end = begin, end
        return len(self.times)


def micros(at: datetime) -> int:
    """The instant as microseconds since 1970, exactly."""
    return (at - _EPOCH) // _MICROSECOND
