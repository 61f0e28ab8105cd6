"""All features of a file's events: one column each, named `subject.measure`, from the past only."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from yongquan.risk.model import habits, known, meetings, outside
from yongquan.risk.model.events import DAY_US, UNKNOWN, Column, Events, Ints, Singles
from yongquan.risk.model.timeline import Clock, Past, joined, past_of

KNOWN = "known."  # features made of labels; the blind model does without


@dataclass(frozen=True, slots=True)
class Plan:
    """What the features need to know of the file the model learned from; holds no event and no id of a party."""

    delay_us: int = 7 * DAY_US  # a label is known so long after its event
    base_rate: float = 0.01  # share of bad events among labelled ones
    kinds: tuple[str, ...] = ()
    scales: dict[str, tuple[float, float]] | None = None  # of each x_* column: median and spread
    deep: tuple[str, ...] = ()  # x_* columns that are also held against the past


@dataclass(frozen=True, slots=True)
class Table:
    """The features of all rows, in the order of `Events`."""

    names: tuple[str, ...]
    values: Singles  # rows x features; NaN is unknown
    known_labels: Ints  # how many labels could be known at each row

    def take(self, rows: Ints) -> "Table":
        """Some of the rows."""
        return Table(self.names, self.values[rows], self.known_labels[rows])

    def only(self, names: tuple[str, ...]) -> Singles:
        """These columns in this order; a name that the file cannot give is unknown throughout."""
        place = {name: at for at, name in enumerate(self.names)}
        chosen = np.full((len(self.values), len(names)), np.nan, np.float32)
        for at, name in enumerate(names):
            if name in place:
                chosen[:, at] = self.values[:, place[name]]
        return chosen


@dataclass(frozen=True, slots=True)
class Pasts:
    """The pasts that several families of features share."""

    clock: Clock
    payer: Past
    payee: Past
    pair: Past
    device: Past | None
    location: Past | None
    kind: Ints | None  # numbered as when the model learned


def build_features(events: Events, plan: Plan) -> Table:
    """Compute every feature the file allows. Whole columns at a time."""
    pasts = _look_back(events, plan)
    made = list(_columns(events, plan, pasts))
    values = np.empty((len(events), len(made)), np.float32)
    for at, (_, column) in enumerate(made):
        values[:, at] = column
    labels = known.count_known(events, plan.delay_us)
    return Table(tuple(name for name, _ in made), values, labels)


def _look_back(events: Events, plan: Plan) -> Pasts:
    clock = Clock(events.at_us)
    kind = None
    if events.kind is not None:
        numbers = {name: number for number, name in enumerate(plan.kinds)}
        kind = np.array([numbers.get(name, UNKNOWN) for name in events.kinds] + [UNKNOWN])[events.kind]
    return Pasts(
        clock=clock,
        payer=past_of(clock, events.payer),
        payee=past_of(clock, events.payee),
        pair=past_of(clock, joined(events.payer, events.payee)),
        device=None if events.device is None else past_of(clock, events.device),
        location=None if events.location is None else past_of(clock, events.location),
        kind=kind,
    )


def _columns(events: Events, plan: Plan, pasts: Pasts) -> Iterator[Column]:
    log_fen = habits.logged(events.amount_fen)
    yield from habits.of_event(events, log_fen)
    if pasts.kind is not None:
        yield "event.kind", np.where(pasts.kind < 0, np.nan, pasts.kind)
    yield from habits.of_party("payer", pasts.payer, events, log_fen)
    yield from habits.of_party("payee", pasts.payee, events, log_fen)
    yield from habits.of_pair(pasts.pair, pasts.payer, pasts.payee, log_fen)
    for name, past in (("device", pasts.device), ("location", pasts.location)):
        if past is not None:
            yield from habits.of_thing(name, past, log_fen)
    yield from meetings.of_parties(events, pasts.payer, pasts.payee)
    yield from meetings.of_things(events, pasts.clock, pasts.payer, pasts.payee)
    yield from meetings.of_flow(events, pasts.clock, log_fen)
    if events.kind is not None and pasts.kind is not None:
        yield from habits.of_kind(events, pasts.clock, pasts.kind, pasts.payer, log_fen)
    yield from outside.of_columns(events, plan.scales or {}, plan.deep, pasts.payer, pasts.payee)
    yield from known.of_labels(events, pasts.clock, pasts.kind, plan.delay_us, plan.base_rate)
