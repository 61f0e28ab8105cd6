"""The stores near a place that fit a voucher's rules, sorted by distance: boxes that widen, read from an index.

Degrees are WGS-84, distances metres. A box holds all stores within its half width, so what is nearer than that is
settled; the next box is asked only if there are too few. The last has no sides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import cos, radians
from typing import Final

from yongquan.kernel.places import METRES_A_DEGREE
from yongquan.merchants.views import NEAREST, OVER_A_COUNTER, STORE, StoreRow
from yongquan.plumbing.db import Connection

HALF_WIDTHS_M: Final = (600, 2_500, 10_000)
# Of a voucher bound to outlines, stores are looked at one by one: so many at most for each answer.
LOOKED_AT: Final = 20 * NEAREST
QUERY_MAX: Final = 40
_NEAR = f"""
select {STORE},
       {METRES_A_DEGREE} * sqrt((lat - %(lat)s) ^ 2 + ((lon - %(lon)s) * cos(radians(%(lat)s))) ^ 2) as metres
  from merchants.store s
 where state = 'open' and {OVER_A_COUNTER}
   {{inside}}
   and (%(industry)s::text is null or industry = %(industry)s)
   and (%(districts)s::text[] is null or adcode = any (%(districts)s))
   and (hardship or not %(hardship_only)s)
   and (%(groups)s::text[] is null or exists (
        select from merchants.shop_group_member m where m.store_id = s.store_id and m.code = any (%(groups)s)))
   and (%(part)s::text is null or strpos(name, %(part)s) > 0 or strpos(address, %(part)s) > 0)
 order by metres, store_id limit %(limit)s
"""
_INSIDE = "and point(lon, lat) <@ box(point(%(west)s, %(south)s), point(%(east)s, %(north)s))"
_IN_BOX, _ANYWHERE = _NEAR.format(inside=_INSIDE).encode(), _NEAR.format(inside="").encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitting:
    """Which stores take a voucher; None is any. `takes` looks at what SQL cannot: outlines. `part` is of a name."""

    industry: str | None = None
    districts: Sequence[str] | None = None
    hardship_only: bool = False
    groups: Sequence[str] | None = None
    part: str | None = None
    takes: Callable[[StoreRow], bool] | None = None


async def stores_near(connection: Connection, *, lon: float, lat: float, fitting: Fitting) -> list[StoreRow]:
    """The open stores nearest to a place that fit, `NEAREST` at most."""
    # A name is looked for in the whole city at once; so is what a small group of shops takes.
    widths = () if fitting.part or fitting.groups is not None else HALF_WIDTHS_M
    for width in widths:
        found = await _read(connection, _IN_BOX, lon=lon, lat=lat, fitting=fitting, width_m=width)
        near = [row for row in found if (row.metres or 0) <= width]
        if len(near) >= NEAREST:
            return near[:NEAREST]
    return (await _read(connection, _ANYWHERE, lon=lon, lat=lat, fitting=fitting))[:NEAREST]


async def _read(
    connection: Connection, query: bytes, *, lon: float, lat: float, fitting: Fitting, width_m: int = 0
) -> list[StoreRow]:
    high = width_m / METRES_A_DEGREE
    wide = high / max(cos(radians(lat)), 0.01)
    values = {
        "lon": lon,
        "lat": lat,
        "west": lon - wide,
        "south": lat - high,
        "east": lon + wide,
        "north": lat + high,
        "industry": fitting.industry,
        "districts": None if fitting.districts is None else list(fitting.districts),
        "hardship_only": fitting.hardship_only,
        "groups": None if fitting.groups is None else list(fitting.groups),
        "part": fitting.part,
        "limit": LOOKED_AT if fitting.takes else NEAREST,
    }
    rows = [StoreRow(*row) for row in await (await connection.execute(query, values)).fetchall()]
    return [row for row in rows if fitting.takes(row)] if fitting.takes else rows
