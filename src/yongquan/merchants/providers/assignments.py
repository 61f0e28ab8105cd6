"""The SQL of assignments: dated versions of which provider serves which grid."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.merchants.providers.assigning import Given
from yongquan.plumbing.db import Connection

_ONE_WRITER = "lock table merchants.assignment_version in share row exclusive mode"
_NEW = """
insert into merchants.assignment_version (version_no, grid_version_no, base_no, state, effective_day, reason, made_by,
                                          built_at)
select coalesce(max(version_no), 0) + 1, %s, %s, 'draft', %s, %s, %s, %s from merchants.assignment_version
returning version_no
"""
_GIVEN = """
insert into merchants.assignment (version_no, grid_code, provider_id, minutes, metres, was)
select %s, * from unnest(%s::text[], %s::uuid[], %s::int[], %s::int[], %s::uuid[])
"""
_CAPACITIES = """
insert into merchants.assignment_capacity (version_no, provider_id, capacity_minutes)
select %s, * from unnest(%s::uuid[], %s::int[])
"""
_VERSION = """
select version_no, grid_version_no, base_no, state, effective_day, reason, made_by, built_at, decided_by, decided_at
  from merchants.assignment_version
"""
_IN_FORCE = """
select version_no from merchants.assignment_version where state = 'approved' and effective_day <= %s
 order by effective_day desc, version_no desc limit 1
"""
_ROWS = "select grid_code, provider_id, minutes, metres, was from merchants.assignment where version_no = %s order by 1"
_KNOWN = "select provider_id, capacity_minutes from merchants.assignment_capacity where version_no = %s"
_DECIDE = """
update merchants.assignment_version set state = %s, decided_by = %s, decided_at = %s
 where version_no = %s and state = 'draft'
"""


@dataclass(frozen=True, slots=True)
class AssignmentVersion:
    """Who serves which grid, in force from a business day on once it is approved."""

    version_no: int
    grid_version_no: int
    base_no: int | None
    state: str
    effective_day: date
    reason: str
    made_by: str
    built_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssignment:
    """What is said of a version when it is made."""

    effective_day: date
    grid_version_no: int
    base_no: int | None
    reason: str
    actor: str


@dataclass(frozen=True, slots=True)
class AssignedGrid:
    """A grid of a version: whose it is, minutes a month, metres from the depot, and whose it was before."""

    code: str
    provider_id: UUID
    minutes: int
    metres: int
    was: UUID | None


async def keep_assignment(
    connection: Connection,
    given: Mapping[str, Given],
    capacities: Mapping[UUID, int],
    new: NewAssignment,
    last: Mapping[str, UUID],
    *,
    now: datetime,
) -> int:
    """Write a draft; its number. Locks the table of versions."""
    await connection.execute(_ONE_WRITER)
    values = [new.grid_version_no, new.base_no, new.effective_day, new.reason, new.actor, now]
    row = await (await connection.execute(_NEW, values)).fetchone()
    assert row is not None  # noqa: S101
    codes = sorted(given)
    columns: list[list[object]] = [
        list(codes),
        [given[code].provider_id for code in codes],
        [given[code].minutes for code in codes],
        [given[code].metres for code in codes],
        [last.get(code) for code in codes],
    ]
    await connection.execute(_GIVEN, [row[0], *columns])
    await connection.execute(_CAPACITIES, [row[0], list(capacities), list(capacities.values())])
    return int(row[0])


async def assignment_versions(connection: Connection) -> list[AssignmentVersion]:
    """Every version, the newest first."""
    rows = await (await connection.execute(f"{_VERSION} order by version_no desc")).fetchall()
    return [AssignmentVersion(*row) for row in rows]


async def assignment_version(
    connection: Connection, version_no: int, *, lock: bool = False
) -> AssignmentVersion | None:
    """One version, kept from changing for this transaction if `lock`."""
    query = f"{_VERSION} where version_no = %s{' for update' if lock else ''}"
    row = await (await connection.execute(query, [version_no])).fetchone()
    return AssignmentVersion(*row) if row else None


async def assignment_on(connection: Connection, day: date) -> int | None:
    """The number of the version in force on a business day."""
    row = await (await connection.execute(_IN_FORCE, [day])).fetchone()
    return int(row[0]) if row else None


async def assigned_grids(connection: Connection, version_no: int) -> list[AssignedGrid]:
    """A version's grids by their codes."""
    rows = await (await connection.execute(_ROWS, [version_no])).fetchall()
    return [AssignedGrid(*row) for row in rows]


async def capacities_of(connection: Connection, version_no: int) -> dict[UUID, int]:
    """The capacities that a version was made with, of everybody who could have got a grid."""
    rows = await (await connection.execute(_KNOWN, [version_no])).fetchall()
    return {row[0]: row[1] for row in rows}


async def decide_assignment(connection: Connection, version_no: int, state: str, *, actor: str, now: datetime) -> None:
    """Approve or refuse a draft."""
    await connection.execute(_DECIDE, [state, actor, now, version_no])
