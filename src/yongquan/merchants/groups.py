"""Shop groups: named sets of stores that a campaign's vouchers are for."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection

_PUT = """
insert into merchants.shop_group (code, name, name_en) values (%s, %s, %s)
    on conflict (code) do update set name = excluded.name, name_en = excluded.name_en
"""
_LEAVE = "delete from merchants.shop_group_member where code = %s and store_id <> all (%s)"
_JOIN = """
insert into merchants.shop_group_member (store_id, code)
select s.store_id, %s from merchants.store s where s.store_id = any (%s) on conflict do nothing
"""
_COUNT = "select count(*) from merchants.shop_group_member where code = %s"
_NAMES = "select code, name, name_en from merchants.shop_group order by code"


@dataclass(frozen=True, slots=True)
class ShopGroup:
    """A named set of stores."""

    code: str
    name: str
    name_en: str


async def save_group(connection: Connection, group: ShopGroup, stores: Sequence[UUID]) -> int:
    """Make the group exactly these stores and say how many it has; unknown stores are left out."""
    await connection.execute(_PUT, [group.code, group.name, group.name_en])
    await connection.execute(_LEAVE, [group.code, list(stores)])
    await connection.execute(_JOIN, [group.code, list(stores)])
    row = await (await connection.execute(_COUNT, [group.code])).fetchone()
    return int(row[0]) if row else 0


async def shop_groups(connection: Connection) -> dict[str, ShopGroup]:
    """Every shop group by its code."""
    rows = await (await connection.execute(_NAMES)).fetchall()
    return {row[0]: ShopGroup(*row) for row in rows}
