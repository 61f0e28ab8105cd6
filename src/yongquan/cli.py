"""The commands: parse, call, print."""

import asyncio
import json
import logging
import signal
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer
import uvloop

from yongquan.bench import BENCHMARKS, run_benchmark
from yongquan.commands import (
    areas,
    campaigns,
    codes,
    draw,
    effect,
    field,
    funders,
    gateway,
    grids,
    institutions,
    ledger,
    merchants,
    reconcile,
    risk,
    same_day,
    sandbox,
    staff,
    tiers,
)
from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import database_of
from yongquan.plumbing.logs import configure_logs
from yongquan.plumbing.settings import read_settings

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yongquan 涌泉: a city's consumption vouchers.",
)
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(staff.app, name="staff")
app.add_typer(ledger.app, name="ledger")
app.add_typer(draw.app, name="draw")
app.add_typer(codes.app, name="codes")
app.add_typer(effect.app, name="effect")
app.add_typer(funders.app, name="funders")
app.add_typer(areas.app, name="areas")
app.add_typer(grids.app, name="grids")
app.add_typer(field.providers_app, name="providers")
app.add_typer(field.tasks_app, name="tasks")
app.add_typer(tiers.app, name="tiers")
app.add_typer(tiers.contribution, name="contribution")
app.add_typer(campaigns.app, name="campaigns")
app.add_typer(institutions.app, name="institutions")
app.add_typer(gateway.app, name="gateway")
app.add_typer(reconcile.app, name="reconcile")
app.add_typer(same_day.app, name="same-day")
app.add_typer(merchants.app, name="merchants")
app.add_typer(risk.app, name="risk")


@app.command()
def openapi() -> None:
    """Print the API's OpenAPI document; /openapi.json of a running server is the same."""
    from yongquan.web.site import openapi_document

    sys.stdout.write(json.dumps(openapi_document(), ensure_ascii=False, indent=1) + "\n")


@app.command()
def serve(
    port: Annotated[int, typer.Option(help="TCP port")] = 8000,
    host: Annotated[str, typer.Option(help="address to listen on")] = "127.0.0.1",
    with_sandbox: Annotated[
        bool | None,
        typer.Option(
            "--sandbox/--no-sandbox",
            help="run the sandbox banks beside the server (default: yes with the embedded database)",
        ),
    ] = None,
) -> None:
    """Serve the API and the pages until Ctrl-C."""
    from yongquan.app import make_application, make_download_application, running
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.presence import serving_alone
    from yongquan.simulation.bank_services import open_bank_services
    from yongquan.simulation.outside_world import outside_world
    from yongquan.simulation.provisioning import open_test_cards
    from yongquan.web.server import serve as serve_application
    from yongquan.web.server import served_beside

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> None:
        async with running(settings, conninfo, cells=cells, background=True) as platform:
            if platform.is_sandboxed:
                await open_test_cards(platform.links)
                await open_bank_services(platform.goods, platform.links, now=platform.clock.now())
            async with served_beside(make_download_application(platform), host=host, port=port + 1):
                await serve_application(make_application(platform), host=host, port=port)

    with serving_alone(settings.data_dir), ExitStack() as around:
        conninfo = around.enter_context(database_of(settings))
        cells = migrate(conninfo, cells=settings.cells)
        if with_sandbox or (with_sandbox is None and settings.database_url is None):
            around.enter_context(outside_world(settings))
        uvloop.run(run(conninfo, cells))


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="run the day, print the report and end")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    scale: Annotated[float, typer.Option(min=0.001, max=1.0, help="1 is the whole city")] = 0.01,
    seed_: Annotated[int, typer.Option("--seed", help="the same seed gives the same counts")] = 1,
    port: Annotated[int, typer.Option(help="TCP port of the pages")] = 8000,
) -> None:
    """Run a campaign day in the demo city, print its report, and keep serving unless told --once."""
    from rich.console import Console

    from yongquan.demo import run_demo
    from yongquan.simulation.summary import show_summary

    configure_logs(logging.WARNING)
    report = run_demo(read_settings(), once=once, scale=scale, seed=seed_, port=port, say=say if not as_json else None)
    if once:
        if as_json:
            print_document(report)
        else:
            show_summary(report, Console())


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help=", ".join(BENCHMARKS))],
    as_json: Annotated[bool, typer.Option("--json")] = False,
    data: Annotated[Path | None, typer.Option(help="public data for linkage (folder) or model (file)")] = None,
) -> None:
    """Run a benchmark on a database of its own; progress on stderr, figures on stdout."""
    document = run_benchmark(name, data)
    say(json.dumps(document, ensure_ascii=False, indent=None if as_json else 2))


@app.command()
def price(file: Annotated[Path, typer.Argument(help="cases, one JSON document a line")]) -> None:
    """Price each case of a JSONL file, one JSON line each."""
    from yongquan.vouchers.pricing_cases import price_lines

    for line in price_lines(file):
        print_document(line)


@app.command()
def worker() -> None:
    """Do what is due by the clock (webhooks, unknown payments, expiry) beside the server, until Ctrl-C."""
    from yongquan.app import running
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> None:
        ended = asyncio.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, ended.set)
        async with running(settings, conninfo, cells=cells, background=True):
            say("The worker is at work. Ctrl-C ends it.")
            await ended.wait()

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        uvloop.run(run(conninfo, cells))


def main() -> None:
    """The console script: bad input exits 2 with one line on stderr."""
    configure_logs()
    try:
        app(standalone_mode=True)
    except BadInput as error:
        sys.stderr.write(f"yongquan: {error}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
