"""`yongquan risk rules` and `yongquan risk backtest`: rule books checked, and tried on a file of events."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput

if TYPE_CHECKING:
    from yongquan.risk.rules.backtest import Backtest
    from yongquan.risk.rules.event_files import EventFile

app = typer.Typer(no_args_is_help=True, help="Rule books of risk (see docs/risk-rules.md).")
RulesFile = Annotated[Path, typer.Argument(help="a rule book, YAML")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]


@app.command()
def check(file: RulesFile, as_json: Json = False) -> None:
    """Check a book: every fault on a line of its own with its line and rule; exit 2 if there is any."""
    from yongquan.risk.rules.faults import RuleFaults
    from yongquan.risk.rules.judging import CompiledBook
    from yongquan.risk.rules.reading import read_book_file

    try:
        book = CompiledBook(read_book_file(file))
    except RuleFaults as error:
        if as_json:
            print_document({"faults": [_fault(one) for one in error.faults]})
        for fault in error.faults:
            typer.echo(f"yongquan: {fault.told(str(file))}", err=True)
        raise typer.Exit(2) from error
    found = {
        "rules": len(book.book.rules),
        "shadow": sum(rule.is_shadow or book.book.is_shadow for rule in book.book.rules),
        "features": sorted(feature.name for feature in book.features),
        "lists": sorted(f"{one.party}.{one.colour}" for one in book.list_questions),
        "digest": book.book.digest,
    }
    if as_json:
        print_document(found)
        return
    say(f"{file}: {found['rules']} rules ({found['shadow']} in shadow), digest {book.book.digest[:12]}.")
    say(f"It reads {len(book.features)} features and asks of {len(book.list_questions)} lists.")


@app.command()
def standard() -> None:
    """Print the book a fresh installation judges by."""
    from yongquan.risk.rules.reading import first_book

    say(first_book().rstrip("\n"))


def backtest(
    rules: RulesFile,
    events: Annotated[
        Path,
        typer.Argument(
            help="CSV (or .parquet): event_id, at, payer_id, payee_id, amount_fen and, if there are any, location, "
            "kind, device_id, label (1 bad, 0 good, empty unknown), x_voucher (fen), x_FACT"
        ),
    ],
    *,
    top: Annotated[int, typer.Option(min=1, help="payees to tell, those most spoken of first")] = 100,
    as_json: Json = False,
) -> None:
    """Say what a rule book would have done to the events of a file: by rule, by day, by payee."""
    from yongquan.risk.rules.backtest import Backtest
    from yongquan.risk.rules.event_files import EventFile
    from yongquan.risk.rules.judging import CompiledBook
    from yongquan.risk.rules.reading import read_book_file

    started = time.monotonic()
    book = CompiledBook(read_book_file(rules))
    file = EventFile(events)
    if not len(file):
        raise BadInput(f"{events}: line 2: there are no events to judge")
    if file.passed_over:
        typer.echo(f"yongquan: {events}: passed over: {', '.join(file.passed_over)}", err=True)
    test = Backtest(book)
    _run(test, file)
    found = test.document(has_labels=file.has_labels, top=top)
    found["taken_as_payment"] = dict(file.taken_as_payment)
    found["seconds"] = round(time.monotonic() - started, 2)
    if as_json:
        print_document(found)
    else:
        _tell(found)


def _run(test: "Backtest", file: "EventFile") -> None:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("events", total=len(file))
        done = 0

        def tick() -> None:
            nonlocal done
            done += 1
            if done % 1_000 == 0:
                bar.update(task, completed=done)

        test.run(file.rows(test.book.book.fact_types), tick=tick)


def _tell(found: dict[str, Any]) -> None:
    counts = ", ".join(f"{action} {times:,}" for action, times in found["actions"].items())
    say(f"{found['events']:,} events: {counts}.")
    for name, words in (("spoken_of", "any rule"), ("stopped", "step_up, delay or refuse")):
        if "labels" in found:
            say(f"{words}: precision {found[name]['precision']}, recall {found[name]['recall']}.")
    for rule in found["by_rule"]:
        quality = f"  precision {rule['precision']} recall {rule['recall']}" if "precision" in rule else ""
        shadow = " (shadow)" if rule["shadow"] else ""
        failed = f"  failed {rule['failed']:,}: {rule['problem']}" if rule.get("failed") else ""
        say(
            f"{rule['id']:28} {rule['action']:8}{shadow} {rule['events']:>9,} events {rule['payees']:>7,} payees"
            f"{quality}{failed}"
        )
    for day in found["by_day"]:
        said = ", ".join(f"{rule} {times:,}" for rule, times in sorted(day["rules"].items()))
        say(f"{day['day']}  {day['events']:>9,} events  {said or 'nothing'}")
    for payee in found["by_payee"][:20]:
        said = ", ".join(f"{rule} {times:,}" for rule, times in sorted(payee["rules"].items()))
        say(f"{payee['payee_id'][:40]:40} {payee['events']:>7,} events  {said}")


def _fault(fault: Any) -> dict[str, Any]:
    return {
        "line": fault.line,
        "column": fault.column,
        "rule": fault.rule_id,
        "code": fault.code,
        "zh": fault.chinese,
        "en": fault.english,
    }
