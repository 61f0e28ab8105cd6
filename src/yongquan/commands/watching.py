"""`yongquan risk watch`: judge the hours of a day at every busy shop."""

import asyncio
from datetime import date
from typing import Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.settings import read_settings


def watch(
    day: Annotated[str, typer.Option(help="the business day, YYYY-MM-DD; else today")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Judge each hour of a day at every busy shop, as the background does hourly; a repeat changes no decision."""
    document = asyncio.run(_watch(_day(day)))
    if as_json:
        print_document(document)
        return
    for row in document["hours"]:
        say(f"{row['hour']:02}:00  {row['shops']:,} busy shops, {row['alerts']:,} alerts")
    say(f"{document['day']}: {document['alerts']:,} alerts; see /console/risk/watch")


async def _watch(day: date | None) -> dict[str, Any]:
    from yongquan.flows.watch_shops import watch_day
    from yongquan.plumbing.clock import Clock, business_day
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    with database_of(settings) as conninfo:
        await asyncio.to_thread(migrate, conninfo, cells=settings.cells)
        async with opened(conninfo, pool_size=1) as database:
            clock = Clock()
            async with database.transaction() as connection:
                await clock.refresh(connection)
            now = clock.now()
            wanted = day or business_day(now)
            rows = await watch_day(database, wanted, now=now)
    hours = [{"hour": row.hour.number, "shops": row.shops, "alerts": row.alerts} for row in rows if row.shops]
    return {"day": wanted.isoformat(), "alerts": sum(row.alerts for row in rows), "hours": hours}


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadInput(f"--day {text!r} is not a day such as 2026-10-01") from error
