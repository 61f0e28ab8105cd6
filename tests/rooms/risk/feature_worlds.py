"""Few parties and crowded moments, so that windows, duplicates and late events meet; and features by brute force."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from hypothesis import strategies as st

from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.features.model import WINDOWS_S, Feature, Measure

START = datetime(2026, 3, 2, 9, 59, tzinfo=UTC)
PARTIES = (Entity.CITIZEN, Entity.DEVICE, Entity.STORE)
# Edges of windows and hours, to the microsecond, and whatever lies between.
_EDGES = [0, *(seconds * 1_000_000 + off for seconds in (60, 3_600, 86_400, 604_800, 2_592_000) for off in (-1, 0, 1))]
_moments = st.one_of(st.sampled_from(_EDGES), st.integers(0, 40 * 86_400_000_000), st.integers(0, 7_200_000_000))


@st.composite
def events(draw: st.DrawFn) -> RiskEvent:
    """One event; ids, parties and moments repeat often."""
    values = {party: draw(st.sampled_from(["", "a", "b", "c"])) for party in PARTIES}
    return RiskEvent(
        event_id=UUID(int=draw(st.integers(1, 40)) << 64),
        kind=draw(st.sampled_from([EventKind.CLAIM, EventKind.PAYMENT])),
        at=START + timedelta(microseconds=draw(_moments)),
        parties={party: value for party, value in values.items() if value},
        amount_fen=draw(st.integers(0, 1_000)),
        voucher_fen=draw(st.integers(0, 100)),
    )


def all_features() -> list[Feature]:
    """Every measure of the parties above, over every window."""
    made = []
    for party in PARTIES:
        for kind in (EventKind.CLAIM, EventKind.PAYMENT):
            made.append(Feature(Measure.GAP, party, kind, "30d"))
            for window in WINDOWS_S:
                made.append(Feature(Measure.COUNT, party, kind, window))
                made += [Feature(Measure.SUM, party, kind, window, of) for of in ("amount", "voucher")]
                made += [Feature(Measure.DISTINCT, party, kind, window, of) for of in PARTIES if of != party]
    return made


def brute_force(recorded: Sequence[RiskEvent], event: RiskEvent, features: Iterable[Feature]) -> dict[Feature, int]:
    """The definition itself: look at everything that was recorded, once for each id."""
    past: dict[UUID, RiskEvent] = {}
    for one in recorded:
        past.setdefault(one.event_id, one)
    past.pop(event.event_id, None)
    return {feature: _brute(list(past.values()), event, feature) for feature in features}


def _brute(past: list[RiskEvent], event: RiskEvent, feature: Feature) -> int:
    value = event.parties.get(feature.party)
    begin = event.at - timedelta(seconds=feature.seconds)
    hits = [
        one
        for one in past
        if value is not None
        and one.kind == feature.kind
        and one.parties.get(feature.party) == value
        and begin < one.at <= event.at
    ]
    if feature.measure is Measure.GAP:
        return min(((event.at - one.at) // timedelta(seconds=1) for one in hits), default=-1)
    if feature.measure is Measure.DISTINCT:
        of = Entity(feature.of)
        return len({one.parties[of] for one in hits if of in one.parties})
    if feature.measure is Measure.SUM:
        return sum(one.amount_fen if feature.of == "amount" else one.voucher_fen for one in hits)
    return len(hits)


def crowded_month(seed: int, *, count: int) -> list[RiskEvent]:
    """Five weeks in which many events lie a window's length after another one, to the microsecond; some come late."""
    chance = Random(seed)
    moments = [timedelta(hours=chance.uniform(0, 840)) for _ in range(count // 2)]
    while len(moments) < count:
        window = timedelta(seconds=chance.choice(list(WINDOWS_S.values())), microseconds=chance.choice((-1, 0, 1)))
        moments.append(chance.choice(moments) + window)
    moments.sort()
    for place in chance.sample(range(count - 5), count // 20):
        moments[place], moments[place + 4] = moments[place + 4], moments[place]
    return [
        RiskEvent(
            event_id=UUID(int=number + 1 << 64),
            kind=chance.choice([EventKind.CLAIM, EventKind.PAYMENT]),
            at=START + moment,
            parties={
                Entity.CITIZEN: chance.choice("abcdefgh"),
                Entity.DEVICE: chance.choice("xyz"),
                Entity.STORE: chance.choice("st"),
            },
            amount_fen=chance.randrange(1_000),
            voucher_fen=chance.randrange(100),
        )
        for number, moment in enumerate(moments)
        if chance.random() > 0.02 or number == 0
    ]
