"""Reads of the lists for pages and files."""

from dataclasses import dataclass

from yongquan.plumbing.db import Connection
from yongquan.risk.lists.record import EntryRecord
from yongquan.risk.lists.store import COLUMNS, as_record

PAGE = 100
_SEARCH = f"""
select {COLUMNS} from risk.list_entry
 where (%(colour)s::text is null or colour = %(colour)s) and (%(party)s::text is null or party = %(party)s)
   and (%(state)s::text is null or state = %(state)s) and (%(values)s::text[] is null or value = any (%(values)s))
   and (%(branches)s::text[] is null or branch = any (%(branches)s))
 order by proposed_at desc, entry_id limit %(limit)s offset %(offset)s
"""
_COUNTS = """
select colour, tier, count(*) from risk.list_entry where state in ('listed', 'appealed') group by colour, tier
 order by colour, tier
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """What a person looks for; None is everything. `branches` are those this person may see."""

    colour: str | None = None
    party: str | None = None
    state: str | None = None
    values: tuple[str, ...] | None = None
    branches: tuple[str, ...] | None = None


async def search_entries(
    connection: Connection, sought: Sought, *, limit: int = PAGE, offset: int = 0
) -> list[EntryRecord]:
    """The newest entries that fit."""
    values = {
        "colour": sought.colour,
        "party": sought.party,
        "state": sought.state,
        "values": None if sought.values is None else list(sought.values),
        "branches": None if sought.branches is None else list(sought.branches),
        "limit": limit,
        "offset": offset,
    }
    return [as_record(row) for row in await (await connection.execute(_SEARCH, values)).fetchall()]


async def count_entries(connection: Connection) -> dict[tuple[str, int], int]:
    """How many are listed, by colour and tier."""
    return {(row[0], row[1]): row[2] for row in await (await connection.execute(_COUNTS)).fetchall()}
