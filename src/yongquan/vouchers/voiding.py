"""The vouchers room's SQL for vouchers that a person makes void."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_PLACES = """
select distinct c.adcode from vouchers.voucher v join vouchers.campaign c on c.campaign_id = v.campaign_id
 where v.cell = %s and v.voucher_id = any (%s)
"""
_UNUSED_OF_ROUND = """
select voucher_id from vouchers.voucher
 where cell = %s and round_id = %s and state in ('held', 'frozen') order by voucher_id limit %s
"""
_VOID = "select voucher_id, type_id, citizen_id, amount_fen, state from vouchers.void(%s, %s, %s, %s, %s)"
_TELL = """
select plumbing.emit(%(cell)s, 'voucher.void', array_agg(md5(v.voucher_id || ':void')::uuid), array_agg(v.voucher_id),
                     array_agg(jsonb_build_object('citizen_id', v.citizen_id, 'reason', %(reason)s::text,
                                                  'type_id', v.type_id, 'round_id', v.round_id)
                               || case when v.platform is null and o.by is null then '{}'::jsonb
                                       else institutions.concerned(v.cell, v.citizen_id, array[v.platform] || o.by)
                                  end), %(now)s)
  from vouchers.voucher v
  left join (select o.voucher_id, array_agg(o.institution) as by
               from institutions.orderers_of(%(vouchers)s::uuid[]) o group by 1) o on o.voucher_id = v.voucher_id
 where v.cell = %(cell)s and v.voucher_id = any (%(vouchers)s) having count(*) > 0
"""
_REASON = "select reason from vouchers.voided where cell = %s and voucher_id = %s"


@dataclass(frozen=True, slots=True)
class VoidedVoucher:
    """A voucher that was just made void; `amount_fen` goes back, `was` is the state it was in."""

    voucher_id: UUID
    type_id: UUID
    citizen_id: UUID
    amount_fen: int
    was: str


async def places_of(connection: Connection, cell: int, voucher_ids: Sequence[UUID]) -> list[str | None]:
    """The divisions of the vouchers' campaigns (None: the whole city)."""
    rows = await (await connection.execute(_PLACES, [cell, list(voucher_ids)])).fetchall()
    return [row[0] for row in rows]


async def unused_of_round(connection: Connection, cell: int, round_id: UUID, *, limit: int) -> list[UUID]:
    """Vouchers of a round in one cell that nobody has used, the first ids first."""
    rows = await (await connection.execute(_UNUSED_OF_ROUND, [cell, round_id, limit])).fetchall()
    return [row[0] for row in rows]


async def void(
    connection: Connection, cell: int, voucher_ids: Sequence[UUID], *, reason: str, actor: str, now: datetime
) -> list[VoidedVoucher]:
    """Make vouchers of one cell void that are held or frozen, and tell so; the others stay as they are."""
    rows = await (await connection.execute(_VOID, [cell, now, list(voucher_ids), reason, actor])).fetchall()
    gone = [VoidedVoucher(*row) for row in rows]
    told = {"cell": cell, "reason": reason, "now": now, "vouchers": [v.voucher_id for v in gone]}
    await connection.execute(_TELL, told)
    return gone


async def why_void(connection: Connection, cell: int, voucher_id: UUID) -> str | None:
    """The reason that a voucher was made void, None if it was not."""
    row = await (await connection.execute(_REASON, [cell, voucher_id])).fetchone()
    return row[0] if row else None
