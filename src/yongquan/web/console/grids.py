"""Grids at the desk: the versions, a map and the work of each grid, drawing a version, deciding it."""

import asyncio
import json
from collections import Counter
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.redraw_grids import GRID_ROLES, build_grids, decide_grids, next_day
from yongquan.kernel.errors import BadInput
from yongquan.merchants.grids import Balance, Drawing, balance_of
from yongquan.merchants.grids.outlines import grid_shapes
from yongquan.merchants.grids.redrawing import Locks
from yongquan.merchants.grids.store import (
    GridVersion,
    NewVersion,
    drawing_of,
    grid_version,
    grid_versions,
    version_on,
)
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes

SEED_MAX = 2**31 - 1


def make_grids(desk: Desk) -> APIRouter:
    """`/console/grids` and the shapes of its map."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/grids")
    async def grids(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], version: int | None = None, done: str = ""
    ) -> Response:
        return await _show(desk, request, visitor, version, {"done": done})

    @routes.get("/grids/{version_no}/shapes")
    async def shapes(_: Annotated[Visitor, Depends(desk.visitor)], version_no: int) -> Response:
        async with door.database.transaction() as connection:
            if await grid_version(connection, version_no) is None:
                raise Missing
            drawing, _locks = await drawing_of(connection, version_no)
        found = await asyncio.to_thread(grid_shapes, drawing, door.regions)
        features = [
            {"type": "Feature", "properties": {"code": code}, "geometry": shape} for code, shape in found.items()
        ]
        body = json.dumps({"type": "FeatureCollection", "features": features})
        return Response(body, media_type="application/geo+json", headers={"Cache-Control": "no-store"})

    _add_changes(routes, desk)
    return routes


def _add_changes(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/grids")
    async def build(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        effective_day: Annotated[date, Form()],
        seed: Annotated[int, Form(ge=0, le=SEED_MAX)] = 1,
        base_no: Annotated[int, Form()] = 0,
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        visitor.staff.require(*GRID_ROLES)
        new = NewVersion(
            effective_day=effective_day,
            seed=seed,
            reason=reason.strip(),
            actor=visitor.staff.actor,
            base_no=base_no or None,
        )
        try:
            now = door.clock.now()
            number = await build_grids(door.database, door.regions, new, now=now, real_now=wall_now())
        except BadInput as error:
            return await _show(desk, request, visitor, None, {"fault": str(error)}, status=422)
        return RedirectResponse(f"{ROOT}/grids?version={number}&done=drawn", status_code=303)

    @routes.post("/grids/{version_no}/decision")
    async def decide(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        version_no: int,
        approve: Annotated[bool, Form()],
    ) -> Response:
        now = door.clock.now()
        try:
            await decide_grids(door.database, visitor.staff, version_no, approve=approve, now=now, real_now=wall_now())
        except BadInput as error:
            return await _show(desk, request, visitor, version_no, {"fault": str(error)}, status=422)
        done = "approved" if approve else "refused"
        return RedirectResponse(f"{ROOT}/grids?version={version_no}&done={done}", status_code=303)


async def _show(
    desk: Desk, request: Request, visitor: Visitor, version: int | None, more: dict[str, object], *, status: int = 200
) -> Response:
    door = desk.door
    async with door.database.transaction() as connection:
        versions = await grid_versions(connection)
        in_force = await version_on(connection, business_day(door.clock.now()))
        chosen = _chosen(versions, version, in_force)
        drawing, locks = await drawing_of(connection, chosen.version_no) if chosen else (_NOTHING, Locks())
        actors = [v.changed_by[0] for v in versions] + [v.decided_by for v in versions if v.decided_by]
        names = await names_of(connection, actors, door.sealing)
        first_day = await next_day(connection, door.clock.now())
    balance = await asyncio.to_thread(balance_of, drawing)
    facts: dict[str, object] = {
        "versions": versions,
        "chosen": chosen,
        "in_force": in_force,
        "balance": balance,
        "rows": _rows(drawing, balance, locks),
        "islands": len(drawing.islands),
        "actors": names,
        "first_day": first_day,
        "may_work": visitor.staff.may_any(*GRID_ROLES),
        "fault": "",
        "done": "",
    }
    return desk.show(request, visitor, "grids.html", facts | more, status=status)


_NOTHING = Drawing({}, {}, frozenset())


def _chosen(versions: list[GridVersion], wanted: int | None, in_force: int | None) -> GridVersion | None:
    """The version that was asked for; else the newest draft, the one in force, the newest. Raises `Missing`."""
    if wanted is not None:
        found = [version for version in versions if version.version_no == wanted]
        if not found:
            raise Missing
        return found[0]
    drafts = [version for version in versions if version.state == "draft"]
    forced = [version for version in versions if version.version_no == in_force]
    return next(iter([*drafts, *forced, *versions]), None)


def _rows(drawing: Drawing, balance: Balance, locks: Locks) -> list[dict[str, object]]:
    stores, cells = Counter[str](), Counter[str]()
    for key, code in drawing.grid.items():
        stores[code] += drawing.cells[key].stores
        cells[code] += 1
    mean = sum(balance.loads.values()) / max(len(balance.loads), 1)
    return [
        {
            "code": code,
            "adcode": code[:6],
            "number": code[7:],
            "minutes": minutes,
            "percent": round(100 * minutes / mean) if mean else 100,
            "stores": stores[code],
            "cells": cells[code],
            "locked": code in locks.grids,
        }
        for code, minutes in balance.loads.items()
    ]
