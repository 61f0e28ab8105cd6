"""The batcher on a real PostgreSQL: nobody is stranded, a bad item fails alone, an outage is told and survived."""

import asyncio
from collections.abc import Sequence

import psycopg
import pytest

from yongquan.kernel.errors import Outage
from yongquan.plumbing.batcher import Batcher, BatchKind, QueueFull
from yongquan.plumbing.db import Connection, Database, opened

Pair = tuple[str, int]


async def double(connection: Connection, items: Sequence[Pair]) -> Sequence[int]:
    """One SQL call for all; a zero is a bug that PostgreSQL finds."""
    cursor = await connection.execute(
        "select 2 * n / (n / n) from unnest(%s::int[]) with ordinality as u(n, ord) order by ord",
        [[n for _, n in items]],
    )
    return [row[0] for row in await cursor.fetchall()]


def batcher(database: Database, *, drains: int = 1, waiting_max: int = 1000) -> Batcher[Pair, int]:
    kind = BatchKind("double", double, lambda pair: pair[0], limit=7, waiting_max=waiting_max)
    return Batcher(database, kind, drains=drains)


@pytest.mark.parametrize("drains", [1, 2, 3])
def test_every_item_is_answered_however_they_arrive(fresh_database: str, drains: int) -> None:
    async def scene() -> None:
        async with opened(fresh_database) as database:
            line = batcher(database, drains=drains)

            async def caller(number: int) -> None:
                for n in range(1, 30):
                    assert await line.submit((f"s{number % 5}", n)) == 2 * n
                    await asyncio.sleep(0 if number % 2 else 0.001)

            await asyncio.wait_for(asyncio.gather(*(caller(number) for number in range(20))), 30)
            await line.close()

    asyncio.run(scene())


def test_one_bad_item_cannot_fail_its_batch_mates(fresh_database: str) -> None:
    async def scene() -> None:
        async with opened(fresh_database) as database:
            line = batcher(database)

            outcomes = await asyncio.gather(*(line.submit((str(n), n)) for n in (1, 0, 2, 3)), return_exceptions=True)
            await line.close()

            assert [outcomes[0], *outcomes[2:]] == [2, 4, 6]
            assert isinstance(outcomes[1], psycopg.errors.DivisionByZero)

    asyncio.run(scene())


def test_items_of_one_subject_never_share_a_batch(fresh_database: str) -> None:
    async def scene() -> None:
        sizes: list[int] = []

        async def count(_: Connection, items: Sequence[Pair]) -> Sequence[int]:
            sizes.append(len(items))
            assert len({subject for subject, _ in items}) == len(items)
            return [0] * len(items)

        async with opened(fresh_database) as database:
            line = Batcher(database, BatchKind("count", count, lambda pair: pair[0]))
            await asyncio.gather(*(line.submit(("same", n)) for n in range(5)), line.submit(("other", 1)))
            await line.close()

        assert sizes == [2, 1, 1, 1, 1]

    asyncio.run(scene())


def test_a_lost_connection_is_an_outage_and_the_next_item_works(fresh_database: str) -> None:
    async def scene() -> None:
        async with opened(fresh_database) as database:
            line = batcher(database)
            await line.submit(("a", 1))
            async with database.transaction() as admin:
                await admin.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity "
                    "where datname = current_database() and pid <> pg_backend_pid() and state = 'idle'"
                )

            with pytest.raises(Outage):
                await line.submit(("a", 2))
            assert await line.submit(("a", 3)) == 6
            await line.close()

    asyncio.run(scene())


def test_a_full_queue_refuses_and_a_closing_one_finishes_what_waits(fresh_database: str) -> None:
    async def scene() -> None:
        async with opened(fresh_database) as database:
            line = batcher(database, waiting_max=3)
            waiting = [asyncio.create_task(line.submit((str(n), n))) for n in range(1, 4)]
            await asyncio.sleep(0)

            with pytest.raises(QueueFull):
                await line.submit(("late", 9))
            await line.close()

            assert await asyncio.gather(*waiting) == [2, 4, 6]
            with pytest.raises(QueueFull):
                await line.submit(("later", 9))

    asyncio.run(scene())
