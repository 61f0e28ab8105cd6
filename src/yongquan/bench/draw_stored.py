"""A million registrations in the database: the draw's own steps close the list, draw, keep the results, publish."""

import gzip
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import perf_counter
from uuid import UUID

import uvloop

from yongquan.bench.scratch import scratch
from yongquan.flows.announce_draw import KEY, SECRET
from yongquan.flows.draw_steps import DrawDesk, close_list, draw_lots, publish_result
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import Settings
from yongquan.vouchers import draw_store as store
from yongquan.vouchers.draw_file import read_draw_file
from yongquan.vouchers.draw_plan import DrawPlan, announcement_of, commitment_to
from yongquan.vouchers.draw_store import DrawRow
from yongquan.vouchers.draw_verification import verify
from yongquan.vouchers.model import DrawState

BEACON_VALUE = "03 08 14 21 27 33 + 09"
# The draw stands alone here: neither a campaign nor citizens are what is measured.
_ALONE = "set local session_replication_role = replica"
_REGISTER = """
insert into vouchers.registration (cell, draw_id, citizen_id, wishes, stratum, platform, registered_at, request_key,
                                   request_hash)
select 0, %(draw)s, gen_random_uuid(),
       decode(string_agg(lpad(to_hex((n + step * (1 + n %% 2)) %% %(categories)s), 2, '0'), '' order by step), 'hex'),
       n %% %(strata)s, 'yongquan', %(now)s, gen_random_uuid(), gen_random_uuid()
  from generate_series(0, %(many)s - 1) n, generate_series(0, %(wishes)s - 1) step group by n
"""


class _Standing(Clock):
    """A clock that stands where it was put."""

    def __init__(self, at: datetime) -> None:
        super().__init__()
        self.at = at

    def now(self) -> datetime:
        return self.at


def bench_stored(plan: DrawPlan, *, registrants: int) -> dict[str, object]:
    """Seconds of each step with the database, its commits included."""
    with scratch(with_sandbox=False) as made:
        return uvloop.run(_run(made.settings, made.conninfo, plan, registrants))


async def _run(settings: Settings, conninfo: str, plan: DrawPlan, registrants: int) -> dict[str, object]:
    async with opened(conninfo) as database:
        clock = _Standing(plan.closes_at)
        desk = DrawDesk(database, clock, Sealing(load_keys(settings.keys_dir)), 1)
        registered_s = await _register(desk, plan, registrants)
        _say(f"{registrants:,} registrations written: {registered_s:.1f} s")
        closed_s = await _timed(desk, plan, close_list)
        _say(f"list read, named, hashed and kept: {closed_s:.1f} s")
        await _enter_beacon(desk, plan)
        drawn_s = await _timed(desk, plan, draw_lots)
        _say(f"drawn, and what came of it written for each registrant: {drawn_s:.1f} s")
        published_s = await _timed(desk, plan, publish_result)
        _say(f"result written, packed and kept: {published_s:.1f} s")
        started = perf_counter()
        found, is_whole = await _verify(database, plan)
        verified_s = perf_counter() - started
        _say(f"read back, verified and compared with the tables: {verified_s:.1f} s")
    return {
        "stored_register_s": round(registered_s, 1),
        "stored_close_s": round(closed_s, 1),
        "stored_draw_s": round(drawn_s, 1),
        "stored_publish_s": round(published_s, 1),
        "stored_verify_s": round(verified_s, 1),
        "stored_winners": found,
        "stored_verified": is_whole,
    }


async def _register(desk: DrawDesk, plan: DrawPlan, registrants: int) -> float:
    announcement, secret, key = announcement_of(plan), os.urandom(32), os.urandom(32)
    opens_at = plan.closes_at - timedelta(days=1)
    row = DrawRow(
        draw_id=plan.draw_id,
        round_id=UUID(int=2),
        state=DrawState.OPEN,
        opens_at=opens_at,
        closes_at=plan.closes_at,
        beacon_at=plan.beacon.at,
        reveal_by=plan.reveal_by,
        announcement=announcement,
        commitment=commitment_to(announcement, secret),
        announced_at=opens_at,
        secret_sealed=desk.sealing.seal(secret.hex(), what=SECRET),
        key_sealed=desk.sealing.seal(key.hex(), what=KEY),
    )
    facts = {
        "draw": plan.draw_id,
        "categories": len(plan.categories),
        "strata": len(plan.strata),
        "wishes": plan.wishes_max,
        "many": registrants,
        "now": opens_at,
    }
    started = perf_counter()
    async with desk.database.transaction() as connection:
        await connection.execute(_ALONE)
        await store.save_draw(connection, row)
        await store.move_draw(connection, plan.draw_id, DrawState.OPEN)
        await connection.execute(_REGISTER, facts)
    written_s = perf_counter() - started
    async with desk.database.transaction() as connection:
        await connection.execute("analyze vouchers.registration")
    return written_s


async def _enter_beacon(desk: DrawDesk, plan: DrawPlan) -> None:
    async with desk.database.transaction() as connection:
        facts = {"beacon_value": BEACON_VALUE, "beacon_by": "bench", "beacon_entered_at": plan.beacon.at}
        await store.move_draw(connection, plan.draw_id, DrawState.BEACON_ENTERED, **facts)


async def _timed(desk: DrawDesk, plan: DrawPlan, step: Callable[[DrawDesk, UUID], Awaitable[str]]) -> float:
    started = perf_counter()
    waits_for = await step(desk, plan.draw_id)
    if waits_for:
        raise RuntimeError(f"the draw waits for {waits_for}")
    return perf_counter() - started


async def _verify(database: Database, plan: DrawPlan) -> tuple[int, bool]:
    """Winners by the file, and whether file and tables say the same."""
    async with database.transaction() as connection:
        zipped = await store.document_of(connection, plan.draw_id, "result")
        counted = await connection.execute("select count(*) from vouchers.registration where won > 0")
        stored = await counted.fetchone()
        found = await store.draw_of(connection, plan.draw_id)
    verdict = verify(read_draw_file(gzip.decompress(zipped or b"")))
    same = found is not None and found.winners == verdict.winners and stored is not None and stored[0] > 0
    return verdict.winners, same and verdict.difference is None


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
