"""`yongquan codes`: make voucher codes in bulk."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from yongquan.commands.printing import print_document, say
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Voucher codes: made in bulk, kept only as keyed hashes.")


@app.command()
def generate(
    round_id: Annotated[UUID, typer.Option("--round", help="a round of mode code")],
    count: Annotated[int, typer.Option(help="how many")],
    out: Annotated[Path, typer.Option(help="CSV to write; it is the only place that ever holds the codes")],
    type_id: Annotated[UUID | None, typer.Option("--type", help="the voucher type, if the round has several")] = None,
    *,
    name: Annotated[str, typer.Option(help="what the batch is called")] = "command",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write codes to a CSV and their hashes to the database, and say how long it took."""
    from rich.console import Console
    from rich.progress import Progress

    from yongquan.flows.generate_codes import MadeCodes, generate_codes
    from yongquan.plumbing.clock import wall_now
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.sealing import Sealing

    settings = read_settings()

    async def run(conninfo: str) -> MadeCodes:
        with Progress(console=Console(stderr=True), disable=as_json) as shown:
            task = shown.add_task("codes", total=count)
            async with opened(conninfo, pool_size=1) as database:
                return await generate_codes(
                    database,
                    Sealing(load_keys(settings.keys_dir)),
                    round_id=round_id,
                    type_id=type_id,
                    count=count,
                    out=out,
                    name=name,
                    actor="command",
                    now=wall_now(),
                    tell=lambda done: shown.update(task, completed=done),
                )

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        made = asyncio.run(run(conninfo))
    rate = round(made.count / made.seconds)
    if as_json:
        facts = {"batch_id": str(made.batch_id), "count": made.count, "seconds": round(made.seconds, 2)}
        print_document(facts | {"codes_per_s": rate, "file": str(out)})
    else:
        say(f"{made.count:,} codes in {made.seconds:.1f} s ({rate:,} a second), storage included: {out}")
        say(f"Batch {made.batch_id}. The file is the only copy: hand it over and keep it safe.")
