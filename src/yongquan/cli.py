"""The commands: parse, call, print."""

import asyncio
import json
import sys
from contextlib import suppress
from typing import Annotated

import typer
import uvloop

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yongquan 涌泉: a city's consumption vouchers.",
)
sandbox_app = typer.Typer(no_args_is_help=True, help="The outside world on this machine: banks, shops, citizens.")
app.add_typer(sandbox_app, name="sandbox")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port")] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
) -> None:
    """Serve the API and the pages until Ctrl-C."""
    from yongquan.app import make_door, running
    from yongquan.plumbing.migrate import migrate
    from yongquan.web.server import serve as serve_application

    settings = read_settings()

    async def main(conninfo: str, cells: int) -> None:
        async with running(settings, conninfo, cells=cells) as platform:
            await serve_application(make_door(platform), host=host, port=port)

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        uvloop.run(main(conninfo, cells))


@sandbox_app.command()
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
    from yongquan.simulation.seeding import Seeder, Seeding

    settings = read_settings()

    async def main(conninfo: str, cells: int) -> dict[str, object]:
        async with running(settings, conninfo, cells=cells) as platform:
            seeder = Seeder(platform.sealing, platform.tokens, cells, platform.clock.now())
            async with platform.database.transaction() as connection:
                return await seeder.seed(connection, Seeding(citizens, rounds, stock, stores))

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        seeded = asyncio.run(main(conninfo, cells))
    _print(seeded if as_json else {name: len(rows) for name, rows in seeded.items() if isinstance(rows, list)})


def main() -> None:
    """The console script: bad input exits 2 with one line on stderr."""
    try:
        app(standalone_mode=True)
    except BadInput as error:
        sys.stderr.write(f"yongquan: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


def _print(document: object) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")
