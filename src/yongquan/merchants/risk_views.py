"""What a search for gangs may know of shops: places, licences and marks by their blind indexes, no names of people."""

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
