"""Grids are assigned to providers as a draft, tried with changes, and approved by another person from a day on."""

import asyncio
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.flows.recruit_provider import FIELD_ROLES, REASON_MAX
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.grids.store import drawing_of, version_on
from yongquan.merchants.providers import assignments
from yongquan.merchants.providers.assigning import (
    Given,
    GridWork,
    Question,
    Server,
    assign_grids,
    touching_of,
    works_of,
)
from yongquan.merchants.providers.assignments import AssignmentVersion, NewAssignment
from yongquan.merchants.providers.store import providers
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Forbidden, Staff

Facts = dict[str, Fact]


class NoGrids(Refusal):
    """No version of the grids is in force on that day: have one approved first."""

    code = "no_grids"


class NoProviders(Refusal):
    """No provider works on that day: have one approved first."""

    code = "no_providers"


class UnknownAssignment(Refusal):
    """There is no such version."""

    code = "not_found"


class OwnAssignment(Forbidden):
    """Whoever made a version does not decide it."""

    code = "own_version"


class DecidedAssignment(Refusal):
    """A version is decided once."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What to try: capacities as they might be (0 leaves a provider out), and grids that are settled."""

    capacities: Mapping[UUID, int] = field(default_factory=dict)
    fixed: Mapping[str, UUID] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An answer with what it was computed from: grids by code, capacities, whose the grids are today."""

    given: Mapping[str, Given]
    works: Mapping[str, GridWork]
    capacities: Mapping[UUID, int]
    last: Mapping[str, UUID]
    touching: frozenset[tuple[str, str]]
    grid_version_no: int
    base_no: int | None

    @property
    def loads(self) -> dict[UUID, int]:
        """Minutes a month of everybody, 0 without a grid."""
        loads = Counter(dict.fromkeys(self.capacities, 0))
        for one in self.given.values():
            loads[one.provider_id] += one.minutes
        return dict(loads)

    @property
    def changes(self) -> int:
        """How many grids go to another provider than they have today."""
        return sum(self.last.get(code, one.provider_id) != one.provider_id for code, one in self.given.items())

    @property
    def mean_metres(self) -> int:
        """The way from depot to grid, weighed by work."""
        minutes = sum(one.minutes for one in self.given.values())
        return sum(one.metres * one.minutes for one in self.given.values()) // max(minutes, 1)

    @property
    def joined(self) -> int:
        """How many pairs of grids that touch have the same provider."""
        return sum(
            one in self.given and other in self.given and self.given[one].provider_id == self.given[other].provider_id
            for one, other in self.touching
        )


async def propose(database: Database, day: date, tried: WhatIf | None = None) -> Proposal:
    """Compute an assignment for a day from today's providers; nothing is saved.

    Raises `NoGrids`, `NoProviders`, `CapacityShort`.
    """
    wish = tried or WhatIf()
    async with database.transaction() as connection:
        grid_no = await version_on(connection, day)
        if grid_no is None:
            raise NoGrids(f"no version of the grids is in force on {day}")
        drawing, _ = await drawing_of(connection, grid_no)
        known = [one for one in await providers(connection) if one.works_on(day)]
        base_no = await assignments.assignment_on(connection, day)
        rows = [] if base_no is None else await assignments.assigned_grids(connection, base_no)
    servers = [
        Server(one.provider_id, capacity, (one.depot_lon, one.depot_lat))
        for one in known
        if (capacity := wish.capacities.get(one.provider_id, one.capacity_minutes)) > 0
    ]
    if not servers:
        raise NoProviders(f"no provider works on {day}")
    works, touching = await asyncio.to_thread(works_of, drawing), await asyncio.to_thread(touching_of, drawing)
    codes = {work.code for work in works}
    last = {row.code: row.provider_id for row in rows if row.code in codes}
    at_work = {server.provider_id for server in servers}
    fixed = {code: who for code, who in wish.fixed.items() if who in at_work}
    servers.sort(key=lambda server: server.provider_id)
    given = await asyncio.to_thread(assign_grids, Question(works, servers, touching, last, fixed))
    capacities = {server.provider_id: server.capacity for server in servers}
    return Proposal(given, {work.code: work for work in works}, capacities, last, touching, grid_no, base_no)


async def keep_proposal(
    database: Database, proposal: Proposal, day: date, *, reason: str, actor: str, now: datetime, real_now: datetime
) -> int:
    """Keep a proposal as a draft; its number. Raises `BadInput`."""
    if not 1 <= len(reason) <= REASON_MAX:
        raise BadInput(f"reason: write 1 to {REASON_MAX} characters")
    new = NewAssignment(
        effective_day=day,
        grid_version_no=proposal.grid_version_no,
        base_no=proposal.base_no,
        reason=reason,
        actor=actor,
    )
    async with database.transaction() as connection:
        await _require_day(connection, day, now)
        number = await assignments.keep_assignment(
            connection, proposal.given, proposal.capacities, new, proposal.last, now=real_now
        )
        facts: Facts = {"effective_day": str(day), "reason": reason, "changes": proposal.changes}
        await append(connection, _entry(actor, "made", number, facts), now=real_now)
    return number


async def first_day(connection: Connection, now: datetime) -> date:
    """The first business day that a version made now may take effect on."""
    today = business_day(now)
    return today if await assignments.assignment_on(connection, today) is None else today + timedelta(days=1)


async def decide_assignment(
    database: Database, staff: Staff, version_no: int, *, approve: bool, now: datetime, real_now: datetime
) -> None:
    """Approve or refuse somebody else's draft; its day must lie ahead to be approved, unless it is the first.

    Raises `UnknownAssignment`, `OwnAssignment`, `DecidedAssignment`, `Forbidden`, `BadInput`.
    """
    staff.require(*FIELD_ROLES)
    async with database.transaction() as connection:
        version = await assignments.assignment_version(connection, version_no, lock=True)
        if version is None:
            raise UnknownAssignment
        await settle_version(connection, version, approve=approve, actor=staff.actor, now=now, real_now=real_now)


async def settle_version(
    connection: Connection, version: AssignmentVersion, *, approve: bool, actor: str, now: datetime, real_now: datetime
) -> None:
    """Decide a draft that the caller has locked. Raises as `decide_assignment`."""
    if version.state != "draft":
        raise DecidedAssignment(f"version {version.version_no} is {version.state}")
    if version.made_by == actor:
        raise OwnAssignment
    if approve:
        await _require_day(connection, version.effective_day, now)
    state = "approved" if approve else "refused"
    await assignments.decide_assignment(connection, version.version_no, state, actor=actor, now=real_now)
    entry = _entry(actor, state, version.version_no, {"state": state}, before={"state": "draft"})
    await append(connection, entry, now=real_now)


async def _require_day(connection: Connection, day: date, now: datetime) -> None:
    if day < await first_day(connection, now):
        raise BadInput(f"{day} has begun: an assignment takes effect at the start of a later business day")


def _entry(actor: str, act: str, version_no: int, after: Facts, *, before: Facts | None = None) -> AuditEntry:
    subject = f"assignment:{version_no}"
    return AuditEntry(actor=actor, action=f"assignments.{act}", subject=subject, before=before, after=after)
