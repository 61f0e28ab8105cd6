"""`yongquan risk replay`: a day's verdicts computed again and compared with those that were given."""

import asyncio
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from yongquan.commands.printing import print_document, say

if TYPE_CHECKING:
    from yongquan.flows.replay_verdicts import Replay

SHOWN = 20


def replay(
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the business day")],
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON document")] = False,
) -> None:
    """Compute a day's verdicts again from the events kept with them: exit 1 if one differs."""
    from yongquan.flows.known_books import books_by_version
    from yongquan.flows.replay_verdicts import replay_day
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.settings import read_settings

    async def run(conninfo: str, cells: int) -> "Replay":
        async with opened(conninfo, pool_size=2) as database:
            books = partial(books_by_version, database)
            return await replay_day(database, day.date(), cells=cells, books_of=books)

    settings = read_settings()
    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        found = asyncio.run(run(conninfo, cells))
    _tell(found, as_json=as_json)
    if found.differences:
        raise typer.Exit(1)


def _tell(found: "Replay", *, as_json: bool) -> None:
    first = [
        {"verdict_id": str(d.verdict_id), "what": d.what, "live": d.live, "replayed": d.replayed}
        for d in found.differences[:SHOWN]
    ]
    if as_json:
        counts = {"verdicts": found.verdicts, "unjudged": found.unjudged, "actions": found.actions}
        differing = len({d.verdict_id for d in found.differences})
        print_document({"day": found.day.isoformat(), **counts, "differing": differing, "first": first})
        return
    say(f"{found.day}: {found.verdicts:,} verdicts replayed, {found.unjudged:,} events were not judged.")
    for one in first:
        say(f"{one['verdict_id']}: {one['what']} was {one['live']}, replayed {one['replayed']}")
    say("They differ." if first else "Every one is the same.")
