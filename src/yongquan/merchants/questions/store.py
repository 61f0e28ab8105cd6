"""SQL of questions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.questions.model import Question, Topic
from yongquan.plumbing.db import Connection

LISTED_MAX = 200
_SELECT = """
select q.question_id, q.store_id, q.topic, q.hold_id, q.body, q.asked_at, q.answer, q.answered_by, q.answered_at,
       q.seen_at, s.name, s.adcode
  from merchants.question q join merchants.store s on s.store_id = q.store_id
"""
_ADD = """
insert into merchants.question (question_id, store_id, topic, hold_id, body, asked_at)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_ANSWER = """
update merchants.question set answer = %s, answered_by = %s, answered_at = %s, seen_at = null
 where question_id = %s and answer is null
"""
_SEEN = """
update merchants.question set seen_at = %s where store_id = %s and answer is not null and seen_at is null
"""
_UNSEEN = "select count(*) from merchants.question where store_id = %s and answer is not null and seen_at is null"


async def add_question(
    connection: Connection,
    question_id: UUID,
    *,
    store_id: UUID,
    topic: Topic,
    hold_id: UUID | None,
    body: str,
    now: datetime,
) -> bool:
    """Write a question; False if it is there already."""
    return (await connection.execute(_ADD, [question_id, store_id, topic, hold_id, body, now])).rowcount == 1


async def question_of(connection: Connection, question_id: UUID) -> Question | None:
    """One question."""
    row = await (await connection.execute(f"{_SELECT} where q.question_id = %s", [question_id])).fetchone()
    return _question(row) if row else None


async def answer_question(connection: Connection, question_id: UUID, answer: str, *, by: str, now: datetime) -> bool:
    """Write the answer; False if somebody answered before."""
    return (await connection.execute(_ANSWER, [answer, by, now, question_id])).rowcount == 1


async def questions_of_store(connection: Connection, store_id: UUID) -> Sequence[Question]:
    """A store's questions, the latest first."""
    query = f"{_SELECT} where q.store_id = %s order by q.asked_at desc limit {LISTED_MAX}"
    return [_question(row) for row in await (await connection.execute(query, [store_id])).fetchall()]


async def questions_for_desk(connection: Connection, *, places: Sequence[str] | None) -> Sequence[Question]:
    """Questions of some divisions' shops (None: of all), the unanswered first and the oldest of them first."""
    query = f"""{_SELECT} where %(places)s::text[] is null or s.adcode = any (%(places)s)
 order by q.answer is not null, case when q.answer is null then q.asked_at end, q.asked_at desc limit {LISTED_MAX}"""
    values = {"places": None if places is None else list(places)}
    return [_question(row) for row in await (await connection.execute(query, values)).fetchall()]


async def mark_answers_seen(connection: Connection, store_id: UUID, *, now: datetime) -> None:
    """The shop has read its answers."""
    await connection.execute(_SEEN, [now, store_id])


async def unseen_answers(connection: Connection, store_id: UUID) -> int:
    """How many answers the shop has not read."""
    row = await (await connection.execute(_UNSEEN, [store_id])).fetchone()
    return int(row[0]) if row else 0


def _question(row: tuple[Any, ...]) -> Question:
    return Question(row[0], row[1], Topic(row[2]), *row[3:])
