"""Reading the outbox: each reader sees every committed event once, in the order of transactions.

Only events below `pg_snapshot_xmin` are read: no transaction that is still open can add one before them. A write
transaction that stays open anywhere on the server therefore holds readers back.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_REGISTER = "insert into plumbing.outbox_reader (reader) values (%s) on conflict do nothing"
_LOCK_READER = "select read_to from plumbing.outbox_reader where reader = %s for update"
_STEP = """
select xid from (select xid from plumbing.outbox
                  where xid > %s::xid8 and xid < pg_snapshot_xmin(pg_current_snapshot())
                  order by xid limit %s) step
 order by xid desc limit 1
"""
# Up to `limit` events of some kinds, passing over the others.
_STEP_OF_KIND = """
select xid from (select xid, event_id, count(*) filter (where kind = any (%s)) over (order by xid, event_id) as n
                   from (select xid, event_id, kind from plumbing.outbox
                          where xid > %s::xid8 and xid < pg_snapshot_xmin(pg_current_snapshot())
                          order by xid, event_id limit %s) ahead) counted
 where n <= %s order by xid desc, event_id desc limit 1
"""
_ADVANCE = "update plumbing.outbox_reader set read_to = %s::xid8 where reader = %s"
_EVENTS = """
select event_id, kind, subject, payload, happened_at from plumbing.outbox
 where xid > %s::xid8 and xid <= %s::xid8 order by xid, event_id
"""
_OF_KIND = """
select event_id, kind, subject, payload, happened_at from plumbing.outbox
 where xid > %s::xid8 and xid <= %s::xid8 and kind = any (%s) order by xid, event_id
"""
SCAN_MAX = 2_000
_FIRST_ID = "00000000-0000-0000-0000-000000000000"
_EVENTS_FOR = """
select o.event_id, o.kind, o.subject, o.payload, o.happened_at, o.xid::text,
       coalesce(o.payload -> 'institutions' ? %(app)s, false)
  from plumbing.outbox o
 where (o.xid, o.event_id) > (%(xid)s::xid8, %(event)s::uuid) and o.xid < pg_snapshot_xmin(pg_current_snapshot())
 order by o.xid, o.event_id limit %(scan)s
"""
_LAG = """
select greatest(0, extract(epoch from plumbing.now() - o.happened_at))::float8
  from plumbing.outbox_reader r
 cross join lateral (select happened_at from plumbing.outbox where xid > r.read_to order by xid limit 1) o
 where r.reader = %s
"""
# Old events go when every reader has read them; only the oldest are looked at, so that a call costs little.
_TRIM = """
delete from plumbing.outbox where (cell, event_id) in (
    select cell, event_id from (
        select cell, event_id, happened_at from plumbing.outbox
         where xid <= (select read_to from plumbing.outbox_reader order by read_to limit 1)
         order by xid limit %s) oldest
     where happened_at < %s)
"""


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened to `subject`, with its facts."""

    event_id: UUID
    kind: str
    subject: UUID
    payload: dict[str, object]
    happened_at: datetime


@dataclass(frozen=True, slots=True)
class Step:
    """The transactions a reader takes next: above `after`, up to and including `up_to`."""

    after: str
    up_to: str


async def register_reader(connection: Connection, reader: str) -> None:
    """Let a reader begin, with the oldest event still kept."""
    await connection.execute(_REGISTER, [reader])


async def next_step(connection: Connection, reader: str, *, limit: int) -> Step | None:
    """The next transactions of about `limit` events, None if there is no news.

    Locks the reader until the commit. Raises `KeyError` for a reader that was never registered.
    """
    row = await (await connection.execute(_LOCK_READER, [reader])).fetchone()
    if row is None:
        raise KeyError(reader)
    last = await (await connection.execute(_STEP, [row[0], limit])).fetchone()
    return Step(row[0], last[0]) if last else None


async def next_step_of(connection: Connection, reader: str, *, kinds: list[str], limit: int) -> Step | None:
    """The next transactions with about `limit` events of some kinds between them, as `next_step`; others are passed."""
    row = await (await connection.execute(_LOCK_READER, [reader])).fetchone()
    if row is None:
        raise KeyError(reader)
    last = await (await connection.execute(_STEP_OF_KIND, [kinds, row[0], SCAN_MAX, limit])).fetchone()
    return Step(row[0], last[0]) if last else None


async def mark_read(connection: Connection, reader: str, step: Step) -> None:
    """Move the reader past a step, in the transaction that used its events."""
    await connection.execute(_ADVANCE, [step.up_to, reader])


async def read_events(connection: Connection, reader: str, *, limit: int = 1000) -> list[Event]:
    """Take the next events for this reader, at least `limit` if there are so many.

    They count as read when the caller's transaction commits.
    """
    step = await next_step(connection, reader, limit=limit)
    if step is None:
        return []
    rows = await (await connection.execute(_EVENTS, [step.after, step.up_to])).fetchall()
    await mark_read(connection, reader, step)
    return [Event(*row) for row in rows]


async def events_of(connection: Connection, step: Step, *, kinds: list[str]) -> list[Event]:
    """Those events of a step that are of some kinds."""
    rows = await (await connection.execute(_OF_KIND, [step.after, step.up_to, kinds])).fetchall()
    return [Event(*row) for row in rows]


async def events_for(
    connection: Connection, institution: str, *, after: str, limit: int = 100
) -> tuple[list[Event], str]:
    """The next events that name an institution, and the cursor to go on from; events are kept for some days.

    `after` is the cursor of the last call, "" at first. An answer may be empty though more follows: go on until the
    cursor stays the same.
    """
    xid, _, event_id = (after or "0.").partition(".")
    at = {"xid": xid, "event": event_id or _FIRST_ID, "app": institution, "scan": SCAN_MAX}
    rows = await (await connection.execute(_EVENTS_FOR, at)).fetchall()
    named = [row for row in rows if row[6]][:limit]
    last = named[-1] if len(named) == limit else rows[-1] if rows else None
    return [Event(*row[:5]) for row in named], f"{last[5]}.{last[0]}" if last else after


async def lag_s(connection: Connection, reader: str) -> float:
    """The age of the oldest event this reader has not read, in seconds of business time."""
    row = await (await connection.execute(_LAG, [reader])).fetchone()
    return float(row[0]) if row else 0.0


async def trim(connection: Connection, *, before: datetime, limit: int = 10_000) -> int:
    """Delete events that every reader has read and that happened before a moment; return how many."""
    return (await connection.execute(_TRIM, [limit, before])).rowcount
