"""Who serves which grid, at the desk: a version explained, a what-if, a draft kept, decided by somebody else."""

import math
from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.assign_providers import (
    Proposal,
    WhatIf,
    decide_assignment,
    first_day,
    keep_proposal,
    propose,
)
from yongquan.flows.recruit_provider import FIELD_ROLES
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.providers.assignments import (
    AssignedGrid,
    AssignmentVersion,
    assigned_grids,
    assignment_on,
    assignment_versions,
    capacities_of,
)
from yongquan.merchants.providers.store import providers
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id

TRIED = {"capacity_short", "no_grids", "no_providers"}


def make_assignment(desk: Desk) -> APIRouter:
    """`/console/assignment`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/assignment")
    async def show(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        version: int | None = None,
        done: str = "",
        provider: str = "",
        hours: int | None = None,
        grid: str = "",
        to: str = "",
    ) -> Response:
        asked = {"provider": provider, "hours": hours, "grid": grid, "to": to}
        trial, refused = None, ""
        if (provider and hours is not None) or (grid and to):
            try:
                trial = await propose(door.database, await _next(desk), _what_if(provider, hours, grid, to))
            except Refusal as refusal:
                if refusal.code not in TRIED:
                    raise
                refused = refusal.code
        more = {"done": done, "trial": trial, "asked": asked, "refused": refused}
        return await _page(desk, request, visitor, version, more)

    @routes.post("/assignment")
    async def keep(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        effective_day: Annotated[date, Form()],
        reason: Annotated[str, Form()] = "",
        provider: Annotated[str, Form()] = "",
        hours: Annotated[int, Form()] = 0,
        grid: Annotated[str, Form()] = "",
        to: Annotated[str, Form()] = "",
    ) -> Response:
        visitor.staff.require(*FIELD_ROLES)
        now, actor = door.clock.now(), visitor.staff.actor
        try:
            proposal = await propose(door.database, effective_day, _what_if(provider, hours, grid, to))
            number = await keep_proposal(
                door.database, proposal, effective_day, reason=reason.strip(), actor=actor, now=now, real_now=wall_now()
            )
        except BadInput as error:
            return await _page(desk, request, visitor, None, {"fault": str(error)}, status=422)
        return RedirectResponse(f"{ROOT}/assignment?version={number}&done=made", status_code=303)

    _add_decision(routes, desk)
    return routes


def _add_decision(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/assignment/{version_no}/decision")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], version_no: int, approve: Annotated[bool, Form()]
    ) -> Response:
        now, real_now = door.clock.now(), wall_now()
        await decide_assignment(door.database, visitor.staff, version_no, approve=approve, now=now, real_now=real_now)
        done = "approved" if approve else "refused"
        return RedirectResponse(f"{ROOT}/assignment?version={version_no}&done={done}", status_code=303)


async def _next(desk: Desk) -> date:
    async with desk.door.database.transaction() as connection:
        return await first_day(connection, desk.door.clock.now())


def _what_if(provider: str, hours: int | None, grid: str, to: str) -> WhatIf:
    capacities = {known_id(provider): max(0, hours) * 60} if provider and hours is not None else {}
    return WhatIf(capacities, {grid: known_id(to)} if grid and to else {})


async def _page(
    desk: Desk, request: Request, visitor: Visitor, wanted: int | None, more: Mapping[str, object], *, status: int = 200
) -> Response:
    door = desk.door
    async with door.database.transaction() as connection:
        versions = await assignment_versions(connection)
        in_force = await assignment_on(connection, business_day(door.clock.now()))
        chosen = _chosen(versions, wanted, in_force)
        rows = await assigned_grids(connection, chosen.version_no) if chosen else []
        capacities = await capacities_of(connection, chosen.version_no) if chosen else {}
        listed = await providers(connection)
        actors = [v.made_by for v in versions] + [v.decided_by for v in versions if v.decided_by]
        names = await names_of(connection, actors, door.sealing)
        start = await first_day(connection, door.clock.now())
    companies = {one.provider_id: one.name for one in listed}
    served = _served(rows, capacities, companies)
    facts: dict[str, object] = {
        "versions": versions,
        "chosen": chosen,
        "in_force": in_force,
        "rows": rows,
        "served": served,
        "companies": companies,
        "colours": {who: number for number, who in enumerate(capacities)},
        "changes": sum(row.was is not None and row.was != row.provider_id for row in rows),
        "mean_metres": _mean(rows),
        "most": max((one["percent"] for one in served), default=0),
        "actors": names,
        "first_day": start,
        "may_work": visitor.staff.may_any(*FIELD_ROLES),
        "trial": None,
        "moved": [],
        "asked": {"provider": "", "hours": None, "grid": "", "to": ""},
        "refused": "",
        "fault": "",
        "done": "",
    }
    trial = more.get("trial")
    if isinstance(trial, Proposal):
        facts["moved"] = _moved(trial)
    return desk.show(request, visitor, "assignment.html", facts | dict(more), status=status)


def _chosen(versions: list[AssignmentVersion], wanted: int | None, in_force: int | None) -> AssignmentVersion | None:
    if wanted is not None:
        found = [version for version in versions if version.version_no == wanted]
        if not found:
            raise Missing
        return found[0]
    drafts = [version for version in versions if version.state == "draft"]
    forced = [version for version in versions if version.version_no == in_force]
    return next(iter([*drafts, *forced, *versions]), None)


def _served(
    rows: list[AssignedGrid], capacities: Mapping[UUID, int], companies: Mapping[UUID, str]
) -> list[dict[str, Any]]:
    """Each provider's share: grids, load, how full that makes it, the way to its grids."""
    own: dict[UUID, list[AssignedGrid]] = defaultdict(list)
    for row in rows:
        own[row.provider_id].append(row)
    return [
        {
            "provider_id": who,
            "name": companies.get(who, ""),
            "capacity": capacity,
            "minutes": (load := sum(row.minutes for row in own[who])),
            "percent": math.ceil(100 * load / capacity),
            "metres": _mean(own[who]),
            "farthest": max((row.metres for row in own[who]), default=0),
            "grids": [row.code for row in own[who]],
        }
        for who, capacity in sorted(capacities.items(), key=lambda item: companies.get(item[0], ""))
    ]


def _mean(rows: list[AssignedGrid]) -> int:
    minutes = sum(row.minutes for row in rows)
    return sum(row.metres * row.minutes for row in rows) // max(minutes, 1)


def _moved(trial: Proposal) -> list[tuple[str, UUID, UUID]]:
    """The grids that a trial would give to somebody else."""
    return [
        (code, trial.last[code], one.provider_id)
        for code, one in sorted(trial.given.items())
        if code in trial.last and trial.last[code] != one.provider_id
    ]
