"""The merchants room's SQL."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from yongquan.merchants.identity.store import save_licences_of
from yongquan.merchants.model import NewStore
from yongquan.plumbing.db import Connection

_COPY = """
copy merchants.store (store_id, name, brand, licence_no, industry, mcc, adcode, address, lon, lat, acquirer,
                      account_no, hardship, registered_at) from stdin
"""


async def register_stores(connection: Connection, stores: Iterable[NewStore], *, now: datetime) -> None:
    """Write new stores in bulk, and their licences where they are not known yet."""
    new = list(stores)
    async with connection.cursor().copy(_COPY) as copy:
        for s in new:
            await copy.write_row(
                (
                    *(s.store_id, s.name, s.brand, s.licence_no, s.industry, s.mcc, s.adcode, s.address),
                    *(s.lon, s.lat, s.acquirer, s.account_no, s.hardship, now),
                )
            )
    await save_licences_of(connection, [s.store_id for s in new], sorted({s.brand for s in new if s.brand}))


async def change_account(connection: Connection, store_id: UUID, account_no: str) -> str | None:
    """Settle a store to another account at its acquirer; the one before, None if there is no such store."""
    query = """update merchants.store s set account_no = %s from merchants.store was
                where s.store_id = %s and was.store_id = s.store_id returning was.account_no"""
    row = await (await connection.execute(query, [account_no, store_id])).fetchone()
    return row[0] if row else None
