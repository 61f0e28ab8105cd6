"""Cash-coupon stocks (代金券批次) of the v3 shape: each a campaign with one round and one type, and its SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection

_ADD = "insert into vouchers.v3_stock (type_id, mchid, funder_id, document, created_at) values (%s, %s, %s, %s, %s)"
_STOCKS = """
select s.type_id, s.mchid, s.funder_id, s.document, s.created_at, r.round_id, r.campaign_id, r.state, c.state,
       r.opens_at, r.closes_at, t.name, t.amount_fen, t.threshold_fen, t.stock,
       coalesce((select sum(k.claimed) from vouchers.stock k where k.type_id = t.type_id), 0)::int
  from vouchers.v3_stock s
  join vouchers.voucher_type t on t.type_id = s.type_id
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
"""
_STOCK = f"{_STOCKS} where s.type_id = %s"
_OF_MERCHANT = f"{_STOCKS} where s.mchid = %s order by s.created_at desc, s.type_id"
_OTHERS = "select type_id from vouchers.v3_stock where type_id = any (%s)"
_USED = """
select v.payment_id, v.voucher_id, v.type_id, s.mchid, t.name, s.document ->> 'description', v.amount_fen,
       v.threshold_fen, v.claimed_at, v.valid_from, v.valid_until
  from unnest(%s::int[], %s::uuid[], %s::uuid[]) as u(cell, citizen_id, payment_id)
  join vouchers.voucher v on v.cell = u.cell and v.citizen_id = u.citizen_id and v.payment_id = u.payment_id
  join vouchers.v3_stock s on s.type_id = v.type_id
  join vouchers.voucher_type t on t.type_id = v.type_id
 order by v.voucher_id
"""


@dataclass(frozen=True, slots=True)
class V3Stock:
    """A stock as it is now. Amounts in fen; `document` is what was asked for."""

    type_id: UUID
    mchid: str
    funder_id: str
    document: dict[str, Any]
    created_at: datetime
    round_id: UUID
    campaign_id: UUID
    round_state: str
    campaign_state: str
    opens_at: datetime
    closes_at: datetime
    name: str
    amount_fen: int
    threshold_fen: int
    count: int
    sent: int

    def status(self, now: datetime) -> str:
        """Its state in the format's own words (and spelling)."""
        states = {self.round_state, self.campaign_state}
        if "draft" in states:
            return "unactivated"
        if states & {"ended", "stopped"} or now >= self.closes_at:
            return "stoped"
        return "paused" if "paused" in states else "running"


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """A coupon of a stock that a payment used."""

    payment_id: UUID
    voucher_id: UUID
    type_id: UUID
    mchid: str
    name: str
    description: str | None
    amount_fen: int
    threshold_fen: int
    claimed_at: datetime
    valid_from: datetime
    valid_until: datetime


async def add_stock_row(
    connection: Connection, type_id: UUID, *, mchid: str, funder_id: str, document: dict[str, Any], now: datetime
) -> None:
    """Remember that a type was made as a merchant's stock."""
    await connection.execute(_ADD, [type_id, mchid, funder_id, Jsonb(document), now])


async def v3_stock(connection: Connection, type_id: UUID) -> V3Stock | None:
    """One stock, whoever made it."""
    row = await (await connection.execute(_STOCK, [type_id])).fetchone()
    return V3Stock(*row) if row else None


async def v3_stocks_of(connection: Connection, mchid: str) -> list[V3Stock]:
    """A merchant's stocks, the newest first."""
    return [V3Stock(*row) for row in await (await connection.execute(_OF_MERCHANT, [mchid])).fetchall()]


async def made_as_stocks(connection: Connection, type_ids: Sequence[UUID]) -> set[UUID]:
    """Those of some types that a merchant made as a stock."""
    return {row[0] for row in await (await connection.execute(_OTHERS, [list(type_ids)])).fetchall()}


async def used_coupons(connection: Connection, payments: Sequence[tuple[int, UUID, UUID]]) -> list[UsedCoupon]:
    """The stocks' coupons that payments (cell, citizen, payment) used."""
    cells, citizens, ids = ([p[n] for p in payments] for n in range(3))
    return [UsedCoupon(*row) for row in await (await connection.execute(_USED, [cells, citizens, ids])).fetchall()]
