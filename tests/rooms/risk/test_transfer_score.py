"""A transfer that an institution asks about, scored by a model file against the asker's own earlier ones."""

import csv
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from yongquan.risk.model.reading import read_events
from yongquan.risk.model.storing import save_model
from yongquan.risk.model.training import fit_model
from yongquan.risk.verification.scoring import load_score
from yongquan.risk.verification.store import Transfer

START = datetime(2026, 5, 1, tzinfo=UTC)


def _usual(dice: random.Random, n: int) -> Transfer:
    payer = dice.randrange(6)
    at = START + timedelta(hours=6 * n, minutes=dice.randrange(60))
    return Transfer(at, bytes([payer]), bytes([100 + payer]), bytes([200 + payer]), 5_000 + dice.randrange(2_000))


def _model_file(folder: Path) -> Path:
    """A model of unlabelled, ordinary transfers."""
    dice, file = random.Random(1), folder / "events.csv"
    with file.open("w", newline="") as out:
        rows = csv.writer(out)
        rows.writerow(("event_id", "at", "payer_id", "payee_id", "amount_fen", "device_id"))
        for n in range(400):
            one = _usual(dice, n)
            assert one.device is not None
            rows.writerow((n, one.at.isoformat(), one.payer.hex(), one.payee.hex(), one.amount_fen, one.device.hex()))
    save_model(fit_model(read_events(file)[0]), folder / "model.json")
    return folder / "model.json"


def test_a_transfer_unlike_all_before_scores_higher_than_a_usual_one(tmp_path: Path) -> None:
    score, dice = load_score(_model_file(tmp_path)), random.Random(2)
    past = [_usual(dice, n) for n in range(120)]
    usual = _usual(dice, 121)
    strange = Transfer(usual.at, b"\x00", b"new payee", b"new device", 40_000_000)

    said_usual, said_strange = score([*past, usual]), score([*past, strange])

    assert 0 <= said_usual < said_strange <= 1


def test_the_first_transfer_ever_asked_about_has_a_score(tmp_path: Path) -> None:
    score = load_score(_model_file(tmp_path))

    assert 0 <= score([_usual(random.Random(3), 0)]) <= 1
