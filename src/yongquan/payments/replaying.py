"""What a replay reads of payments: a past business day as it was paid."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_OF_DAY = """
select citizen_id, store_id, amount_fen, begun_at from payments.payment
 where settlement_date = %s and state in ('succeeded', 'refunding', 'refunded')
 order by begun_at, payment_id
"""
_DAYS = """
select settlement_date, count(*)::int from payments.payment where state = 'succeeded'
 group by settlement_date order by settlement_date desc limit 60
"""
_NEWEST = """
select payment_id, citizen_id, store_id, instrument_id, amount_fen, discount_fen, begun_at from payments.payment
 where settlement_date between %s and %s and state in ('succeeded', 'refunding', 'refunded')
 order by begun_at desc, payment_id desc limit %s
"""


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment: who, where, when, and how much was asked before any voucher, in fen."""

    citizen_id: UUID
    store_id: UUID
    amount_fen: int
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class PaidWith:
    """One payment with what it was paid with; `discount_fen` is the vouchers' part of `amount_fen`."""

    payment_id: UUID
    citizen_id: UUID
    store_id: UUID
    instrument_id: UUID
    amount_fen: int
    discount_fen: int
    begun_at: datetime


async def newest_paid(connection: Connection, first: date, last: date, *, most: int) -> list[PaidWith]:
    """The newest payments of some settlement days, at most `most`, in their order; asks every cell."""
    rows = await (await connection.execute(_NEWEST, [first, last, most])).fetchall()
    return [PaidWith(*row) for row in reversed(rows)]


async def paid_on(connection: Connection, day: date) -> list[Paid]:
    """The payments of a settlement day in their order; asks every cell."""
    return [Paid(*row) for row in await (await connection.execute(_OF_DAY, [day])).fetchall()]


async def days_paid(connection: Connection) -> list[tuple[date, int]]:
    """The latest days with payments, and how many."""
    return [(row[0], row[1]) for row in await (await connection.execute(_DAYS)).fetchall()]
