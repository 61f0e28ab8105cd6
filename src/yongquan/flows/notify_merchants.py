"""Merchants are told of their orders in their door's own words: events become notices, due notices are tried.

Each door has a `Voice`: which events it tells, what it says, and when it tries again.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol
from uuid import UUID

import httpx
import structlog

from yongquan.plumbing.couriers import Cadence, post_for_status, run_courier
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.outbox import Event, events_of, mark_read, next_step

READER: Final = "merchant_notices"
KINDS: Final = [
    *("order.succeeded", "order.failed", "order.refunded", "order.authorised", "order.completion_cancelled"),
    *("order.closed", "payout.succeeded", "payout.failed"),
]
STEP = 20_000
LEASE_S = 60.0
AT_ONCE = 50
KEPT_DAYS = 30
TRIM_EVERY_S = 300.0

_ADD = """
insert into flows.merchant_notice (notice_id, door, url, facts) values (%s, %s, %s, %s) on conflict do nothing
"""
# The lease keeps other workers away while we ask; a worker that dies leaves the notice due again.
_TAKE = """
with due as (
    select notice_id from flows.merchant_notice
     where state = 'waiting' and due_at <= now() and door = any (%s) order by due_at limit %s for update skip locked)
update flows.merchant_notice n set tries = n.tries + 1, due_at = clock_timestamp() + make_interval(secs => %s)
  from due where n.notice_id = due.notice_id
returning n.notice_id, n.door, n.url, n.facts, n.tries
"""
_RECORD = """
update flows.merchant_notice n
   set state = o.state, last_status = o.status, due_at = clock_timestamp() + make_interval(secs => o.wait_s),
       settled_at = case when o.state <> 'waiting' then clock_timestamp() end
  from unnest(%s::uuid[], %s::text[], %s::smallint[], %s::float8[]) as o(notice_id, state, status, wait_s)
 where n.notice_id = o.notice_id and n.state = 'waiting'
"""
_TRIM = """
delete from flows.merchant_notice where notice_id in (
    select notice_id from flows.merchant_notice
     where state <> 'waiting' and settled_at < now() - make_interval(days => %s) limit 10000)
"""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told to whom; `facts` are all that a voice needs to say it."""

    notice_id: UUID
    door: str
    url: str
    facts: Mapping[str, str]


class Voice(Protocol):
    """How a door tells its merchants. `waits_s` are the seconds after each failed try but the last."""

    @property
    def door(self) -> str: ...

    @property
    def waits_s(self) -> Sequence[int]: ...

    async def notices(self, connection: Connection, events: Sequence[Event]) -> Sequence[Notice]:
        """What some events of this door's orders give to tell."""
        ...

    async def say(self, facts: Mapping[str, str]) -> tuple[Mapping[str, str], bytes]:
        """Headers and body of one try."""
        ...

    def is_taken(self, status: int) -> bool:
        """Whether the receiver has it."""
        ...


@dataclass(frozen=True, slots=True)
class _Try:
    notice: Notice
    number: int


async def add_notices(connection: Connection, notices: Sequence[Notice]) -> None:
    """Let notices be told in the caller's transaction; those that are known are left alone."""
    async with connection.cursor() as cursor:
        rows = [(n.notice_id, n.door, n.url, json.dumps(dict(n.facts))) for n in notices]
        await cursor.executemany(_ADD, rows)


def facts_of(event: Event) -> Mapping[str, object]:
    """What a door left in an order or a payout, to know it again."""
    facts = event.payload.get("facts", event.payload)
    return facts if isinstance(facts, dict) else {}


async def run_merchant_notices(database: Database, voices: Sequence[Voice], stop: asyncio.Event) -> None:
    """Collect, tell and trim until `stop` is set; an outage of the database is logged and survived."""
    await run_courier(lambda client: Teller(database, voices, client).work, stop, name="merchant_notices")


class Teller:
    """One worker's round; any number of processes may run one."""

    def __init__(self, database: Database, voices: Sequence[Voice], client: httpx.AsyncClient) -> None:
        self._database = database
        self._voices = {voice.door: voice for voice in voices}
        self._client = client
        self._trimming = Cadence(TRIM_EVERY_S)

    async def work(self) -> bool:
        """One round; False if no notice was due."""
        async with self._database.transaction() as connection:
            await self._collect(connection)
        async with self._database.transaction() as connection:
            found = await connection.execute(_TAKE, [list(self._voices), AT_ONCE, LEASE_S])
            due = [_Try(Notice(*row[:4]), row[4]) for row in await found.fetchall()]
        if due:
            statuses = await asyncio.gather(*(self._tell(one.notice) for one in due))
            async with self._database.transaction() as connection:
                await self._record(connection, list(zip(due, statuses, strict=True)))
        await self._trim()
        return bool(due)

    async def _collect(self, connection: Connection) -> None:
        step = await next_step(connection, READER, limit=STEP)
        if step is None:
            return
        events = await events_of(connection, step, kinds=KINDS)
        for door, voice in self._voices.items():
            mine = [event for event in events if facts_of(event).get("door") == door]
            if mine:
                await add_notices(connection, await voice.notices(connection, mine))
        await mark_read(connection, READER, step)

    async def _tell(self, notice: Notice) -> int | None:
        try:
            headers, body = await self._voices[notice.door].say(notice.facts)
            return await post_for_status(self._client, notice.url, body, headers)
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            log.info("merchant_unanswered", notice=str(notice.notice_id), error=type(error).__name__)
        return None

    async def _record(self, connection: Connection, tried: Sequence[tuple[_Try, int | None]]) -> None:
        plans = [self._plan(one, status) for one, status in tried]
        columns = (
            [one.notice.notice_id for one, _ in tried],
            [state for state, _ in plans],
            [status for _, status in tried],
            [wait_s for _, wait_s in plans],
        )
        await connection.execute(_RECORD, columns)

    def _plan(self, one: _Try, status: int | None) -> tuple[str, int]:
        voice = self._voices[one.notice.door]
        if status is not None and voice.is_taken(status):
            return "delivered", 0
        if one.number > len(voice.waits_s):
            return "dead", 0
        return "waiting", voice.waits_s[one.number - 1]

    async def _trim(self) -> None:
        if not self._trimming.is_due():
            return
        async with self._database.transaction() as connection:
            await connection.execute(_TRIM, [KEPT_DAYS])
