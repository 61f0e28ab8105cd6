"""What packs and exports are made of: payments with who paid which part, shops, and payers, masked or open."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.citizens.store import persons_of
from yongquan.kernel.ids import cell_of, named_id
from yongquan.plumbing.clock import SHANGHAI, day_start
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

PAYMENTS_MAX = 100_000
_COLUMNS = """
select p.payment_id, p.store_id, p.citizen_id, p.begun_at, p.amount_fen, p.discount_fen, p.charged_fen, p.refunded_fen,
       p.state, p.issuer, p.acquirer,
       (select coalesce(jsonb_object_agg(f.funder_id, f.fen), '{}')
          from (select h.funder_id, sum(h.amount_fen)::bigint as fen from payments.share h
                 where h.cell = p.cell and h.payment_id = p.payment_id group by h.funder_id) f)
  from payments.payment p
"""
_BY_IDS = f"""{_COLUMNS}
  join unnest(%s::int[], %s::uuid[]) as u(cell, payment_id) on u.cell = p.cell and u.payment_id = p.payment_id
 order by p.begun_at, p.payment_id limit {PAYMENTS_MAX}
"""
_DAYS = "p.begun_at >= %(since)s and p.begun_at < %(until)s"
# Shops and citizens apart, so that each finds its index.
_IN_SCOPE = f"""
select * from (
{_COLUMNS} where p.store_id = any (%(stores)s) and {_DAYS}
union
{_COLUMNS} join unnest(%(cells)s::int[], %(citizens)s::uuid[]) as u(cell, citizen_id)
    on u.cell = p.cell and u.citizen_id = p.citizen_id
 where {_DAYS}
) found order by begun_at, payment_id limit {PAYMENTS_MAX}
"""
_SHOPS = (
    "select store_id, name, licence_no, address, adcode from merchants.store where store_id = any (%s) order by name"
)


@dataclass(frozen=True, slots=True)
class PaidHere:
    """A payment as a pack tells it; amounts in fen, `funders` what each paid of it."""

    payment_id: UUID
    store_id: UUID
    citizen_id: UUID
    at: datetime
    amount_fen: int
    discount_fen: int
    charged_fen: int
    refunded_fen: int
    state: str
    issuer: str
    acquirer: str
    funders: dict[str, int]

    def row(self, payer: str) -> list[object]:
        """The payment as a line of a table, times in Shanghai's."""
        at = self.at.astimezone(SHANGHAI).isoformat(timespec="seconds")
        money = (self.amount_fen, self.discount_fen, self.charged_fen, self.refunded_fen)
        return [str(self.payment_id), at, str(self.store_id), payer, *money, self.state, self.issuer, self.acquirer]


PAYMENT_HEAD = (
    *("payment_id", "at", "store_id", "payer", "amount_fen", "discount_fen", "charged_fen", "refunded_fen", "state"),
    *("issuer", "acquirer"),
)


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop as a pack names it."""

    store_id: UUID
    name: str
    licence_no: str
    address: str
    adcode: str


async def payments_by_id(connection: Connection, payment_ids: Sequence[UUID], *, cells: int) -> list[PaidHere]:
    """Some payments, the first first."""
    places = [cell_of(payment_id, cells) for payment_id in payment_ids]
    rows = await (await connection.execute(_BY_IDS, [places, list(payment_ids)])).fetchall()
    return [_paid(row) for row in rows]


async def payments_in_scope(
    connection: Connection,
    *,
    stores: Sequence[UUID],
    citizens: Sequence[UUID],
    from_day: date,
    until_day: date,
    cells: int,
) -> list[PaidHere]:
    """What some shops took and some citizens paid on these days, the last included; `PAYMENTS_MAX` at most."""
    values: dict[str, object] = {"stores": list(stores), "citizens": list(citizens), "since": day_start(from_day)}
    values |= {"cells": [cell_of(citizen_id, cells) for citizen_id in citizens]}
    until = day_start(until_day + timedelta(days=1))
    rows = await (await connection.execute(_IN_SCOPE, values | {"until": until})).fetchall()
    return [_paid(row) for row in rows]


async def shops_by_id(connection: Connection, store_ids: Collection[UUID]) -> list[Shop]:
    """Some shops, by name."""
    return [Shop(*row) for row in await (await connection.execute(_SHOPS, [list(store_ids)])).fetchall()]


def pseudonym(scope: UUID, citizen_id: UUID) -> str:
    """How a payer is called where nobody may know who it is: the same within one case, another in the next."""
    return f"P-{named_id('payer', scope, citizen_id).hex[:10]}"


async def people(
    connection: Connection,
    scope: UUID,
    citizens: Collection[UUID],
    opened: Collection[UUID],
    *,
    sealing: Sealing,
    cells: int,
) -> list[list[object]]:
    """A line a citizen: pseudonym, id, name and phone; both masked, and no id, unless the citizen is in `opened`."""
    known = await persons_of(connection, sorted(citizens), sealing, cells=cells)
    return [
        [pseudonym(scope, who), str(who), name, phone]
        if who in opened
        else [pseudonym(scope, who), "", f"{name[:1]}{'*' * max(1, len(name) - 1)}", f"{phone[:3]}****{phone[-4:]}"]
        for who, (name, phone) in sorted(known.items())
    ]


PEOPLE_HEAD = ("payer", "citizen_id", "name", "phone")


def _paid(row: Sequence[Any]) -> PaidHere:
    return PaidHere(*row)
