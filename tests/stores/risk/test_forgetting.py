"""What no window reaches any more is deleted, and no answer changes by it."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
from rooms.risk.feature_worlds import START, all_features, brute_force, crowded_month

from yongquan.plumbing.db import Connection
from yongquan.risk.features.rolling_store import KEPT, close_hours, find_busy, forget, roll_busy
from yongquan.risk.features.store import read_features, record_events

AGO = timedelta(days=60)


async def rolled(connection: Connection, until: datetime) -> None:
    await close_hours(connection, 0, until=until)
    await find_busy(connection, 0, since=START - 2 * AGO, until=until, least=1)
    while await roll_busy(connection, 0):
        continue


async def count(connection: Connection, query: str, *values: object) -> int:
    row = await (await connection.execute(query.encode(), list(values))).fetchone()
    return int(row[0]) if row else 0


def test_what_no_window_reaches_is_deleted_and_every_feature_stays(module_database: str) -> None:
    month = crowded_month(3, count=120)
    before = [replace(one, event_id=UUID(int=one.event_id.int + (1 << 40)), at=one.at - AGO) for one in month]
    now = max(one.at for one in month)
    question = replace(month[-1], event_id=UUID(int=7), at=now)
    features = all_features()

    async def story(connection: Connection) -> None:
        for part in (before, month):  # an hour closes before the next month comes
            await record_events(connection, part)
            await rolled(connection, max(one.at for one in part))
        read = await read_features(connection, 0, question, features)
        old = "select count(*) from risk.event where at < %s"
        old_tiles = "select count(*) from risk.tile where starts < %s"
        reached, reached_tiles = now - KEPT, now - KEPT - timedelta(days=1)
        assert await count(connection, old, reached) > 0
        assert await count(connection, old_tiles, reached_tiles) > 0

        rounds = [await forget(connection, 0, now=now)]
        while rounds[-1]:
            rounds.append(await forget(connection, 0, now=now))

        assert await count(connection, old, reached) == 0
        assert await count(connection, old_tiles, reached_tiles) == 0
        kept = await count(connection, "select count(*) from risk.event")
        assert kept == len([one for one in month if one.at >= reached])
        assert await read_features(connection, 0, question, features) == read
        assert read == brute_force([*before, *month], question, features)

    async def run() -> None:
        connection = await psycopg.AsyncConnection.connect(module_database)
        try:
            await story(connection)
        finally:
            await connection.rollback()
            await connection.close()

    asyncio.run(run())
