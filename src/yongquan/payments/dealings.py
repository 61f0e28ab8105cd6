"""Payments and what came back of them, as a search for gangs reads them."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from yongquan.kernel.ids import cell_of
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


_PAID_WITH = """
select u.payment_id, encode(i.pan_index, 'hex'), a.order_id
  from unnest(%s::smallint[], %s::uuid[]) as u(cell, payment_id)
  join payments.payment p on p.cell = u.cell and p.payment_id = u.payment_id
  left join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
  left join lateral (select a.order_id from payments.attempt a where a.payment_id = p.payment_id limit 1) a on true
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


class Paid(NamedTuple):
    """How a payment was made: its card's token, and the order that it was a try of. None: there is none."""

    card: str | None
    order_id: UUID | None


async def paid_with(connection: Connection, payment_ids: Sequence[UUID], *, cells: int) -> dict[UUID, Paid]:
    """How each of these payments was made."""
    places = [cell_of(payment_id, cells) for payment_id in payment_ids]
    rows = await (await connection.execute(_PAID_WITH, [places, list(payment_ids)])).fetchall()
    return {row[0]: Paid(row[1], row[2]) for row in rows}
