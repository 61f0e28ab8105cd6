"""`yongquan bench model --data EVENTS`: the event model beside published figures, by their protocol.

The file is the simulated card data of Le Borgne et al., *Reproducible Machine Learning for Credit Card Fraud
Detection: Practical Handbook*, in the columns of `yongquan risk fit`. It is not shipped.
"""

import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from yongquan.bench.machine import describe_machine
from yongquan.kernel.errors import BadInput
from yongquan.risk.model.calibration import Calibration
from yongquan.risk.model.events import SHANGHAI_US, Events, Flags, Floats, Ints
from yongquan.risk.model.features import Plan, build_features
from yongquan.risk.model.fitted import score_events
from yongquan.risk.model.line import SIMPLE, fit_line
from yongquan.risk.model.measuring import figures
from yongquan.risk.model.reading import read_events
from yongquan.risk.model.training import fit_model

DAY = timedelta(days=1)
LEARN_FROM = datetime(2018, 7, 25, tzinfo=UTC)
LEARN_UNTIL = LEARN_FROM + 7 * DAY
TEST_FROM = LEARN_UNTIL + 7 * DAY
TEST_DAYS = 7
PUBLISHED = {
    "xgboost": {"auc": 0.862, "average_precision": 0.639, "card_precision_100": 0.273},
    "random_forest": {"auc": 0.867, "average_precision": 0.658, "card_precision_100": 0.287},
    "logistic_regression": {"auc": 0.871, "average_precision": 0.606, "card_precision_100": 0.291},
    "tuned": {"auc": 0.87, "average_precision": 0.68, "card_precision_100": 0.30},
}
HOW = (
    "learn from seven days from 2018-07-25, skip seven, test on seven without the customers known as compromised by "
    "then; features from the past only, labels known after seven days; 'all_history' learns from every event "
    "before 2018-08-01 instead of the last seven days"
)


def bench_model(file: Path | None = None) -> dict[str, Any]:
    """AUC, average precision and card precision at 100 of the model and of simple baselines."""
    if file is None:
        raise BadInput("bench model needs the events: --data handbook_events.parquet (docs/risk-model.md)")
    events, _ = read_events(file)
    learned, test = events.at_us < _us(LEARN_UNTIL), _test_rows(events)
    if not test.any() or not learned.any():
        raise BadInput(f"{file}: has no events in the protocol's days, 2018-07-25 to 2018-08-14")
    before = _upto(events, learned)
    found = {}
    seconds: dict[str, float] = {}
    for name, since in (("published_protocol", _us(LEARN_FROM)), ("all_history", None)):
        started = perf_counter()
        model = fit_model(before, since_us=since)
        seconds[f"fit_{name}"] = round(perf_counter() - started, 1)
        started = perf_counter()
        found[name] = _figures(events, test, score_events(model, events).score)
        seconds[f"score_{name}"] = round(perf_counter() - started, 1)
        sys.stderr.write(f"{name}: {found[name]}\n")
    table = build_features(events, Plan())
    rows = np.flatnonzero(learned & (events.at_us >= _us(LEARN_FROM)))
    baselines = {
        "amount_only": _figures(events, test, events.amount_fen / (events.amount_fen.max() + 1.0)),
        "logistic_regression": _figures(
            events, test, Calibration().probability(fit_line(table, events.label, rows, names=SIMPLE).margin(table))
        ),
    }
    return {
        **found,
        "baselines": baselines,
        "published": PUBLISHED,
        "events": len(events),
        "seconds": seconds,
        "how": HOW,
        "machine": describe_machine(),
    }


def _figures(events: Events, test: Flags, score: Floats) -> dict[str, Any]:
    return figures(events.label[test], score[test], events.at_us[test], events.payer[test])


def _us(moment: datetime) -> int:
    """The file's wall-clock time, read as Shanghai's."""
    return int(moment.timestamp()) * 1_000_000 - SHANGHAI_US


def _test_rows(events: Events) -> Flags:
    """The test days without customers known as compromised: those of the learning days, and of each day as known."""
    chosen = np.zeros(len(events), bool)
    for day in range(TEST_DAYS):
        begins, known_until = _us(TEST_FROM + day * DAY), _us(LEARN_UNTIL + day * DAY)
        known = events.payer[(events.label == 1) & _between(events.at_us, _us(LEARN_FROM), known_until)]
        chosen |= _between(events.at_us, begins, begins + 86_400_000_000) & ~np.isin(events.payer, known)
    return chosen


def _between(at_us: Ints, begins: int, ends: int) -> Flags:
    return (at_us >= begins) & (at_us < ends)


def _upto(events: Events, rows: Flags) -> Events:
    """Only these rows; they come first, since events are in the order of time."""
    end = int(rows.sum())
    return replace(
        events,
        position=events.position[:end],
        event_id=events.event_id[:end],
        at_us=events.at_us[:end],
        payer=events.payer[:end],
        payee=events.payee[:end],
        amount_fen=events.amount_fen[:end],
        label=events.label[:end],
        location=None if events.location is None else events.location[:end],
        device=None if events.device is None else events.device[:end],
        kind=None if events.kind is None else events.kind[:end],
        x={name: values[:end] for name, values in events.x.items()},
    )
