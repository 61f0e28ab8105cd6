"""The event model: what it sees, what it refuses to see, and how well it ranks events it has never met."""

import csv
import json
import random
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

from event_worlds import Row, World, write_events

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.comparing import compare_scores
from yongquan.risk.model.drift import drift_report
from yongquan.risk.model.events import Events
from yongquan.risk.model.fitted import Fitted, score_events
from yongquan.risk.model.measuring import auc, average_precision
from yongquan.risk.model.reading import read_events
from yongquan.risk.model.reasons import explain
from yongquan.risk.model.storing import load_model, save_model
from yongquan.risk.model.training import fit_model

BARE = ("event_id", "at", "payer_id", "payee_id", "amount_fen", "label")


def _world(seed: int) -> list[Row]:
    world = World(seed=seed, payers=60, payees=30, days=40, per_day=0.8)
    world.take_over(10)
    world.mules(3)
    world.bad_merchants(1)
    return world.in_order()


def _events(folder: Path, rows: list[Row], columns: tuple[str, ...] | None = None) -> Events:
    return read_events(write_events(folder / "events.csv", rows, columns))[0]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Fitted:
    return fit_model(_events(tmp_path_factory.mktemp("fit"), _world(1)))


@pytest.mark.parametrize("columns", [None, BARE])
def test_frauds_of_another_city_rank_high(tmp_path: Path, model: Fitted, columns: tuple[str, ...] | None) -> None:
    rows = _world(2)
    learned = model if columns is None else fit_model(_events(tmp_path, _world(1), columns))
    events = _events(tmp_path, rows, columns)

    found = score_events(learned, events)

    assert auc(events.label, found.score) > 0.95
    assert average_precision(events.label, found.score) > 0.75
    assert average_precision(events.label, found.score) > 2 * average_precision(events.label, events.amount_fen * 1.0)


def test_every_prefix_scores_as_the_whole_file_does(tmp_path: Path, model: Fitted) -> None:
    rows = _world(3)
    rows[201]["at"] = rows[200]["at"]
    whole = _scores(model, tmp_path, rows)

    for length in (1, 2, 57, 201, 202, 700, 1500):
        part = _scores(model, tmp_path, rows[:length])

        assert part == {row["event_id"]: whole[str(row["event_id"])] for row in rows[:length]}


def test_the_order_of_rows_changes_no_score(tmp_path: Path, model: Fitted) -> None:
    rows = _world(3)[:800]
    rows[301]["at"] = rows[300]["at"]
    shuffled = random.Random(5).sample(rows, len(rows))

    assert _scores(model, tmp_path, shuffled) == _scores(model, tmp_path, rows)


def test_labels_count_only_after_their_delay(tmp_path: Path, model: Fitted) -> None:
    rows = _world(4)
    early = [{**row, "label": 1} if str(row["at"]) < "2026-03-10" else row for row in rows]
    late = [{**row, "label": 1} if str(row["at"]) > "2026-04-03" else row for row in rows]  # less than a week is left

    plain = _scores(model, tmp_path, rows)

    assert _scores(model, tmp_path, late) == plain
    assert _scores(model, tmp_path, early) != plain


def test_a_file_without_labels_is_scored_by_what_is_unusual(tmp_path: Path) -> None:
    rows = _world(5)
    unlabelled = [{**row, "label": ""} for row in rows]

    learned = fit_model(_events(tmp_path, unlabelled))
    found = score_events(learned, _events(tmp_path, rows))

    assert learned.mode == "unusual"
    assert "not probabilities" in learned.facts["how"]
    assert auc(_events(tmp_path, rows).label, found.score) > 0.7
    assert explain(learned, found, np.array([len(rows) - 1])) is not None


@pytest.mark.parametrize(("label", "mode"), [(0, "unusual"), (1, "unusual")])
def test_one_class_only_still_gives_a_model(tmp_path: Path, label: int, mode: str) -> None:
    rows = [{**row, "label": label} for row in _world(5)[:200]]

    assert fit_model(_events(tmp_path, rows)).mode == mode


def test_a_handful_of_labels_does_not_break_the_ranking(tmp_path: Path) -> None:
    world = World(seed=7, payers=40, payees=20, days=30, per_day=0.5)
    world.take_over(3)
    rows = world.in_order()

    learned = fit_model(_events(tmp_path, rows))
    other = _events(tmp_path, _world(8))

    assert learned.mode == "few"
    assert auc(other.label, score_events(learned, other).score) > 0.7


def test_the_model_file_is_the_same_again_and_refuses_changes(tmp_path: Path, model: Fitted) -> None:
    events = _events(tmp_path, _world(6)[:400])
    file = tmp_path / "model.json"

    first = save_model(model, file)
    again = load_model(file)

    assert save_model(again, tmp_path / "again.json") == first
    assert score_events(again, events).score.tolist() == score_events(model, events).score.tolist()
    content = json.loads(file.read_text())
    file.write_text(json.dumps({**content, "mode": "few"}))
    with pytest.raises(BadInput, match="was changed"):
        load_model(file)


def test_reasons_speak_both_languages(tmp_path: Path, model: Fitted) -> None:
    events = _events(tmp_path, _world(6))
    found = score_events(model, events)
    worst = np.argsort(-found.score)[:3]

    reasons = explain(model, found, worst)

    assert all(1 <= len(one) <= 3 for one in reasons)
    assert all(reason.adds > 0 and reason.chinese != reason.english for one in reasons for reason in one)


def test_drift_is_told_and_a_better_challenger_wins(tmp_path: Path, model: Fitted) -> None:
    rows = _world(6)
    dear = [{**row, "amount_fen": int(str(row["amount_fen"])) * 40} for row in rows]
    events = _events(tmp_path, rows)
    steady, moved = score_events(model, events), score_events(model, _events(tmp_path, dear))

    amounts = [
        {one["feature"]: one["psi"] for one in drift_report(model, scored, scored.score)["features"]}["event.amount"]
        for scored in (steady, moved)
    ]
    verdict = compare_scores(events, events.amount_fen / 1e15, steady.score)

    assert amounts[1] > 1 > amounts[0]
    assert verdict["difference"]["better"] == "challenger"


def test_the_commands_fit_and_score_and_refuse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from yongquan.cli import main

    rows = _world(9)[:600]
    events, model, out = write_events(tmp_path / "e.csv", rows), tmp_path / "m.json", tmp_path / "s.csv"
    bad = write_events(tmp_path / "bad.csv", [*rows[:3], {**rows[3], "amount_fen": "much"}])

    assert _run(main, monkeypatch, "risk", "fit", str(events), "--model", str(model)) == 0
    assert _run(main, monkeypatch, "risk", "score", str(events), "--model", str(model), "--out", str(out)) == 0
    assert _run(main, monkeypatch, "risk", "score", str(bad), "--model", str(model), "--out", str(out)) == 2
    with out.open() as opened:
        written = list(csv.DictReader(opened))

    assert [row["event_id"] for row in written] == [row["event_id"] for row in rows]
    assert all(0 <= float(row["score"]) <= 1 for row in written)


def _run(main: object, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(sys, "argv", ["yongquan", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()  # type: ignore[operator]
    return int(ended.value.code or 0)


def _scores(model: Fitted, folder: Path, rows: list[Row]) -> dict[str, float]:
    events = _events(folder, rows)
    return dict(zip(events.event_id, score_events(model, events).score.tolist(), strict=True))
