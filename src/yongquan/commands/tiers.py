"""`yongquan tiers` and `yongquan contribution`: grades of a month, and what providers are paid by."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Tiers 等级: shops and grids graded by what they took.")
contribution = typer.Typer(no_args_is_help=True, help="Contribution pay 贡献计酬: providers' statements.")
Json = Annotated[bool, typer.Option("--json")]
Month = Annotated[str, typer.Option(help="the business month, YYYY-MM; else the last whole one")]


@app.command("grade")
def grade(month: Month = "", as_json: Json = False) -> None:
    """Grade a month from its payments, in place of the grades it had; once a later month is graded it stays."""
    from yongquan.flows.grade_shops import grade_month, last_month
    from yongquan.plumbing.clock import Clock, business_day, wall_now

    async def run(database: Any) -> dict[str, Any]:
        async with database.transaction() as connection:
            clock = Clock()
            await clock.refresh(connection)
        now = clock.now()
        wanted = _month(month) if month else last_month(business_day(now))
        done = await grade_month(database, wanted, actor="command:tiers", now=now, real_now=wall_now())
        return {
            "month": f"{done.month:%Y-%m}",
            "rules": done.rule_no,
            "digest": done.digest,
            "shops": done.shops,
            "grids": done.grids,
            "key_grids": done.key_grids,
        }

    document = _with_database(run)
    if as_json:
        print_document(document)
    else:
        say(f"{document['month']}: {document['shops']:,} shops, {document['grids']} grids, {document['key_grids']} key")


@app.command("show")
def show(month: Month = "", as_json: Json = False) -> None:
    """Show a month's grids, the best first; a shop's grade is explained at the desk (/console/tiers)."""
    from yongquan.merchants.tiers.views import graded_months, grids_graded, shops_by_tier

    async def run(database: Any) -> dict[str, Any]:
        async with database.transaction() as connection:
            months = [row.month for row in await graded_months(connection)]
            wanted = _month(month) if month else next(iter(months), None)
            if wanted is None or wanted not in months:
                raise BadInput("this month is not graded: run `yongquan tiers grade`")
            rows, tiers = await grids_graded(connection, wanted), await shops_by_tier(connection, wanted)
        grids = [
            {
                "code": row.code,
                "tier": row.tier,
                "score_bp": row.score_bp,
                "is_key": row.is_key,
                "minutes_bp": row.minutes_bp,
                "shops": row.shops,
                **dict(zip(("payments", "fen", "days", "payers"), row.measures, strict=True)),
            }
            for row in rows
        ]
        return {"month": f"{wanted:%Y-%m}", "tiers": tiers, "grids": grids}

    document = _with_database(run)
    if as_json:
        print_document(document)
        return
    for grid in document["grids"]:
        key = " key" if grid["is_key"] else ""
        say(f"{grid['code']}  {grid['tier']}  {grid['score_bp'] / 100:6.2f}  {grid['payments']:>8,} payments{key}")


@contribution.command("replay")
def replay(month: Month, as_json: Json = False) -> None:
    """Make a month's statements again out of their kept inputs and list their payments again; exit 1 if any differs."""
    from yongquan.flows.pay_contribution import replay_statement
    from yongquan.merchants.contribution.store import statements_of

    async def run(database: Any) -> dict[str, Any]:
        async with database.transaction() as connection:
            known = [s for s in await statements_of(connection, _month(month)) if s.state != "refused"]
        rows = []
        for one in known:
            again = await replay_statement(database, one.statement_id)
            facts = {"provider": one.provider, "fen": one.total_fen, "state": one.state, "inputs": again.inputs_match}
            rows.append({**facts, "pay": again.pay_matches, "payments": again.payments_match})
        return {
            "month": month,
            "statements": rows,
            "sound": all(r["inputs"] and r["pay"] and r["payments"] for r in rows),
        }

    document = _with_database(run)
    if as_json:
        print_document(document)
    else:
        say(f"{month}: {len(document['statements'])} statements, {'sound' if document['sound'] else 'NOT SOUND'}")
    if not document["sound"]:
        raise typer.Exit(1)


@contribution.command("simulate")
def simulate(
    file: Annotated[Path, typer.Argument(help="a formula in YAML")],
    since: Annotated[str, typer.Option(help="the first month, YYYY-MM")],
    until: Annotated[str, typer.Option(help="the last month, YYYY-MM")],
    as_json: Json = False,
) -> None:
    """Say what another formula would have paid for past months, beside what was paid. Nothing changes."""
    from yongquan.flows.pay_contribution import try_formula

    try:
        text = file.read_text()
    except OSError as error:
        raise BadInput(f"{file}: {error.strerror}") from error

    async def run(database: Any) -> dict[str, Any]:
        try:
            found = await try_formula(database, text, first=_month(since), last=_month(until))
        except BadInput as error:
            raise BadInput(f"{file}: {error}") from error
        rows = [
            {
                "month": f"{d.month:%Y-%m}",
                "provider": d.provider,
                "paid_fen": d.paid.total_fen,
                "trial_fen": d.trial.total_fen,
                "difference_fen": d.fen,
            }
            for d in found
        ]
        return {"statements": rows, "difference_fen": sum(d.fen for d in found)}

    document = _with_database(run)
    if as_json:
        print_document(document)
        return
    for row in document["statements"]:
        say(f"{row['month']}  {row['provider']}  {row['paid_fen']:>10,} -> {row['trial_fen']:>10,} fen")
    say(f"{document['difference_fen']:+,} fen in all")


def _with_database(run: Callable[[Any], Awaitable[dict[str, Any]]]) -> dict[str, Any]:
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def opened_run(conninfo: str) -> dict[str, Any]:
        async with opened(conninfo, pool_size=1) as database:
            return await run(database)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(opened_run(conninfo))


def _month(text: str) -> date:
    try:
        return datetime.strptime(text, "%Y-%m").date()
    except ValueError as error:
        raise BadInput(f"{text}: write a month as YYYY-MM") from error
