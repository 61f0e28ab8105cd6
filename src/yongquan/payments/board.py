"""What the desk reads of payments: days, what funders paid, what acquirers settle, positions. Amounts in fen.

What funders paid is less what refunds gave them back, on the day of the payment.
"""

from dataclasses import dataclass
from datetime import date, datetime

from yongquan.plumbing.db import Connection

_LATEST = "select max(settlement_date) from payments.payment"
_DAYS = """
select day, state, waiting_for, cleared_at, settled_at from payments.settlement_day order by day desc limit %s
"""
_BY_FUNDER = """
with shared as (
    select s.cell, s.payment_id, s.funder_id, count(*) as vouchers, sum(s.amount_fen) as paid_fen
      from payments.kept p
      join payments.kept_share s on s.cell = p.cell and s.payment_id = p.payment_id
     where p.settlement_date = %s
     group by s.cell, s.payment_id, s.funder_id
)
select h.funder_id, count(*)::int, sum(h.vouchers)::int, sum(h.paid_fen)::bigint, sum(p.amount_fen)::bigint
  from shared h join payments.kept p on p.cell = h.cell and p.payment_id = h.payment_id
 group by h.funder_id order by h.funder_id
"""
_BY_ACQUIRER = """
select acquirer, count(distinct store_id)::int, sum(payments)::int, sum(refunds)::int, sum(trade_fen)::bigint,
       sum(subsidy_fen)::bigint, sum(fee_fen)::bigint, sum(due_fen)::bigint, sum(paid_fen)::bigint,
       coalesce(sum(due_fen) filter (where state = 'held'), 0)::bigint,
       count(*) filter (where state in ('returned', 'disputed'))::int
  from payments.settlement where day = %s group by acquirer order by acquirer
"""
_POSITIONS = """
select institution, sum(charged_fen)::bigint, sum(acquired_fen)::bigint, sum(called_fen)::bigint,
       sum(fees_fen)::bigint, sum(net_fen)::bigint
  from payments.position where day = %s group by institution order by institution
"""
_CALLS = """
select day, funder_id, source, institution, amount_fen, state from payments.funder_call
 where (%(day)s::date is null or day = %(day)s) and (%(funder)s::text is null or funder_id = %(funder)s)
 order by day desc, funder_id, source desc limit 200
"""
_SPENT_BY_DAY = """
select p.settlement_date, count(distinct p.payment_id)::int, sum(s.amount_fen)::bigint
  from payments.kept_share s
  join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where s.funder_id = %s
 group by p.settlement_date order by p.settlement_date desc limit 60
"""


@dataclass(frozen=True, slots=True)
class BusinessDay:
    """A settlement day; `waiting_for` says what keeps it from going on."""

    day: date
    state: str
    waiting_for: str
    cleared_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class FunderShare:
    """What a funder paid for a day's payments; `amount_fen` is what those payments came to, `paid_fen` its part."""

    funder_id: str
    payments: int
    vouchers: int
    paid_fen: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class AcquirerDay:
    """What an acquirer settles with its shops for a day; `troubled` lines were returned or are disputed."""

    acquirer: str
    shops: int
    payments: int
    refunds: int
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    due_fen: int
    paid_fen: int
    held_fen: int
    troubled: int


@dataclass(frozen=True, slots=True)
class NetPosition:
    """An institution's position of a day over all cells; `net_fen` above zero: it pays."""

    institution: str
    charged_fen: int
    acquired_fen: int
    called_fen: int
    fees_fen: int
    net_fen: int


@dataclass(frozen=True, slots=True)
class CalledShare:
    """What an institution pays for a funder; `source` is supervised or advanced."""

    day: date
    funder_id: str
    source: str
    institution: str
    amount_fen: int
    state: str


@dataclass(frozen=True, slots=True)
class SpentOnDay:
    """What a funder's vouchers took off on a settlement date."""

    day: date
    payments: int
    paid_fen: int


async def latest_day(connection: Connection) -> date | None:
    """The last settlement date with a payment."""
    row = await (await connection.execute(_LATEST)).fetchone()
    return row[0] if row else None


async def business_days(connection: Connection, *, limit: int = 31) -> list[BusinessDay]:
    """The last settlement days, the latest first."""
    return [BusinessDay(*row) for row in await (await connection.execute(_DAYS, [limit])).fetchall()]


async def shares_of_day(connection: Connection, day: date) -> list[FunderShare]:
    """What each funder paid for a day's payments, less refunds of them until now."""
    return [FunderShare(*row) for row in await (await connection.execute(_BY_FUNDER, [day])).fetchall()]


async def settlement_of_day(connection: Connection, day: date) -> list[AcquirerDay]:
    """Settlement with shops by acquirer; empty before the day is drawn up."""
    return [AcquirerDay(*row) for row in await (await connection.execute(_BY_ACQUIRER, [day])).fetchall()]


async def positions_of_day(connection: Connection, day: date) -> list[NetPosition]:
    """Net positions by institution; empty before the day is netted."""
    return [NetPosition(*row) for row in await (await connection.execute(_POSITIONS, [day])).fetchall()]


async def calls_of(
    connection: Connection, *, day: date | None = None, funder_id: str | None = None
) -> list[CalledShare]:
    """Calls on funders of a day, of a funder, or of both; the latest 200."""
    values = {"day": day, "funder": funder_id}
    return [CalledShare(*row) for row in await (await connection.execute(_CALLS, values)).fetchall()]


async def spending_of(connection: Connection, funder_id: str) -> list[SpentOnDay]:
    """A funder's days, the latest first."""
    return [SpentOnDay(*row) for row in await (await connection.execute(_SPENT_BY_DAY, [funder_id])).fetchall()]
