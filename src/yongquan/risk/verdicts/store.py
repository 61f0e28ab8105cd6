"""The verdicts' SQL: the line in which a cell's events are judged, and what was answered."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec

from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.risk.verdicts.model import Action
from yongquan.risk.verdicts.record import (
    Verdict,
    VerdictState,
    entry_json,
    entry_of,
    event_json,
    event_of,
    rule_json,
    rules_of,
)

COLUMNS = """
verdict_id, subject, batch_no, event, action, state, numbers, listed, rules, book_version, shadows, is_attended,
list_version, retry_at, waived_at, waived_batch
"""
# Statements of a batch are planned once, by their indexes, however small the tables were then.
# The lock on the line holds to the commit: events of a cell are judged one batch after the other.
_TURN = """
insert into risk.judging_line as l (cell, batch_no) values (%s, %s)
    on conflict (cell) do update set batch_no = l.batch_no + excluded.batch_no
    returning batch_no, set_config('plan_cache_mode', 'force_generic_plan', true),
              set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true)
"""
_LAST = f"""
select {COLUMNS} from unnest(%s::uuid[]) as u(asked)
  join lateral (select * from risk.verdict v where v.cell = %s and v.subject = u.asked
                 order by v.batch_no desc limit 1) v on true
"""
_INSERT = """
insert into risk.verdict (cell, verdict_id, subject, batch_no, at, day, kind, action, state, event, numbers, listed,
                          rules, book_version, shadows, is_attended, list_version, retry_at)
select %s, u.verdict_id, u.subject, u.batch_no, u.at, u.day, u.kind, u.action, u.state, u.event, u.numbers, u.listed,
       u.rules, u.book_version, u.shadows, u.is_attended, u.list_version, u.retry_at
  from jsonb_to_recordset(%s::text::jsonb)
       as u(verdict_id uuid, subject uuid, batch_no bigint, at timestamptz, day date, kind text, action text,
            state text, event jsonb, numbers jsonb, listed jsonb, rules jsonb, book_version text, shadows text[],
            is_attended boolean, list_version bigint, retry_at timestamptz)
    on conflict do nothing
"""
_WAIVE = """
update risk.verdict set state = 'waived', waived_at = %s, waived_batch = %s
 where cell = %s and verdict_id = any (%s) and state = 'given'
"""
_ONE = f"select {COLUMNS} from risk.verdict where cell = %s and verdict_id = %s"
_BETWEEN = f"""
select {COLUMNS} from risk.verdict
 where cell = %s and day between %s and %s and (batch_no, verdict_id) > (%s, %s)
 order by batch_no, verdict_id limit %s
"""


async def turn_line(connection: Connection, cell: int, waves: int = 1) -> int:
    """The number of the next wave of a cell, the first of so many; whoever judges after it waits for this commit."""
    row = await (await connection.execute(_TURN, [cell, waves], prepare=True)).fetchone()
    if row is None:
        raise LookupError("the judging line gave no number")
    return int(row[0]) - waves + 1


async def keep_with_next_commit(connection: Connection) -> None:
    """Let this commit reach the disk with the next one that waits for it: nothing is answered or done before that."""
    await connection.execute("set local synchronous_commit = off")


async def last_verdicts(connection: Connection, cell: int, subjects: Sequence[UUID]) -> dict[UUID, Verdict]:
    """The last verdict about each subject that has one."""
    rows = await (await connection.execute(_LAST, [list(subjects), cell], prepare=True)).fetchall()
    found = (as_verdict(row) for row in rows)
    return {verdict.subject: verdict for verdict in found}


async def insert_verdicts(connection: Connection, cell: int, verdicts: Sequence[Verdict]) -> None:
    """Keep verdicts."""
    # One document for the whole batch: quoting arrays of documents costs more than all else.
    rows = msgspec.json.encode([_row(verdict) for verdict in verdicts]).decode()
    await connection.execute(_INSERT, [cell, rows], prepare=True)


def _row(verdict: Verdict) -> dict[str, object]:
    return {
        "verdict_id": verdict.verdict_id,
        "subject": verdict.subject,
        "batch_no": verdict.batch_no,
        "at": verdict.event.at,
        "day": business_day(verdict.event.at),
        "kind": verdict.event.kind,
        "action": verdict.action,
        "state": verdict.state,
        "event": event_json(verdict.event),
        "numbers": verdict.numbers,
        "listed": [entry_json(entry) for entry in verdict.listed],
        "rules": [rule_json(rule) for rule in verdict.rules],
        "book_version": verdict.book_version,
        "shadows": verdict.shadow_versions,
        "is_attended": verdict.is_attended,
        "list_version": verdict.list_version,
        "retry_at": verdict.retry_at,
    }


async def waive(connection: Connection, cell: int, verdicts: Sequence[UUID], *, batch_no: int, now: datetime) -> None:
    """What these verdicts asked for is done: their events go on."""
    await connection.execute(_WAIVE, [now, batch_no, cell, list(verdicts)])


async def verdict_of(connection: Connection, cell: int, verdict_id: UUID) -> Verdict | None:
    """One verdict."""
    row = await (await connection.execute(_ONE, [cell, verdict_id])).fetchone()
    return as_verdict(row) if row else None


async def verdicts_between(
    connection: Connection, cell: int, days: tuple[date, date], *, after: tuple[int, UUID], limit: int
) -> list[Verdict]:
    """A cell's verdicts of these days (both included) in the order they were given, after one batch and verdict."""
    rows = await (await connection.execute(_BETWEEN, [cell, *days, *after, limit])).fetchall()
    return [as_verdict(row) for row in rows]


def as_verdict(row: Sequence[Any]) -> Verdict:
    listed: Sequence[Mapping[str, Any]] = row[7]
    return Verdict(
        verdict_id=row[0],
        subject=row[1],
        batch_no=row[2],
        event=event_of(row[3]),
        action=Action(row[4]),
        state=VerdictState(row[5]),
        numbers=row[6],
        listed=tuple(entry_of(entry) for entry in listed),
        rules=rules_of(row[8]),
        book_version=row[9],
        shadow_versions=tuple(row[10]),
        is_attended=row[11],
        list_version=row[12],
        retry_at=row[13],
        waived_at=row[14],
        waived_batch=row[15],
    )
