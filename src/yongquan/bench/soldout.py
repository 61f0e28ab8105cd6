"""`yongquan bench soldout`: a round that is gone. How fast a no is said, and that winners still get their yes."""

import sys
from pathlib import Path
from statistics import median
from typing import Any, Final

import psycopg
import uvloop
from rich.console import Console

from yongquan.app import running
from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.scratch import scratch, settle_down
from yongquan.bench.servers import server_process
from yongquan.bench.wrk import Load, require_wrk, run_wrk, write_script
from yongquan.plumbing.settings import Settings
from yongquan.simulation.seeding import Seeder, Seeding

CONNECTIONS: Final = 256
SECONDS: Final = 5
TURNS: Final = 3
CITIZENS: Final = 400_000
STOCK: Final = 20_000

_VOUCHERS = "select count(*), count(distinct citizen_id) from vouchers.voucher"
_say = Console(stderr=True).print


def bench_soldout() -> dict[str, Any]:
    """Measure and return the benchmark's document. Raises `BadInput` if wrk is missing."""
    require_wrk()
    with scratch(with_sandbox=False) as made:
        _say(f"registering {CITIZENS:,} citizens, of whom {STOCK:,} can win ..")
        seeded = uvloop.run(_seed(made.settings, made.conninfo))
        settle_down(made.conninfo)
        figures = _measure(made.folder, seeded)
        with psycopg.connect(made.conninfo) as connection:
            row = connection.execute(_VOUCHERS).fetchone()
        written, winners = (int(n) for n in row) if row else (0, 0)
        return figures | {
            "oversold": max(written - STOCK, 0),
            "duplicated": written - winners,
            "fsync_us": measure_fsync_us(made.folder),
            "machine": describe_machine(),
        }


async def _seed(settings: Settings, conninfo: str) -> dict[str, Any]:
    async with running(settings, conninfo, cells=1) as platform:
        seeder = Seeder(platform.sealing, platform.tokens, platform.links, 1, platform.clock.now())
        return await seeder.seed_claims(platform.database, Seeding(CITIZENS, 1, STOCK, 0))


def _measure(folder: Path, seeded: dict[str, Any]) -> dict[str, Any]:
    tokens = folder / "tokens.txt"
    tokens.write_text("\n".join(citizen["token"] for citizen in seeded["citizens"]))
    path = f"/v1/rounds/{seeded['rounds'][0]['round_id']}/claims"
    no_op: list[Load] = []
    refusals: list[Load] = []
    with server_process(folder, [sys.executable, "-m", "yongquan", "serve", "--no-sandbox"]) as url:
        rush = _drive(folder, "rush", url, tokens, path)
        _say(f"{rush.accepted:,} of {rush.accepted + rush.refused:,} got a voucher; now it is gone")
        # The same requests with the same keys: each winner is told of the voucher again, nobody else gets one.
        again = _drive(folder, "rush", url, tokens, path)
        for turn in range(TURNS):
            no_op.append(_drive(folder, f"no-op-{turn}", url, tokens, "/v1/no-op"))
            refusals.append(_drive(folder, f"late-{turn}", url, tokens, path))
            _say(f"no-op {no_op[-1].per_s:,.0f}/s, sold out {refusals[-1].per_s:,.0f}/s")
    refusals_per_s, no_op_per_s = median(run.per_s for run in refusals), median(run.per_s for run in no_op)
    return {
        "refusals_per_s": round(refusals_per_s),
        "p50_ms": median(run.p50_ms for run in refusals),
        "p99_ms": median(run.p99_ms for run in refusals),
        "connections": CONNECTIONS,
        "noop_per_s": round(no_op_per_s),
        "ratio_noop": round(refusals_per_s / no_op_per_s, 3),
        "stock": STOCK,
        "claimed": rush.accepted,
        "winners_told_again": again.accepted,
        "late_winners": sum(run.accepted for run in refusals),
    }


def _drive(folder: Path, name: str, url: str, tokens: Path, path: str) -> Load:
    script = folder / f"{name}.lua"
    write_script(script, path=path, tokens=tokens)
    return run_wrk(url, script, connections=CONNECTIONS, seconds=SECONDS)
