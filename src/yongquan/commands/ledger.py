"""`yongquan ledger`: replay operations, prove invariants."""

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from yongquan.commands.printing import print_document, say
from yongquan.ledger.proof import Proof
from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="The book: replay operations, prove invariants.")


@app.command()
def replay(file: Annotated[Path, typer.Argument(help="ledger operations, one batch a line")]) -> None:
    """Apply ledger operations to an empty book and print the outcome of each line."""
    from yongquan.ledger import replay_lines
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        for line in replay_lines(conninfo, file):
            say(line)


@app.command()
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
        print_document({"transfers": proved.transfers, "balanced": proved.holds, "checks": checks})
    else:
        for check in proved.checks:
            say(f"{'ok  ' if check.faults == 0 else 'FAIL'} {check.name} {check.example}".rstrip())
        say(f"{proved.transfers} transfers; {'the book holds' if proved.holds else 'the book does not hold'}")
    if not proved.holds:
        sys.exit(1)
