"""The citizens room's SQL. Phones and names are sealed before they get here."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from yongquan.citizens.model import NewCitizen
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_COPY = """
copy citizens.citizen (cell, citizen_id, phone_index, phone_sealed, name_sealed, born_on, home_adcode,
                       card_issuers, registered_at) from stdin
"""
_NOTE_ISSUER = """
update citizens.citizen set card_issuers = card_issuers || %(issuer)s::text
 where cell = %(cell)s and citizen_id = %(citizen)s and %(issuer)s <> all (card_issuers)
"""


async def register_many(
    connection: Connection, citizens: Iterable[NewCitizen], sealing: Sealing, *, cells: int, now: datetime
) -> None:
    """Write new citizens in bulk. Raises `psycopg.errors.UniqueViolation` if a phone is known already."""
    async with connection.cursor().copy(_COPY) as copy:
        for c in citizens:
            await copy.write_row(
                (
                    cell_of(c.citizen_id, cells),
                    c.citizen_id,
                    sealing.index(c.phone, what="phone"),
                    sealing.seal(c.phone, what="phone"),
                    sealing.seal(c.name, what="name"),
                    c.born_on,
                    c.home_adcode,
                    list(c.card_issuers),
                    now,
                )
            )


async def note_card_issuer(connection: Connection, cell: int, citizen_id: UUID, *, issuer: str) -> None:
    """Remember that a citizen has a bound card of an issuer, for rounds that ask for one."""
    await connection.execute(_NOTE_ISSUER, {"cell": cell, "citizen": citizen_id, "issuer": issuer})
