"""A write under one key happens once."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Database
from yongquan.plumbing.once import ConflictingRequest, forget_answers, once


class Work:
    """Something that must not be done twice."""

    def __init__(self) -> None:
        self.done = 0

    async def ask(self, database: Database, *, caller: str = "bank-a", key: str = "k", body: bytes = b"{}") -> object:
        async with (
            database.transaction() as connection,
            once(connection, caller=caller, key=key, body=body) as request,
        ):
            if not request.is_repeat:
                self.done += 1
                request.answer = {"z": self.done, "a": "甬"}
            return request.answer


def test_the_same_request_gets_the_same_answer(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        work = Work()

        first, second = await work.ask(database), await work.ask(database)

        assert first == second == {"z": 1, "a": "甬"}
        assert work.done == 1

    run(story)


def test_another_body_under_the_key_is_refused(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        work = Work()
        await work.ask(database)

        with pytest.raises(ConflictingRequest) as refused:
            await work.ask(database, body=b'{"amount_fen":1}')

        assert refused.value.code == "conflicting_request"
        assert work.done == 1

    run(story)


def test_keys_of_other_callers_are_other_keys(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        work = Work()

        await work.ask(database, caller="bank-a")
        await work.ask(database, caller="bank-b", body=b"other")

        assert work.done == 2

    run(story)


def test_a_refusal_is_not_kept(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        work = Work()
        with pytest.raises(Refusal):
            async with database.transaction() as connection, once(connection, caller="bank-a", key="k", body=b"wrong"):
                raise Refusal

        await work.ask(database, body=b"right")

        assert work.done == 1

    run(story)


def test_requests_made_at_once_do_the_work_once(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        work = Work()

        answers = await asyncio.gather(*(work.ask(database) for _ in range(8)))

        assert work.done == 1
        assert answers == [answers[0]] * 8

    run(story)


def test_old_answers_are_forgotten(run: Callable[..., None]) -> None:
    async def story(database: Database) -> None:
        await Work().ask(database)
        now = datetime.now(UTC)

        async with database.transaction() as connection:
            assert await forget_answers(connection, before=now - timedelta(hours=1)) == 0
            assert await forget_answers(connection, before=now + timedelta(hours=1)) == 1

    run(story)
