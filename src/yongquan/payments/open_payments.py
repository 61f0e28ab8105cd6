"""Payments and refunds that have begun and not ended, leased so that one process at a time asks about each."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

AT_ONCE = 200
_LEASE = """
with due as (
    select p.cell, p.payment_id from payments.payment p
     where (p.state = 'unknown' and (p.asked_at is null or p.asked_at <= %(asked_before)s))
        or (p.state = 'charging' and p.begun_at <= %(begun_before)s
            and (p.asked_at is null or p.asked_at <= %(asked_before)s))
     order by p.begun_at limit %(limit)s for no key update skip locked
)
update payments.payment p set asked_at = %(now)s
  from due, payments.instrument i, merchants.store s
 where p.cell = due.cell and p.payment_id = due.payment_id
   and i.cell = p.cell and i.instrument_id = p.instrument_id and s.store_id = p.store_id
returning p.cell, p.payment_id, p.store_id, p.issuer, p.acquirer, i.pan_sealed, p.charged_fen, s.mcc,
          p.settlement_date, p.stan, p.sent_at
"""


@dataclass(frozen=True, slots=True)
class OpenPayment:
    """All that is needed to ask the issuer about a payment again."""

    cell: int
    payment_id: UUID
    store_id: UUID
    issuer: str
    acquirer: str
    pan_sealed: bytes
    charged_fen: int
    mcc: str
    settlement_date: date
    stan: int
    sent_at: datetime


async def lease_open(
    connection: Connection, *, now: datetime, begun_before: datetime, asked_before: datetime
) -> Sequence[OpenPayment]:
    """Open payments that are due to be asked about, marked as asked now."""
    values = {"now": now, "begun_before": begun_before, "asked_before": asked_before, "limit": AT_ONCE}
    return [OpenPayment(*row) for row in await (await connection.execute(_LEASE, values)).fetchall()]
