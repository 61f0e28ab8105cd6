"""Payments and what came back of them, as a search for gangs reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from yongquan.plumbing.db import Connection

_PAID = """
select p.payment_id::text, 'payment', p.begun_at, p.citizen_id, p.store_id, p.amount_fen, p.discount_fen,
       p.instrument_id,
       array(select s.voucher_id from payments.share s where s.cell = p.cell and s.payment_id = p.payment_id)
  from payments.payment p
 where p.begun_at >= %s and p.begun_at < %s and p.state in ('succeeded', 'refunding', 'refunded')
union all
select r.refund_id::text, 'refund', r.begun_at, p.citizen_id, p.store_id, r.charged_fen + r.discount_fen, 0,
       p.instrument_id, '{}'
  from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
 where r.begun_at >= %s and r.begun_at < %s and r.state = 'succeeded'
"""


class Dealing(NamedTuple):
    """One payment or refund; amounts in fen, the whole bill."""

    event_id: str
    kind: str
    at: datetime
    citizen_id: UUID
    store_id: UUID
    amount_fen: int
    voucher_fen: int
    instrument_id: UUID
    voucher_ids: Sequence[UUID]


async def dealings_between(connection: Connection, start: datetime, end: datetime) -> list[Dealing]:
    """What was paid and refunded in the half-open period."""
    rows = await (await connection.execute(_PAID, [start, end, start, end])).fetchall()
    return [Dealing(*row) for row in rows]
