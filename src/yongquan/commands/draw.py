"""`yongquan draw`: check a published draw."""

import gzip
import sys
from pathlib import Path
from typing import Annotated

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput

app = typer.Typer(no_args_is_help=True, help="Draws: compute a published one again.")
GZIP_MAGIC = b"\x1f\x8b"


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="the published result file (JSON, or JSON in gzip)")],
    commitment: Annotated[str | None, typer.Option(help="the commitment as you saw it before the close")] = None,
    list_hash: Annotated[str | None, typer.Option(help="the list's hash as you saw it at the close")] = None,
    beacon: Annotated[str | None, typer.Option(help="the beacon's value as its own publisher gives it")] = None,
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Compute a published draw again: exit 0 and the winners' hash, or 1 and the first difference."""
    from yongquan.vouchers.draw_file import read_draw_file
    from yongquan.vouchers.draw_verification import Published, verify

    try:
        result = read_draw_file(_content(file))
    except BadInput as error:
        raise BadInput(f"{file}: {error}") from error
    verdict = verify(result, published=Published(commitment, list_hash, beacon))
    if as_json:
        document = {"verified": verdict.difference is None, "difference": verdict.difference}
        counts = {"registrants": verdict.registrants, "winners": verdict.winners}
        print_document({**document, **counts, "winners_hash": verdict.winners_hash})
    else:
        say(verdict.winners_hash if verdict.difference is None else verdict.difference)
    if verdict.difference is not None:
        sys.exit(1)


def _content(file: Path) -> bytes:
    try:
        content = file.read_bytes()
        return gzip.decompress(content) if content.startswith(GZIP_MAGIC) else content
    except (OSError, EOFError, gzip.BadGzipFile) as error:
        raise BadInput(f"cannot be read: {error}") from error
