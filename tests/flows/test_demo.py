"""The demo's report holds, and the same seed gives the same counts."""

import json
import subprocess
import sys
from typing import Any

KEYS = {
    *("campaign", "rounds", "redemption_rate", "pull_ratio", "effect", "payments", "settlement", "risk", "ledger"),
    "seconds",
}


def demo() -> dict[str, Any]:
    done = subprocess.run(
        [sys.executable, "-m", "yongquan", "demo", "--once", "--json", "--scale", "0.001"],
        check=True,
        capture_output=True,
        text=True,
        timeout=240,
    )
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def test_two_runs_of_a_seed_give_the_same_report() -> None:
    first, second = demo(), demo()

    assert set(first) == KEYS
    assert first.pop("seconds")["total"] > 0
    second.pop("seconds")
    assert first == second
    assert first["ledger"]["balanced"] is True
    assert first["payments"]["count"] > 150
    paid = sum(first["payments"]["by_funder"].values())
    assert paid == first["payments"]["amount_fen"]
    assert 0 < first["settlement"]["paid_fen"] < paid
    assert sum(r["claimed"] for r in first["rounds"]) == sum(r["redeemed"] + r["expired"] for r in first["rounds"])
