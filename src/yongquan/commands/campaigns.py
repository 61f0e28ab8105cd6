"""`yongquan campaigns`: campaign documents checked, imported, exported, compared."""

import asyncio
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import Settings, read_settings

if TYPE_CHECKING:
    from yongquan.flows.import_season import Imported
    from yongquan.vouchers.documents import CampaignDocument

app = typer.Typer(no_args_is_help=True, help="Campaigns as documents (see docs/campaigns.md).")
MAKER = "command:campaigns"
SUFFIXES = (".yaml", ".yml")


@app.command()
def check(file: Annotated[Path, typer.Argument(help="a document, or a folder of them")]) -> None:
    """Check documents by themselves, without a database; every fault on a line of its own, exit 2 if there is any."""
    from yongquan.vouchers.documents import BadDocument, read_document

    bad = False
    for name, text in _read(file).items():
        try:
            document = read_document(text, file=name)
        except BadDocument as error:
            bad = True
            for fault in error.faults:
                sys.stderr.write(fault.located(name) + "\n")
        else:
            say(f"{name}: {document.campaign.code}, {len(document.rounds)} rounds, {len(document.types)} types: good")
    if bad:
        sys.exit(2)


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(help="a document, or a folder of them")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="check against the platform, write nothing")] = False,
    as_json: Annotated[bool, typer.Option("--json")] = False,
    approve_as: Annotated[str | None, typer.Option(help="approve as this login; sandbox only")] = None,
) -> None:
    """Import a season: each document is submitted for approval, all or nothing; a repeat changes nothing."""
    from yongquan.plumbing.migrate import migrate

    documents = _read(file)
    settings = read_settings()
    started = time.monotonic()
    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        outcomes = asyncio.run(_import(settings, conninfo, documents, cells=cells, dry=dry_run, approve_as=approve_as))
    seconds = time.monotonic() - started
    report, told = _summary(outcomes, seconds=seconds), _told(outcomes)
    if as_json:
        print_document(report)
    else:
        say(", ".join(f"{many} {name}" for name, many in told.items()))
        say(f"{report['rounds']} rounds, {report['types']} types in {report['seconds']} s")
    refused = [one for one in outcomes if one.outcome == "refused"]
    for one in refused:
        sys.stderr.write(one.problem + "\n")
    if refused:
        sys.exit(2)


@app.command()
def export(code: str) -> None:
    """Print the document of a campaign as it is now."""
    sys.stdout.write(_stored_text(code))


@app.command()
def diff(
    file: Annotated[Path, typer.Argument(help="a document")],
    other: Annotated[Path | None, typer.Argument(help="another document; default: the campaign as it is now")] = None,
    english: Annotated[bool, typer.Option("--english/--chinese")] = True,
) -> None:
    """Say field by field how a document differs from the campaign as it is now, or from another document."""
    from yongquan.vouchers.documents import read_document
    from yongquan.vouchers.documents_diff import compare

    after = _document(file)
    before = _document(other) if other else read_document(_stored_text(after.campaign.code))
    differences = compare(before, after)
    for difference in differences:
        say(difference.say(english=english))
    if not differences:
        say("no difference" if english else "没有区别")


@app.command("example-season")
def example_season_(
    out: Annotated[Path, typer.Option(help="a folder; made if it is not there")],
    starts_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"])] = datetime(2026, 3, 1),
) -> None:
    """Write an example season: 11 documents, 300 rounds, 1,100 types; every amount is invented."""
    from yongquan.app import load_regions
    from yongquan.simulation.example_season import example_season
    from yongquan.vouchers.documents import write_document

    out.mkdir(parents=True, exist_ok=True)
    season = example_season(load_regions().divisions, starts_on=starts_on.date())
    for document in season:
        (out / f"{document.campaign.code}.yaml").write_text(write_document(document))
    rounds, types = sum(len(d.rounds) for d in season), sum(len(d.types) for d in season)
    say(f"{len(season)} documents with {rounds} rounds and {types} types are in {out}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of a document, as the server publishes it."""
    import json

    from yongquan.vouchers.documents_schema import campaign_schema

    say(json.dumps(campaign_schema(), ensure_ascii=False, indent=2))


async def _import(
    settings: Settings,
    conninfo: str,
    documents: Mapping[str, str],
    *,
    cells: int,
    dry: bool,
    approve_as: str | None,
) -> Sequence["Imported"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from yongquan.app import load_regions, running
    from yongquan.flows.change_campaign import Maker, Surroundings
    from yongquan.flows.import_season import SeasonImport
    from yongquan.plumbing.clock import wall_now
    from yongquan.staff.store import find_by_login
    from yongquan.web.words import INDUSTRIES

    around = Surroundings(frozenset(d.adcode for d in load_regions().divisions), INDUSTRIES)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    bar = Progress(*columns, console=Console(stderr=True), transient=True)
    async with running(settings, conninfo, cells=cells) as platform:
        checker = None
        if approve_as is not None:
            if not platform.is_sandboxed:
                raise BadInput("--approve-as: only beside the sandbox; here another person approves at the console")
            async with platform.database.transaction() as connection:
                checker = await find_by_login(connection, approve_as, platform.sealing, now=wall_now())
            if checker is None:
                raise BadInput(f"--approve-as {approve_as}: nobody has this login; enrol them first")
        season = SeasonImport(platform.database, Maker(MAKER), around, cells, checker, dry)
        with bar:
            task = bar.add_task("campaigns", total=len(documents))
            return await season.run(documents, now=platform.clock.now(), step=lambda _: bar.advance(task))


def _summary(outcomes: Sequence["Imported"], *, seconds: float) -> dict[str, object]:
    rows = [{k: v for k, v in asdict(one).items() if k != "faults"} for one in outcomes]
    return {
        "outcomes": _told(outcomes),
        "rounds": sum(one.rounds for one in outcomes),
        "types": sum(one.types for one in outcomes),
        "seconds": round(seconds, 2),
        "documents": rows,
    }


def _told(outcomes: Sequence["Imported"]) -> dict[str, int]:
    return dict(Counter(one.outcome for one in outcomes))


def _read(path: Path) -> dict[str, str]:
    """The documents at a path by file name. Raises `BadInput`."""
    files = sorted(p for p in path.iterdir() if p.suffix in SUFFIXES) if path.is_dir() else [path]
    if not files:
        raise BadInput(f"{path}: there is no .yaml file in this folder")
    return {str(file): _text(file) for file in files}


def _document(file: Path) -> "CampaignDocument":
    from yongquan.vouchers.documents import read_document

    return read_document(_text(file), file=str(file))


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read as UTF-8 text: {getattr(error, 'strerror', None) or error}") from error


def _stored_text(code: str) -> str:
    from yongquan.plumbing.db import opened
    from yongquan.plumbing.migrate import migrate
    from yongquan.vouchers.documents import write_document
    from yongquan.vouchers.documents_store import stored_campaign

    async def run(conninfo: str) -> str:
        async with opened(conninfo) as database, database.transaction() as connection:
            stored = await stored_campaign(connection, code)
        if stored is None:
            raise BadInput(f"{code}: there is no such campaign")
        return write_document(stored.document)

    settings = read_settings()
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(run(conninfo))
