"""The merchant behind a store: its licence, and every open store under it."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection

_STORES = """
select s.store_id, s.name, s.address, a.name, a.adcode, a.licence_no, coalesce(a.brand, a.name)
  from merchants.store a
  join merchants.store s on s.store_id = a.store_id or (a.licence_no <> '' and s.licence_no = a.licence_no)
 where a.store_id = %s and s.state <> 'closed' order by s.name, s.store_id
"""


@dataclass(frozen=True, slots=True)
class OwnStore:
    """One of the merchant's stores."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class MerchantStores:
    """A merchant by its licence (or its only store, where none is known), called by its brand, with its stores."""

    merchant: str
    name: str
    adcode: str
    stores: Mapping[UUID, OwnStore]


async def stores_of_merchant(connection: Connection, store_id: UUID) -> MerchantStores | None:
    """The merchant of a store; None for an unknown or closed store."""
    rows = await (await connection.execute(_STORES, [store_id])).fetchall()
    if not rows:
        return None
    _, _, _, _, adcode, licence_no, name = rows[0]
    stores = {row[0]: OwnStore(row[1], row[2]) for row in rows}
    return MerchantStores(licence_no or store_id.hex, name, adcode, stores)
