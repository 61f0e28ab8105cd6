"""The SQL of training: who took which test, with what score, and until when it counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.merchants.providers.course import FIELD, TRIES_A_DAY, valid_until
from yongquan.plumbing.db import Connection

_TRIES = "select count(*) from merchants.training where surveyor_id = %s and course = %s and taken_day = %s"
_LOCK = "select 1 from merchants.surveyor where surveyor_id = %s for update"
_WRITE = """
insert into merchants.training (training_id, surveyor_id, course, score, passed, taken_day, valid_until, taken_at,
                                recorded_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_VALID = """
select surveyor_id, max(valid_until) from merchants.training
 where surveyor_id = any (%s) and course = %s and valid_until >= %s and taken_day <= %s group by surveyor_id
"""
_RECORDS = """
select training_id, surveyor_id, course, score, valid_until, taken_day, recorded_by from merchants.training
 where surveyor_id = any (%s) order by taken_at desc, training_id
"""


class NotTrained(Refusal):
    """Nobody gets a task without a test that was passed and has not run out."""

    code = "not_trained"


class TooManyTests(Refusal):
    """The test was taken three times today."""

    code = "too_many_tests"


@dataclass(frozen=True, slots=True)
class ExamRecord:
    """One test: its score of a hundred, and the last day it counts if it was passed."""

    training_id: UUID
    surveyor_id: UUID
    course: str
    score: int
    valid_until: date | None
    taken_day: date
    recorded_by: str


async def record_test(
    connection: Connection, training_id: UUID, surveyor_id: UUID, score: int, *, day: date, by: str, now: datetime
) -> None:
    """Write a test down; the same id again changes nothing. Locks the surveyor. Raises `TooManyTests`."""
    await connection.execute(_LOCK, [surveyor_id])
    known = await connection.execute("select 1 from merchants.training where training_id = %s", [training_id])
    if await known.fetchone() is not None:
        return
    row = await (await connection.execute(_TRIES, [surveyor_id, FIELD, day])).fetchone()
    if row is not None and row[0] >= TRIES_A_DAY:
        raise TooManyTests(f"the test was taken {TRIES_A_DAY} times today")
    until = valid_until(score, day)
    values = [training_id, surveyor_id, FIELD, score, until is not None, day, until, now, by]
    await connection.execute(_WRITE, values)


async def trained_until(connection: Connection, surveyor_ids: Sequence[UUID], day: date) -> dict[UUID, date]:
    """The last day that the training of these people counts; whoever is not trained on the day is left out."""
    rows = await (await connection.execute(_VALID, [list(surveyor_ids), FIELD, day, day])).fetchall()
    return {row[0]: row[1] for row in rows}


async def require_trained(connection: Connection, surveyor_id: UUID, day: date) -> None:
    """Raises `NotTrained`."""
    if surveyor_id not in await trained_until(connection, [surveyor_id], day):
        raise NotTrained("this person has no valid test: take the course first")


async def exam_records(connection: Connection, surveyor_ids: Sequence[UUID]) -> list[ExamRecord]:
    """Every test of these people, the newest first."""
    rows = await (await connection.execute(_RECORDS, [list(surveyor_ids)])).fetchall()
    return [ExamRecord(*row) for row in rows]
