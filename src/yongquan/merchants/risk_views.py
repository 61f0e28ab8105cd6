"""What a search for gangs may know of shops: places, licences and marks by their blind indexes, no names of people."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from yongquan.plumbing.db import Connection

_SHOPS = """
select s.store_id, s.name, s.licence_no, s.adcode, s.lon, s.lat, s.registered_at, s.acquirer || ':' || s.account_no,
       coalesce((select min(encode(m.mark, 'hex')) from merchants.identity_mark m
                  where m.identity = coalesce(nullif(s.licence_no, ''), 'shop:' || s.store_id)
                    and m.kind = 'person' and m.until is null), '')
  from merchants.store s
"""


_PLACES = "select store_id, licence_no, adcode, lon, lat from merchants.store where store_id = any (%s)"


class ShopPlace(NamedTuple):
    """Where a shop is (WGS-84) and under which licence."""

    licence: str
    adcode: str
    lon: float
    lat: float


class ShopMarks(NamedTuple):
    """A shop's place (WGS-84) and what ties it to others."""

    store_id: UUID
    name: str
    licence: str
    adcode: str
    lon: float
    lat: float
    registered_at: datetime
    account: str
    operator: str


async def marks_of_shops(connection: Connection) -> list[ShopMarks]:
    """Every shop."""
    return [ShopMarks(*row) for row in await (await connection.execute(_SHOPS)).fetchall()]


async def places_of_shops(connection: Connection, store_ids: Sequence[UUID]) -> dict[UUID, ShopPlace]:
    """These shops."""
    rows = await (await connection.execute(_PLACES, [list(store_ids)])).fetchall()
    return {row[0]: ShopPlace(*row[1:]) for row in rows}
