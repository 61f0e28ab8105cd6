"""`yongquan merchants`: find the same shop in one list, or in two."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from yongquan.commands.merchant_import import import_list, import_stores
from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput

if TYPE_CHECKING:
    from yongquan.merchants.matching.matcher import Grouping, Say

app = typer.Typer(no_args_is_help=True, help="Merchants: match and merge lists of shops.")
app.command("import")(import_list)
app.command("import-stores")(import_stores)
Json = Annotated[bool, typer.Option("--json", help="print the summary as one JSON document")]


@app.command()
def dedupe(
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx; columns any of id, name, address, phone, licence, ..")],
    out: Annotated[Path, typer.Option(help="CSV to write: id,cluster_id")],
    as_json: Json = False,
) -> None:
    """Group the rows of one list that are the same shop."""
    from yongquan.merchants.matching.matcher import dedupe
    from yongquan.merchants.matching.reading import read_list

    started = perf_counter()
    rows = read_list(file)
    with _progress(quiet=as_json) as tell:
        grouping = dedupe(rows, tell)
    clusters = grouping.clusters
    _write(out, ("id", "cluster_id"), zip((row.id for row in rows), (number + 1 for number in clusters), strict=True))
    shops = len(set(clusters))
    _report({"rows": len(rows), "shops": shops, **_facts(grouping, started)}, as_json=as_json)
    if not as_json:
        say(f"{len(rows):,} rows are {shops:,} shops; written to {out}.")


@app.command()
def match(
    left: Annotated[Path, typer.Argument(help="CSV or .xlsx")],
    right: Annotated[Path, typer.Argument(help="CSV or .xlsx with any of the same columns")],
    out: Annotated[Path, typer.Option(help="CSV to write: left_id,right_id,score")],
    as_json: Json = False,
) -> None:
    """Link two lists; only pairs taken for the same shop are written, score is their probability."""
    from yongquan.merchants.matching.matcher import link
    from yongquan.merchants.matching.reading import read_list

    started = perf_counter()
    ours, theirs = read_list(left), read_list(right)
    with _progress(quiet=as_json) as tell:
        links, grouping = link(ours, theirs, tell)
    rows = ((ours[one.left].id, theirs[one.right].id, f"{one.score:.6f}") for one in links)
    _write(out, ("left_id", "right_id", "score"), rows)
    summary = {"left_rows": len(ours), "right_rows": len(theirs), "pairs": len(links), **_facts(grouping, started)}
    _report(summary, as_json=as_json)
    if not as_json:
        say(f"{len(links):,} pairs are the same shop; written to {out}.")


def _facts(grouping: "Grouping", started: float) -> dict[str, object]:
    return {
        "candidate_pairs": grouping.candidates,
        "pairs_for_a_person": grouping.doubtful,
        "coordinate_shifts": grouping.coordinate_shifts,
        "seconds": round(perf_counter() - started, 2),
    }


def _report(summary: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        print_document(summary)
    else:
        say(f"{summary['candidate_pairs']:,} pairs compared in {summary['seconds']} s; "
            f"{summary['pairs_for_a_person']:,} more are for a person to decide.")  # fmt: skip


def _write(out: Path, headings: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(headings)
            writer.writerows(rows)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror or error}") from error


@contextmanager
def _progress(*, quiet: bool) -> Iterator["Say"]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), disable=quiet, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda step, number, of: progress.update(task, description=step, completed=number, total=of)
