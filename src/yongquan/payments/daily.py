"""A closed settlement day's movements, one by one, for the files that institutions get."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_MOVEMENTS = """
select m.payment_id, m.sign, p.citizen_id, m.store_id, p.order_no, m.issuer, m.acquirer, p.amount_fen, m.charged_fen,
       m.discount_fen, array(select s.voucher_id from payments.share s
                              where s.cell = m.cell and s.payment_id = m.payment_id)
  from payments.movements(%s) m join payments.payment p on p.cell = m.cell and p.payment_id = m.payment_id
 order by m.sign desc, m.payment_id
"""
_CLOSED = """
select day from payments.settlement_day where state not in ('open', 'closing') order by day desc limit %s
"""
_WINDOW = """
select (select max(b.closed_at) from payments.settlement_day b where b.day < d.day), d.closed_at
  from payments.settlement_day d where d.day = %s and d.state not in ('open', 'closing')
"""


@dataclass(frozen=True, slots=True)
class DayMovement:
    """A payment (sign 1) or refund (sign -1) of a settlement day. Amounts in fen."""

    payment_id: UUID
    sign: int
    citizen_id: UUID
    store_id: UUID
    order_no: str
    issuer: str
    acquirer: str
    amount_fen: int
    charged_fen: int
    discount_fen: int
    vouchers: Sequence[UUID]
    is_through_app: bool = False

    def through_app(self) -> "DayMovement":
        """The same, paid with a voucher of the app in question."""
        return replace(self, is_through_app=True)


async def movements_of(connection: Connection, day: date) -> list[DayMovement]:
    """What moved on a day, payments first."""
    return [DayMovement(*row) for row in await (await connection.execute(_MOVEMENTS, [day])).fetchall()]


async def closed_days(connection: Connection, *, limit: int) -> list[date]:
    """The latest days whose movements are fixed, newest first."""
    return [row[0] for row in await (await connection.execute(_CLOSED, [limit])).fetchall()]


async def closed_window(connection: Connection, day: date) -> tuple[datetime | None, datetime] | None:
    """From the close of the day before (None: the beginning) to the close of this one; None while it is open."""
    row = await (await connection.execute(_WINDOW, [day])).fetchone()
    return (row[0], row[1]) if row else None
