"""SQL of publications: writing, moving, who reads them and who has."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.publications.model import (
    Audience,
    Kind,
    Publication,
    PublicationState,
    Reach,
    ReaderFacts,
    Wording,
)
from yongquan.plumbing.db import Connection

LISTED_MAX = 200
_COLUMNS = """p.publication_id, p.kind, p.state, p.publisher, p.title, p.title_en, p.body, p.body_en, p.audience,
       p.audience_value, p.adcode, p.question_id, p.drafted_by, p.drafted_at, p.decided_by, p.reason, p.published_at,
       p.withdrawn_at"""
_ADD = """
insert into merchants.publication (publication_id, kind, publisher, title, title_en, body, body_en, audience,
                                   audience_value, adcode, question_id, drafted_by, drafted_at)
values (%(id)s, %(kind)s, %(publisher)s, %(title)s, %(title_en)s, %(body)s, %(body_en)s, %(audience)s, %(value)s,
        %(adcode)s, %(question)s, %(by)s, %(now)s) on conflict do nothing
"""
_CHANGE = """
update merchants.publication set title = %(title)s, title_en = %(title_en)s, body = %(body)s, body_en = %(body_en)s,
       audience = %(audience)s, audience_value = %(value)s, adcode = %(adcode)s, publisher = %(publisher)s,
       drafted_by = %(by)s, drafted_at = %(now)s, decided_by = null
 where publication_id = %(id)s and state in ('draft', 'returned')
"""
_MOVE = """
update merchants.publication set state = %(state)s, reason = %(reason)s,
       decided_by = case when %(state)s = 'submitted' then null else coalesce(%(by)s, decided_by) end,
       published_at = case when %(state)s = 'published' then %(now)s::timestamptz else published_at end,
       withdrawn_at = case when %(state)s = 'withdrawn' then %(now)s::timestamptz end
 where publication_id = %(id)s
"""
_ONE = f"select {_COLUMNS} from merchants.publication p where p.publication_id = %s"
_LISTED = f"""
select {_COLUMNS} from merchants.publication p
 where p.kind = %(kind)s and (%(places)s::text[] is null or p.adcode = any (%(places)s))
 order by p.state = 'submitted' desc, coalesce(p.published_at, p.drafted_at) desc limit {LISTED_MAX}
"""
_FOR_READER = """p.state = 'published' and (
       p.audience = 'all' or (p.audience = 'industry' and p.audience_value = %(industry)s)
       or (p.audience = 'district' and p.audience_value = %(adcode)s)
       or (p.audience = 'grid' and p.audience_value = %(grid)s)
       or (p.audience = 'store' and p.audience_value = %(store)s::text))"""
_READABLE = f"""
select {_COLUMNS}, r.read_at from merchants.publication p
  left join merchants.notice_read r on r.publication_id = p.publication_id and r.store_id = %(store)s
 where p.kind = %(kind)s and {_FOR_READER} and (%(only)s::uuid is null or p.publication_id = %(only)s)
 order by p.published_at desc limit {LISTED_MAX}
"""
_UNREAD = f"""
select count(*) from merchants.publication p where p.kind = 'notice' and {_FOR_READER}
   and not exists (select from merchants.notice_read r
                    where r.publication_id = p.publication_id and r.store_id = %(store)s)
"""
_READ = (
    "insert into merchants.notice_read (publication_id, store_id, read_at) values (%s, %s, %s) on conflict do nothing"
)
_READ_COUNTS = """
select publication_id, count(*) from merchants.notice_read where publication_id = any (%s) group by publication_id
"""
_REACHED = """
select count(*) from merchants.store s where s.state <> 'closed'
   and (%(audience)s = 'all' or (%(audience)s = 'industry' and s.industry = %(value)s)
        or (%(audience)s = 'district' and s.adcode = %(value)s)
        or (%(audience)s = 'store' and s.store_id::text = %(value)s))
"""


async def add_publication(
    connection: Connection,
    publication_id: UUID,
    kind: Kind,
    wording: Wording,
    reach: Reach,
    *,
    publisher: str,
    adcode: str | None,
    by: str,
    now: datetime,
    question_id: UUID | None = None,
) -> bool:
    """Write a draft; False if it is there already."""
    values = _worded(publication_id, wording, reach, publisher=publisher, adcode=adcode, by=by, now=now)
    done = await connection.execute(_ADD, values | {"kind": kind, "question": question_id})
    return done.rowcount == 1


async def change_publication(
    connection: Connection,
    publication_id: UUID,
    wording: Wording,
    reach: Reach,
    *,
    publisher: str,
    adcode: str | None,
    by: str,
    now: datetime,
) -> bool:
    """Write a draft or a returned one anew; whoever does is its writer from now on."""
    values = _worded(publication_id, wording, reach, publisher=publisher, adcode=adcode, by=by, now=now)
    return (await connection.execute(_CHANGE, values)).rowcount == 1


async def move_publication(
    connection: Connection,
    publication_id: UUID,
    state: PublicationState,
    *,
    by: str | None,
    reason: str = "",
    now: datetime,
) -> None:
    """Write its next state."""
    await connection.execute(_MOVE, {"id": publication_id, "state": state, "by": by, "reason": reason, "now": now})


async def publication_of(connection: Connection, publication_id: UUID, *, lock: bool = False) -> Publication | None:
    """One publication, kept from changing for this transaction if `lock`."""
    query = f"{_ONE}{' for update' if lock else ''}"
    row = await (await connection.execute(query, [publication_id])).fetchone()
    return _publication(row) if row else None


async def publications(
    connection: Connection, kind: Kind, *, places: Sequence[str] | None = None
) -> Sequence[Publication]:
    """Those of a kind, what waits for a second person first; of some divisions only, if named."""
    values = {"kind": kind, "places": None if places is None else list(places)}
    return [_publication(row) for row in await (await connection.execute(_LISTED, values)).fetchall()]


async def readable(
    connection: Connection, kind: Kind, reader: ReaderFacts, *, only: UUID | None = None
) -> Sequence[tuple[Publication, datetime | None]]:
    """What a store may read of a kind, the newest first, with when it read it."""
    values = _reading(reader) | {"kind": kind, "only": only}
    rows = await (await connection.execute(_READABLE, values)).fetchall()
    return [(_publication(row[:-1]), row[-1]) for row in rows]


async def unread_notices(connection: Connection, reader: ReaderFacts) -> int:
    """How many notices for this store it has not opened."""
    row = await (await connection.execute(_UNREAD, _reading(reader))).fetchone()
    return int(row[0]) if row else 0


async def mark_read(connection: Connection, publication_id: UUID, store_id: UUID, *, now: datetime) -> None:
    """Keep the read receipt; the first reading stands."""
    await connection.execute(_READ, [publication_id, store_id, now])


async def read_counts(connection: Connection, publication_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """By how many stores each was read."""
    rows = await (await connection.execute(_READ_COUNTS, [list(publication_ids)])).fetchall()
    return {row[0]: int(row[1]) for row in rows}


async def stores_reached(connection: Connection, reach: Reach) -> int:
    """How many stores a publication is for; a grid's are counted by the grids."""
    values = {"audience": reach.audience, "value": reach.value}
    row = await (await connection.execute(_REACHED, values)).fetchone()
    return int(row[0]) if row else 0


def _worded(publication_id: UUID, wording: Wording, reach: Reach, **more: object) -> dict[str, object]:
    return {
        "id": publication_id,
        "title": wording.title,
        "title_en": wording.title_en,
        "body": wording.body,
        "body_en": wording.body_en,
        "audience": reach.audience,
        "value": reach.value,
        **more,
    }


def _reading(reader: ReaderFacts) -> dict[str, object]:
    return {
        "store": reader.store_id,
        "industry": reader.industry,
        "adcode": reader.adcode,
        "grid": reader.grid,
    }


def _publication(row: tuple[Any, ...]) -> Publication:
    reach = Reach(Audience(row[8]), row[9])
    return Publication(*(row[0], Kind(row[1]), PublicationState(row[2]), *row[3:8], reach, *row[10:]))
