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


@dataclass(frozen=True, slots=True)
class Paid:
    """One payment: who, where, when, and how much was asked before any voucher, in fen."""

    citizen_id: UUID
    store_id: UUID
    amount_fen: int
    begun_at: datetime


async def paid_on(connection: Connection, day: date) -> list[Paid]:
    """The payments of a settlement day in their order; asks every cell."""
    return [Paid(*row) for row in await (await connection.execute(_OF_DAY, [day])).fetchall()]


async def days_paid(connection: Connection) -> list[tuple[date, int]]:
    """The latest days with payments, and how many."""
    return [(row[0], row[1]) for row in await (await connection.execute(_DAYS)).fetchall()]
