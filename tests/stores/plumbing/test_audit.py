"""The audit log takes entries and nothing else, and shows any tampering."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import psycopg
import pytest

from yongquan.plumbing.audit import (
    AuditEntry,
    append,
    first_difference,
    prove_consistency,
    prove_inclusion,
    seal,
    verify_consistency,
)
from yongquan.plumbing.db import Database
from yongquan.plumbing.merkle import EMPTY_ROOT

NOW = datetime(2022, 2, 28, 2, 0, 0, 123456, tzinfo=UTC)


def entry(n: int) -> AuditEntry:
    return AuditEntry(
        actor="staff:1",
        action="round.published",
        subject=f"round:{n}",
        before={"state": "draft", "stock": 1_000_000_000_000 + n, "名称": ["第一轮", None, True]},
        after={"state": "published"},
    )


async def write(database: Database, *numbers: int) -> int:
    async with database.transaction() as connection:
        return await append(connection, *map(entry, numbers), now=NOW)


def test_entries_are_numbered_without_gaps_whoever_writes_at_once(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        firsts = await asyncio.gather(*(write(database, n, n) for n in range(12)))

        assert sorted(firsts) == list(range(0, 24, 2))
        async with database.transaction() as connection:
            assert await first_difference(connection) is None

    run(story)


def test_a_sealed_entry_is_proved_and_the_log_only_grows(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await write(database, 0, 1, 2, 3, 4)
        async with database.transaction() as connection:
            old = await seal(connection, now=NOW)
        await write(database, 5, 6)

        async with database.transaction() as connection:
            new = await seal(connection, now=NOW)
            proof = await prove_inclusion(connection, seq=2, size=new.size)
            path = await prove_consistency(connection, old_size=old.size, new_size=new.size)

        assert (old.size, new.size) == (5, 7)
        assert proof.holds_under(new.root)
        assert not proof.holds_under(old.root)
        assert verify_consistency(old_size=5, old_root=old.root, new_size=7, new_root=new.root, path=path)

    run(story)


def test_sealing_without_news_keeps_the_head(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        async with database.transaction() as connection:
            empty = await seal(connection, now=NOW)
            await append(connection, entry(0), now=NOW)
            first = await seal(connection, now=NOW)
            again = await seal(connection, now=NOW)

        assert (empty.size, empty.root) == (0, EMPTY_ROOT)
        assert again == first

    run(story)


@pytest.mark.parametrize("table", ["audit", "audit_head"])
@pytest.mark.parametrize(
    "change", ["delete from plumbing.{}", "truncate plumbing.{}", "update plumbing.{} set {} = {}"]
)
def test_the_log_cannot_be_changed(run: Callable[..., None], table: str, change: str) -> None:
    column = {"audit": "seq", "audit_head": "size"}[table]

    async def story(database: Database) -> None:
        with pytest.raises(psycopg.errors.RestrictViolation, match="append-only"):
            async with database.transaction() as connection:
                await connection.execute(change.format(table, column, column))

    run(story)


def test_tampering_past_the_triggers_is_found(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await write(database, 0, 1, 2)
        async with database.transaction() as connection:
            await seal(connection, now=NOW)
            await connection.execute("alter table plumbing.audit disable trigger append_only")
            await connection.execute("""update plumbing.audit set after = '{"state": "draft"}' where seq = 1""")

            assert await first_difference(connection) == 1

    run(story)


def test_an_entry_cut_off_the_end_is_found(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await write(database, 0, 1, 2)
        async with database.transaction() as connection:
            await seal(connection, now=NOW)
            await connection.execute("alter table plumbing.audit disable trigger append_only")
            await connection.execute("delete from plumbing.audit where seq = 2")

            assert await first_difference(connection) == 2

    run(story)


def test_a_float_is_no_fact(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        strange = AuditEntry(actor="a", action="b", subject="c", after={"rate": [0.5]})  # type: ignore[list-item]
        with pytest.raises(TypeError, match="no floats"):
            async with database.transaction() as connection:
                await append(connection, strange, now=NOW)

    run(story)
