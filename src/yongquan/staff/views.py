"""What screens read of staff: their names."""

from collections.abc import Iterable

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_NAMES = "select staff_id, login, name_sealed from staff.member where 'staff:' || staff_id = any (%s)"


async def names_of(connection: Connection, actors: Iterable[str], sealing: Sealing) -> dict[str, str]:
    """The names behind the audit log's actors (`staff:<id>`); others are left out."""
    rows = await (await connection.execute(_NAMES, [list(actors)])).fetchall()
    return {f"staff:{row[0]}": sealing.open(row[2], what="name") for row in rows}
