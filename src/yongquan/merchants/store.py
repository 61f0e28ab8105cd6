"""The merchants room's SQL."""

from collections.abc import Iterable
from datetime import datetime

from yongquan.merchants.model import NewStore
from yongquan.plumbing.db import Connection

_COPY = """
copy merchants.store (store_id, name, brand, licence_no, industry, mcc, adcode, address, lon, lat, acquirer,
                      account_no, hardship, registered_at) from stdin
"""


async def register_stores(connection: Connection, stores: Iterable[NewStore], *, now: datetime) -> None:
    """Write new stores in bulk."""
    async with connection.cursor().copy(_COPY) as copy:
        for s in stores:
            await copy.write_row(
                (
                    *(s.store_id, s.name, s.brand, s.licence_no, s.industry, s.mcc, s.adcode, s.address),
                    *(s.lon, s.lat, s.acquirer, s.account_no, s.hardship, now),
                )
            )
