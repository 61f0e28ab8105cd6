"""`yongquan bench risk`: verdicts by 200 rules over ten million past events, in process and over HTTP."""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import uvloop
from rich.console import Console

from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.risk_past import make_past, make_people, next_event, past_id
from yongquan.bench.risk_rules import RULES, book_text
from yongquan.bench.risk_served import measure_served, put_in_force
from yongquan.bench.wrk import require_wrk
from yongquan.flows.count_risk_events import roll_risk_events
from yongquan.flows.judge_event import Asked, Books, RiskDesk
from yongquan.kernel.ids import bucket_of
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.migrate import migrate
from yongquan.plumbing.settings import Settings
from yongquan.risk.events import EventKind
from yongquan.risk.features.wave_store import read_wave
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.judging import CompiledBook

PAST = (10_000, 1_000_000, 10_000_000)
READS = 500
DESKS_ASKED_BY = 32
STEADY_PER_S = 200  # payments that arrive by chance, none waiting for another
SECONDS = 8.0
_ONE_ROW = "select amount from risk.event where cell = 0 and event_id = %s"
_SIZES = """
select pg_total_relation_size('risk.event') / 1e9, (select count(*) from risk.busy), (select count(*) from risk.tile),
       (select count(*) from risk.met)
"""
_say = Console(stderr=True).print


def bench_risk() -> dict[str, Any]:
    """Measure and return the benchmark's document."""
    require_wrk()
    book = CompiledBook.of_text(book_text())
    with ExitStack() as around:
        folder = Path(around.enter_context(tempfile.TemporaryDirectory(prefix="yongquan-bench-")))
        settings = Settings(folder, None, 1, folder / "sandbox" / "sandbox.json")
        conninfo = around.enter_context(database_of(settings))
        migrate(conninfo, cells=1)
        reading: dict[str, Any] = {}
        figures: dict[str, Any] = {}
        with psycopg.connect(conninfo, autocommit=True) as connection:
            make_people(connection)
            for count in PAST:
                started = time.perf_counter()
                make_past(connection, count, now=datetime.now(UTC))
                rolled = uvloop.run(_roll(conninfo))
                connection.execute("analyze risk.tile, risk.met, risk.busy")
                connection.execute("checkpoint")
                made_s = round(time.perf_counter() - started)
                figures = uvloop.run(_measure(conninfo, book, count))
                reading[str(count)] = figures.pop("read") | {"made_s": made_s, "rolled": rolled}
                _say(f"{count:,} past events: {reading[str(count)]}, {figures}")
            _say("over HTTP ..")
            uvloop.run(put_in_force(conninfo, book_text()))
            served = measure_served(folder, conninfo, random.Random(8))  # noqa: S311
            row = connection.execute(_SIZES).fetchone() or (0, 0, 0, 0)
        sizes = {"events_gb": round(float(row[0]), 2), "busy": row[1], "tiles": row[2], "met": row[3]}
        fsync_us = measure_fsync_us(folder)
    return {
        **figures,
        "over_http": served,
        "rules": RULES,
        "features": len(book.features_for(EventKind.PAYMENT)),
        "past_events": PAST[-1],
        "reading_by_past_events": reading,
        "stored": sizes,
        "fsync_us": fsync_us,
        "machine": describe_machine(),
    }


async def _roll(conninfo: str) -> int:
    async with opened(conninfo) as database:
        return await roll_risk_events(database, cells=1, now=datetime.now(UTC))


async def _measure(conninfo: str, book: CompiledBook, past: int) -> dict[str, Any]:
    features = tuple(sorted(book.features_for(EventKind.PAYMENT), key=lambda feature: feature.name))
    chance = random.Random(7)  # noqa: S311 - which events are judged, not a secret
    async with opened(conninfo) as database:
        connection = await database.connect()
        async with connection:

            async def read() -> None:
                await read_wave(connection, 0, [next_event(chance, at=datetime.now(UTC))], features)

            async def read_one_row() -> None:
                await (await connection.execute(_ONE_ROW, [past_id(chance.randrange(past) + 1)])).fetchone()

            await _timed(read, READS // 5)
            reading = await _timed(read, READS)
            rows = await _timed(read_one_row, READS * 10)
        desk = RiskDesk(database, Clock(), ListBook(), Books(book), 1)
        try:
            await _judge(desk, chance, seconds=1.0)
            taken, seconds = await _judge(desk, chance, seconds=SECONDS)
            steady = await _judge_steadily(desk, chance, seconds=SECONDS)
        finally:
            await desk.close()
    decisions_per_s, rows_per_s = len(taken) / seconds, len(rows) / sum(rows)
    return {
        "decisions_per_s": round(decisions_per_s),
        "p50_ms": _ms(taken, 0.5),
        "p99_ms": _ms(taken, 0.99),
        "at_once": DESKS_ASKED_BY,
        "steady": {"arrive_per_s": STEADY_PER_S, "p50_ms": _ms(steady, 0.5), "p99_ms": _ms(steady, 0.99)},
        "row_reads_per_s": round(rows_per_s),
        "ratio_row_read": round(decisions_per_s / rows_per_s, 3),
        "read": {"p50_ms": _ms(reading, 0.5), "p99_ms": _ms(reading, 0.99)},
    }


async def _judge(desk: RiskDesk, chance: random.Random, *, seconds: float) -> tuple[list[float], float]:
    """Callers that ask for one verdict after another, each kept and its event counted; how long each took."""
    taken: list[float] = []
    started = time.perf_counter()

    async def ask() -> None:
        while time.perf_counter() < started + seconds:
            taken.append(await _ask(desk, chance))

    await asyncio.gather(*(ask() for _ in range(DESKS_ASKED_BY)))
    return taken, time.perf_counter() - started


async def _judge_steadily(desk: RiskDesk, chance: random.Random, *, seconds: float) -> list[float]:
    """Events that arrive at random moments, `STEADY_PER_S` a second; how long each waited for its verdict."""
    started = time.perf_counter()
    moment, asked = started, []
    while moment < started + seconds:
        moment += chance.expovariate(STEADY_PER_S)
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        asked.append(asyncio.create_task(_ask(desk, chance)))
    return list(await asyncio.gather(*asked))


async def _ask(desk: RiskDesk, chance: random.Random) -> float:
    begun = time.perf_counter()
    event = next_event(chance, at=desk.clock.now())
    await desk.judge(Asked(event=event, subject=event.event_id, bucket=bucket_of(event.event_id)))
    return time.perf_counter() - begun


async def _timed(work: Callable[[], Awaitable[None]], times: int) -> list[float]:
    taken: list[float] = []
    for _ in range(times):
        begun = time.perf_counter()
        await work()
        taken.append(time.perf_counter() - begun)
    return taken


def _ms(seconds: Sequence[float], share: float) -> float:
    return round(sorted(seconds)[int(len(seconds) * share)] * 1000, 2)
