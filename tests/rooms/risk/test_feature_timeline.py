"""Features in memory equal their definition, whatever the order of events."""

from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rooms.risk.feature_worlds import START, all_features, brute_force, events

from yongquan.kernel.errors import BadInput
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import Feature, Measure
from yongquan.risk.features.timeline import Timeline

FEATURES = all_features()


@settings(max_examples=150, deadline=None)
@given(st.lists(events(), max_size=30), st.booleans())
def test_timeline_equals_brute_force(history: list[RiskEvent], in_order: bool) -> None:
    if in_order:
        history.sort(key=lambda event: event.at)
    timeline = Timeline()

    for place, event in enumerate(history):
        assert timeline.values(event, FEATURES) == brute_force(history[:place], event, FEATURES)
        timeline.add(event)

    for event in history[:5]:
        assert timeline.values(event, FEATURES) == brute_force(history, event, FEATURES)


def test_window_leaves_out_its_first_instant_and_takes_its_last() -> None:
    count = Feature(Measure.COUNT, Entity.DEVICE, EventKind.CLAIM, "1m")
    timeline = Timeline()
    for number, seconds in enumerate((0, 1, 60)):
        timeline.add(_claim(number, seconds))

    values = timeline.values(_claim(9, 60), [count])

    assert values == {count: 2}


def test_feature_that_means_nothing_is_refused() -> None:
    with pytest.raises(BadInput, match="window 2h"):
        Feature(Measure.COUNT, Entity.DEVICE, EventKind.CLAIM, "2h")
    with pytest.raises(BadInput, match="distinct of device"):
        Feature(Measure.DISTINCT, Entity.DEVICE, EventKind.CLAIM, "1h", "device")


def _claim(number: int, seconds: int) -> RiskEvent:
    at = START + timedelta(seconds=seconds)
    return RiskEvent(event_id=UUID(int=number), kind=EventKind.CLAIM, at=at, parties={Entity.DEVICE: "d"})
