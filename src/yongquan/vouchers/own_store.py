"""The SQL of shops' own vouchers."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.own_forecast import Measured
from yongquan.vouchers.own_model import WAITING, Channel, Design, OwnState, OwnVoucher

_ADD = """
insert into vouchers.own_voucher (own_id, code, store_id, merchant, shop, adcode, channel, entered_by, state, design,
                                  created_at, submitted_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (own_id) do nothing
"""
_COLUMNS = """
select own_id, code, store_id, merchant, shop, adcode, channel, entered_by, state, design, reason, campaign_id,
       round_id, listed, surplus_turn, submitted_at, decided_at, decided_by
  from vouchers.own_voucher
"""
_ONE = f"{_COLUMNS} where own_id = %s"
_LOCK = f"{_ONE} for no key update"
_BY_CODE = f"{_COLUMNS} where code = %s"
_OF_MERCHANT = f"{_COLUMNS} where merchant = %s order by created_at desc limit 100"
_ENTERED_BY = f"{_COLUMNS} where entered_by = %s order by created_at desc limit 200"
_FOR_DESK = f"""{_COLUMNS}
 where state <> 'draft' and (%(places)s::text[] is null or adcode = any (%(places)s))
   and (%(channel)s::text is null or channel = %(channel)s)
 order by state not in ('submitted', 'resubmitted'), submitted_at desc nulls last, created_at desc limit 300
"""
_REWRITE = "update vouchers.own_voucher set design = %s where own_id = %s"
_SUBMIT = "update vouchers.own_voucher set state = %s, submitted_at = %s where own_id = %s"
_DECIDE = """
update vouchers.own_voucher set state = %s, reason = %s, decided_at = %s, decided_by = %s where own_id = %s
"""
_MOVE = "update vouchers.own_voucher set state = %s where own_id = %s"
_PUBLISH = """
update vouchers.own_voucher set state = 'published', campaign_id = %s, round_id = %s where own_id = %s
"""
_LIST = "update vouchers.own_voucher set listed = %s where own_id = %s"
_TURN = "update vouchers.own_voucher set surplus_turn = surplus_turn + 1 where own_id = %s"
_OVER = f"""{_COLUMNS} o
 where o.state = 'published' and exists (select from vouchers.campaign c
        where c.campaign_id = o.campaign_id and (c.state = 'ended' or c.ends_at <= %s))
 order by own_id
"""
# Of types whose time is over, what was claimed is spent but for what was recycled.
_MEASURED = """
with over as (
    select t.type_id, t.round_id, t.amount_fen,
           (select coalesce(sum(s.claimed), 0)::bigint from vouchers.stock s where s.type_id = t.type_id) as claimed
      from vouchers.voucher_type t
      join vouchers.round r on r.round_id = t.round_id
      left join vouchers.own_voucher o on o.campaign_id = r.campaign_id
     where t.valid_until <= %(now)s and (%(merchant)s::text is null or o.merchant = %(merchant)s)
     order by t.valid_until desc limit 200
)
select coalesce(sum(claimed), 0)::bigint, coalesce(sum(claimed * amount_fen), 0)::bigint,
       coalesce(sum(claimed * amount_fen - coalesce((select sum(v.recycled_fen) from vouchers.voucher v
            where v.round_id = over.round_id and v.type_id = over.type_id and v.recycled_fen > 0), 0)), 0)::bigint
  from over
"""
_DOOR = """
insert into vouchers.own_door (institution, channel, opened_at) values (%s, %s, %s)
on conflict (institution) do update set channel = excluded.channel
"""
_CHANNEL = "select channel from vouchers.own_door where institution = %s"
_STATES = """
select c.campaign_id, c.state, r.state, c.ends_at,
       (select coalesce(sum(s.claimed), 0)::int from vouchers.stock s
          join vouchers.voucher_type t on t.type_id = s.type_id where t.round_id = r.round_id)
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id where r.round_id = any (%s)
"""


async def add_own(connection: Connection, own: OwnVoucher, *, now: datetime) -> bool:
    """Write a new application; False if this very one was written before."""
    design = Jsonb(msgspec.to_builtins(own.design))
    values = (
        *(own.own_id, own.code, own.store_id, own.merchant, own.shop, own.adcode, own.channel, own.entered_by),
        *(own.state, design, now, own.submitted_at),
    )
    return (await connection.execute(_ADD, values)).rowcount == 1


async def own_of(connection: Connection, own_id: UUID, *, lock: bool = False) -> OwnVoucher | None:
    """One application; with `lock`, kept from others until the commit."""
    row = await (await connection.execute(_LOCK if lock else _ONE, [own_id])).fetchone()
    return _own(row) if row else None


async def own_by_code(connection: Connection, code: str) -> OwnVoucher | None:
    """The voucher whose page has this code."""
    row = await (await connection.execute(_BY_CODE, [code])).fetchone()
    return _own(row) if row else None


async def own_of_merchant(connection: Connection, merchant: str) -> list[OwnVoucher]:
    """A merchant's, the latest first."""
    return [_own(row) for row in await (await connection.execute(_OF_MERCHANT, [merchant])).fetchall()]


async def own_entered_by(connection: Connection, actor: str) -> list[OwnVoucher]:
    """Those that somebody entered, the latest first."""
    return [_own(row) for row in await (await connection.execute(_ENTERED_BY, [actor])).fetchall()]


async def own_for_desk(
    connection: Connection, *, places: Sequence[str] | None, channel: str | None = None
) -> list[OwnVoucher]:
    """The queue of all channels, those that wait first; `places` bounds it to divisions."""
    values = {"places": None if places is None else list(places), "channel": channel}
    return [_own(row) for row in await (await connection.execute(_FOR_DESK, values)).fetchall()]


async def rewrite_own(connection: Connection, own_id: UUID, design: Design) -> None:
    """Another design."""
    await connection.execute(_REWRITE, [Jsonb(msgspec.to_builtins(design)), own_id])


async def move_own(connection: Connection, own_id: UUID, to: OwnState, *, now: datetime) -> None:
    """Submit, or withdraw."""
    if to in WAITING:
        await connection.execute(_SUBMIT, [to, now, own_id])
    else:
        await connection.execute(_MOVE, [to, own_id])


async def decide_own(
    connection: Connection, own_id: UUID, to: OwnState, *, reason: str, by: str, now: datetime
) -> None:
    """Approve or reject."""
    await connection.execute(_DECIDE, [to, reason, now, by, own_id])


async def publish_own_row(connection: Connection, own_id: UUID, *, campaign_id: UUID, round_id: UUID) -> None:
    """It is public now, as this campaign and round."""
    await connection.execute(_PUBLISH, [campaign_id, round_id, own_id])


async def list_own(connection: Connection, own_id: UUID, *, listed: bool) -> None:
    """Show it on the citizens' page of rounds, or no longer."""
    await connection.execute(_LIST, [listed, own_id])


async def next_surplus(connection: Connection, own_id: UUID) -> None:
    """Unspent budget went back once more."""
    await connection.execute(_TURN, [own_id])


async def own_that_are_over(connection: Connection, *, now: datetime) -> list[OwnVoucher]:
    """Published ones whose campaign was ended or has run out."""
    return [_own(row) for row in await (await connection.execute(_OVER, [now])).fetchall()]


async def measured_use(connection: Connection, *, merchant: str | None, now: datetime) -> Measured:
    """How vouchers whose time is over were used: a merchant's own, or (None) the city's; the latest 200 types."""
    row = await (await connection.execute(_MEASURED, {"merchant": merchant, "now": now})).fetchone()
    return Measured(*row) if row else Measured()


async def open_door(connection: Connection, institution: str, channel: Channel, *, now: datetime) -> None:
    """Say by which channel an institution's applications come."""
    await connection.execute(_DOOR, [institution, channel, now])


async def channel_of(connection: Connection, institution: str) -> Channel | None:
    """The channel of an institution; None: it may not apply for shops."""
    row = await (await connection.execute(_CHANNEL, [institution])).fetchone()
    return Channel(row[0]) if row else None


async def running_states(
    connection: Connection, owns: Sequence[OwnVoucher]
) -> dict[UUID, tuple[str, str, datetime, int]]:
    """Of those published, by campaign: the campaign's and the round's state, its end, and how many were claimed."""
    rounds = [own.round_id for own in owns if own.round_id]
    return {row[0]: row[1:] for row in await (await connection.execute(_STATES, [rounds])).fetchall()}


def _own(row: TupleRow) -> OwnVoucher:
    own = OwnVoucher(*row)
    return replace(own, channel=Channel(own.channel), state=OwnState(own.state), design=msgspec.convert(row[9], Design))
