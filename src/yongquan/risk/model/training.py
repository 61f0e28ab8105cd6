"""Learning from labelled events: time-ordered, with later events as judge; or without labels, from rarity."""

from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.calibration import Calibration, fit_calibration
from yongquan.risk.model.drift import learn_bins
from yongquan.risk.model.events import DAY_US, UNKNOWN, Events, Flags, Floats, Ints
from yongquan.risk.model.features import KNOWN, Plan, Table, build_features
from yongquan.risk.model.fitted import Fitted, View, score_table, with_unusual
from yongquan.risk.model.line import fit_line, steady_names
from yongquan.risk.model.measuring import auc, figures
from yongquan.risk.model.outside import scale_of
from yongquan.risk.model.trees import Forest, Sample, Shape, grow
from yongquan.risk.model.unusual import Rarity, learn_rarity

ROWS_MOST: Final = 120_000  # good events beyond this are drawn by lot and weighted
GOOD_FOR_ONE_BAD: Final = 200
FEW_BAD: Final = 40  # fewer bad (or good) events than this cannot judge when to stop
DEEP_MOST: Final = 16
KINDS_MOST: Final = 200


@dataclass(frozen=True, slots=True)
class Slices:
    """Rows by time: to grow on, to judge when to stop, to calibrate with."""

    grow: Ints
    judge: Ints
    calibrate: Ints


def fit_model(events: Events, *, delay_days: int = 7, seed: int = 1, since_us: int | None = None) -> Fitted:
    """Learn from labelled events; others, and those before `since_us`, are history only.

    Raises `BadInput` for a file without events.
    """
    if not len(events):
        raise BadInput("there are no events to learn from")
    plan = make_plan(events, delay_days)
    table = build_features(events, plan)
    rarity = learn_rarity(table, _thinned(np.arange(len(events)), seed))
    label, is_guessed = _labels_or_guess(events.label)
    rows = np.flatnonzero((label >= 0) & (events.at_us >= (events.at_us[0] if since_us is None else since_us)))
    bad, good = int((label[rows] == 1).sum()), int((label[rows] == 0).sum())
    facts: dict[str, Any] = {**events.describe(), "delay_days": delay_days, "seed": seed}
    if not min(bad, good):
        said = "no event is labelled" if not len(rows) else f"all labels are {'1' if bad else '0'}"
        facts["how"] = f"{said}: scores say how unusual an event is, they are not probabilities"
        return _with_bins(Fitted("unusual", plan, {}, rarity, {}, facts), table)
    facts["how"] = "boosted trees on labelled events, calibrated on later ones"
    if is_guessed:
        facts["how"] += "; no event is labelled good, so unlabelled ones were taken as good"
    few = min(bad, good) < FEW_BAD
    if few:
        facts["how"] = f"only {min(bad, good)} events of one class: small trees beside rarity, roughly calibrated"
    learning = _Learning(events, table, label, rows, rarity, seed=seed, is_few=few)
    views = {"blind": learning.view(informed=False)}
    if (table.known_labels[rows] > 0).any():
        views["informed"] = learning.view(informed=True)
    facts["held_out"] = learning.held_out
    return _with_bins(Fitted("few" if few else "trees", plan, views, rarity, {}, facts), table)


def _with_bins(model: Fitted, table: Table) -> Fitted:
    scored = score_table(model, table)
    return replace(model, bins=learn_bins(scored.table, scored.score))


def make_plan(events: Events, delay_days: int) -> Plan:
    """What the features take from this file: kinds, the scales of its own columns, the share of bad events."""
    labelled = events.label >= 0
    bad, seen = int((events.label == 1).sum()), int(labelled.sum())
    kinds: tuple[str, ...] = ()
    if events.kind is not None:
        counts = np.bincount(events.kind[events.kind >= 0], minlength=len(events.kinds))
        usual = [int(at) for at in np.argsort(-counts, kind="stable")[:KINDS_MOST] if counts[at] >= 5]
        kinds = tuple(sorted(events.kinds[at] for at in usual))
    names = sorted(events.x, key=lambda name: -_tells(events.x[name], events.label, labelled))
    return Plan(
        delay_us=delay_days * DAY_US,
        base_rate=round((bad + 0.01) / (seen + 1.0), 9),
        kinds=kinds,
        scales={name: scale_of(events.x[name]) for name in names},
        deep=tuple(names[:DEEP_MOST]),
    )


def _tells(values: Floats, label: Ints, labelled: Flags) -> float:
    """How well a column alone tells bad from good."""
    rows = np.flatnonzero(labelled & ~np.isnan(values))
    rows = rows[:: max(1, len(rows) // 200_000)]
    found = auc(label[rows], values[rows])
    return 0.0 if np.isnan(found) else abs(found - 0.5)


def _labels_or_guess(label: Ints) -> tuple[Ints, bool]:
    """Where only bad events are labelled, the others are taken as good."""
    if (label == 1).any() and not (label == 0).any() and (label == UNKNOWN).any():
        return np.where(label == UNKNOWN, 0, label), True
    return label, False


def _thinned(rows: Ints, seed: int, most: int = ROWS_MOST) -> Ints:
    if len(rows) <= most:
        return rows
    return np.sort(np.random.default_rng(seed).choice(rows, most, replace=False))


class _Learning:
    """One file being learned from: the views share rows and slices."""

    def __init__(
        self, events: Events, table: Table, label: Ints, rows: Ints, rarity: Rarity, *, seed: int, is_few: bool
    ) -> None:
        self.table = with_unusual(table, rarity.margin(table))
        self._events, self._label, self._seed, self._is_few = events, label, seed, is_few
        self._rows, self._weight = self._drawn(rows)
        self._slices = self._cut()
        self.held_out: dict[str, Any] = {}

    def view(self, *, informed: bool) -> View:
        """Grow on the early slice, stop by the next, calibrate on the last, then grow once more on all."""
        names = self._varying(informed=informed)
        kind_at = names.index("event.kind") if "event.kind" in names else None
        values = self.table.only(names)
        texts, finals = [], []
        for number, shape in enumerate(self._shapes()):
            judge = None if self._is_few else self._sample(values, self._slices.judge)
            seed = self._seed + number
            text, rounds = grow(self._sample(values, self._slices.grow), shape, seed=seed, kind_at=kind_at, judge=judge)
            texts.append(text)
            whole = Shape(shape.leaves, shape.leaf_events, shape.rate, int(rounds * 1.1), shape.calm)
            finals.append(grow(self._sample(values, self._rows), whole, seed=seed, kind_at=kind_at)[0])
        line = None
        if self._is_few:
            steady = steady_names(self.table, informed=informed)
            line = fit_line(self.table, self._label, self._rows, names=steady, weight=self._weight)
        judged = View(names, Forest(tuple(texts)), Calibration(), line)
        return View(names, Forest(tuple(finals)), self._calibrate(judged, informed=informed), line)

    def _shapes(self) -> tuple[Shape, ...]:
        bad = int((self._label[self._rows] == 1).sum())
        if self._is_few:
            return tuple(Shape(4, max(2, min(10, bad // 3)), 0.05, 60, 1.0) for _ in range(3))
        leaf = int(np.clip(len(self._rows) // 1000, 10, 50))
        return Shape(6, leaf, 0.06), Shape(31, leaf, 0.04)

    def _drawn(self, rows: Ints) -> tuple[Ints, Floats]:
        """All bad events; of the good ones as many as are worth learning from, weighted for the rest."""
        bad, good = rows[self._label[rows] == 1], rows[self._label[rows] == 0]
        kept = _thinned(good, self._seed, max(20_000, min(ROWS_MOST, GOOD_FOR_ONE_BAD * len(bad))))
        weight = np.ones(len(self._label))
        weight[kept] = len(good) / max(len(kept), 1)
        return np.sort(np.concatenate([bad, kept])), weight

    def _cut(self) -> Slices:
        """Cut by time so that each slice has bad events: 70%, 15%, 15% of rows or else of bad events."""
        rows, at_us = self._rows, self._events.at_us
        if self._is_few:
            return Slices(rows, rows, rows)
        for basis in (rows, rows[self._label[rows] == 1]):
            first, second = (int(at_us[basis[int(len(basis) * share)]]) for share in (0.7, 0.85))
            parts = rows[at_us[rows] < first], rows[(at_us[rows] >= first) & (at_us[rows] < second)]
            slices = Slices(*parts, rows[at_us[rows] >= second])
            if all(self._has_both(part) for part in (slices.grow, slices.judge, slices.calibrate)):
                return slices
        shuffled = np.random.default_rng(self._seed).permutation(rows)
        first_cut, second_cut = int(len(rows) * 0.7), int(len(rows) * 0.85)
        return Slices(
            np.sort(shuffled[:first_cut]), np.sort(shuffled[first_cut:second_cut]), np.sort(shuffled[second_cut:])
        )

    def _has_both(self, rows: Ints) -> bool:
        bad = int((self._label[rows] == 1).sum())
        return bad >= 5 and len(rows) - bad >= 5

    def _varying(self, *, informed: bool) -> tuple[str, ...]:
        values = self.table.values[self._rows]
        with np.errstate(invalid="ignore"):
            low = np.nanmin(np.where(np.isnan(values), np.inf, values), axis=0)
            high = np.nanmax(np.where(np.isnan(values), -np.inf, values), axis=0)
        some_unknown = np.isnan(values).any(axis=0) & (low <= high)
        return tuple(
            name
            for name, varies in zip(self.table.names, (low < high) | some_unknown, strict=True)
            if varies and (informed or not name.startswith(KNOWN))
        )

    def _sample(self, values: Any, rows: Ints) -> Sample:
        return Sample(values[rows], self._label[rows], self._weight[rows])

    def _calibrate(self, view: View, *, informed: bool) -> Calibration:
        rows = self._slices.calibrate
        margin = view.margin(self.table.take(rows))
        if self._is_few:  # the trees have seen these rows, so that there is nothing to fit on
            return Calibration()
        found = fit_calibration(margin, self._label[rows], self._weight[rows])
        score = found.probability(margin)
        self.held_out["informed" if informed else "blind"] = figures(
            self._label[rows], score, self._events.at_us[rows], self._events.payer[rows]
        )
        return found
