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
_COUNT = f"select count(*) from merchants.store {_WHERE}"
_STORES = f"""
select {STORE}, null::float8 from merchants.store {_WHERE} order by store_id limit %(limit)s
"""
_GRID = f"""
select avg(lon), avg(lat), count(*)::int
  from merchants.store {_WHERE}
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


@dataclass(frozen=True, slots=True)
class Square:
    """Stores of one square of the grid, told at the middle of their places."""

    lon: float
    lat: float
    stores: int


async def count_stores(connection: Connection, box: Box, wanted: Wanted) -> int:
    """How many stores are in a box."""
    row = await (await connection.execute(_COUNT, _values(box, wanted))).fetchone()
    return int(row[0]) if row else 0


async def stores_in(connection: Connection, box: Box, wanted: Wanted, *, limit: int) -> list[StoreRow]:
    """Stores in a box, `limit` at most."""
    rows = await (await connection.execute(_STORES, _values(box, wanted, limit=limit))).fetchall()
    return [StoreRow(*row) for row in rows]


async def squares_of(connection: Connection, box: Box, wanted: Wanted, *, step: float) -> list[Square]:
    """Counts by squares of `step` degrees, the fullest first."""
    return [Square(*row) for row in await (await connection.execute(_GRID, _values(box, wanted, step=step))).fetchall()]


def _values(box: Box, wanted: Wanted, **more: object) -> Mapping[str, object]:
    return {
        "west": box.west,
        "south": box.south,
        "east": box.east,
        "north": box.north,
        "industry": wanted.industry,
        "districts": None if wanted.districts is None else list(wanted.districts),
        "hardship_only": wanted.hardship_only,
        **more,
    }
