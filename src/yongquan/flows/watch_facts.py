"""What the hourly watch is handed: the payments, vouchers, claims and shops of one hour, joined from their rooms."""

import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.kernel.places import METRES_A_DEGREE
from yongquan.plumbing.clock import business_day, day_start
from yongquan.plumbing.db import Connection
from yongquan.risk.watching.model import Sale, ShopHour

CAME_WITHIN = timedelta(hours=2)
MET_DAYS = 7
PAST_DAYS = 28
_COUNTED = "p.state in ('succeeded', 'refunding', 'refunded')"
# The settlement date bounds the days that are read: a payment is stamped with its own day or a later one.
_BUSY = f"""
select p.store_id from payments.payment p
 where p.begun_at >= %(since)s and p.begun_at < %(until)s and p.discount_fen > 0 and {_COUNTED}
   and p.settlement_date between %(day)s::date and %(day)s::date + 3
 group by p.store_id having count(*) >= %(least)s
"""
_SALES = f"""
select p.store_id, p.payment_id, p.citizen_id, p.begun_at, p.amount_fen, coalesce(v.fen, 0)::bigint,
       coalesce(v.threshold_fen, 0)::bigint, v.claimed_at, p.refunded_fen > 0 or p.state <> 'succeeded',
       exists (select from merchants.cashier c where c.store_id = p.store_id and c.citizen_id = p.citizen_id
                and (c.until is null or c.until > p.begun_at)),
       b.lon, b.lat, extract(epoch from p.begun_at - b.begun_at)::float8
  from payments.payment p
  left join lateral (
      select sum(h.amount_fen) as fen, max(w.threshold_fen) as threshold_fen, max(w.claimed_at) as claimed_at
        from payments.share h join vouchers.voucher w on w.cell = h.cell and w.voucher_id = h.voucher_id
       where h.cell = p.cell and h.payment_id = p.payment_id) v on true
  left join lateral (
      select s.lon, s.lat, q.begun_at from payments.payment q join merchants.store s on s.store_id = q.store_id
       where q.cell = p.cell and q.citizen_id = p.citizen_id and q.begun_at < p.begun_at
         and q.begun_at >= p.begun_at - %(came)s::interval and q.state in ('succeeded', 'refunding', 'refunded')
         and p.begun_at >= %(since)s
       order by q.begun_at desc limit 1) b on true
 where p.store_id = any (%(stores)s) and p.begun_at >= %(midnight)s and p.begun_at < %(until)s and {_COUNTED}
 order by p.store_id, p.begun_at, p.payment_id
"""
_SHOPS = """
select store_id, adcode, lon, lat, registered_at from merchants.store where store_id = any (%s)
"""
_PAST = f"""
select p.store_id, count(*), coalesce(array_agg(distinct p.citizen_id) filter (where p.begun_at >= %(met)s), '{{}}')
  from payments.payment p
 where p.store_id = any (%(stores)s) and p.begun_at >= %(past)s and p.begun_at < %(midnight)s and p.discount_fen > 0
   and {_COUNTED}
 group by p.store_id
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of a business day."""

    day: date
    number: int

    @property
    def starts_at(self) -> datetime:
        return day_start(self.day) + timedelta(hours=self.number)

    @property
    def ends_at(self) -> datetime:
        return self.starts_at + timedelta(hours=1)


def hour_of(at: datetime) -> Hour:
    """The business hour of a moment."""
    day = business_day(at)
    return Hour(day, int((at - day_start(day)).total_seconds()) // 3600)


async def shop_hours(connection: Connection, hour: Hour, *, least: int) -> list[ShopHour]:
    """The shops with `least` redemptions in an hour, with the day up to its end and their past."""
    midnight = day_start(hour.day)
    bounds: dict[str, object] = {"since": hour.starts_at, "until": hour.ends_at, "day": hour.day, "least": least}
    stores = [row[0] for row in await (await connection.execute(_BUSY, bounds)).fetchall()]
    if not stores:
        return []
    values = bounds | {"stores": stores, "midnight": midnight, "came": CAME_WITHIN}
    values |= {"met": midnight - timedelta(days=MET_DAYS), "past": midnight - timedelta(days=PAST_DAYS)}
    shops = {row[0]: row[1:] for row in await (await connection.execute(_SHOPS, [stores])).fetchall()}
    past = {row[0]: row[1:] for row in await (await connection.execute(_PAST, values)).fetchall()}
    sales: dict[UUID, list[Sale]] = defaultdict(list)
    for row in await (await connection.execute(_SALES, values)).fetchall():
        sales[row[0]].append(_sale(row, shops[row[0]][1:3]))
    return [
        _shop_hour(store_id, hour, shops[store_id], sales[store_id], past.get(store_id, (0, [])))
        for store_id in sorted(sales)
        if store_id in shops
    ]


def _shop_hour(store_id: UUID, hour: Hour, shop: Sequence[Any], sales: Sequence[Sale], past: Sequence[Any]) -> ShopHour:
    adcode, _, _, registered_at = shop
    age_days = max(0, (hour.day - business_day(registered_at)).days)
    return ShopHour(
        store_id=store_id,
        adcode=adcode,
        day=hour.day,
        hour=hour.number,
        sales=[sale for sale in sales if sale.at >= hour.starts_at],
        day_sales=sales,
        age_days=age_days,
        past_daily_milli=1_000 * past[0] // max(1, min(PAST_DAYS, age_days)),
        met_before=frozenset(past[1]),
    )


def _sale(row: Sequence[Any], place: Sequence[float]) -> Sale:
    lon, lat = row[10:12]
    return Sale(
        payment_id=row[1],
        citizen_id=row[2],
        at=row[3],
        amount_fen=row[4],
        voucher_fen=row[5],
        threshold_fen=row[6],
        claimed_at=row[7],
        is_given_back=row[8],
        is_own_person=row[9],
        came_metres=None if lon is None else _metres(place, (lon, lat)),
        came_seconds=row[12],
    )


def _metres(one: Sequence[float], other: Sequence[float]) -> float:
    shrink = math.cos(math.radians((one[1] + other[1]) / 2))
    return METRES_A_DEGREE * math.hypot((one[0] - other[0]) * shrink, one[1] - other[1])
