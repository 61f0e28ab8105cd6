"""`yongquan risk gangs`, `risk terminals`, `risk planted`: the daily search, on the platform or on a file."""

import asyncio
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.settings import read_settings

if TYPE_CHECKING:
    from yongquan.risk.findings import Finding

Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]
Day = Annotated[str, typer.Option(help="the last business day looked at (2026-10-01); else yesterday")]
EventsFile = Annotated[
    Path | None,
    typer.Option(
        "--events",
        help="search this file instead of the platform: the columns of `risk fit` and, if there are any, voucher_fen, "
        "card_id, terminal_id, network, terminal_network, home, lon, lat, licence, operator, account, store_adcode, "
        "store_lon, store_lat; kinds refund and transfer are money that comes back or goes out",
    ),
]


def gangs(day: Day = "", events: EventsFile = None, *, as_json: Json = False) -> None:
    """Search for scalper rings, cash-out gangs and vest-changers; what the platform's search finds is kept."""
    from yongquan.risk.search import GANGS

    _search(day, events, kinds=GANGS, as_json=as_json)


def terminals(day: Day = "", events: EventsFile = None, *, as_json: Json = False) -> None:
    """Search for terminals used away from their shop and for shops that collect for gambling."""
    from yongquan.risk.search import AT_SHOPS

    _search(day, events, kinds=AT_SHOPS, as_json=as_json)


def planted(
    scale: Annotated[float, typer.Option(min=0.002, max=1.0, help="1 is the whole city")] = 0.02,
    seeds: Annotated[int, typer.Option(min=1, max=20, help="how many weeks a level; medians are printed")] = 5,
    *,
    as_json: Json = False,
) -> None:
    """Plant gangs in weeks of the demo city, in memory, search for them, and print precision and recall."""
    from yongquan.simulation.city import build_city
    from yongquan.simulation.planted_report import planted_report

    report = planted_report(build_city(seed=1, scale=scale), range(1, seeds + 1))
    if as_json:
        print_document(report)
        return
    for level, figures in report.items():
        for name, one in figures.items():
            if isinstance(one, dict):
                say(f"{level:7} {name:20} precision {one['precision']:.3f}  recall {one['recall']:.3f}")


def _search(day: str, events: Path | None, *, kinds: Sequence[str], as_json: bool) -> None:
    if events is not None and day:
        raise BadInput("--day: a file is searched up to its last day")
    found = _in_file(events) if events is not None else _on_platform(day)
    document = [_told(finding) for finding in found if finding.kind in kinds]
    if as_json:
        print_document({"findings": document})
        return
    for row in document:
        parties = row["parties"]
        say(f"{row['score']:>6}  {row['kind']:18} {row['subject'][1]}  {len(parties)} parties")
        for reason in row["reasons"]:
            say(f"        {reason['zh']} / {reason['en']}")
    say(f"{len(document)} found.")


def _in_file(events: Path) -> "list[Finding]":
    from yongquan.risk.graph.reading import read_dealings
    from yongquan.risk.search import search_days

    return search_days(*read_dealings(events))


def _on_platform(day: str) -> "list[Finding]":
    from yongquan.flows.find_gangs import find_gangs, last_whole_day
    from yongquan.plumbing.clock import Clock
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings, wanted = read_settings(), _day(day) if day else None

    async def run(conninfo: str) -> "list[Finding]":
        async with opened(conninfo, pool_size=1) as database:
            clock = Clock()
            async with database.transaction() as connection:
                await clock.refresh(connection)
            return await find_gangs(database, wanted or last_whole_day(clock.now()), now=clock.now())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(run(conninfo))


def _told(finding: "Finding") -> dict[str, Any]:
    return {
        "kind": finding.kind,
        "subject": list(finding.subject),
        "score": finding.score,
        "parties": [list(party) for party in finding.parties],
        "reasons": [{"code": r.code, "zh": r.zh, "en": r.en} for r in finding.reasons],
        "facts": dict(finding.facts),
    }


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput(f"--day {text!r} is not a day such as 2026-10-01") from error
