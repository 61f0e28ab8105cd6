"""How fast claims are judged after their commit, alone and in turns: `python bench/follow_claims.py`. Prints JSON."""

import asyncio
import json
import sys
import time
from typing import Any
from uuid import UUID, uuid4

import uvloop

from yongquan.app import Platform, running
from yongquan.bench.scratch import scratch, settle_down
from yongquan.flows.claim_voucher import Claim
from yongquan.flows.follow_claims import ClaimFollower, follow_claims
from yongquan.flows.judge_event import Asked
from yongquan.kernel.ids import bucket_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.simulation.seeding import Seeder, Seeding

CITIZENS = 20_000
SIZES = (32, 64, 128)
SECONDS = 5
EACH = 5_000  # claims at each size


def percentile(values: list[float], part: int) -> float:
    """What so many of 100 stay below, in ms."""
    return round(sorted(values)[len(values) * part // 100] * 1000, 1)


async def follow_at(platform: Platform, size: int) -> dict[str, Any]:
    """Judge about `EACH` of the waiting claims, so many a step."""
    seconds: list[float] = []
    judged = 0
    while judged < EACH:
        started = time.perf_counter()
        some = await follow_claims(platform.risk, limit=size)
        seconds.append(time.perf_counter() - started)
        if not some:
            break
        judged += some
    figures = {"step_p50_ms": percentile(seconds, 50), "step_p99_ms": percentile(seconds, 99)}
    return {"a_step": round(judged / len(seconds), 1), "per_s": round(judged / sum(seconds))} | figures


async def measure(settings: Any, conninfo: str) -> dict[str, Any]:
    """Claims are taken first, then judged with nothing beside."""
    async with running(settings, conninfo, cells=1) as platform:
        seeder = Seeder(platform.sealing, platform.tokens, platform.links, 1, platform.clock.now())
        seeded: Any = await seeder.seed_claims(platform.database, Seeding(CITIZENS, 2, CITIZENS, 0))
        async with platform.database.transaction() as connection:
            rows = await (await connection.execute("select citizen_id from citizens.citizen")).fetchall()
        settle_down(conninfo)
        for row in seeded["rounds"]:
            await take(platform, UUID(row["round_id"]), [citizen_id.hex for (citizen_id,) in rows])
        found = {str(size): await follow_at(platform, size) for size in SIZES}
        citizens = [citizen_id for (citizen_id,) in rows]
        without = await payments(platform, citizens)
        beside = asyncio.create_task(follow(platform))
        await asyncio.sleep(0.1)
        with_it = await payments(platform, citizens)
        return {"alone": found, "in_turns_per_s": await beside, "payments": without, "payments_beside": with_it}


async def follow(platform: Platform) -> int:
    """Follow claims at the pace of the background; how many a second."""
    follower = ClaimFollower(platform.risk)
    started, judged = time.perf_counter(), 0
    while time.perf_counter() - started < SECONDS:
        judged += await follower.sweep()
    return round(judged / (time.perf_counter() - started))


async def payments(platform: Platform, citizens: list[UUID]) -> dict[str, float]:
    """How long payments, fifty a second, wait for their verdicts."""
    waited: list[float] = []
    ends = time.perf_counter() + SECONDS - 0.5

    async def one(citizen_id: UUID) -> None:
        event = RiskEvent(
            event_id=fresh_id(bucket_of(citizen_id)),
            kind=EventKind.PAYMENT,
            at=platform.clock.now(),
            parties={Entity.CITIZEN: str(citizen_id), Entity.STORE: f"store-{citizen_id.int % 200}"},
            amount_fen=5_000,
            voucher_fen=500,
        )
        asked = Asked(event=event, subject=uuid4(), bucket=bucket_of(citizen_id), is_committed_after=True)
        started = time.perf_counter()
        await platform.risk.judge(asked)
        waited.append(time.perf_counter() - started)

    async with asyncio.TaskGroup() as group:
        for citizen_id in citizens:
            if time.perf_counter() > ends:
                break
            group.create_task(one(citizen_id))
            await asyncio.sleep(0.02)
    return {"p50_ms": percentile(waited, 50), "p99_ms": percentile(waited, 99)}


async def take(platform: Platform, round_id: UUID, citizens: list[str]) -> None:
    """Every citizen claims once, 64 a commit as in a rush."""
    offer = await platform.find_round(round_id.hex)
    if offer is None:
        raise LookupError(round_id)
    (type_,) = offer.types.values()
    connection = await platform.database.connect()
    async with connection:
        for n in range(0, len(citizens), 64):
            claims = [Claim(one, offer, type_, uuid4().hex, uuid4().hex) for one in citizens[n : n + 64]]
            async with connection.transaction():
                await platform.claims.take(connection, 0, claims)


def main() -> None:
    """Measure and print."""
    with scratch(with_sandbox=False) as made:
        json.dump(uvloop.run(measure(made.settings, made.conninfo)), sys.stdout, indent=1)


if __name__ == "__main__":
    main()
