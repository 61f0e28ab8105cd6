"""`yongquan bench claims`: durable claims over HTTP, against what the same machine and server can do otherwise."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Any

import psycopg
import uvloop
from rich.console import Console

from yongquan.app import running
from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.rivals import HOT_ROW
from yongquan.bench.scratch import scratch, settle_down
from yongquan.bench.servers import free_port, listens, server_process, wait_for
from yongquan.bench.wrk import Load, require_wrk, run_wrk, write_script
from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import Settings
from yongquan.simulation.seeding import Seeder, Seeding

CONNECTIONS = 256
SECONDS = 5
TURNS = 3
CITIZENS = 400_000
POOLS = (2, 4, 8, 16)

_COUNTS = """
select count(*), count(distinct citizen_id),
       (select sum(s.stock) from vouchers.stock s
          join vouchers.voucher_type t on t.type_id = s.type_id where t.round_id = %(round)s)
  from vouchers.voucher where round_id = %(round)s
"""
_say = Console(stderr=True).print


def bench_claims() -> dict[str, Any]:
    """Measure and return the benchmark's document. Raises `BadInput` if wrk is missing."""
    require_wrk()
    with scratch(with_sandbox=False) as made:
        with psycopg.connect(made.conninfo, autocommit=True) as connection:
            connection.execute(HOT_ROW)
        _say(f"registering {CITIZENS:,} citizens ..")
        seeded = uvloop.run(_seed(made.settings, made.conninfo))
        settle_down(made.conninfo)
        fsync_us = measure_fsync_us(made.folder)
        _say(f"one durable write takes {fsync_us:.0f} us here")
        return _measure(made.folder, made.conninfo, seeded) | {"fsync_us": fsync_us, "machine": describe_machine()}


async def _seed(settings: Settings, conninfo: str) -> dict[str, Any]:
    async with running(settings, conninfo, cells=1) as platform:
        seeder = Seeder(platform.sealing, platform.tokens, platform.links, 1, platform.clock.now())
        # A round for each run, each with stock above all requests.
        rounds = TURNS + 1 + len(POOLS) + TURNS + 1
        return await seeder.seed_claims(platform.database, Seeding(CITIZENS, rounds, CITIZENS, 0))


def _measure(folder: Path, conninfo: str, seeded: dict[str, Any]) -> dict[str, Any]:
    tokens = folder / "tokens.txt"
    tokens.write_text("\n".join(citizen["token"] for citizen in seeded["citizens"]))
    rounds = [row["round_id"] for row in seeded["rounds"]]
    no_op: list[Load] = []
    claims: list[Load] = []
    with server_process(folder, [sys.executable, "-m", "yongquan", "serve", "--no-sandbox"]) as url:
        _drive(folder, url, tokens, "/v1/no-op", seconds=1)
        _drive(folder, url, tokens, _claims_of(rounds[TURNS]), seconds=1)
        for round_id in rounds[:TURNS]:
            no_op.append(_drive(folder, url, tokens, "/v1/no-op"))
            claims.append(_drive(folder, url, tokens, _claims_of(round_id)))
            _say(f"no-op {no_op[-1].per_s:,.0f}/s, claims {claims[-1].per_s:,.0f}/s, p99 {claims[-1].p99_ms:.0f} ms")
    hot_row = _best_hot_row(folder, tokens, rounds[TURNS + 1 : -1])
    redis = _redis(folder, tokens, rounds[-1])
    claims_per_s, no_op_per_s = median(run.per_s for run in claims), median(run.per_s for run in no_op)
    return {
        "claims_per_s": round(claims_per_s),
        "p50_ms": median(run.p50_ms for run in claims),
        "p99_ms": median(run.p99_ms for run in claims),
        "connections": CONNECTIONS,
        "noop_per_s": round(no_op_per_s),
        "hot_row_per_s": round(hot_row),
        "redis_per_s": None if redis is None else round(redis),
        "ratio_noop": round(claims_per_s / no_op_per_s, 3),
        "ratio_hot_row": round(claims_per_s / hot_row, 2),
        "ratio_redis": None if redis is None else round(claims_per_s / redis, 3),
        **_faults(conninfo, {round_id: run.accepted for round_id, run in zip(rounds, claims, strict=False)}),
    }


def _best_hot_row(folder: Path, tokens: Path, rounds: list[str]) -> float:
    # The pool size that does best is found first, then measured as our own claims are: the median of as many turns.
    by_pool = {pool: _hot_row(folder, tokens, rounds.pop(), pool) for pool in POOLS}
    best = max(by_pool, key=lambda pool: by_pool[pool])
    return median(_hot_row(folder, tokens, rounds.pop(), best) for _ in range(TURNS))


def _hot_row(folder: Path, tokens: Path, round_id: str, pool: int) -> float:
    command = [sys.executable, "-m", "yongquan.bench.rivals", "hot_row", "{port}", str(pool), "0"]
    with server_process(folder, command) as url:
        load = _drive(folder, url, tokens, _claims_of(round_id), seconds=4)
    _say(f"one transaction a claim, {pool} connections: {load.per_s:,.0f}/s ({load.refused} refused)")
    return load.per_s


def _redis(folder: Path, tokens: Path, round_id: str) -> float | None:
    server = shutil.which("redis-server")
    if server is None:
        return None
    port = free_port()
    redis = subprocess.Popen(  # noqa: S603
        [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", "", "--appendonly", "yes"],
        stdout=subprocess.DEVNULL,
    )
    try:
        from redis import Redis  # noqa: PLC0415 - only where a Redis server is installed

        wait_for(lambda: listens(port))
        client = Redis(port=port)
        with server_process(
            folder, [sys.executable, "-m", "yongquan.bench.rivals", "redis", "{port}", "0", str(port)]
        ) as url:
            type_hex = _type_of(folder, round_id)
            client.set(f"stock:{type_hex}", CITIZENS)
            load = _drive(folder, url, tokens, _claims_of(round_id), seconds=4)
    finally:
        redis.terminate()
        redis.wait()
    _say(f"Redis with a Lua script (appendonly, everysec): {load.per_s:,.0f}/s ({load.refused} refused)")
    return load.per_s


def _type_of(folder: Path, round_id: str) -> str:
    settings = Settings(folder, None, 1, folder / "none.json")
    with database_of(settings) as conninfo, psycopg.connect(conninfo) as connection:
        row = connection.execute("select type_id from vouchers.voucher_type where round_id = %s", [round_id]).fetchone()
    return str(row[0].hex) if row else ""


def _faults(conninfo: str, acknowledged: Mapping[str, int]) -> dict[str, int]:
    found = {"oversold": 0, "duplicated": 0, "lost": 0}
    with psycopg.connect(conninfo) as connection:
        for round_id, accepted in acknowledged.items():
            row = connection.execute(_COUNTS, {"round": round_id}).fetchone()
            written, citizens, stock = (int(n) for n in row) if row else (0, 0, 0)
            found["oversold"] += max(written - stock, 0)
            found["duplicated"] += written - citizens
            found["lost"] += max(accepted - written, 0)
    return found


def _drive(folder: Path, url: str, tokens: Path, path: str, *, seconds: int = SECONDS) -> Load:
    # The script's name is in its keys, so that no run repeats another's.
    script = folder / f"load{time.monotonic_ns()}.lua"
    write_script(script, path=path, tokens=tokens)
    return run_wrk(url, script, connections=CONNECTIONS, seconds=seconds)


def _claims_of(round_id: str) -> str:
    return f"/v1/rounds/{round_id}/claims"
