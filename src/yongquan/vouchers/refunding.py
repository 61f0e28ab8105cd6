"""What a refund does to the vouchers of a payment, by each campaign's rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.plumbing.db import Connection

# The whole payment at once. A voucher that is not returned gives its money back to the funder for good.
_REFUND_WHOLE = """
update vouchers.voucher v
   set state = f.fate,
       recycled_fen = v.recycled_fen + case when f.fate = 'held' then 0 else v.redeemed_fen end,
       amount_fen = v.redeemed_fen,
       payment_id = null,
       frees_cap = v.frees_cap or f.frees_cap
  from (select w.voucher_id,
               case when c.rules ->> 'refund' in ('return', 'return_in_validity') and w.valid_until > %(now)s
                         then 'held'
                    when c.rules ->> 'refund' = 'return' then 'expired'
                    else 'forfeited' end as fate,
               coalesce((c.rules ->> 'refund_frees_cap')::boolean, false) as frees_cap
          from vouchers.voucher w join vouchers.campaign c on c.campaign_id = w.campaign_id
         where w.cell = %(cell)s and w.citizen_id = %(citizen)s and w.payment_id = %(payment)s
           and w.state = 'redeemed') f
 where v.cell = %(cell)s and v.voucher_id = f.voucher_id
returning v.voucher_id, v.type_id, v.redeemed_fen, v.state
"""
# A part: the voucher stays used for what is left. The part that ends the payment takes the last of it.
_REFUND_PART = """
update vouchers.voucher v
   set redeemed_fen = v.redeemed_fen - u.fen, recycled_fen = v.recycled_fen + u.fen,
       state = case when %(ends)s then 'forfeited' else v.state end,
       payment_id = case when %(ends)s then null else v.payment_id end,
       frees_cap = v.frees_cap
                   or %(ends)s and coalesce((c.rules ->> 'refund_frees_cap')::boolean, false)
  from unnest(%(voucher)s::uuid[], %(fen)s::bigint[]) as u(voucher_id, fen), vouchers.campaign c
 where v.cell = %(cell)s and v.voucher_id = u.voucher_id and v.state = 'redeemed' and c.campaign_id = v.campaign_id
returning v.voucher_id, v.type_id, u.fen, v.state
"""
_ONLY_WHOLE = """
select exists (
    select from vouchers.voucher v join vouchers.campaign c on c.campaign_id = v.campaign_id
     where v.cell = %s and v.voucher_id = any (%s) and c.rules ->> 'partial_refund' = 'refused')
"""


class Fate(StrEnum):
    """What became of a voucher in a refund."""

    USED = "used"  # in part refunded, and used all the same
    RETURNED = "returned"
    EXPIRED = "expired"  # returned with an expiry that is over
    FORFEITED = "forfeited"


_FATE_OF_STATE = {"redeemed": Fate.USED, "held": Fate.RETURNED, "expired": Fate.EXPIRED, "forfeited": Fate.FORFEITED}


@dataclass(frozen=True, slots=True)
class RefundedVoucher:
    """A voucher of a refund: how much of what it took off was given back, and what became of it."""

    voucher_id: UUID
    type_id: UUID
    refunded_fen: int
    fate: Fate


async def refund_vouchers(
    connection: Connection, cell: int, payment_id: UUID, *, citizen_id: UUID, now: datetime
) -> list[RefundedVoucher]:
    """Refund the whole payment at once: each voucher by its campaign's rule."""
    values = {"cell": cell, "payment": payment_id, "citizen": citizen_id, "now": now}
    return await _refunded(connection, _REFUND_WHOLE, values)


async def refund_vouchers_in_part(
    connection: Connection, cell: int, parts: Mapping[UUID, int], *, ends: bool
) -> list[RefundedVoucher]:
    """Take parts (fen) off what vouchers took off; with `ends` nothing is left and the vouchers are gone."""
    values = {"cell": cell, "voucher": list(parts), "fen": list(parts.values()), "ends": ends}
    return await _refunded(connection, _REFUND_PART, values)


async def only_whole(connection: Connection, cell: int, voucher_ids: list[UUID]) -> bool:
    """Whether a campaign of one of these vouchers allows refunds of the whole payment only."""
    row = await (await connection.execute(_ONLY_WHOLE, [cell, voucher_ids])).fetchone()
    return bool(row and row[0])


async def _refunded(connection: Connection, statement: str, values: dict[str, object]) -> list[RefundedVoucher]:
    rows = await (await connection.execute(statement.encode(), values)).fetchall()
    return [RefundedVoucher(row[0], row[1], row[2], _FATE_OF_STATE[row[3]]) for row in rows]
