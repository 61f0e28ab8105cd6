"""`yongquan reconcile`: day files against our payments, and the cases that differences become."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.payments.day_files import DayFile, UnreadableDayFile, read_day_file
from yongquan.payments.reconciliation import Count, Fate, reconcile
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Day files of banks and shops against our payments.")
DayOption = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="the settlement day")]
JsonOption = Annotated[bool, typer.Option("--json")]


@app.command()
def compare(
    ours: Annotated[Path, typer.Argument(help="a day file")],
    theirs: Annotated[Path, typer.Argument(help="the other side's")],
    out: Annotated[Path | None, typer.Option(help="write every difference to this CSV file")] = None,
    as_json: JsonOption = False,
) -> None:
    """Reconcile two files without a database: rows and fen by fate, differences to --out."""
    found = reconcile(_read(ours).rows, _read(theirs).rows)
    if out is not None:
        _write(out, found.differences.write_csv().encode())
    _print_counts({"ours": found.ours, "theirs": found.theirs}, {}, as_json=as_json)


@app.command("import")
def import_(file: Annotated[Path, typer.Argument(help="a day file")], as_json: JsonOption = False) -> None:
    """Import one party's file and reconcile its day; the same file again is the same file."""
    from yongquan.flows.reconcile_file import FileReport, reconcile_file
    from yongquan.plumbing.migrate import migrate

    _read(file)
    settings = read_settings()

    async def run(conninfo: str) -> FileReport:
        async with opened(conninfo, pool_size=1) as database:
            return await reconcile_file(database, file.read_bytes(), actor="command:reconcile", now=wall_now())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            report = asyncio.run(run(conninfo))
        except Refusal as error:
            raise BadInput(f"{file}: line 1, party: {error}") from error
    facts = {"party": report.party, "day": str(report.day), "is_new": report.is_new, "cases": report.cases}
    _print_counts({"ours": report.ours, "theirs": report.theirs}, facts, as_json=as_json)


@app.command()
def merchant(
    file: Annotated[Path, typer.Argument(help="an ACP archive (ZM, ZME), a v3 trade bill or a shop's statement CSV")],
    store: Annotated[UUID, typer.Option(help="whose file it is")],
    day: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="the settlement day")],
    as_json: JsonOption = False,
) -> None:
    """Import a merchant's own file, as its door gave it, and reconcile its day."""
    from yongquan.flows.read_merchant_file import as_day_file
    from yongquan.flows.reconcile_file import FileReport, reconcile_file
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str, content: bytes) -> FileReport:
        async with opened(conninfo, pool_size=1) as database:
            day_file = await as_day_file(database, store, day.date(), content)
            return await reconcile_file(database, day_file, actor="command:reconcile", now=wall_now())

    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from error
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            report = asyncio.run(run(conninfo, content))
        except Refusal as error:
            raise BadInput(f"{file}: {error}") from error
    facts = {"party": report.party, "day": str(report.day), "is_new": report.is_new, "cases": report.cases}
    _print_counts({"ours": report.ours, "theirs": report.theirs}, facts, as_json=as_json)


@app.command()
def ours(
    party: Annotated[str, typer.Argument(help="a bank's code or a store's id")],
    day: DayOption,
    out: Annotated[Path, typer.Option(help="where to write the file")],
) -> None:
    """Write our side of a party's day as a day file."""
    from yongquan.flows.reconcile_file import our_file
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> bytes:
        async with opened(conninfo, pool_size=1) as database:
            return await our_file(database, party, day.date())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            content = asyncio.run(run(conninfo))
        except Refusal as error:
            raise BadInput(str(error)) from error
    _write(out, content)
    say(f"{out}: {len(content.splitlines()) - 2} rows")


@app.command()
def fetch(day: DayOption, as_json: JsonOption = False) -> None:
    """Fetch every issuer's and acquirer's file of a day over signed HTTP and reconcile each."""
    from yongquan.app import running
    from yongquan.flows.reconcile_file import FileReport, fetch_and_reconcile
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> list[FileReport]:
        async with running(settings, conninfo, cells=cells) as platform:
            return await fetch_and_reconcile(
                platform.database, platform.links, day.date(), actor="command:reconcile", now=wall_now()
            )

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        reports = asyncio.run(run(conninfo, cells))
    if as_json:
        print_document(
            {r.party: {"cases": r.cases, "ours": _plain(r.ours), "theirs": _plain(r.theirs)} for r in reports}
        )
        return
    for report in reports:
        say(f"{report.party}: {sum(c.rows for c in report.ours.values())} rows here, {report.cases} cases")


@app.command()
def cases(
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])] = None,
    party: Annotated[str | None, typer.Option()] = None,
    state: Annotated[str | None, typer.Option(help="open, assigned or resolved")] = None,
    as_json: JsonOption = False,
) -> None:
    """List cases, the latest day first."""
    from yongquan.payments.case_store import Case, CaseFilter, cases_listed
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    wanted = CaseFilter(day=day.date() if day else None, party=party, state=state, limit=10_000)

    async def run(conninfo: str) -> list[Case]:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            return await cases_listed(connection, wanted)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        found = asyncio.run(run(conninfo))
    rows = [
        {
            "case_id": str(case.case_id),
            "day": str(case.day),
            "party": case.party,
            "key": case.difference.key,
            "fate": case.difference.fate.value,
            "owner": case.owner.value,
            "action": case.action.value,
            "state": case.state.value,
            "resolution": case.resolution,
            "gap_fen": case.gap_fen,
        }
        for case in found
    ]
    if as_json:
        print_document({"cases": rows})
    else:
        for row in rows:
            say("  ".join(str(row[name]) for name in ("day", "party", "fate", "key", "owner", "action", "state")))


def _read(file: Path) -> DayFile:
    try:
        return read_day_file(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from error
    except UnreadableDayFile as error:
        raise BadInput(f"{file}: {error}") from error


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{out}: {error.strerror}") from error


def _print_counts(sides: Mapping[str, Mapping[Fate, Count]], facts: Mapping[str, object], *, as_json: bool) -> None:
    if as_json:
        print_document({**facts, **{name: _plain(counts) for name, counts in sides.items()}})
        return
    for name, counts in sides.items():
        parts = ", ".join(f"{fate.value} {count.rows} rows {count.fen} fen" for fate, count in counts.items())
        say(f"{name}: {parts or 'nothing'}")


def _plain(counts: Mapping[Fate, Count]) -> dict[str, dict[str, int]]:
    return {fate.value: {"rows": count.rows, "fen": count.fen} for fate, count in counts.items()}
