"""The SQL of lists; their members are in `vouchers.list_member`, in each citizen's own cell."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_SAVE = """
insert into vouchers.list (list_id, name, adcode, file_rows, made_by, made_at) values (%s, %s, %s, %s, %s, %s)
"""
_ALL = """
select l.list_id, l.name, l.adcode, l.file_rows, l.made_at, count(m.citizen_id)::int
  from vouchers.list l left join vouchers.list_member m on m.list_id = l.list_id
 where (%(places)s::text[] is null or l.adcode = any (%(places)s))
   and (%(list_id)s::uuid is null or l.list_id = %(list_id)s)
 group by l.list_id order by l.made_at desc limit 200
"""
_TIERS = """
select citizen_id, list_id, tier from vouchers.list_member where list_id = any (%s) and citizen_id = any (%s)
"""
_FIRST = "select citizen_id from vouchers.list_member where list_id = %s order by cell, citizen_id limit %s"


@dataclass(frozen=True, slots=True)
class ListRecord:
    """A list with how many rows its file had and how many citizens are on it. `adcode` None is the whole city."""

    list_id: UUID
    name: str
    adcode: str | None
    file_rows: int
    made_at: datetime
    members: int


async def save_list(
    connection: Connection,
    list_id: UUID,
    *,
    name: str,
    adcode: str | None,
    file_rows: int,
    made_by: str,
    now: datetime,
) -> None:
    """Write a list down, without members."""
    await connection.execute(_SAVE, [list_id, name, adcode, file_rows, made_by, now])


async def lists_for_desk(connection: Connection, *, places: Sequence[str] | None) -> list[ListRecord]:
    """The latest lists of these divisions; None: all of them."""
    facts = {"places": None if places is None else list(places), "list_id": None}
    return [ListRecord(*row) for row in await (await connection.execute(_ALL, facts)).fetchall()]


async def list_of(connection: Connection, list_id: UUID) -> ListRecord | None:
    """One list."""
    row = await (await connection.execute(_ALL, {"places": None, "list_id": list_id})).fetchone()
    return ListRecord(*row) if row else None


async def first_members(connection: Connection, list_id: UUID, *, limit: int) -> list[UUID]:
    """Some of the citizens on a list, to be shown masked."""
    return [row[0] for row in await (await connection.execute(_FIRST, [list_id, limit])).fetchall()]


async def tiers_of(
    connection: Connection, lists: Sequence[UUID], citizens: Sequence[UUID]
) -> list[tuple[UUID, UUID, int]]:
    """(citizen, list, tier) of those of the citizens who are on one of the lists; asks every cell."""
    if not lists:
        return []
    rows = await (await connection.execute(_TIERS, [list(lists), list(citizens)])).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]
