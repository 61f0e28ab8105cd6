"""What a full refund does to the vouchers of a payment, by each campaign's rule."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

# forfeit: the voucher is gone. return: back with its first expiry; one that has expired meanwhile is gone too.
_REFUND = """
update vouchers.voucher v
   set state = case when c.rules ->> 'refund' = 'return' and v.valid_until > %(now)s then 'held' else 'forfeited' end,
       recycled_fen = v.recycled_fen
           + case when c.rules ->> 'refund' = 'return' and v.valid_until > %(now)s then 0 else v.redeemed_fen end,
       amount_fen = v.redeemed_fen,
       payment_id = null
  from vouchers.campaign c
 where v.cell = %(cell)s and v.payment_id = %(payment)s and v.citizen_id = %(citizen)s and v.state = 'redeemed'
   and c.campaign_id = v.campaign_id
returning v.voucher_id, v.type_id, v.redeemed_fen, v.state = 'forfeited'
"""


@dataclass(frozen=True, slots=True)
class RefundedVoucher:
    """A voucher of a refunded payment, and whether it is gone."""

    voucher_id: UUID
    type_id: UUID
    redeemed_fen: int
    forfeited: bool


async def refund_vouchers(
    connection: Connection, cell: int, payment_id: UUID, *, citizen_id: UUID, now: datetime
) -> list[RefundedVoucher]:
    """Return or forfeit what a payment redeemed, each voucher by its campaign's refund rule."""
    values = {"cell": cell, "payment": payment_id, "citizen": citizen_id, "now": now}
    return [RefundedVoucher(*row) for row in await (await connection.execute(_REFUND, values)).fetchall()]
