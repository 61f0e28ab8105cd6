"""Stores on a map: those in a box while there are few, counts by squares of a grid while there are many.

Degrees are WGS-84; boxes are half-open to the east and north.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yongquan.merchants.views import OVER_A_COUNTER, STORE, StoreRow
from yongquan.plumbing.db import Connection

_WHERE = f"""
 where lon >= %(west)s and lon < %(east)s and lat >= %(south)s and lat < %(north)s and state <> 'closed'
   and (%(industry)s::text is null or industry = %(industry)s)
   and (%(districts)s::text[] is null or adcode = any (%(districts)s))
   and (hardship or not %(hardship_only)s)
   and {OVER_A_COUNTER}
"""
# By the grades of the last month that was graded; asked for only when one of them is wanted.
_GRADED = """
   and store_id in (select t.store_id from merchants.shop_tier t
                     where t.month = (select max(month) from merchants.tier_month)
                       and (%(tier)s::text is null or t.tier = %(tier)s)
                       and (%(grid)s::text is null or t.grid = %(grid)s)
                       and (%(days_from)s::int is null or t.measures[3] between %(days_from)s and %(days_until)s))
"""
_COUNT = "select count(*) from merchants.store {where}"
_STORES = "select {store}, null::float8 from merchants.store {where} order by store_id limit %(limit)s"
_GRID = """
select avg(lon), avg(lat), count(*)::int
  from merchants.store {where}
 group by floor(lon / %(step)s::float8), floor(lat / %(step)s::float8) order by 3 desc
"""


@dataclass(frozen=True, slots=True)
class Box:
    """A part of the map."""

    west: float
    south: float
    east: float
    north: float


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stores; None is any."""

    industry: str | None = None
    districts: Sequence[str] | None = None
    hardship_only: bool = False
    tier: str | None = None
    grid: str | None = None
    days: tuple[int, int] | None = None  # days with a payment in the last graded month, both ends with

    @property
    def is_graded(self) -> bool:
        """Whether grades are asked for."""
        return self.tier is not None or self.grid is not None or self.days is not None


@dataclass(frozen=True, slots=True)
class Square:
    """Stores of one square of the grid, told at the middle of their places."""

    lon: float
    lat: float
    stores: int


async def count_stores(connection: Connection, box: Box, wanted: Wanted) -> int:
    """How many stores are in a box."""
    row = await (await connection.execute(_query(_COUNT, wanted), _values(box, wanted))).fetchone()
    return int(row[0]) if row else 0


async def stores_in(connection: Connection, box: Box, wanted: Wanted, *, limit: int) -> list[StoreRow]:
    """Stores in a box, `limit` at most."""
    rows = await (await connection.execute(_query(_STORES, wanted), _values(box, wanted, limit=limit))).fetchall()
    return [StoreRow(*row) for row in rows]


async def squares_of(connection: Connection, box: Box, wanted: Wanted, *, step: float) -> list[Square]:
    """Counts by squares of `step` degrees, the fullest first."""
    query = _query(_GRID, wanted)
    return [Square(*row) for row in await (await connection.execute(query, _values(box, wanted, step=step))).fetchall()]


def _query(query: str, wanted: Wanted) -> bytes:
    return query.format(store=STORE, where=_WHERE + (_GRADED if wanted.is_graded else "")).encode()


def _values(box: Box, wanted: Wanted, **more: object) -> Mapping[str, object]:
    return {
        "west": box.west,
        "south": box.south,
        "east": box.east,
        "north": box.north,
        "industry": wanted.industry,
        "districts": None if wanted.districts is None else list(wanted.districts),
        "hardship_only": wanted.hardship_only,
        "tier": wanted.tier,
        "grid": wanted.grid,
        "days_from": wanted.days[0] if wanted.days else None,
        "days_until": wanted.days[1] if wanted.days else None,
        **more,
    }
