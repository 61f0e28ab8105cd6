"""Payments at banks that lose answers, are down, slow or answer twice: in the end nothing is unknown, and all agree."""

import asyncio
from pathlib import Path

from yongquan.bench.faults import try_faults
from yongquan.plumbing.settings import Settings
from yongquan.simulation.outside_world import outside_world

PAYMENTS = 2_000


def test_payments_under_faults_end_known_and_equal_to_the_banks(tmp_path: Path, fresh_database: str) -> None:
    settings = Settings(tmp_path, fresh_database, 1, tmp_path / "sandbox" / "sandbox.json")

    with outside_world(settings):
        trial = asyncio.run(try_faults(settings, fresh_database, PAYMENTS))

    assert sum(trial.states.values()) == PAYMENTS
    assert set(trial.states) <= {"succeeded", "failed"}
    assert trial.unknown_before > 0
    assert (trial.unknown, trial.unequal) == (0, 0)
    assert trial.reversals > 0
    assert trial.banks_balanced
    assert trial.ledger_balanced
    assert all(trial.dealt[fault] > 0 for fault in ("slow", "lost", "duplicated", "dropped"))
