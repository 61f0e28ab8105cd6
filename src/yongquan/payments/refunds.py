"""The payments room's SQL for refunds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.payments.open_payments import OpenPayment
from yongquan.plumbing.db import Connection

AT_ONCE = 100
PATIENCE = timedelta(seconds=15)
_STATE = "select state from payments.payment where cell = %s and payment_id = %s and store_id = %s for no key update"
_MARK = "update payments.payment set state = 'refunding' where cell = %s and payment_id = %s"
_BEGIN = """
insert into payments.refund (cell, refund_id, payment_id, charged_fen, discount_fen, settlement_date, state, stan,
                             sent_at, begun_at)
select p.cell, %(refund)s, p.payment_id, p.charged_fen, p.discount_fen, payments.open_day(%(now)s), 'refunding',
       %(stan)s, %(sent_at)s, %(now)s
  from payments.payment p where p.cell = %(cell)s and p.payment_id = %(payment)s
"""
_OPEN = """
select p.cell, p.payment_id, p.store_id, p.issuer, p.acquirer, i.pan_sealed, p.charged_fen, s.mcc,
       r.settlement_date, p.stan, p.sent_at,
       r.refund_id, r.stan, r.sent_at, p.interchange_fen, p.network_fee_fen, p.citizen_id,
       coalesce((select jsonb_object_agg(f.funder_id, f.fen) from (
            select h.funder_id, sum(h.amount_fen)::bigint as fen from payments.share h
             where h.cell = p.cell and h.payment_id = p.payment_id group by h.funder_id) f), '{}')
  from payments.refund r
  join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
  join payments.instrument i on i.cell = p.cell and i.instrument_id = p.instrument_id
  join merchants.store s on s.store_id = p.store_id
 where r.state = 'refunding'
"""
_OPEN_ONE = f"{_OPEN} and r.cell = %s and r.payment_id = %s"
_OPEN_DUE = f"{_OPEN} and r.begun_at <= %s order by r.begun_at limit %s for no key update of r skip locked"
_END = """
update payments.refund set state = 'succeeded', ended_at = %s
 where cell = %s and refund_id = %s and state = 'refunding'
"""
_REFUNDED = "update payments.payment set state = 'refunded' where cell = %s and payment_id = %s"
_FREE_CAPS = "select payments.free_subsidy(%s, %s)"


@dataclass(frozen=True, slots=True)
class OpenRefund:
    """A refund under way: the payment as it was charged, and the refund message's own identity."""

    payment: OpenPayment
    refund_id: UUID
    stan: int
    sent_at: datetime
    interchange_fen: int
    network_fee_fen: int
    citizen_id: UUID
    by_funder: Mapping[str, int]


async def begin_refund(
    connection: Connection,
    cell: int,
    payment_id: UUID,
    *,
    store_id: UUID,
    refund_id: UUID,
    stamp: tuple[int, datetime],
    now: datetime,
) -> str | None:
    """Mark a succeeded payment as refunding; the answer is its state after that, None if it is not there."""
    row = await (await connection.execute(_STATE, [cell, payment_id, store_id])).fetchone()
    if row is None or row[0] != "succeeded":
        return None if row is None else str(row[0])
    await connection.execute(_MARK, [cell, payment_id])
    values = {"cell": cell, "payment": payment_id, "refund": refund_id, "now": now}
    await connection.execute(_BEGIN, values | {"stan": stamp[0], "sent_at": stamp[1]})
    return "refunding"


async def open_refund(connection: Connection, cell: int, payment_id: UUID) -> OpenRefund | None:
    """The refund of a payment if it has not ended."""
    row = await (await connection.execute(_OPEN_ONE, [cell, payment_id])).fetchone()
    return None if row is None else OpenRefund(OpenPayment(*row[:11]), *row[11:])


async def lease_refunds(connection: Connection, *, now: datetime) -> Sequence[OpenRefund]:
    """Refunds that have been open for a while."""
    rows = await (await connection.execute(_OPEN_DUE, [now - PATIENCE, AT_ONCE])).fetchall()
    return [OpenRefund(OpenPayment(*row[:11]), *row[11:]) for row in rows]


async def end_refund(connection: Connection, refund: OpenRefund, *, now: datetime) -> bool:
    """Record that the money is back; False if somebody else did."""
    cell = refund.payment.cell
    ended = await connection.execute(_END, [now, cell, refund.refund_id])
    if ended.rowcount:
        await connection.execute(_REFUNDED, [cell, refund.payment.payment_id])
        await connection.execute(_FREE_CAPS, [cell, [refund.payment.payment_id]])
    return bool(ended.rowcount)
