"""A reader of the outbox misses nothing and reads nothing twice, whatever commits in between."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import chain
from uuid import UUID

import pytest
from psycopg import Rollback

from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.outbox import events_for, lag_s, read_events, register_reader, trim

NOW = datetime(2022, 2, 28, 2, tzinfo=UTC)


async def emit(connection: Connection, count: int = 1, *, at: datetime = NOW) -> list[UUID]:
    ids = [fresh_id() for _ in range(count)]
    await connection.execute(
        "select plumbing.emit(0, 'voucher.claimed', %s, %s, array_fill('{}'::jsonb, array[%s]), %s)",
        [ids, ids, count, at],
    )
    return ids


async def read_all(database: Database, reader: str = "lottery", *, limit: int = 1000) -> list[UUID]:
    read: list[UUID] = []
    while True:
        async with database.transaction() as connection:
            events = await read_events(connection, reader, limit=limit)
        if not events:
            return read
        read += [event.event_id for event in events]


async def begin(database: Database) -> None:
    async with database.transaction() as connection:
        await register_reader(connection, "lottery")


def test_events_are_read_once(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as connection:
            ids = await emit(connection, 3)

        assert sorted(await read_all(database)) == sorted(ids)
        assert await read_all(database) == []

    run(story)


def test_an_event_that_commits_late_is_not_missed(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as slow:
            late = await emit(slow)
            async with database.transaction() as quick:
                early = await emit(quick)
            before = await read_all(database)
        after = await read_all(database)

        assert before == []  # the quick one waits for the slow one that began earlier
        assert after == late + early

    run(story)


def test_a_transaction_is_never_split(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as connection:
            await emit(connection, 10)

        async with database.transaction() as connection:
            assert len(await read_events(connection, "lottery", limit=4)) == 10

    run(story)


def test_readers_at_work_together_share_the_events(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        ids: list[UUID] = []
        for _ in range(10):
            async with database.transaction() as connection:
                ids += await emit(connection, 3)

        parts = await asyncio.gather(*(read_all(database, limit=2) for _ in range(4)))

        assert sorted(chain.from_iterable(parts)) == sorted(ids)

    run(story)


def test_what_was_rolled_back_is_read_again(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as connection:
            ids = await emit(connection)

        async with database.transaction() as connection:
            assert await read_events(connection, "lottery")
            raise Rollback

        assert await read_all(database) == ids

    run(story)


def test_an_unknown_reader_is_a_mistake(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(KeyError):
            await read_all(database, "nobody")

    run(story)


def test_only_old_events_that_every_reader_has_read_are_trimmed(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as connection:
            await emit(connection, 2, at=NOW - timedelta(days=8))
            await emit(connection, 1, at=NOW)
        await read_all(database)

        async with database.transaction() as connection:
            assert await trim(connection, before=NOW - timedelta(days=7)) == 0  # webhooks and v3 have not read them
        for reader in ("webhooks", "v3", "merchant_notices"):
            await read_all(database, reader)
        async with database.transaction() as connection:
            assert await trim(connection, before=NOW - timedelta(days=7)) == 2

    run(story)


def test_lag_is_the_age_of_the_oldest_unread_event(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await begin(database)
        async with database.transaction() as connection:
            await emit(connection, at=datetime.now(UTC) - timedelta(minutes=2))

        async with database.transaction() as connection:
            assert 119 < await lag_s(connection, "lottery") < 180
        await read_all(database)
        async with database.transaction() as connection:
            assert await lag_s(connection, "lottery") == 0

    run(story)


def test_an_institution_fetches_its_events_in_the_order_of_transactions(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        ids = [fresh_id() for _ in range(4)]
        async with database.transaction() as connection:
            for id_, xid, name in zip(ids, ("9", "10", "11", "100"), ("a", "a", "b", "a"), strict=True):
                await connection.execute(
                    """insert into plumbing.outbox (cell, event_id, kind, subject, payload, happened_at, xid)
                       values (0, %s, 'k', %s, jsonb_build_object('institutions', array[%s]), now(), %s::xid8)""",
                    [id_, id_, name, xid],
                )

        fetched, cursor = [], ""
        async with database.transaction() as connection:
            for _ in range(4):
                events, cursor = await events_for(connection, "a", after=cursor, limit=2)
                fetched.append([event.event_id for event in events])

        assert fetched == [[ids[0], ids[1]], [ids[3]], [], []]

    run(story)
