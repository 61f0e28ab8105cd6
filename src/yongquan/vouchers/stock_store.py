"""The vouchers room's SQL for stock that changes after publication: cut, added to, moved, issued again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_STOCKS = """
select t.type_id, r.round_id, r.campaign_id, r.state, t.amount_fen
  from vouchers.voucher_type t join vouchers.round r on r.round_id = t.round_id where t.type_id = any (%s)
"""
_UNCLAIMED = """
select cell, stock - claimed from vouchers.stock where type_id = %s order by cell for update
"""
_CUT = "update vouchers.stock set stock = stock - %s where type_id = %s and cell = %s"
_ADD = """
update vouchers.stock set stock = stock + %(pieces)s
 where type_id = %(type)s and cell = (select min(cell) from vouchers.stock where type_id = %(type)s)
"""
# The version makes every process read the round again and forget that it was sold out.
_TELL = """
with told as (
    update vouchers.voucher_type set stock = stock + %(pieces)s where type_id = %(type)s returning round_id
)
update vouchers.round r set version = version + 1 from told where r.round_id = told.round_id
"""
_MOVE_OF = "select added from vouchers.budget_move where move_id = %s"
_SAVE_MOVE = """
insert into vouchers.budget_move (move_id, source_type, target_type, taken, added, moved_at)
values (%s, %s, %s, %s, %s, %s)
"""
_NEXT = """
select t.type_id, n.type_id
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id and r.leftover = 'next_round'
  cross join lateral (
       select u.type_id from vouchers.voucher_type u join vouchers.round q on q.round_id = u.round_id
        where q.campaign_id = r.campaign_id and q.opens_at > r.opens_at and q.state in ('published', 'paused')
          and u.amount_fen = t.amount_fen and u.threshold_fen = t.threshold_fen
          and u.rate_bp is not distinct from t.rate_bp and u.industry is not distinct from t.industry
        order by q.opens_at, u.type_id limit 1) n
 where t.type_id = any (%s)
"""
_SET_LEFTOVER = "update vouchers.round set leftover = %s where round_id = %s and campaign_id = %s"


@dataclass(frozen=True, slots=True)
class TypeStock:
    """A type as a move of budget sees it."""

    type_id: UUID
    round_id: UUID
    campaign_id: UUID
    round_state: str
    amount_fen: int


async def stocks_of(connection: Connection, type_ids: Sequence[UUID]) -> dict[UUID, TypeStock]:
    """Those of some types that exist."""
    rows = await (await connection.execute(_STOCKS, [list(type_ids)])).fetchall()
    return {row[0]: TypeStock(*row) for row in rows}


async def cut(connection: Connection, type_id: UUID, pieces: int) -> bool:
    """Take unclaimed pieces out of a type's cells, the fullest first; False if there are not that many.

    Locks the type's stock, cells ascending.
    """
    rows = await (await connection.execute(_UNCLAIMED, [type_id])).fetchall()
    if sum(row[1] for row in rows) < pieces:
        return False
    left = pieces
    for cell, unclaimed in sorted(rows, key=lambda row: (-row[1], row[0])):
        taken = min(left, unclaimed)
        if taken:
            await connection.execute(_CUT, [taken, type_id, cell])
        left -= taken
    await connection.execute(_TELL, {"type": type_id, "pieces": -pieces})
    return True


async def add(connection: Connection, type_id: UUID, pieces: int) -> None:
    """Lay more pieces of a type into its first cell; a cell that runs dry takes from the richest."""
    await connection.execute(_ADD, {"type": type_id, "pieces": pieces})
    await connection.execute(_TELL, {"type": type_id, "pieces": pieces})


async def move_of(connection: Connection, move_id: UUID) -> int | None:
    """How many pieces a move added, None if it is not done."""
    row = await (await connection.execute(_MOVE_OF, [move_id])).fetchone()
    return int(row[0]) if row else None


async def save_move(
    connection: Connection, move_id: UUID, *, pair: tuple[UUID, UUID], taken: int, added: int, now: datetime
) -> None:
    """Write a move down, so that it is done once."""
    await connection.execute(_SAVE_MOVE, [move_id, *pair, taken, added, now])


async def next_types(connection: Connection, type_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """The like type of the next round, for types whose rounds issue what is left over again."""
    return dict(await (await connection.execute(_NEXT, [list(type_ids)])).fetchall())


async def set_leftover(connection: Connection, campaign_id: UUID, round_id: UUID, leftover: str) -> bool:
    """Say what becomes of what a round leaves over: `budget` or `next_round`; False if it is not the campaign's."""
    return (await connection.execute(_SET_LEFTOVER, [leftover, round_id, campaign_id])).rowcount == 1
