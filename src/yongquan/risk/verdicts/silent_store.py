"""Events judged after the fact about which nothing was to be said: kept by batch, without a verdict of their own."""

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import groupby
from uuid import UUID

import msgspec

from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.risk.verdicts.model import Action
from yongquan.risk.verdicts.record import Verdict, VerdictState, event_json, event_of

_INSERT = """
insert into risk.silent (cell, day, batch_no, events, book_version, shadows, list_version)
select %s, u.day, u.batch_no, u.events, u.book_version, u.shadows, u.list_version
  from jsonb_to_recordset(%s::text::jsonb)
       as u(day date, batch_no bigint, events jsonb, book_version text, shadows text[], list_version bigint)
"""
_BETWEEN = """
select day, batch_no, events, book_version, shadows, list_version from risk.silent
 where cell = %s and day between %s and %s and (day, batch_no) > (%s, %s)
 order by day, batch_no limit %s
"""

After = tuple[date, int]


async def insert_silent(connection: Connection, cell: int, verdicts: Iterable[Verdict]) -> None:
    """Keep the events of verdicts that say nothing. All verdicts of a batch were given by the same versions."""
    ordered = sorted(verdicts, key=_place)
    rows = [_row(day, batch_no, list(some)) for (day, batch_no), some in groupby(ordered, key=_place)]
    if rows:
        await connection.execute(_INSERT, [cell, msgspec.json.encode(rows).decode()], prepare=True)


async def silent_between(
    connection: Connection, cell: int, days: tuple[date, date], *, after: After, limit: int
) -> tuple[list[Verdict], After | None]:
    """Silent verdicts of these days (both included), from so many rows, and after which to go on; None at the end."""
    rows = await (await connection.execute(_BETWEEN, [cell, *days, *after, limit])).fetchall()
    silent = [
        _verdict(event, batch_no, book=book, shadows=shadows, lists=lists)
        for _, batch_no, events, book, shadows, lists in rows
        for event in events
    ]
    return silent, (rows[-1][0], rows[-1][1]) if rows else None


def _place(verdict: Verdict) -> tuple[date, int]:
    return business_day(verdict.event.at), verdict.batch_no


def _row(day: date, batch_no: int, verdicts: Sequence[Verdict]) -> dict[str, object]:
    return {
        "day": day,
        "batch_no": batch_no,
        "events": [event_json(v.event) | {"subject": str(v.subject)} for v in verdicts],
        "book_version": verdicts[0].book_version,
        "shadows": verdicts[0].shadow_versions,
        "list_version": verdicts[0].list_version,
    }


def _verdict(event: dict[str, object], batch_no: int, *, book: str, shadows: Sequence[str], lists: int) -> Verdict:
    one = event_of(event)
    return Verdict(
        verdict_id=one.event_id,  # it has none of its own
        subject=UUID(str(event["subject"])),
        batch_no=batch_no,
        event=one,
        action=Action.ALLOW,
        state=VerdictState.AFTER,
        numbers={},
        listed=(),
        rules=(),
        book_version=book,
        shadow_versions=tuple(shadows),
        is_attended=False,
        list_version=lists,
    )
