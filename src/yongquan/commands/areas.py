"""`yongquan areas`: the named outlines that conditions may ask for."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from yongquan.commands.printing import say
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Named outlines of funders: functional zones, shopping streets.")


@app.command("import")
def import_areas(
    file: Annotated[Path, typer.Argument(help="GeoJSON features with code, name, name_en and perhaps funder_id")],
) -> None:
    """Write the areas of a GeoJSON file, new or changed; every process uses them within a second."""
    from yongquan.plumbing.clock import wall_now
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate
    from yongquan.vouchers.areas import read_areas, save_areas

    found, settings = read_areas(file), read_settings()

    async def run(conninfo: str) -> int:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            return await save_areas(connection, found, now=wall_now())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        changed = asyncio.run(run(conninfo))
    say(f"{len(found)} areas read, {changed} new or changed")
