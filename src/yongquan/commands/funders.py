"""`yongquan funders`: statements of who pays for vouchers."""

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Who pays for vouchers: statements.")


@app.command()
def statement(
    funder: Annotated[str, typer.Argument(help="the funder's id")],
    since: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="first day")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="last day")],
    out: Annotated[Path, typer.Option(help="where to write; the ending says the kind: .xlsx or .pdf")],
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Write a funder's statement of a period; every line names its ledger transfer."""
    from yongquan.flows.draw_statement import Statement, draw_statement
    from yongquan.flows.record_funding import UnknownFunder
    from yongquan.flows.statement_files import write_document, write_workbook
    from yongquan.plumbing.migrate import migrate

    if out.suffix not in {".xlsx", ".pdf"}:
        raise BadInput(f"--out {out}: the file's name ends in .xlsx or .pdf")
    settings = read_settings()

    async def read(conninfo: str) -> Statement:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            last = until.date() + timedelta(days=1)
            return await draw_statement(connection, funder, since=since.date(), until=last)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        try:
            drawn = asyncio.run(read(conninfo))
        except UnknownFunder as error:
            raise BadInput(f"{funder}: there is no such funder; the console lists them") from error
    content = write_workbook(drawn) if out.suffix == ".xlsx" else write_document(drawn)
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{out}: {error.strerror}") from error
    if as_json:
        closing = {account.kind.value: account.closing_fen for account in drawn.accounts}
        print_document({"funder_id": funder, "file": str(out), "transfers": len(drawn.lines), "closing_fen": closing})
    else:
        say(f"{out}: {len(drawn.lines)} transfers")
