"""`yongquan sandbox`: the outside world beside the server, and what a load test needs."""

import asyncio
import signal
import sys
from datetime import datetime
from typing import Annotated

import typer

from yongquan.commands.printing import print_document, say
from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

app = typer.Typer()


@app.callback(invoke_without_command=True)
def sandbox(context: typer.Context) -> None:
    """Run the sandbox banks, wallets and acquirers until Ctrl-C, or one of the commands below."""
    if context.invoked_subcommand is not None:
        return
    from yongquan.simulation.outside_world import outside_world

    with outside_world(read_settings()) as ours:
        if not ours:
            say("The sandbox is running already, started by another command.")
            return
        say("The sandbox is running: nine institutions. Ctrl-C ends it.")
        signal.pause()


@app.command()
def seed(
    citizens: Annotated[int, typer.Option(min=1)] = 100,
    rounds: Annotated[int, typer.Option(min=0)] = 1,
    stock: Annotated[int, typer.Option(min=0)] = 100,
    stores: Annotated[int, typer.Option(min=0)] = 1,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Make citizens, open grab rounds and stores, so that a load test can start at once."""
    from yongquan.app import running
    from yongquan.plumbing.migrate import migrate
    from yongquan.simulation.outside_world import outside_world
    from yongquan.simulation.seeding import Seeder, Seeding

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> dict[str, object]:
        async with running(settings, conninfo, cells=cells) as platform:
            seeder = Seeder(platform.sealing, platform.tokens, platform.links, cells, platform.clock.now())
            return await seeder.seed(platform.database, Seeding(citizens, rounds, stock, stores))

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        with outside_world(settings):
            seeded = asyncio.run(run(conninfo, cells))
    print_document(seeded if as_json else {name: len(rows) for name, rows in seeded.items() if isinstance(rows, list)})


@app.command("close-day")
def close_day(
    day: Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="the settlement date")],
    patience: Annotated[float, typer.Option(min=0, help="seconds to wait for what is not answered yet")] = 60.0,
) -> None:
    """Close a day now, clear it and settle its shops; exit 1 if it still waits for something."""
    import msgspec

    from yongquan.app import running
    from yongquan.flows.clear_day import DayReport
    from yongquan.plumbing.migrate import migrate
    from yongquan.simulation.outside_world import outside_world

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> DayReport:
        # With the background at work, payments that have not ended are asked about meanwhile.
        async with running(settings, conninfo, cells=cells, background=True) as platform:
            return await platform.clearing.clear_day(day.date(), patience_s=patience)

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        with outside_world(settings):
            report = asyncio.run(run(conninfo, cells))
    print_document(msgspec.to_builtins(report))
    if report.state != "settled":
        sys.exit(1)
