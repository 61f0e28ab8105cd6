"""Reconciling two sides' rows of a day: by key, then by amount and time; every difference is classified. Pure.

A row is a line of a day file (`day_files`). Rows without money (failed, reversed) need no counterpart. Nothing
disappears: on each side, the rows and fen of all outcomes add up to the rows and fen given.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

TOLERANCE: Final = timedelta(minutes=5)
COLUMNS: Final = ("line", "key", "kind", "state", "amount_fen", "at")
MOVED: Final = "succeeded"
IDLE_STATES: Final = ("failed", "reversed")


class Fate(StrEnum):
    """What became of a row. The last five are differences."""

    MATCHED = "matched"  # the same key, amount and state
    NEAR = "near"  # another key, the same amount and about the same time
    IDLE = "idle"  # no money moved, and the other side has nothing of it
    LONG = "long"  # theirs, not ours
    SHORT = "short"  # ours, not theirs
    AMOUNT = "amount"
    STATE = "state"
    DUPLICATE = "duplicate"


DIFFERENCES: Final = (Fate.LONG, Fate.SHORT, Fate.AMOUNT, Fate.STATE, Fate.DUPLICATE)


@dataclass(frozen=True, slots=True)
class Count:
    """Rows and their sum in fen."""

    rows: int = 0
    fen: int = 0

    def __add__(self, other: "Count") -> "Count":
        return Count(self.rows + other.rows, self.fen + other.fen)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Each side's rows by fate, and the differences, one row each.

    `differences` has `fate`, `side` (of a duplicate), `kind`, `key`, and `our_`/`their_` line, key, state, amount_fen,
    at.
    """

    ours: Mapping[Fate, Count]
    theirs: Mapping[Fate, Count]
    differences: pl.DataFrame


def reconcile(ours: pl.DataFrame, theirs: pl.DataFrame, *, tolerance: timedelta = TOLERANCE) -> Reconciled:
    """Match two sides of a day. Columns are `COLUMNS`; `at` is UTC. Of rows with one key the first counts.

    Rows without a counterpart by key are paired one to one, earliest first, if kind and amount are the same and the
    times at most `tolerance` apart.
    """
    our_first, our_again = _without_repeats(ours, "ours")
    their_first, their_again = _without_repeats(theirs, "theirs")
    joined = _side(our_first, "our").join(
        _side(their_first, "their"),
        left_on=["our_kind", "our_key"],
        right_on=["their_kind", "their_key"],
        how="full",
        coalesce=False,
    )
    is_both = pl.col("our_line").is_not_null() & pl.col("their_line").is_not_null()
    by_key = joined.filter(is_both).with_columns(fate=_fate_of_pair(Fate.MATCHED))
    alone = joined.filter(~is_both)
    by_time, rest = _pair_by_time(alone, tolerance)
    fated = pl.concat([by_key, by_time, rest.with_columns(fate=_fate_alone())], how="diagonal")
    fated = fated.with_columns(side=pl.lit(""))
    everything = pl.concat([fated, our_again, their_again], how="diagonal")
    found = Reconciled(_count(everything, "our"), _count(everything, "their"), _differences(everything))
    _require_nothing_lost(found.ours, ours)
    _require_nothing_lost(found.theirs, theirs)
    return found


def _without_repeats(rows: pl.DataFrame, side: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    is_first = rows.select(pl.struct("kind", "key").is_first_distinct()).to_series()
    if is_first.all():
        again = rows.clear()
    else:
        again = rows.filter(~is_first)
        rows = rows.filter(is_first)
    prefix = "our" if side == "ours" else "their"
    marked = _side(again, prefix).with_columns(fate=pl.lit(Fate.DUPLICATE.value), side=pl.lit(side))
    return rows, marked


def _side(rows: pl.DataFrame, prefix: str) -> pl.DataFrame:
    return rows.select(pl.col(name).alias(f"{prefix}_{name}") for name in COLUMNS)


def _fate_of_pair(same: Fate) -> pl.Expr:
    ours, theirs = _moved("our_state"), _moved("their_state")
    return (
        pl.when(ours != theirs)
        .then(pl.lit(Fate.STATE.value))
        .when((ours == MOVED) & (pl.col("our_amount_fen") != pl.col("their_amount_fen")))
        .then(pl.lit(Fate.AMOUNT.value))
        .otherwise(pl.lit(same.value))
    )


def _fate_alone() -> pl.Expr:
    return (
        pl.when(pl.coalesce("our_state", "their_state").is_in(IDLE_STATES))
        .then(pl.lit(Fate.IDLE.value))
        .when(pl.col("our_line").is_not_null())
        .then(pl.lit(Fate.SHORT.value))
        .otherwise(pl.lit(Fate.LONG.value))
    )


def _moved(state: str) -> pl.Expr:
    # A failed and a reversed payment are the same to money.
    return pl.when(pl.col(state).is_in(IDLE_STATES)).then(pl.lit("idle")).otherwise(pl.col(state))


def _pair_by_time(alone: pl.DataFrame, tolerance: timedelta) -> tuple[pl.DataFrame, pl.DataFrame]:
    wanted = ~pl.coalesce("our_state", "their_state").is_in(IDLE_STATES)
    ours = alone.filter(pl.col("our_line").is_not_null() & wanted)
    theirs = alone.filter(pl.col("their_line").is_not_null() & wanted)
    pairs = _pairs(_moments(ours, "our"), _moments(theirs, "their"), tolerance)
    links = pl.DataFrame(pairs, schema={"our_line": pl.Int64, "their_line": pl.Int64}, orient="row")
    ours_half = ours.select(pl.selectors.starts_with("our_"))
    theirs_half = theirs.select(pl.selectors.starts_with("their_"))
    paired = links.join(ours_half, on="our_line").join(theirs_half, on="their_line")
    rest = alone.join(links.select("our_line"), on="our_line", how="anti", nulls_equal=False)
    rest = rest.join(links.select("their_line"), on="their_line", how="anti", nulls_equal=False)
    return paired.with_columns(fate=_fate_of_pair(Fate.NEAR)), rest


def _moments(rows: pl.DataFrame, prefix: str) -> dict[tuple[str, int], list[tuple[datetime, int]]]:
    found: defaultdict[tuple[str, int], list[tuple[datetime, int]]] = defaultdict(list)
    names = [f"{prefix}_{name}" for name in ("kind", "amount_fen", "at", "line")]
    for kind, amount_fen, at, line in rows.select(names).sort(names[2:]).iter_rows():
        found[kind, amount_fen].append((at, line))
    return found


def _pairs(
    ours: Mapping[tuple[str, int], list[tuple[datetime, int]]],
    theirs: Mapping[tuple[str, int], list[tuple[datetime, int]]],
    tolerance: timedelta,
) -> list[tuple[int, int]]:
    # Earliest with earliest gives the most pairs there can be: both lists are in order of time.
    pairs = []
    for what, of_ours in ours.items():
        of_theirs = theirs.get(what, [])
        place = 0
        for at, line in of_ours:
            place = bisect_left(of_theirs, (at - tolerance, 0), lo=place)
            if place < len(of_theirs) and of_theirs[place][0] <= at + tolerance:
                pairs.append((line, of_theirs[place][1]))
                place += 1
    return pairs


def _count(everything: pl.DataFrame, prefix: str) -> dict[Fate, Count]:
    rows = everything.filter(pl.col(f"{prefix}_line").is_not_null())
    grouped = rows.group_by("fate").agg(rows=pl.len(), fen=pl.col(f"{prefix}_amount_fen").sum())
    return {Fate(fate): Count(rows, fen) for fate, rows, fen in sorted(grouped.iter_rows())}


def _differences(everything: pl.DataFrame) -> pl.DataFrame:
    found = everything.filter(pl.col("fate").is_in([fate.value for fate in DIFFERENCES]))
    return found.with_columns(kind=pl.coalesce("our_kind", "their_kind"), key=pl.coalesce("our_key", "their_key")).sort(
        "fate", "kind", "key", "our_line", "their_line"
    )


def _require_nothing_lost(counts: Mapping[Fate, Count], given: pl.DataFrame) -> None:
    counted = sum(counts.values(), Count())
    expected = Count(given.height, int(given["amount_fen"].sum()))
    if counted != expected:
        raise ValueError(f"reconciling lost rows: {counted} of {expected}")
