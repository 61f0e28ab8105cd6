"""What stores took in a period, as it stood at a moment: the facts that grades and providers' pay are made of.

A payment counts on its settlement date once it has succeeded; refunds that had ended by `seen_at` are taken off, and a
payment that was refunded whole does not count. So the same period and moment give the same facts for good.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_COUNTED = """
with counted as (
    select p.cell, p.payment_id, p.store_id, p.citizen_id, p.settlement_date, p.order_no,
           p.amount_fen - case when p.refunded_fen = 0 then 0 else coalesce(
               (select sum(r.amount_fen)::bigint from payments.refund r
                 where r.cell = p.cell and r.payment_id = p.payment_id and r.state = 'succeeded'
                   and r.ended_at < %(seen_at)s), 0) end as kept_fen
      from payments.payment p
     where p.settlement_date >= %(since)s and p.settlement_date < %(until)s
       and p.state in ('succeeded', 'refunding', 'refunded') and coalesce(p.ended_at, p.begun_at) < %(seen_at)s
       and (%(stores)s::uuid[] is null or p.store_id = any (%(stores)s::uuid[]))
)
"""
_TAKINGS = f"""
{_COUNTED}
select store_id, count(*), sum(kept_fen)::bigint, count(distinct settlement_date), count(distinct citizen_id)
  from counted where kept_fen > 0 group by store_id
"""
_USERS = f"""
{_COUNTED}
select g.name, count(distinct c.citizen_id)
  from counted c join unnest(%(of)s::uuid[], %(names)s::text[]) as g (store_id, name) on g.store_id = c.store_id
 where c.kept_fen > 0 group by g.name
"""
_VOUCHERS = f"""
{_COUNTED}
select c.store_id, count(distinct s.voucher_id)
  from counted c join payments.share s on s.cell = c.cell and s.payment_id = c.payment_id
 where c.kept_fen > 0 group by c.store_id
"""
_LINES = f"""
{_COUNTED}
select c.store_id, c.payment_id, c.order_no, c.settlement_date, c.kept_fen,
       (select count(distinct s.voucher_id) from payments.share s
         where s.cell = c.cell and s.payment_id = c.payment_id)::int
  from counted c where c.kept_fen > 0 order by c.store_id, c.settlement_date, c.payment_id
"""
_TRADED_BEFORE = """
select w.store_id from unnest(%(stores)s::uuid[]) as w (store_id)
 where exists (select from payments.payment p
                where p.store_id = w.store_id and p.begun_at < %(before)s
                  and p.state in ('succeeded', 'refunding', 'refunded'))
"""


@dataclass(frozen=True, slots=True)
class Period:
    """Half-open settlement dates, and the moment whose knowledge counts."""

    since: date
    until: date
    seen_at: datetime

    @property
    def values(self) -> dict[str, object]:
        """As the queries want it."""
        return {"since": self.since, "until": self.until, "seen_at": self.seen_at, "stores": None}


@dataclass(frozen=True, slots=True)
class StoreTakings:
    """A store's payments, fen net of refunds, days with a payment, and people who paid."""

    payments: int
    kept_fen: int
    days: int
    payers: int


@dataclass(frozen=True, slots=True)
class TakingLine:
    """One payment that counts."""

    store_id: UUID
    payment_id: UUID
    order_no: str
    day: date
    kept_fen: int
    vouchers: int


async def takings_of_stores(
    connection: Connection, period: Period, *, stores: Sequence[UUID] | None = None
) -> dict[UUID, StoreTakings]:
    """What each store with a payment took; of some stores or all."""
    values = period.values | {"stores": None if stores is None else list(stores)}
    rows = await (await connection.execute(_TAKINGS, values)).fetchall()
    return {row[0]: StoreTakings(*row[1:]) for row in rows}


async def users_of_groups(connection: Connection, period: Period, names: dict[UUID, str]) -> dict[str, int]:
    """How many people paid in each named group of stores; who paid in two stores of one counts once."""
    values = period.values | {"of": list(names), "names": list(names.values())}
    return dict(await (await connection.execute(_USERS, values)).fetchall())


async def vouchers_of_stores(connection: Connection, period: Period, stores: Sequence[UUID]) -> dict[UUID, int]:
    """Vouchers redeemed in payments that count, by store."""
    return dict(await (await connection.execute(_VOUCHERS, period.values | {"stores": list(stores)})).fetchall())


async def taking_lines(connection: Connection, period: Period, stores: Sequence[UUID]) -> list[TakingLine]:
    """Every payment that counts, by store and day."""
    rows = await (await connection.execute(_LINES, period.values | {"stores": list(stores)})).fetchall()
    return [TakingLine(*row) for row in rows]


async def traded_before(connection: Connection, stores: Sequence[UUID], before: datetime) -> set[UUID]:
    """Which stores had a payment that succeeded before a moment."""
    rows = await (await connection.execute(_TRADED_BEFORE, {"stores": list(stores), "before": before})).fetchall()
    return {row[0] for row in rows}


def digest_of_lines(lines: Sequence[TakingLine]) -> str:
    """SHA-256 over the payments in their order: whoever lists them again can tell that they are the same."""
    text = "".join(f"{x.store_id}|{x.payment_id}|{x.day}|{x.kept_fen}|{x.vouchers}\n" for x in lines)
    return hashlib.sha256(text.encode()).hexdigest()
