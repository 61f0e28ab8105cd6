"""`yongquan risk replay`: a day that equals the live one, and a verdict that was tampered with."""

import asyncio
import json
from pathlib import Path
from random import Random
from uuid import uuid4

import psycopg
import pytest
from typer.testing import CliRunner

from yongquan.cli import app
from yongquan.flows.judge_event import Asked, Books, RiskDesk
from yongquan.plumbing.clock import Clock, business_day, wall_now
from yongquan.plumbing.db import opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.in_force import shipped_book

EVENTS = 60


async def judge_some(conninfo: str) -> None:
    dice, people = Random(3), [fresh_id(n) for n in range(5)]
    async with opened(conninfo) as database:
        desk = RiskDesk(database, Clock(), ListBook(), Books(shipped_book()), 1)
        for _ in range(EVENTS // 6):
            events = [
                RiskEvent(
                    event_id=fresh_id(7),
                    kind=EventKind.PAYMENT,
                    at=desk.clock.now(),
                    parties={Entity.CITIZEN: str(dice.choice(people)), Entity.DEVICE: "d1", Entity.STORE: "s1"},
                    amount_fen=5_000,
                    voucher_fen=1_000,
                )
                for _ in range(6)
            ]
            await asyncio.gather(*(desk.judge(Asked(event=one, subject=uuid4(), bucket=7)) for one in events))
        await desk.close()


def test_a_day_equals_the_live_verdicts_and_a_tampered_one_is_told_with_exit_1(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("YONGQUAN_DATABASE_URL", fresh_database)
    monkeypatch.setenv("YONGQUAN_DATA_DIR", str(tmp_path))
    day = business_day(wall_now()).isoformat()
    asyncio.run(judge_some(fresh_database))

    equal = CliRunner().invoke(app, ["risk", "replay", "--day", day, "--json"])
    with psycopg.connect(fresh_database) as tampering:
        row = tampering.execute("select verdict_id from risk.verdict where action = 'allow' limit 1").fetchone()
        assert row is not None
        tampering.execute("update risk.verdict set action = 'refuse' where verdict_id = %s", [row[0]])
    tampered = CliRunner().invoke(app, ["risk", "replay", "--day", day, "--json"])
    said = CliRunner().invoke(app, ["risk", "replay", "--day", day])

    assert equal.exit_code == 0, equal.output
    told = json.loads(equal.stdout)
    assert (told["verdicts"], told["unjudged"], told["differing"], told["first"]) == (EVENTS, 0, 0, [])
    assert {"allow", "watch"} <= set(told["actions"])
    assert tampered.exit_code == said.exit_code == 1
    found = json.loads(tampered.stdout)
    assert found["differing"] >= 1
    assert {"verdict_id": str(row[0]), "what": "action", "live": "refuse", "replayed": "allow"} in found["first"]
    assert str(row[0]) in said.stdout
    assert "They differ." in said.stdout
