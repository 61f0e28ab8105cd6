"""Anybody's file of events can be searched; bad rows are refused by line."""

import csv
import json
import sys
from pathlib import Path

import pytest

from yongquan.cli import main
from yongquan.kernel.errors import BadInput
from yongquan.risk.graph.reading import read_dealings

COLUMNS = ("event_id", "at", "payer_id", "payee_id", "amount_fen", "kind", "device_id", "voucher_fen", "licence")


def write(file: Path, rows: list[tuple[object, ...]]) -> Path:
    with file.open("w", newline="") as opened:
        csv.writer(opened).writerows([COLUMNS, *rows])
    return file


def ring() -> list[tuple[object, ...]]:
    """Eight accounts on two phones redeem every day at one shop."""
    return [
        (
            f"e{day}-{n}",
            f"2022-02-2{day + 1}T10:{n:02d}",
            f"a{n}",
            "shop",
            10_000 + n,
            "online",
            f"p{n % 2}",
            3_000,
            "L1",
        )
        for day in range(3)
        for n in range(8)
    ]


def test_a_ring_in_a_file_is_printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write(tmp_path / "events.csv", ring())
    monkeypatch.setattr(sys, "argv", ["yongquan", "risk", "gangs", "--events", str(file), "--json"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    (found,) = json.loads(capsys.readouterr().out)["findings"]
    assert found["kind"] == "scalper_ring"
    assert ["store", "shop"] in found["parties"]
    assert len(found["parties"]) == 9


def test_what_a_file_tells_of_shops_is_read(tmp_path: Path) -> None:
    dealings, shops = read_dealings(write(tmp_path / "events.csv", ring()))

    assert len(dealings) == 24
    assert [(shop.store, shop.licence) for shop in shops] == [("shop", "L1")]


def test_a_bad_number_is_refused_by_line(tmp_path: Path) -> None:
    rows = ring()
    rows[4] = (*rows[4][:7], "many", "L1")

    with pytest.raises(BadInput, match=r"line 6: voucher_fen 'many' is not a number"):
        read_dealings(write(tmp_path / "events.csv", rows))
