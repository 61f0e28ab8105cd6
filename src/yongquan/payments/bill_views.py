"""What a merchant's orders moved on a settlement day, line by line, for its bills. Amounts in fen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_ORDER = "o.order_id, o.order_no, o.subject, o.facts, p.payment_id, p.citizen_id, i.issuer"
_JOINED = """
  join payments.trade_order o on o.payment_id = p.payment_id
  join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
"""
_PAID = f"""
select {_ORDER}, coalesce(p.ended_at, p.begun_at), p.amount_fen, p.charged_fen,
       p.interchange_fen + p.network_fee_fen + p.acquirer_fee_fen, null::uuid, ''
  from payments.payment p {_JOINED}
 where p.store_id = %(store)s and p.settlement_date = %(day)s and p.state in ('succeeded', 'refunding', 'refunded')
   and o.door = %(door)s and o.facts ->> 'mchid' = %(mchid)s
"""
_GIVEN_BACK = f"""
select {_ORDER}, coalesce(r.ended_at, r.begun_at), r.amount_fen, r.charged_fen,
       r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen, r.refund_id, r.refund_no
  from payments.refund r
  join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id {_JOINED}
 where p.store_id = %(store)s and r.settlement_date = %(day)s and r.state = 'succeeded'
   and o.door = %(door)s and o.facts ->> 'mchid' = %(mchid)s
"""


@dataclass(frozen=True, slots=True)
class BillLine:
    """A payment, or (with a `refund_id`) a refund: of `amount_fen` the citizen's side is `charged_fen`.

    `fee_fen` is what the store bears, or gets back.
    """

    order_id: UUID
    order_no: str
    subject: str
    facts: Mapping[str, object]
    payment_id: UUID
    citizen_id: UUID
    issuer: str
    at: datetime
    amount_fen: int
    charged_fen: int
    fee_fen: int
    refund_id: UUID | None
    refund_no: str


async def bill_lines(connection: Connection, *, store_id: UUID, day: date, door: str, mchid: str) -> Sequence[BillLine]:
    """What settles on a day of the orders that a merchant opened by a door, the earliest first; asks every cell."""
    values = {"store": store_id, "day": day, "door": door, "mchid": mchid}
    paid = await (await connection.execute(_PAID, values)).fetchall()
    back = await (await connection.execute(_GIVEN_BACK, values)).fetchall()
    return sorted((BillLine(*row) for row in (*paid, *back)), key=lambda line: (line.at, line.refund_id is not None))
