"""One grid at the desk: its cells and shops, a cell moved to a neighbouring grid after a trial, locks."""

import asyncio
import json
from collections.abc import Set as AbstractSet
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.redraw_grids import GRID_ROLES, Wish, lock_grid, move_cell, what_if
from yongquan.merchants.grids import CellKey, Drawing
from yongquan.merchants.grids.drawing import loads_of
from yongquan.merchants.grids.outlines import cell_shape
from yongquan.merchants.grids.redrawing import GridAcrossDivisions, GridBroken, GridLocked, Locks, UnknownGrid, beside
from yongquan.merchants.grids.store import GridVersion, drawing_of, grid_version, stores_in_grid
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes

STORES_SHOWN = 200


def make_grid_cells(desk: Desk) -> APIRouter:
    """`/console/grids/<version>/<code>`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/grids/{version_no}/{code}")
    async def one(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        version_no: int,
        code: str,
        cell: str = "",
        to: str = "",
        done: str = "",
    ) -> Response:
        async with door.database.transaction() as connection:
            version = await _version(connection, version_no)
            drawing, locks = await _drawing(connection, version_no, code)
            stores = await stores_in_grid(connection, drawing, code)
        trial, refused = None, ""
        if cell and to:
            try:
                trial = await what_if(door.database, version_no, Wish(CellKey(cell, code[:6]), to))
            except (GridBroken, GridLocked, GridAcrossDivisions, UnknownGrid) as refusal:
                refused = refusal.code
        ways = await asyncio.to_thread(beside, drawing, code)
        facts = {
            "version": version,
            "code": code,
            "cells": _listed(drawing, ways, locks.cells),
            "targets": sorted({to for tos in ways.values() for to in tos}),
            "loads": loads_of(drawing),
            "locked": code in locks.grids,
            "stores": stores[:STORES_SHOWN],
            "stores_total": len(stores),
            "trial": trial,
            "refused": refused,
            "cell": cell,
            "to": to,
            "done": done,
            "may_change": version.state == "draft" and visitor.staff.may_any(*GRID_ROLES),
        }
        return desk.show(request, visitor, "grid.html", facts)

    @routes.get("/grids/{version_no}/{code}/cells")
    async def shapes(_: Annotated[Visitor, Depends(desk.visitor)], version_no: int, code: str) -> Response:
        async with door.database.transaction() as connection:
            drawing, _locks = await _drawing(connection, version_no, code)
        features = [
            {"type": "Feature", "properties": {"cell": key.h3}, "geometry": cell_shape(key, door.regions)}
            for key, own in drawing.grid.items()
            if own == code
        ]
        body = json.dumps({"type": "FeatureCollection", "features": features})
        return Response(body, media_type="application/geo+json", headers={"Cache-Control": "no-store"})

    _add_changes(routes, desk)
    return routes


def _add_changes(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/grids/{version_no}/{code}/move")
    async def move(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        version_no: int,
        code: str,
        cell: Annotated[str, Form()],
        to: Annotated[str, Form()],
    ) -> Response:
        wish = Wish(CellKey(cell, code[:6]), to)
        await move_cell(door.database, visitor.staff, version_no, wish, now=wall_now())
        return RedirectResponse(f"{ROOT}/grids/{version_no}/{code}?done=moved", status_code=303)

    @routes.post("/grids/{version_no}/{code}/lock")
    async def lock(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        version_no: int,
        code: str,
        locked: Annotated[bool, Form()],
        cell: Annotated[str, Form()] = "",
    ) -> Response:
        what = CellKey(cell, code[:6]) if cell else code
        await lock_grid(door.database, visitor.staff, version_no, what, locked=locked, now=wall_now())
        done = "locked" if locked else "unlocked"
        return RedirectResponse(f"{ROOT}/grids/{version_no}/{code}?done={done}", status_code=303)


async def _version(connection: Connection, version_no: int) -> GridVersion:
    version = await grid_version(connection, version_no)
    if version is None:
        raise Missing
    return version


async def _drawing(connection: Connection, version_no: int, code: str) -> tuple[Drawing, Locks]:
    """The division that a grid is in, and its locks. Raises `Missing`."""
    drawing, locks = await drawing_of(connection, version_no, adcode=code[:6])
    if code not in drawing.grid.values():
        raise Missing
    return drawing, locks


def _listed(drawing: Drawing, ways: dict[CellKey, list[str]], locked: AbstractSet[CellKey]) -> list[dict[str, object]]:
    """A grid's cells: those that can leave first, then by work."""
    keys = sorted(ways, key=lambda key: (not ways[key], -drawing.cells[key].minutes, key))
    return [
        {
            "number": number,
            "h3": key.h3,
            "stores": drawing.cells[key].stores,
            "minutes": drawing.cells[key].minutes,
            "ways": ways[key],
            "island": key in drawing.islands,
            "locked": key in locked,
        }
        for number, key in enumerate(keys, start=1)
    ]
