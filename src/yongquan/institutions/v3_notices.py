"""Notices to merchants in the v3 shape: what is to be told, when it is tried again, and its SQL.

A notice is the same at every try but for its encryption's nonce; its `id` is how a receiver knows a duplicate.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from yongquan.institutions.v3 import encrypt_resource
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection

# Seconds after each failed try; the wire format's own table.
WAITS_S: Final = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
_ADD = """
insert into institutions.v3_notice (notice_id, mchid, notify_url, event_type, summary, original_type, resource,
                                    created_at)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
# The lease keeps other workers away while we ask; a worker that dies leaves the notice due again.
_TAKE = """
with due as (
    select n.notice_id from institutions.v3_notice n
     where n.state = 'waiting' and n.due_at <= now() order by n.due_at limit %s for update skip locked)
update institutions.v3_notice n
   set tries = n.tries + 1, due_at = clock_timestamp() + make_interval(secs => %s)
  from due, institutions.gateway_merchant m
 where n.notice_id = due.notice_id and m.dialect = 'v3' and m.number = n.mchid
returning n.notice_id, n.mchid, n.notify_url, n.event_type, n.summary, n.original_type, n.resource, n.created_at,
          n.tries, m.api_key_sealed
"""
_RECORD = """
update institutions.v3_notice n
   set state = o.state, last_status = o.status, due_at = clock_timestamp() + make_interval(secs => o.wait_s),
       settled_at = case when o.state <> 'waiting' then clock_timestamp() end
  from unnest(%s::uuid[], %s::text[], %s::smallint[], %s::float8[]) as o(notice_id, state, status, wait_s)
 where n.notice_id = o.notice_id and n.state = 'waiting'
"""
_TRIM = """
delete from institutions.v3_notice where notice_id in (
    select notice_id from institutions.v3_notice
     where state <> 'waiting' and settled_at < now() - make_interval(days => %s) limit 10000)
"""


@dataclass(frozen=True, slots=True)
class Notice:
    """What a merchant is told: `resource` is the JSON text that only it can read."""

    notice_id: UUID
    mchid: str
    notify_url: str
    event_type: str
    summary: str
    original_type: str
    resource: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Try:
    """One try of a notice; `number` counts this one. Without a key it cannot be told."""

    notice: Notice
    number: int
    api_key_sealed: bytes | None


@dataclass(frozen=True, slots=True)
class TryOutcome:
    """What came of a try: the receiver's HTTP status, None if it did not answer."""

    tried: Try
    status: int | None

    @property
    def state(self) -> str:
        """delivered on 200 or 204; dead after the last try; else waiting."""
        if self.status in {200, 204}:
            return "delivered"
        return "dead" if self.tried.number > len(WAITS_S) else "waiting"

    @property
    def wait_s(self) -> int:
        """Seconds until the next try."""
        return WAITS_S[min(self.tried.number, len(WAITS_S)) - 1]


def envelope(notice: Notice, *, api_key: str) -> bytes:
    """The body of a notice, encrypted for its receiver."""
    sealed = encrypt_resource(notice.resource, api_key=api_key, associated_data=notice.original_type)
    document = {
        "id": str(notice.notice_id),
        "create_time": notice.created_at.astimezone(SHANGHAI).isoformat(timespec="seconds"),
        "resource_type": "encrypt-resource",
        "event_type": notice.event_type,
        "summary": notice.summary,
        "resource": sealed | {"original_type": notice.original_type},
    }
    return json.dumps(document, ensure_ascii=False).encode()


async def add_notices(connection: Connection, notices: Sequence[Notice]) -> None:
    """Let notices be told in the caller's transaction; those that are known are left alone."""
    async with connection.cursor() as cursor:
        rows = [
            (n.notice_id, n.mchid, n.notify_url, n.event_type, n.summary, n.original_type, n.resource, n.created_at)
            for n in notices
        ]
        await cursor.executemany(_ADD, rows)


async def take_due_notices(connection: Connection, *, limit: int, lease_s: float) -> list[Try]:
    """Take notices that are due; for `lease_s` seconds nobody else takes them."""
    rows = await (await connection.execute(_TAKE, [limit, lease_s])).fetchall()
    return [Try(Notice(*row[:8]), row[8], row[9]) for row in rows]


async def record_tries(connection: Connection, outcomes: Sequence[TryOutcome]) -> None:
    """Write down what came of the tries."""
    columns = (
        [o.tried.notice.notice_id for o in outcomes],
        [o.state for o in outcomes],
        [o.status for o in outcomes],
        [o.wait_s for o in outcomes],
    )
    await connection.execute(_RECORD, columns)


async def trim_notices(connection: Connection, *, days: int) -> int:
    """Delete notices that were settled more than `days` days ago; returns how many."""
    return (await connection.execute(_TRIM, [days])).rowcount
