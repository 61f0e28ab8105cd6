"""The vouchers room's SQL for vouchers that a person froze on a suspicion, and thawed when it did not hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id

_FREEZE = """
with found as materialized (
    select v.voucher_id, v.type_id, v.citizen_id, v.amount_fen, u.freeze_id
      from unnest(%(vouchers)s::uuid[], %(freezes)s::uuid[]) as u(voucher_id, freeze_id)
      join vouchers.voucher v on v.cell = %(cell)s and v.voucher_id = u.voucher_id
     where v.state = 'held' and v.valid_until > %(now)s order by v.voucher_id for no key update of v
), noted as (
    insert into vouchers.frozen (freeze_id, cell, voucher_id, reason, actor, frozen_at)
    select f.freeze_id, %(cell)s, f.voucher_id, %(reason)s, %(actor)s, %(now)s from found f
), moved as (
    update vouchers.voucher v set state = 'frozen' from found f
     where v.cell = %(cell)s and v.voucher_id = f.voucher_id
)
select freeze_id, voucher_id, type_id, citizen_id, amount_fen from found
"""
_THAW = """
with found as materialized (
    select v.voucher_id, v.type_id, v.citizen_id, v.amount_fen, z.freeze_id
      from vouchers.voucher v
      join vouchers.frozen z on z.cell = v.cell and z.voucher_id = v.voucher_id and z.thawed_at is null
     where v.cell = %(cell)s and v.voucher_id = any (%(vouchers)s) and v.state = 'frozen'
     order by v.voucher_id for no key update of v
), noted as (
    update vouchers.frozen z set thawed_at = %(now)s, thawed_by = %(actor)s, thawed_for = %(reason)s
      from found f where z.freeze_id = f.freeze_id
), moved as (
    update vouchers.voucher v set state = 'held' from found f
     where v.cell = %(cell)s and v.voucher_id = f.voucher_id
)
select freeze_id, voucher_id, type_id, citizen_id, amount_fen from found
"""
_TELL = """
select plumbing.emit(%(cell)s, %(event)s, array_agg(md5(u.freeze_id || ':' || %(event)s)::uuid),
                     array_agg(u.voucher_id),
                     array_agg(jsonb_build_object('citizen_id', u.citizen_id, 'reason', %(reason)s::text)), %(now)s)
  from unnest(%(freezes)s::uuid[], %(vouchers)s::uuid[], %(citizens)s::uuid[])
       as u(freeze_id, voucher_id, citizen_id) having count(*) > 0
"""
_REASON = """
select z.reason from vouchers.frozen z join vouchers.voucher v on v.cell = z.cell and v.voucher_id = z.voucher_id
 where z.cell = %s and z.voucher_id = %s and z.thawed_at is null and v.state = 'frozen'
"""
_AMONG = """
select voucher_id from vouchers.voucher
 where cell = %s and citizen_id = %s and voucher_id = any (%s) and state = 'frozen' order by voucher_id limit 1
"""
_OF_CAMPAIGN = """
select z.voucher_id, t.name, t.name_en, v.amount_fen, z.reason, z.actor, z.frozen_at
  from vouchers.frozen z
  join vouchers.voucher v on v.cell = z.cell and v.voucher_id = z.voucher_id
  join vouchers.voucher_type t on t.type_id = v.type_id
 where z.thawed_at is null and v.state = 'frozen' and v.campaign_id = %s order by z.frozen_at, z.voucher_id limit 200
"""


@dataclass(frozen=True, slots=True)
class FrozenVoucher:
    """A voucher that was just frozen or thawed; `freeze_id` names this freeze."""

    freeze_id: UUID
    voucher_id: UUID
    type_id: UUID
    citizen_id: UUID
    amount_fen: int


@dataclass(frozen=True, slots=True)
class FrozenRow:
    """A frozen voucher in a list."""

    voucher_id: UUID
    name: str
    name_en: str
    amount_fen: int
    reason: str
    actor: str
    frozen_at: datetime


async def freeze(
    connection: Connection, cell: int, voucher_ids: Sequence[UUID], *, reason: str, actor: str, now: datetime
) -> list[FrozenVoucher]:
    """Freeze vouchers of one cell that are held and not over, and tell so; the others stay as they are."""
    facts = _facts(cell, voucher_ids, reason=reason, actor=actor, now=now)
    facts["freezes"] = [fresh_id() for _ in voucher_ids]
    return await _move(connection, _FREEZE, "voucher.frozen", facts)


async def thaw(
    connection: Connection, cell: int, voucher_ids: Sequence[UUID], *, reason: str, actor: str, now: datetime
) -> list[FrozenVoucher]:
    """Give frozen vouchers of one cell back to their holders, and tell so."""
    facts = _facts(cell, voucher_ids, reason=reason, actor=actor, now=now)
    return await _move(connection, _THAW, "voucher.thawed", facts)


async def why_frozen(connection: Connection, cell: int, voucher_id: UUID) -> str | None:
    """The reason that a voucher is frozen, None if it is not."""
    row = await (await connection.execute(_REASON, [cell, voucher_id])).fetchone()
    return row[0] if row else None


async def first_frozen(connection: Connection, cell: int, citizen_id: UUID, voucher_ids: Sequence[UUID]) -> UUID | None:
    """The first of a citizen's vouchers that is frozen."""
    row = await (await connection.execute(_AMONG, [cell, citizen_id, list(voucher_ids)])).fetchone()
    return row[0] if row else None


async def frozen_of_campaign(connection: Connection, campaign_id: UUID) -> list[FrozenRow]:
    """What is frozen of a campaign, the longest first; at most 200."""
    return [FrozenRow(*row) for row in await (await connection.execute(_OF_CAMPAIGN, [campaign_id])).fetchall()]


def _facts(cell: int, voucher_ids: Sequence[UUID], *, reason: str, actor: str, now: datetime) -> dict[str, object]:
    return {"cell": cell, "vouchers": list(voucher_ids), "reason": reason, "actor": actor, "now": now}


async def _move(connection: Connection, sql: str, event: str, facts: dict[str, object]) -> list[FrozenVoucher]:
    rows = await (await connection.execute(sql.encode(), facts)).fetchall()
    moved = [FrozenVoucher(*row) for row in rows]
    told = {name: facts[name] for name in ("cell", "reason", "now")} | {"event": event}
    told |= {"freezes": [v.freeze_id for v in moved], "vouchers": [v.voucher_id for v in moved]}
    await connection.execute(_TELL, told | {"citizens": [v.citizen_id for v in moved]})
    return moved
