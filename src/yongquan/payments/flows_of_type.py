"""What a stock's coupons did, line by line: payments that used them, refunds that gave back. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_USES = """
select s.voucher_id, s.amount_fen, p.amount_fen, p.payment_id, p.ended_at, p.store_id, null::uuid
  from (select cell, payment_id, voucher_id, sum(amount_fen)::bigint as amount_fen from payments.share
         where type_id = %(type)s group by cell, payment_id, voucher_id) s
  join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where p.ended_at < %(until)s and p.state in ('succeeded', 'refunding', 'refunded')
 order by p.ended_at, s.voucher_id
"""
_REFUNDS = """
select s.voucher_id, s.amount_fen, r.amount_fen, r.payment_id, r.ended_at, p.store_id, r.refund_id
  from (select cell, refund_id, voucher_id, sum(amount_fen)::bigint as amount_fen from payments.refund_share
         where type_id = %(type)s group by cell, refund_id, voucher_id) s
  join payments.refund r on r.cell = s.cell and r.refund_id = s.refund_id
  join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
 where r.ended_at < %(until)s and r.state = 'succeeded'
 order by r.ended_at, s.voucher_id
"""


@dataclass(frozen=True, slots=True)
class CouponLine:
    """One coupon in one payment or refund; `bill_fen` is what the whole of it was."""

    voucher_id: UUID
    coupon_fen: int
    bill_fen: int
    payment_id: UUID
    at: datetime
    store_id: UUID
    refund_id: UUID | None


async def uses_of_type(connection: Connection, type_id: UUID, *, until: datetime) -> Sequence[CouponLine]:
    """Payments that ended before a moment and used vouchers of a type, in order of time."""
    values = {"type": type_id, "until": until}
    return [CouponLine(*row) for row in await (await connection.execute(_USES, values)).fetchall()]


async def refunds_of_type(connection: Connection, type_id: UUID, *, until: datetime) -> Sequence[CouponLine]:
    """Refunds that ended before a moment and gave back of vouchers of a type, in order of time."""
    values = {"type": type_id, "until": until}
    return [CouponLine(*row) for row in await (await connection.execute(_REFUNDS, values)).fetchall()]
