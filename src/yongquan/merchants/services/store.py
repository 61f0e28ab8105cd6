"""SQL of requests for services."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.services.model import RequestState, ServiceRequest
from yongquan.plumbing.db import Connection

LISTED_MAX = 200
_SELECT = """
select r.request_id, r.publication_id, r.store_id, r.note, r.state, r.answer, r.requested_at, r.answered_by,
       r.answered_at, r.closed_at, p.title, p.title_en, p.publisher, s.name, s.adcode
  from merchants.service_request r
  join merchants.publication p on p.publication_id = r.publication_id
  join merchants.store s on s.store_id = r.store_id
"""
_ADD = """
insert into merchants.service_request (request_id, publication_id, store_id, note, requested_at)
values (%s, %s, %s, %s, %s) on conflict do nothing
"""
_MOVE = """
update merchants.service_request
   set state = %(state)s,
       answer = case when %(by)s::text is null then answer else %(answer)s end,
       answered_by = coalesce(%(by)s, answered_by),
       answered_at = case when %(by)s::text is null then answered_at else %(now)s::timestamptz end,
       closed_at = case when %(state)s in ('refused', 'accepted', 'declined', 'withdrawn') then %(now)s::timestamptz end
 where request_id = %(id)s
"""


async def add_request(
    connection: Connection, request_id: UUID, *, publication_id: UUID, store_id: UUID, note: str, now: datetime
) -> bool:
    """Write a request; False if it, or another open one of this store for the service, is there already."""
    values = [request_id, publication_id, store_id, note, now]
    return (await connection.execute(_ADD, values)).rowcount == 1


async def request_of(connection: Connection, request_id: UUID, *, lock: bool = False) -> ServiceRequest | None:
    """One request, kept from changing for this transaction if `lock`."""
    query = f"{_SELECT} where r.request_id = %s{' for update of r' if lock else ''}"
    row = await (await connection.execute(query, [request_id])).fetchone()
    return _request(row) if row else None


async def move_request(
    connection: Connection, request_id: UUID, state: RequestState, *, by: str | None, answer: str, now: datetime
) -> None:
    """Write its next state; `by` is the member of staff who answers, None for the shop itself."""
    values = {"id": request_id, "state": state, "by": by, "answer": answer, "now": now}
    await connection.execute(_MOVE, values)


async def requests_of_store(connection: Connection, store_id: UUID) -> Sequence[ServiceRequest]:
    """A store's requests, the latest first."""
    query = f"{_SELECT} where r.store_id = %s order by r.requested_at desc limit {LISTED_MAX}"
    return [_request(row) for row in await (await connection.execute(query, [store_id])).fetchall()]


async def requests_for_desk(connection: Connection, *, places: Sequence[str] | None) -> Sequence[ServiceRequest]:
    """Requests of some divisions' shops (None: of all), the unanswered first and the oldest of them first."""
    query = f"""{_SELECT} where %(places)s::text[] is null or s.adcode = any (%(places)s)
 order by r.state <> 'requested', case when r.state = 'requested' then r.requested_at end, r.requested_at desc
 limit {LISTED_MAX}"""
    values = {"places": None if places is None else list(places)}
    return [_request(row) for row in await (await connection.execute(query, values)).fetchall()]


def _request(row: tuple[Any, ...]) -> ServiceRequest:
    return ServiceRequest(*(*row[:4], RequestState(row[4]), *row[5:]))
