"""`yongquan same-day`: which acquirers settle shops on the day itself, and at which cut-offs which shops are paid."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import Database, database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Settlement on the day itself: acquirers' offers, shops' cut-offs.")
ACTOR = "command:same-day"
Result = TypeVar("Result")
JsonOption = Annotated[bool, typer.Option("--json", help="print one JSON document")]


@app.command()
def show(as_json: JsonOption = False) -> None:
    """Show what each acquirer offers and every shop that has cut-offs."""
    from yongquan.payments.same_day_offers import offers, shops_with_cut_offs
    from yongquan.payments.shop_statement import clock_time

    async def read(database: Database) -> tuple[dict[str, object], list[dict[str, object]]]:
        async with database.transaction() as connection:
            set_, shops = await offers(connection), await shops_with_cut_offs(connection)
        said: dict[str, object] = {
            code: {"offered": offer.is_offered, "until": clock_time(offer.last_cut), **asdict(offer.rate)}
            for code, offer in set_.items()
        }
        rows: list[dict[str, object]] = [
            {
                "store_id": str(s.store_id),
                "name": s.name,
                "acquirer": s.acquirer,
                "cut_offs": [clock_time(minute) for minute in s.cut_offs],
            }
            for s in shops
        ]
        return said, rows

    found, rows = _run(read)
    if as_json:
        print_document({"acquirers": found, "shops": rows})
        return
    for code, offer in found.items():
        say(f"{code}: {offer}")
    for row in rows:
        say(f"{row['store_id']} {row['name']} ({row['acquirer']}): {', '.join(row['cut_offs'])}")  # type: ignore[arg-type]
    if not found and not rows:
        say("no acquirer has terms of its own, and no shop has cut-offs: `yongquan same-day set STORE 12:00` sets them")


@app.command("set")
def set_(
    store: Annotated[str, typer.Argument(help="the store's id")],
    times: Annotated[list[str] | None, typer.Argument(help="times like 12:00 18:30; none ends same-day")] = None,
) -> None:
    """Set a shop's cut-offs, or (no times) pay it after the day's close only."""
    from yongquan.flows.set_cut_offs import put_cut_offs, read_times

    try:
        store_id = UUID(store)
    except ValueError as error:
        raise BadInput(f"STORE {store}: is not a store's id") from error
    wanted = read_times(" ".join(times or []))
    _run(lambda database: put_cut_offs(database, store_id, wanted, actor=ACTOR, now=wall_now()))
    say(f"{store_id}: {', '.join(times or []) or 'after the close'}")


@app.command()
def offer(
    acquirer: Annotated[str, typer.Argument(help="the acquirer's code")],
    *,
    until: Annotated[str, typer.Option(help="no later cut-off than this")] = "23:30",
    bp: Annotated[int, typer.Option(help="fee in basis points of what is paid early")] = 0,
    floor: Annotated[int, typer.Option(help="at least this many fen")] = 0,
    cap: Annotated[int | None, typer.Option(help="at most this many fen")] = None,
    none: Annotated[bool, typer.Option("--none", help="it offers no same-day settlement")] = False,
) -> None:
    """Set what an acquirer offers: whether, how late, for what fee."""
    from yongquan.flows.offer_same_day import offer_same_day
    from yongquan.flows.set_cut_offs import read_times
    from yongquan.payments.fees import Rate
    from yongquan.payments.same_day_offers import Offer

    minutes = read_times(until)
    if len(minutes) != 1:
        raise BadInput(f"--until {until}: give one time like 17:00")
    wanted = Offer(is_offered=not none, last_cut=minutes[0], rate=Rate(bp, floor, cap))
    _run(lambda database: offer_same_day(database, acquirer, wanted, actor=ACTOR, now=wall_now()))
    say(f"{acquirer}: {'no same-day settlement' if none else f'until {until}, {bp} bp'}")


def _run(work: Callable[[Database], Awaitable[Result]]) -> Result:
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str) -> Result:
        async with opened(conninfo, pool_size=1) as database:
            return await work(database)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(run(conninfo))
