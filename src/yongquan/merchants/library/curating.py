"""The library's SQL for people: splits, pairs to look at, shops made one by hand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.merchants.library.model import Merge, NearMatch, NearState, near_id_of
from yongquan.merchants.library.store import absorb
from yongquan.plumbing.db import Connection

_FINAL = """
with recursive way (shop_id, merged_into) as (
    select shop_id, merged_into from merchants.library_shop where shop_id = %s
    union all
    select s.shop_id, s.merged_into from merchants.library_shop s join way w on s.shop_id = w.merged_into
)
select shop_id from way where merged_into is null
"""
_HERE = "select row_id from merchants.library_member where row_id = any (%s) and shop_id = %s order by row_id"
_OTHERS = (
    "select row_id from merchants.library_member where shop_id = %s and row_id <> all (%s) order by row_id limit 1"
)
_REVIVE = """
insert into merchants.library_shop (shop_id, made_at) values (%s, %s)
on conflict (shop_id) do update set merged_into = null
"""
_MOVE = "update merchants.library_member set shop_id = %s where row_id = any (%s)"
_UNDO = "update merchants.library_merge set undone_by = %s, undone_at = %s, why = %s where merge_id = %s"
_UNLINK = "update merchants.library_shop set store_id = null where shop_id = any (%s)"
# A shop is the store of ours whose row it holds.
_RELINK = """
update merchants.library_shop s set store_id = r.own_id::uuid
  from merchants.library_member m
  join merchants.list_row r using (row_id)
  join merchants.list_source o on o.code = r.source_code and o.kind = 'own'
 where m.shop_id = s.shop_id and s.shop_id = any (%s) and s.merged_into is null
"""
_SAID = """
insert into merchants.library_near (near_id, one_row, other_row, score, reasons, state, found_at, decided_by,
                                    decided_at)
values (%(near)s, %(one)s, %(other)s, 0, '{}', %(state)s, %(now)s, %(actor)s, %(now)s)
on conflict (near_id) do update set state = excluded.state, decided_by = excluded.decided_by,
                                    decided_at = excluded.decided_at
"""
_MERGED = """
insert into merchants.library_merge (merge_id, into_shop, from_shop, row_ids, score, reasons, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_ROWS = "select row_id from merchants.library_member where shop_id = %s order by row_id"
_NEAR = """
select n.near_id, n.one_row, n.other_row, n.score, n.reasons, n.state, n.claimed_by, n.claimed_until, n.decided_by,
       a.shop_id, b.shop_id
  from merchants.library_near n
  join merchants.library_member a on a.row_id = n.one_row
  join merchants.library_member b on b.row_id = n.other_row
"""
# What is open first, then what somebody else was unsure of; a pair that is one shop by now is nobody's work.
_NEXT = f"""
{_NEAR}
 where n.state in ('open', 'unsure') and a.shop_id <> b.shop_id
   and (n.state = 'open' or n.decided_by <> %(actor)s)
   and (n.claimed_by is null or n.claimed_by = %(actor)s or n.claimed_until < %(now)s)
 order by n.claimed_by is distinct from %(actor)s, n.state, n.score desc, n.near_id
 limit 1 for update of n skip locked
"""
_CLAIM = "update merchants.library_near set claimed_by = %s, claimed_until = %s where near_id = %s"
_DECIDE = """
update merchants.library_near set state = %s, decided_by = %s, decided_at = %s, claimed_by = null, claimed_until = null
 where near_id = %s
"""
_WAITING = """
select count(*) filter (where n.state = 'open'), count(*) filter (where n.state = 'unsure')
  from merchants.library_near n
  join merchants.library_member a on a.row_id = n.one_row
  join merchants.library_member b on b.row_id = n.other_row
 where n.state in ('open', 'unsure') and a.shop_id <> b.shop_id
"""
_SHARING = """
select distinct m.shop_id from merchants.library_member m join merchants.list_row r using (row_id)
 where r.phone_index && (select coalesce(array_agg(p), '{}') from merchants.library_member k
                           join merchants.list_row o using (row_id) cross join unnest(o.phone_index) p
                          where k.shop_id = any (%s))
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A near-match as it stands, with the shops that its rows are in."""

    near: NearMatch
    state: NearState
    claimed_by: str | None
    claimed_until: datetime | None
    decided_by: str | None
    one_shop: UUID
    other_shop: UUID


async def standing_in(connection: Connection, shop_id: UUID) -> UUID | None:
    """The shop that a shop went into, itself if none; None if there is no such shop."""
    row = await (await connection.execute(_FINAL, [shop_id])).fetchone()
    return row[0] if row else None


async def rows_still_in(connection: Connection, shop_id: UUID, row_ids: Sequence[UUID]) -> list[UUID]:
    """Which of these rows are in a shop."""
    return [row[0] for row in await (await connection.execute(_HERE, [list(row_ids), shop_id])).fetchall()]


async def row_beside(connection: Connection, shop_id: UUID, row_ids: Sequence[UUID]) -> UUID | None:
    """A row of a shop that is none of these."""
    row = await (await connection.execute(_OTHERS, [shop_id, list(row_ids)])).fetchone()
    return row[0] if row else None


async def take_out(connection: Connection, shop_id: UUID, row_ids: Sequence[UUID], *, now: datetime) -> None:
    """Give rows back to a shop of their own."""
    await connection.execute(_REVIVE, [shop_id, now])
    await connection.execute(_MOVE, [shop_id, list(row_ids)])


async def relink(connection: Connection, shop_ids: Sequence[UUID]) -> None:
    """Link shops to the stores of ours whose rows they hold."""
    await connection.execute(_UNLINK, [list(shop_ids)])
    await connection.execute(_RELINK, [list(shop_ids)])


async def mark_undone(connection: Connection, merge_id: UUID, *, actor: str, why: str, now: datetime) -> None:
    """Note who took a merge back, and why."""
    await connection.execute(_UNDO, [actor, now, why, merge_id])


async def say_of_pair(
    connection: Connection, one_row: UUID, other_row: UUID, state: NearState, *, actor: str, now: datetime
) -> None:
    """Keep what a person said of two rows, so that no later import says otherwise."""
    values = {"near": near_id_of(one_row, other_row), "one": one_row, "other": other_row}
    await connection.execute(_SAID, {**values, "state": state, "actor": actor, "now": now})


async def rows_of(connection: Connection, shop_id: UUID) -> list[UUID]:
    """The rows of a shop."""
    return [row[0] for row in await (await connection.execute(_ROWS, [shop_id])).fetchall()]


async def merge_by_hand(connection: Connection, merge: Merge, *, now: datetime) -> None:
    """Make two shops one, and remember how to take it back."""
    values = [merge.merge_id, merge.into_shop, merge.from_shop, list(merge.row_ids), merge.score, list(merge.reasons)]
    await connection.execute(_MERGED, [*values, merge.made_by, now])
    await absorb(connection, merge.into_shop, merge.from_shop)


async def next_pair(connection: Connection, actor: str, *, now: datetime, until: datetime) -> Pair | None:
    """The next pair for a person, held for them until then. What they hold already comes first."""
    row = await (await connection.execute(_NEXT, {"actor": actor, "now": now})).fetchone()
    if row is None:
        return None
    await connection.execute(_CLAIM, [actor, until, row[0]])
    return _pair((*row[:6], actor, until, *row[8:]))


async def pair_of(connection: Connection, near_id: UUID) -> Pair | None:
    """One pair, kept from changing for this transaction."""
    row = await (await connection.execute(f"{_NEAR} where n.near_id = %s for update of n", [near_id])).fetchone()
    return _pair(row) if row else None


async def decide_pair(connection: Connection, near_id: UUID, state: NearState, *, actor: str, now: datetime) -> None:
    """Note a decision and let the pair go."""
    await connection.execute(_DECIDE, [state, actor, now, near_id])


async def waiting(connection: Connection) -> tuple[int, int]:
    """How many pairs are open, and how many somebody was unsure of."""
    row = await (await connection.execute(_WAITING)).fetchone()
    return (row[0], row[1]) if row else (0, 0)


async def shops_sharing_phones(connection: Connection, shop_ids: Sequence[UUID]) -> list[UUID]:
    """The shops that have a phone in common with some shops, themselves included if they have one."""
    return [row[0] for row in await (await connection.execute(_SHARING, [list(shop_ids)])).fetchall()]


def _pair(row: Sequence[object]) -> Pair:
    near = NearMatch(*row[:5])  # type: ignore[arg-type]
    return Pair(near, NearState(str(row[5])), *row[6:])  # type: ignore[arg-type]
