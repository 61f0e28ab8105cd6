"""`yongquan risk`: fit the event model, score events, compare models, watch for drift; try rules (`risk_rules`)."""

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from yongquan.commands import gangs, risk_replay, risk_rules
from yongquan.commands.printing import print_document, say
from yongquan.commands.watching import watch
from yongquan.kernel.errors import BadInput

if TYPE_CHECKING:
    from yongquan.risk.model.events import Events
    from yongquan.risk.model.fitted import Fitted, Scored

app = typer.Typer(no_args_is_help=True, help="Risk: rule books, and the event model learned from a file.")
app.add_typer(risk_rules.app, name="rules")
app.command()(risk_rules.backtest)
app.command()(risk_replay.replay)
app.command()(gangs.gangs)
app.command()(gangs.terminals)
app.command()(gangs.planted)
EventsFile = Annotated[
    Path,
    typer.Argument(
        help="CSV (or .parquet): event_id, at, payer_id, payee_id, amount_fen and, if there are any, location, kind, "
        "device_id, label (1 bad, 0 good, empty unknown), numeric x_*"
    ),
]
ModelFile = Annotated[Path, typer.Option(help="the model's file")]
Json = Annotated[bool, typer.Option("--json", help="print one JSON document")]
app.command()(watch)


@app.command()
def fit(
    events: EventsFile,
    model: Annotated[Path, typer.Option(help="file to write the model to")],
    *,
    delay_days: Annotated[int, typer.Option(min=0, max=365, help="a label is known so many days after its event")] = 7,
    since: Annotated[str, typer.Option(help="learn from this day on (2026-10-01); earlier events are history")] = "",
    seed: Annotated[int, typer.Option(help="the same events and seed give the same model")] = 1,
    as_json: Json = False,
) -> None:
    """Learn the event model from labelled events; without labels, learn what is unusual."""
    from yongquan.risk.model.storing import save_model
    from yongquan.risk.model.training import fit_model

    rows = _read(events)
    if not len(rows):
        raise BadInput(f"{events}: line 2: there are no events to learn from")
    fitted = fit_model(rows, delay_days=delay_days, seed=seed, since_us=_midnight_us(since))
    digest = save_model(fitted, model)
    if as_json:
        print_document({"mode": fitted.mode, **fitted.facts, "sha256": digest})
        return
    say(f"{len(rows):,} events, {fitted.facts['bad']:,} bad: {fitted.facts['how']}.")
    for view, found in fitted.facts.get("held_out", {}).items():
        precision = found["average_precision"]
        say(f"On the last events, held out ({view}): AUC {found['auc']}, average precision {precision}.")
    say(f"Written to {model}.")


@app.command()
def score(
    events: EventsFile,
    model: ModelFile,
    out: Annotated[Path, typer.Option(help="CSV to write: event_id,score (higher is worse), a row each")],
    reasons: Annotated[bool, typer.Option("--reasons", help="add columns why_zh and why_en")] = False,
    as_json: Json = False,
) -> None:
    """Score each event from what came before it in the file; later rows change no score."""
    fitted, rows = _load(model), _read(events)
    _tell_missing(fitted, rows)
    scored = _score(fitted, rows)
    lines = _lines(fitted, rows, scored, with_reasons=reasons)
    try:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["event_id", "score", *(["why_zh", "why_en"] if reasons else [])])
            writer.writerows(lines)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror or error}") from error
    if as_json:
        print_document({"events": len(rows), "mode": fitted.mode, "informed": int(scored.is_informed.sum())})
    else:
        say(f"{len(rows):,} scores written to {out}.")


@app.command()
def compare(champion: Path, challenger: Path, events: EventsFile, as_json: Json = False) -> None:
    """Score labelled events with two models and say which is better, and whether by more than chance."""
    from yongquan.risk.model.comparing import compare_scores

    first, second, rows = _load(champion), _load(challenger), _read(events)
    if not (rows.label >= 0).any():
        raise BadInput(f"{events}: column label: no event is labelled, so the models cannot be compared")
    found = compare_scores(rows, _score(first, rows).score, _score(second, rows).score)
    if as_json:
        print_document(found)
        return
    for name in ("champion", "challenger"):
        one = found[name]
        say(f"{name}: AUC {one['auc']}, average precision {one['average_precision']}, "
            f"card precision at 100 {one['card_precision_100']}.")  # fmt: skip
    low, high = found["difference"]["average_precision_ci95"]
    say(f"The challenger's gain in average precision is {low} to {high} (95%): {found['difference']['better']}.")


@app.command()
def drift(
    events: EventsFile,
    model: ModelFile,
    as_json: Json = False,
) -> None:
    """Population stability index of each feature and of the score: 0.1 is watched, 0.25 is an alarm."""
    from yongquan.risk.model.drift import drift_report

    fitted, rows = _load(model), _read(events)
    if not len(rows):
        raise BadInput(f"{events}: line 2: there are no events to look at")
    scored = _score(fitted, rows)
    found = drift_report(fitted, scored, scored.score)
    if as_json:
        print_document(found)
        return
    say(f"score: PSI {found['score']['psi']} ({found['score']['level']}); "
        f"features: {found['alarms']} alarms, {found['watched']} watched.")  # fmt: skip
    for one in found["features"][:15]:
        say(f"{one['psi']:8.4f}  {one['level']:6}  {one['feature']}")


def _read(file: Path) -> "Events":
    from yongquan.risk.model.reading import read_events

    events, passed_over = read_events(file)
    if passed_over:
        _warn(f"{file}: passed over: {', '.join(passed_over)}")
    return events


def _load(file: Path) -> "Fitted":
    from yongquan.risk.model.storing import load_model

    return load_model(file)


def _score(model: "Fitted", events: "Events") -> "Scored":
    from yongquan.risk.model.fitted import score_events

    return score_events(model, events)


def _tell_missing(model: "Fitted", events: "Events") -> None:
    missing = [name for name in model.plan.scales or {} if name not in events.x]
    if missing:
        _warn(f"the model knows {', '.join(missing)}, the file does not: taken as unknown")


def _lines(model: "Fitted", events: "Events", scored: "Scored", *, with_reasons: bool) -> list[list[Any]]:
    """The scores in the order of the file."""
    import numpy as np

    from yongquan.risk.model.reasons import explain

    back = np.argsort(events.position)
    lines: list[list[Any]] = [[events.event_id[at], f"{scored.score[at]:.12g}"] for at in back]
    if with_reasons:
        for line, reasons in zip(lines, explain(model, scored, back), strict=True):
            line += ["；".join(one.chinese for one in reasons), "; ".join(one.english for one in reasons)]
    return lines


def _midnight_us(day: str) -> int | None:
    from datetime import datetime

    from yongquan.plumbing.clock import SHANGHAI

    if not day:
        return None
    try:
        return int(datetime.fromisoformat(day).replace(tzinfo=SHANGHAI).timestamp()) * 1_000_000
    except ValueError as error:
        raise BadInput(f"--since {day!r} is not a day such as 2026-10-01") from error


def _warn(sentence: str) -> None:
    typer.echo(f"yongquan: {sentence}", err=True)
