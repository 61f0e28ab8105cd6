"""What a store's orders moved on a settlement day, for the files that its door gives it. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.plumbing.db import Connection

_PAID = """
select a.order_id, p.payment_id, null::text, p.amount_fen,
       p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen, i.pan_tail
  from payments.payment p
  join payments.attempt a on a.payment_id = p.payment_id
  join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
 where p.store_id = %s and p.settlement_date = %s and p.state in ('succeeded', 'refunding', 'refunded')
"""
_GIVEN_BACK = """
select a.order_id, p.payment_id, r.refund_no, r.amount_fen,
       r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen, i.pan_tail
  from payments.refund r
  join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
  join payments.attempt a on a.payment_id = p.payment_id
  join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
 where p.store_id = %s and r.settlement_date = %s and r.state = 'succeeded'
"""


@dataclass(frozen=True, slots=True)
class OrderMoved:
    """What a payment (no `refund_no`) or a refund moved; `fee_fen` is what the store bears, or gets back."""

    order_id: UUID
    payment_id: UUID
    refund_no: str | None
    amount_fen: int
    fee_fen: int
    pan_tail: str


async def moved_on(connection: Connection, store_id: UUID, day: date) -> Sequence[OrderMoved]:
    """Payments and refunds of a store's orders that settle on a day."""
    paid = await (await connection.execute(_PAID, [store_id, day])).fetchall()
    back = await (await connection.execute(_GIVEN_BACK, [store_id, day])).fetchall()
    return [OrderMoved(*row) for row in (*paid, *back)]
