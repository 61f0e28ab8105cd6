"""`yongquan effect`: retail figures, published plans, power."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Connection, database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="What vouchers did: retail figures, analyses of draws, power.")
_Answer = TypeVar("_Answer")


@app.command("import-retail")
def import_retail(file: Annotated[Path, typer.Argument(help="CSV: month,city,growth_percent,sales_yuan")]) -> None:
    """Import monthly retail sales of the province's cities; a month that is known is replaced."""
    from yongquan.vouchers.retail import ranked, read_retail, save_retail

    rows = read_retail(file)

    async def save(connection: Connection) -> None:
        await save_retail(connection, rows, now=wall_now())

    _within(save)
    for month in ranked(rows):
        say(f"{month.month:%Y-%m}: {month.growth_bp / 100:+.2f} %, rank {month.rank} of {month.of}")
    say(f"{len(rows)} rows imported.")


@app.command("hash")
def hash_plan(file: Annotated[Path, typer.Argument(help="an analysis plan, YAML or JSON")]) -> None:
    """Print the hash under which a plan is published."""
    from yongquan.vouchers.effect_plan import read_plan

    say(read_plan(file).digest())


@app.command("publish")
def publish(file: Annotated[Path, typer.Argument(help="an analysis plan, YAML or JSON")]) -> None:
    """Publish the analysis of a draw round while its sign-up is open."""
    from yongquan.flows.publish_plan import publish_analysis
    from yongquan.plumbing.clock import Clock
    from yongquan.vouchers.effect_plan import read_plan

    plan = read_plan(file)

    async def save(connection: Connection) -> bool:
        clock = Clock()
        await clock.refresh(connection)
        return await publish_analysis(connection, plan, by="command", now=clock.now())

    try:
        new = _within(save)
    except Refusal as refusal:
        raise BadInput(f"{file}: {refusal}") from refusal
    say(f"{'published' if new else 'was published already'}: {plan.digest()}")


@app.command("run")
def run_analysis(
    file: Annotated[Path, typer.Argument(help="the analysis plan that was published, YAML or JSON")],
    reason: Annotated[str, typer.Option(help="why the plan differs from the published one, if it does")] = "",
) -> None:
    """Run the analysis of a draw, keep its report and print the result as JSON."""
    from yongquan.flows.measure_effect import measure_draw
    from yongquan.plumbing.clock import Clock
    from yongquan.plumbing.migrate import migrate
    from yongquan.vouchers.effect_plan import read_plan

    plan = read_plan(file)
    settings = read_settings()

    async def run(conninfo: str) -> dict[str, object]:
        async with opened(conninfo) as database:
            clock = Clock()
            async with database.transaction() as connection:
                await clock.refresh(connection)
            return await measure_draw(database, plan, reason=reason, by="command", now=clock.now())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            print_document(asyncio.run(run(conninfo)))
        except Refusal as refusal:
            raise BadInput(f"{file}: {refusal}") from refusal


@app.command()
def power(  # noqa: PLR0917
    sigma_fen: Annotated[int, typer.Option(help="standard deviation of spending in the window, fen")],
    registrants: Annotated[int | None, typer.Option(help="how many will sign up")] = None,
    effect_fen: Annotated[int | None, typer.Option(help="the effect per winner that should be found")] = None,
    win_share: Annotated[float, typer.Option(help="share of registrants who win")] = 0.5,
    takeup: Annotated[float, typer.Option(help="share of winners who redeem")] = 0.9,
    alpha: Annotated[float, typer.Option()] = 0.05,
    wanted_power: Annotated[float, typer.Option("--power")] = 0.8,
    foretold: Annotated[float, typer.Option(help="part of the variance that earlier spending foretells")] = 0.0,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Say how small an effect a planned draw can show, or how many registrants an effect needs."""
    from yongquan.vouchers.effect_power import (
        Design,
        registrants_needed,
        smallest_effect_fen,
        smallest_effect_on_redeemers_fen,
    )

    if (registrants is None) == (effect_fen is None):
        raise BadInput("give --registrants or --effect-fen, one of them")
    design = Design(sigma_fen, win_share, takeup, alpha, wanted_power, foretold)
    found: dict[str, int] = {}
    if effect_fen is not None:
        found["registrants"] = registrants_needed(design, effect_fen=effect_fen)
    if registrants is not None:
        found["itt_fen"] = smallest_effect_fen(design, registrants=registrants)
        found["late_fen"] = smallest_effect_on_redeemers_fen(design, registrants=registrants)
    if as_json:
        print_document(found)
    else:
        say(json.dumps(found, indent=2))


def _within(act: Callable[[Connection], Awaitable[_Answer]]) -> _Answer:
    """Do something in one transaction of this installation's database."""
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> _Answer:
        async with opened(conninfo) as database, database.transaction() as connection:
            return await act(connection)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(run(conninfo))
