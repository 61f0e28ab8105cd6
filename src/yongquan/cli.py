"""The commands: parse, call, print."""

import asyncio
import json
import logging
import signal
import sys
from contextlib import ExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Annotated

import psycopg
import typer
import uvloop

from yongquan.kernel.errors import BadInput
from yongquan.ledger.proof import Proof
from yongquan.plumbing.db import database_of
from yongquan.plumbing.logs import configure_logs
from yongquan.plumbing.settings import read_settings
from yongquan.staff import NewStaff, Role, RoleGrant

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Yongquan 涌泉: a city's consumption vouchers.",
)
sandbox_app = typer.Typer()
ledger_app = typer.Typer(no_args_is_help=True, help="The book: replay operations, prove invariants.")
staff_app = typer.Typer(no_args_is_help=True, help="Who may sign in to the console.")
app.add_typer(sandbox_app, name="sandbox")
app.add_typer(staff_app, name="staff")
app.add_typer(ledger_app, name="ledger")


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
    from yongquan.app import make_application, running
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.presence import serving_alone
    from yongquan.simulation.outside_world import outside_world
    from yongquan.web.server import serve as serve_application

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> None:
        async with running(settings, conninfo, cells=cells, background=True) as platform:
            await serve_application(make_application(platform), host=host, port=port)

    with serving_alone(settings.data_dir), ExitStack() as around:
        conninfo = around.enter_context(database_of(settings))
        cells = migrate(conninfo, cells=settings.cells)
        if with_sandbox or (with_sandbox is None and settings.database_url is None):
            around.enter_context(outside_world(settings))
        uvloop.run(run(conninfo, cells))


@sandbox_app.callback(invoke_without_command=True)
def sandbox(context: typer.Context) -> None:
    """Run the sandbox banks, wallets and acquirers until Ctrl-C, or one of the commands below."""
    if context.invoked_subcommand is not None:
        return
    from yongquan.simulation.outside_world import outside_world

    with outside_world(read_settings()) as ours:
        if not ours:
            _say("The sandbox is running already, started by another command.")
            return
        _say("The sandbox is running: nine institutions. Ctrl-C ends it.")
        signal.pause()


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
    _print(seeded if as_json else {name: len(rows) for name, rows in seeded.items() if isinstance(rows, list)})


@sandbox_app.command("close-day")
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
    _print(msgspec.to_builtins(report))
    if report.state != "settled":
        sys.exit(1)


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
    report = run_demo(read_settings(), once=once, scale=scale, seed=seed_, port=port, say=_say if not as_json else None)
    if once:
        if as_json:
            _print(report)
        else:
            show_summary(report, Console())


@app.command()
def bench(
    name: Annotated[str, typer.Argument(help="claims")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Run a benchmark on a database of its own; progress on stderr, figures on stdout."""
    from yongquan.bench.claims import bench_claims

    if name != "claims":
        raise BadInput(f"there is no benchmark {name!r} yet: choose claims")
    document = bench_claims()
    _say(json.dumps(document, ensure_ascii=False, indent=None if as_json else 2))


@app.command()
def price(file: Annotated[Path, typer.Argument(help="cases, one JSON document a line")]) -> None:
    """Price each case of a JSONL file, one JSON line each."""
    from yongquan.vouchers.pricing_cases import price_lines

    for line in price_lines(file):
        _print(line)


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
            _say("The worker is at work. Ctrl-C ends it.")
            await ended.wait()

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        uvloop.run(run(conninfo, cells))


@ledger_app.command()
def replay(file: Annotated[Path, typer.Argument(help="ledger operations, one batch a line")]) -> None:
    """Apply ledger operations to an empty book and print the outcome of each line."""
    from yongquan.ledger import replay_lines
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        for line in replay_lines(conninfo, file):
            _say(line)


@ledger_app.command()
def proof(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Prove the invariants of the real book; exit 1 if one does not hold."""
    from yongquan.flows.prove_books import prove_books
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> Proof:
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            return await prove_books(connection)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        proved = asyncio.run(run(conninfo))
    if as_json:
        checks = [{"name": c.name, "faults": c.faults, "example": c.example} for c in proved.checks]
        _print({"transfers": proved.transfers, "balanced": proved.holds, "checks": checks})
    else:
        for check in proved.checks:
            _say(f"{'ok  ' if check.faults == 0 else 'FAIL'} {check.name} {check.example}".rstrip())
        _say(f"{proved.transfers} transfers; {'the book holds' if proved.holds else 'the book does not hold'}")
    if not proved.holds:
        sys.exit(1)


@staff_app.command()
def enrol(
    login: Annotated[str, typer.Option(help="what to type at sign-in")],
    name: Annotated[str, typer.Option(help="the person's name")],
    role: Annotated[list[Role], typer.Option(help="may be given several times")],
    adcode: Annotated[str | None, typer.Option(help="only this division (six digits); default: the whole city")] = None,
    password_file: Annotated[Path | None, typer.Option(help="its first line is the password; default: ask")] = None,
) -> None:
    """Enrol a member of staff and show the QR code for the authenticator, once."""
    import segno

    from yongquan.app import load_regions
    from yongquan.staff.enrolling import enrol_staff, read_password

    if adcode is not None and adcode not in {division.adcode for division in load_regions().divisions}:
        raise BadInput(f"--adcode {adcode}: there is no such division; give a six-digit code, or leave it out")
    if password_file is not None:
        password = read_password(password_file)
    else:
        password = typer.prompt("Password (12 characters or more)", hide_input=True, confirmation_prompt=True)
    grants = tuple(RoleGrant(one, adcode) for one in role)
    uri = enrol_staff(read_settings(), NewStaff(login=login, name=name, grants=grants), password)
    segno.make(uri, error="l", micro=False).terminal(compact=True)
    _say(uri)
    _say(f"{login} is enrolled. Scan the code with an authenticator app now: it is not shown again.")


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


def _print(document: object) -> None:
    with suppress(BrokenPipeError):
        sys.stdout.write(json.dumps(document, ensure_ascii=False) + "\n")


def _say(sentence: str) -> None:
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()
