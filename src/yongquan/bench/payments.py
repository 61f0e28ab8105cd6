"""`yongquan bench payments`: payments with a voucher, charged at durable banks over TCP, against pgbench's TPC-B."""

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg
import uvloop
from psycopg.conninfo import conninfo_to_dict
from rich.console import Console

from yongquan.app import Platform, running
from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.scratch import books_hold, scratch, settle_down
from yongquan.bench.servers import server_process
from yongquan.bench.wrk import Load, require_wrk, run_wrk, write_payments_script
from yongquan.flows.claim_voucher import Claim
from yongquan.flows.follow_claims import follow_claims
from yongquan.plumbing.embedded import binaries
from yongquan.plumbing.settings import Settings
from yongquan.simulation.seeding import THRESHOLD_FEN, Seeder, Seeding

CONNECTIONS = 128
SECONDS = 8
TURNS = 3
CITIZENS = 60_000
STORES = 200
AMOUNT_FEN = 2 * THRESHOLD_FEN
CLAIMS_AT_ONCE = 1000
TPCB_SCALE, TPCB_CLIENTS = 50, 16

_OPEN = "select count(*) from payments.payment where state in ('charging', 'unknown')"
_WITH_VOUCHER = "select count(*), count(*) filter (where discount_fen > 0) from payments.payment"
_say = Console(stderr=True).print


def bench_payments() -> dict[str, Any]:
    """Measure and return the benchmark's document. Raises `BadInput` if wrk is missing."""
    require_wrk()
    with scratch(with_sandbox=True) as made:
        _say(f"{CITIZENS:,} citizens bind a card and claim a voucher ..")
        lines = uvloop.run(_seed(made.settings, made.conninfo))
        tpcb = _Tpcb(made.conninfo)
        settle_down(made.conninfo)
        fsync_us = measure_fsync_us(made.folder)
        figures = _measure(made.folder, lines, tpcb)
        return figures | _after(made.settings, made.conninfo) | {"fsync_us": fsync_us, "machine": describe_machine()}


async def _seed(settings: Settings, conninfo: str) -> Sequence[str]:
    async with running(settings, conninfo, cells=1) as platform:
        await platform.links.ready(timeout_s=30)
        seeder = Seeder(platform.sealing, platform.tokens, platform.links, 1, platform.clock.now())
        made: dict[str, Any] = await seeder.seed(platform.database, Seeding(CITIZENS, 1, CITIZENS, STORES))
        await claim_all(platform, made)
        while await follow_claims(platform.risk, limit=CLAIMS_AT_ONCE) is not None:
            pass  # what risk has to read of these claims is done before payments are measured
    stores = [row["store_id"] for row in made["stores"]]
    return [f"{row['token']} {row['instrument_id']} {stores[n % STORES]}" for n, row in enumerate(made["citizens"])]


async def claim_all(platform: Platform, made: dict[str, Any]) -> None:
    """Each seeded citizen takes a voucher of the first round."""
    offer = await platform.find_round(UUID(made["rounds"][0]["round_id"]).hex)
    if offer is None:
        raise LookupError("the round that was just published is not there")
    type_ = next(iter(offer.types.values()))
    people = [UUID(row["citizen_id"]).hex for row in made["citizens"]]
    for start in range(0, len(people), CLAIMS_AT_ONCE):
        some = people[start : start + CLAIMS_AT_ONCE]
        won = await asyncio.gather(
            *(platform.claims.claim(Claim(person, offer, type_, uuid4().hex, uuid4().hex)) for person in some)
        )
        if any(one.code != "claimed" for one in won):
            raise LookupError("a citizen got no voucher: the benchmark would measure something else")


def _measure(folder: Path, lines: Sequence[str], tpcb: "_Tpcb") -> dict[str, Any]:
    paid: list[Load] = []
    yardstick: list[float] = []
    share = len(lines) // (TURNS + 1)
    with server_process(folder, [sys.executable, "-m", "yongquan", "serve", "--no-sandbox"]) as url:
        _drive(folder, url, lines[:share], seconds=2)
        for turn in range(1, TURNS + 1):
            yardstick.append(tpcb.run())
            paid.append(_drive(folder, url, lines[turn * share : (turn + 1) * share], seconds=SECONDS))
            last = paid[-1]
            _say(f"TPC-B {yardstick[-1]:,.0f}/s, payments {last.per_s:,.0f}/s, p99 {last.p99_ms:.0f} ms")
            if last.refused:
                raise LookupError(f"{last.refused} payments were not answered with 201: nothing to publish")
    payments_per_s, tpcb_per_s = median(run.per_s for run in paid), median(yardstick)
    return {
        "payments_per_s": round(payments_per_s),
        "p50_ms": median(run.p50_ms for run in paid),
        "p99_ms": median(run.p99_ms for run in paid),
        "connections": CONNECTIONS,
        "tpcb_per_s": round(tpcb_per_s),
        "ratio_tpcb": round(payments_per_s / tpcb_per_s, 3),
    }


def _drive(folder: Path, url: str, lines: Sequence[str], *, seconds: int) -> Load:
    # The script's name is in its keys, so that no run repeats another's.
    name = f"load{time.monotonic_ns()}"
    orders, script = folder / f"{name}.txt", folder / f"{name}.lua"
    orders.write_text("\n".join(lines))
    write_payments_script(script, orders=orders, amount_fen=AMOUNT_FEN)
    return run_wrk(url, script, connections=CONNECTIONS, seconds=seconds)


def _after(settings: Settings, conninfo: str) -> dict[str, Any]:
    """What the runs left: how many payments, open outcomes, and whether the books hold."""

    async def look() -> dict[str, Any]:
        async with running(settings, conninfo, cells=1, background=True) as platform:
            async with platform.database.transaction() as connection:
                open_now = (await (await connection.execute(_OPEN)).fetchone() or (0,))[0]
                count, with_voucher = await (await connection.execute(_WITH_VOUCHER)).fetchone() or (0, 0)
            return {
                "payments": count,
                "with_voucher": with_voucher,
                "unknown": open_now,
                "ledger_balanced": await books_hold(platform),
            }

    return uvloop.run(look())


class _Tpcb:
    """pgbench's TPC-B on the same server, in a database of its own."""

    def __init__(self, conninfo: str) -> None:
        parts = conninfo_to_dict(conninfo)
        with psycopg.connect(conninfo, autocommit=True) as connection:
            connection.execute("create database tpcb")
        self._options = [
            *("-h", str(parts.get("host", "localhost")), "-p", str(parts.get("port", 5432))),
            *("-U", str(parts.get("user", "postgres"))),
        ]
        self._pgbench("-i", "-q", "-s", str(TPCB_SCALE))

    def run(self) -> float:
        """Transactions a second over one turn."""
        said = self._pgbench("-c", str(TPCB_CLIENTS), "-j", "2", "-T", str(SECONDS), "-n")
        found = re.search(r"tps = ([\d.]+)", said)
        if found is None:
            raise ValueError(f"pgbench said nothing of tps:\n{said}")
        return float(found.group(1))

    def _pgbench(self, *arguments: str) -> str:
        command = [str(binaries() / "pgbench"), *self._options, *arguments, "tpcb"]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603
