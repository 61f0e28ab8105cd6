"""Which grids each provider has, and the inspections it passed: what pay asks of the providers' tables."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_GRIDS = """
select a.provider_id, p.name, array_agg(a.grid_code order by a.grid_code)
  from merchants.assignment a join merchants.provider p on p.provider_id = a.provider_id
 where a.version_no = (select v.version_no from merchants.assignment_version v
                        where v.state = 'approved' and v.effective_day <= %s
                        order by v.effective_day desc, v.version_no desc limit 1)
 group by a.provider_id, p.name order by p.name
"""
_INSPECTIONS = """
select provider_id, store_id, count(*)::int from merchants.task
 where kind = 'inspection' and state = 'checked' and changed_at >= %s and changed_at < %s
 group by provider_id, store_id
"""


@dataclass(frozen=True, slots=True)
class Assigned:
    """A provider and its grids on a day."""

    provider_id: UUID
    name: str
    grids: tuple[str, ...]


async def assigned_on(connection: Connection, day: date) -> list[Assigned]:
    """Every provider with grids on a business day, by name."""
    rows = await (await connection.execute(_GRIDS, [day])).fetchall()
    return [Assigned(row[0], row[1], tuple(row[2])) for row in rows]


async def inspections_passed(connection: Connection, since: datetime, until: datetime) -> dict[UUID, dict[UUID, int]]:
    """Inspections that were checked and found good in a period, by provider and store."""
    found: dict[UUID, dict[UUID, int]] = {}
    for provider_id, store_id, count in await (await connection.execute(_INSPECTIONS, [since, until])).fetchall():
        found.setdefault(provider_id, {})[store_id] = count
    return found
