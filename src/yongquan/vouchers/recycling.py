"""What an ended round gives back: stock that was never claimed, and vouchers that expired or were forfeited."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import RoundState

_CLOSE = """
update vouchers.round set state = 'ended', version = version + 1
 where state = any (%s) and closes_at <= %s
   -- What came in time is decided on, out of the round's stock, before the rest goes back.
   and (mode <> 'apply' or not exists (
        select from vouchers.application a
         where a.round_id = round.round_id and a.state in ('submitted', 'seconding')))
"""
# Claims of an ended round are over, so its stock can be cut to what was claimed.
_TAKE_UNSOLD = """
with unsold as (
    select s.cell, s.type_id, s.stock - s.claimed as pieces from vouchers.stock s
      join vouchers.voucher_type t on t.type_id = s.type_id
      join vouchers.round r on r.round_id = t.round_id
     where r.state = 'ended' and s.stock > s.claimed order by s.type_id, s.cell for no key update of s
), cut as (
    update vouchers.stock s set stock = s.claimed from unsold u where s.cell = u.cell and s.type_id = u.type_id
)
select u.type_id, sum(u.pieces * t.amount_fen)::bigint
  from unsold u join vouchers.voucher_type t on t.type_id = u.type_id group by u.type_id
"""
_RECYCLED = """
select v.type_id, sum(v.recycled_fen)::bigint from vouchers.voucher v
  join vouchers.round r on r.round_id = v.round_id
 where r.state = 'ended' and v.recycled_fen > 0 group by v.type_id
"""
_TURN = """
insert into vouchers.recycled as done (type_id, fen, turn)
select u.type_id, u.fen, 1 from unnest(%s::uuid[], %s::bigint[]) as u(type_id, fen)
on conflict (type_id) do update set fen = excluded.fen, turn = done.turn + 1
returning type_id, turn
"""
_DONE = "select type_id, fen from vouchers.recycled"
_CAMPAIGNS = """
select t.type_id, r.campaign_id from vouchers.voucher_type t join vouchers.round r on r.round_id = t.round_id
 where t.type_id = any (%s)
"""

_FACES = "select type_id, amount_fen from vouchers.voucher_type where type_id = any (%s)"


@dataclass(frozen=True, slots=True)
class Recyclable:
    """What one type gives back this time, in fen; `turn` counts how often it has."""

    type_id: UUID
    campaign_id: UUID
    turn: int
    unsold_fen: int
    recycled_fen: int
    face_fen: int


async def close_rounds(connection: Connection, *, now: datetime) -> None:
    """End the rounds whose time is over."""
    await connection.execute(_CLOSE, [[RoundState.PUBLISHED, RoundState.PAUSED], now])


async def take_recyclable(connection: Connection) -> list[Recyclable]:
    """Cut unsold stock and count what was recycled since the last time, for all ended rounds."""
    unsold = await _by_type(connection, _TAKE_UNSOLD)
    recycled = await _by_type(connection, _RECYCLED)
    done = await _by_type(connection, _DONE)
    fresh = {type_id: fen - done.get(type_id, 0) for type_id, fen in recycled.items()}
    type_ids = sorted({*unsold, *(type_id for type_id, fen in fresh.items() if fen > 0)})
    campaigns = await _by_type(connection, _CAMPAIGNS, type_ids)
    faces = await _by_type(connection, _FACES, type_ids)
    turns = await _by_type(connection, _TURN, type_ids, [recycled.get(type_id, 0) for type_id in type_ids])
    return [
        Recyclable(
            type_id,
            campaigns[type_id],
            turns[type_id],
            unsold.get(type_id, 0),
            fresh.get(type_id, 0),
            faces[type_id],
        )
        for type_id in type_ids
    ]


async def _by_type(connection: Connection, statement: str, *arguments: object) -> dict[UUID, Any]:
    return {row[0]: row[1] for row in await (await connection.execute(statement, arguments)).fetchall()}
