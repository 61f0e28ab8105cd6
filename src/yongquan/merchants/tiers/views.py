"""What pages and planners read of tiers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection

SHOPS_SHOWN = 200
_MONTHS = """
select m.month, m.rule_no, m.grid_version, m.digest, m.seen_at, m.computed_by, m.shops, m.grids
  from merchants.tier_month m order by m.month desc
"""
_TIERS = "select tier, count(*)::int from merchants.shop_tier where month = %s group by tier order by tier"
_GRIDS = """
select g.code, g.tier, g.score_bp, g.measures, g.ranks, g.shops, g.is_key, g.minutes_bp, b.tier
  from merchants.grid_tier g
  left join merchants.grid_tier b on b.code = g.code and b.month = (g.month - interval '1 month')::date
 where g.month = %s order by g.score_bp desc, g.code
"""
_SHOP_COLUMNS = "s.store_id, s.name, s.industry, s.adcode, t.grid, t.peers, t.tier, t.score_bp, t.measures, t.ranks"
_SHOPS = f"""
select {_SHOP_COLUMNS}, t.month
  from merchants.shop_tier t join merchants.store s on s.store_id = t.store_id
 where t.month = %(month)s and (%(tier)s::text is null or t.tier = %(tier)s)
   and (%(grid)s::text is null or t.grid = %(grid)s)
   and (%(adcodes)s::text[] is null or s.adcode = any (%(adcodes)s))
 order by t.score_bp desc, s.name, s.store_id limit %(limit)s
"""
_HISTORY = f"""
select {_SHOP_COLUMNS}, t.month
  from merchants.shop_tier t join merchants.store s on s.store_id = t.store_id
 where t.store_id = %s order by t.month desc limit 36
"""
_FACTORS = """
select code, minutes_bp from merchants.grid_tier
 where month = (select max(month) from merchants.tier_month where month <= %s)
"""


@dataclass(frozen=True, slots=True)
class MonthRow:
    """A graded month."""

    month: date
    rule_no: int
    grid_version: int | None
    digest: str
    seen_at: datetime
    computed_by: str
    shops: int
    grids: int


@dataclass(frozen=True, slots=True)
class GridRow:
    """A grid's grade of a month, and its tier the month before; measures and ranks as `MEASURES`."""

    code: str
    tier: str
    score_bp: int
    measures: Sequence[int]
    ranks: Sequence[int]
    shops: int
    is_key: bool
    minutes_bp: int
    tier_before: str | None


@dataclass(frozen=True, slots=True)
class ShopRow:
    """A shop's grade of a month."""

    store_id: UUID
    name: str
    industry: str
    adcode: str
    grid: str
    peers: str
    tier: str
    score_bp: int
    measures: Sequence[int]
    ranks: Sequence[int]
    month: date


async def graded_months(connection: Connection) -> list[MonthRow]:
    """Every graded month, the latest first."""
    return [MonthRow(*row) for row in await (await connection.execute(_MONTHS)).fetchall()]


async def shops_by_tier(connection: Connection, month: date) -> dict[str, int]:
    """How many shops each tier has."""
    return dict(await (await connection.execute(_TIERS, [month])).fetchall())


async def grids_graded(connection: Connection, month: date) -> list[GridRow]:
    """Every grid of a month, the best first."""
    return [GridRow(*row) for row in await (await connection.execute(_GRIDS, [month])).fetchall()]


async def shops_graded(
    connection: Connection,
    month: date,
    *,
    tier: str | None = None,
    grid: str | None = None,
    adcodes: Sequence[str] | None = None,
) -> list[ShopRow]:
    """The best shops of a month, `SHOPS_SHOWN` at most."""
    values: dict[str, Any] = {"month": month, "tier": tier, "grid": grid, "limit": SHOPS_SHOWN}
    values["adcodes"] = None if adcodes is None else list(adcodes)
    return [ShopRow(*row) for row in await (await connection.execute(_SHOPS, values)).fetchall()]


async def tiers_of_shop(connection: Connection, store_id: UUID) -> list[ShopRow]:
    """A shop's grades, the latest month first."""
    return [ShopRow(*row) for row in await (await connection.execute(_HISTORY, [store_id])).fetchall()]


async def minutes_of_grids(connection: Connection, day: date) -> dict[str, int]:
    """How much time each grid gets, of the usual, by the last grades of a day: for who plans visits."""
    return dict(await (await connection.execute(_FACTORS, [day])).fetchall())
