"""The sites whose frames may hold a store's cashier page."""

import re
from collections.abc import Sequence
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection

ORIGINS_MAX = 10
ORIGIN = re.compile(
    r"https?://(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*(?::[0-9]{1,5})?"
)
_OF = "select origin from merchants.cashier_origin where store_id = %s order by origin"
_FORGET = "delete from merchants.cashier_origin where store_id = %s and origin <> all (%s)"
_KEEP = """
insert into merchants.cashier_origin (store_id, origin) select %s, o from unnest(%s::text[]) as o on conflict do nothing
"""


class BadOrigin(Refusal):
    """Not the origin of a site: scheme, host and port alone."""

    code = "bad_origin"


async def origins_of(connection: Connection, store_id: UUID) -> Sequence[str]:
    """The origins that a store registered."""
    return [row[0] for row in await (await connection.execute(_OF, [store_id])).fetchall()]


async def keep_origins(connection: Connection, store_id: UUID, origins: Sequence[str]) -> None:
    """Let exactly these origins hold the store's cashier. Raises `BadOrigin`."""
    for origin in origins:
        if not ORIGIN.fullmatch(origin):
            raise BadOrigin(f"{origin[:80]!r} is no origin: give scheme, host and port alone, in small letters")
    if len(origins) > ORIGINS_MAX:
        raise BadOrigin(f"a store may name {ORIGINS_MAX} origins")
    await connection.execute(_FORGET, [store_id, list(origins)])
    await connection.execute(_KEEP, [store_id, list(origins)])
