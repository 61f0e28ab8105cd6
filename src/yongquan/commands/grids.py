"""`yongquan grids`: the city's grids, drawn and shown."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="The city's grids 网格: pieces of even work for those who visit shops.")
Seed = Annotated[int, typer.Option(min=0, help="the same seed and stores give the same grids")]
Json = Annotated[bool, typer.Option("--json")]


@app.command("build")
def build(
    seed: Seed = 1,
    day: Annotated[
        str, typer.Option(help="the business day it is for, YYYY-MM-DD; else tomorrow, or today if first")
    ] = "",
    reason: Annotated[str, typer.Option(help="why")] = "命令行划分",
    as_json: Json = False,
) -> None:
    """Draw a draft from the stores of today; somebody approves it at the desk (/console/grids)."""
    from yongquan.app import load_regions
    from yongquan.flows.redraw_grids import build_grids, next_day
    from yongquan.merchants.grids.store import NewVersion
    from yongquan.plumbing.clock import Clock, wall_now
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> dict[str, Any]:
        async with opened(conninfo, pool_size=1) as database:
            async with database.transaction() as connection:
                clock = Clock()
                await clock.refresh(connection)
                wanted = _day(day) if day else await next_day(connection, clock.now())
            new = NewVersion(effective_day=wanted, seed=seed, reason=reason, actor="command:grids")
            number = await build_grids(database, load_regions(), new, now=clock.now(), real_now=wall_now())
            return await _told(database, number)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        document = asyncio.run(run(conninfo))
    _show(document, as_json=as_json)


@app.command("show")
def show(
    version: Annotated[int | None, typer.Option(help="its number; else the newest")] = None, as_json: Json = False
) -> None:
    """Show a version: how even it is, whether its grids hang together, the work of each."""
    from yongquan.merchants.grids.store import grid_versions
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> dict[str, Any]:
        async with opened(conninfo, pool_size=1) as database:
            async with database.transaction() as connection:
                known = [one.version_no for one in await grid_versions(connection)]
            if not known or (version is not None and version not in known):
                wanted = "version" if version is None else f"version {version}"
                raise BadInput(f"there is no {wanted} of the grids: run `yongquan grids build`")
            return await _told(database, version or known[0])

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        document = asyncio.run(run(conninfo))
    _show(document, as_json=as_json)


async def _told(database: Any, number: int) -> dict[str, Any]:
    from yongquan.merchants.grids import balance_of
    from yongquan.merchants.grids.store import drawing_of, grid_version

    async with database.transaction() as connection:
        version = await grid_version(connection, number)
        drawing, locks = await drawing_of(connection, number)
    if version is None:
        raise BadInput(f"there is no version {number} of the grids")
    balance = balance_of(drawing)
    stores = dict.fromkeys(balance.loads, 0)
    cells = dict.fromkeys(balance.loads, 0)
    for key, code in drawing.grid.items():
        stores[code] += drawing.cells[key].stores
        cells[code] += 1
    return {
        "version": number,
        "state": version.state,
        "effective_day": version.effective_day.isoformat(),
        "seed": version.seed,
        "count": len(balance.loads),
        "cells": len(drawing.cells),
        "stores": sum(stores.values()),
        "island_cells": len(drawing.islands),
        "max_over_mean": round(balance.ratio, 4),
        "connected": not balance.loose,
        "inside_divisions": not balance.astray,
        "grids": [
            {
                "code": code,
                "adcode": code[:6],
                "minutes": minutes,
                "stores": stores[code],
                "cells": cells[code],
                "locked": code in locks.grids,
            }
            for code, minutes in balance.loads.items()
        ],
    }


def _show(document: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_document(document)
        return
    say(f"版本 version {document['version']} ({document['state']}, {document['effective_day']})")
    say(
        f"{document['count']} grids, {document['cells']} cells, {document['stores']} stores; "
        f"max/mean {document['max_over_mean']}, connected {document['connected']}, "
        f"inside divisions {document['inside_divisions']}"
    )
    for grid in document["grids"]:
        say(f"{grid['code']}  {grid['minutes']:>8,} min  {grid['stores']:>6,} stores  {grid['cells']:>4} cells")


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise BadInput(f"--day {text}: write YYYY-MM-DD") from error
