"""`yongquan providers` and `yongquan tasks`: grids assigned to providers, a month's tasks planned."""

import asyncio
from datetime import date, datetime
from typing import Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.settings import read_settings

providers_app = typer.Typer(no_args_is_help=True, help="Providers 服务商: who visits which grid.")
tasks_app = typer.Typer(no_args_is_help=True, help="Tasks 派单: what providers' people have to do.")
Json = Annotated[bool, typer.Option("--json")]


@providers_app.command("assign")
def assign(
    day: Annotated[
        str, typer.Option(help="the business day it is for, YYYY-MM-DD; else tomorrow, or today if first")
    ] = "",
    reason: Annotated[str, typer.Option(help="why")] = "命令行分派",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="show it, keep nothing")] = False,
    as_json: Json = False,
) -> None:
    """Make a draft of who serves which grid; somebody approves it at the desk (/console/assignment)."""
    from yongquan.flows.assign_providers import first_day, keep_proposal, propose
    from yongquan.plumbing.clock import Clock, wall_now
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    wanted = _day(day) if day else None

    async def run(conninfo: str) -> dict[str, Any]:
        async with opened(conninfo, pool_size=1) as database:
            clock = Clock()
            async with database.transaction() as connection:
                await clock.refresh(connection)
                effective = wanted or await first_day(connection, clock.now())
            proposal = await propose(database, effective)
            number = None
            if not dry_run:
                number = await keep_proposal(
                    database,
                    proposal,
                    effective,
                    reason=reason,
                    actor="command:providers",
                    now=clock.now(),
                    real_now=wall_now(),
                )
            return _told(proposal, number, effective)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        document = _run(run(conninfo))
    if as_json:
        print_document(document)
        return
    say(f"版本 version {document['version'] or '-'} ({document['effective_day']}): {document['grids']} grids")
    for one in document["providers"]:
        say(
            f"{one['provider_id']}  {one['minutes']:>8,} / {one['capacity_minutes']:>8,} min  {', '.join(one['codes'])}"
        )


@tasks_app.command("plan")
def plan(
    period: Annotated[str, typer.Option(help="the month, YYYY-MM; else this one")] = "", as_json: Json = False
) -> None:
    """Write a month's tasks down and hand them out; the same again adds nothing."""
    from yongquan.flows.plan_tasks import plan_tasks
    from yongquan.plumbing.clock import Clock
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.sealing import Sealing

    settings = read_settings()

    async def run(conninfo: str) -> dict[str, Any]:
        async with opened(conninfo, pool_size=1) as database:
            clock = Clock()
            async with database.transaction() as connection:
                await clock.refresh(connection)
            sealing = Sealing(load_keys(settings.keys_dir))
            done = await plan_tasks(database, sealing, now=clock.now(), period=period or None)
        return {"period": done.period, "new": done.new, "handed_out": done.handed_out, "waiting": done.waiting}

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        document = _run(run(conninfo))
    if as_json:
        print_document(document)
    else:
        say(f"{document['period']}: {document['new']} new, {document['handed_out']} handed out")


def _run(work: Any) -> dict[str, Any]:
    try:
        document: dict[str, Any] = asyncio.run(work)
    except Refusal as refusal:
        raise BadInput(f"{refusal.code}: {refusal}") from refusal
    return document


def _told(proposal: Any, number: int | None, day: date) -> dict[str, Any]:
    loads = proposal.loads
    return {
        "version": number,
        "effective_day": day.isoformat(),
        "grid_version": proposal.grid_version_no,
        "grids": len(proposal.given),
        "changes": proposal.changes,
        "mean_metres": proposal.mean_metres,
        "joined_pairs": proposal.joined,
        "providers": [
            {
                "provider_id": str(who),
                "capacity_minutes": capacity,
                "minutes": loads[who],
                "codes": sorted(code for code, one in proposal.given.items() if one.provider_id == who),
            }
            for who, capacity in sorted(proposal.capacities.items())
        ],
    }


def _day(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError as error:
        raise BadInput(f"--day {text}: write YYYY-MM-DD") from error
