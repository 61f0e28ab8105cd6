"""`yongquan bench reconcile`: three files of a million rows held against each other, beside a join in PostgreSQL."""

import random
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from time import perf_counter
from typing import Any

import polars as pl
import psycopg

from yongquan.bench.machine import describe_machine
from yongquan.payments.day_files import read_day_file, write_day_file
from yongquan.payments.reconciliation import Count, Fate, reconcile
from yongquan.payments.reconciliation_cases import PartyKind, cases_of
from yongquan.plumbing.embedded import EmbeddedPostgres

ROWS = 1_000_000
DIFFERENT = 5_000
DAY = date(2022, 2, 15)
# What both engines are asked: one row a key, and which of five fates it has.
_JOIN = """
select case when t.key is null then 'short' when o.key is null then 'long' when o.state <> t.state then 'state'
            when o.amount_fen <> t.amount_fen then 'amount' else 'matched' end as fate, count(*)
  from ours o full join theirs t using (kind, key) group by 1
"""


def bench_reconcile() -> dict[str, Any]:
    """Read the bank's, our and the merchant's files, match, classify and make the cases; then the yardstick's join."""
    with tempfile.TemporaryDirectory(prefix="yq-bench-", ignore_cleanup_errors=True) as folder:
        place = Path(folder)
        planted = _write_files(place)
        started = perf_counter()
        sides = {name: read_day_file((place / name).read_bytes()).rows for name in ("ours", "bank", "merchant")}
        read_s = perf_counter() - started
        counts, cases = {}, 0
        for name, kind in (("bank", PartyKind.ISSUER), ("merchant", PartyKind.MERCHANT)):
            found = reconcile(sides["ours"], sides[name])
            cases += sum(1 for _ in cases_of(found, party=name, party_kind=kind, day=DAY))
            counts[name] = found
        seconds = perf_counter() - started
        _say(f"three files of {ROWS:,} rows reconciled in {seconds:.2f} s, {read_s:.2f} s of it reading")
        join_s = _join_in_postgres(place, sides)
    bank = counts["bank"]
    right = all(_rows(bank.theirs, fate) + _rows(bank.ours, fate) >= planted for fate in (Fate.LONG, Fate.SHORT))
    return {
        "rows": ROWS,
        "files": 3,
        "seconds": round(seconds, 2),
        "read_s": round(read_s, 2),
        "rows_per_s": round(3 * ROWS / seconds),
        "cases": cases,
        "by_fate": {fate.value: count.rows for fate, count in bank.theirs.items()},
        "complete": right and sum(count.rows for count in bank.ours.values()) == ROWS,
        "full_join_s": round(join_s, 2),
        "ratio_full_join": round(seconds / join_s, 2),
        "machine": describe_machine(),
    }


def _write_files(place: Path) -> int:
    """Ours, and two files that differ from it in every way; how many rows of each kind of difference."""
    dice = random.Random(1)  # noqa: S311 - the same rows in every run
    base = datetime(2022, 2, 14, 16, tzinfo=UTC)
    ours = pl.DataFrame(
        {
            "key": [f"99000001-20220215-{n:09d}" for n in range(ROWS)],
            "kind": ["refund" if n % 25 == 0 else "purchase" for n in range(ROWS)],
            "state": ["succeeded"] * ROWS,
            "amount_fen": [dice.randrange(100, 100_000) for _ in range(ROWS)],
            "at": [base + timedelta(milliseconds=86 * n) for n in range(ROWS)],
        },
        schema_overrides={"at": pl.Datetime("us", "UTC")},
    )
    (place / "ours").write_bytes(write_day_file("ours", DAY, ours))
    for seed, name in enumerate(("bank", "merchant")):
        (place / name).write_bytes(write_day_file(name, DAY, _spoilt(ours, seed)))
    return DIFFERENT // 2


def _spoilt(ours: pl.DataFrame, seed: int) -> pl.DataFrame:
    n = pl.int_range(pl.len())
    part = ((n * 7_919 + seed) % ROWS) // DIFFERENT
    changed = ours.with_columns(
        amount_fen=pl.when(part == 1).then(pl.col("amount_fen") + 1).otherwise(pl.col("amount_fen")),
        state=pl.when(part == 2).then(pl.lit("reversed")).otherwise(pl.col("state")),
        key=pl.when(part == 3).then(pl.lit("another-") + pl.col("key")).otherwise(pl.col("key")),
        part=part,
    )
    again = changed.filter(pl.col("part") == 5)
    ghosts = changed.filter(pl.col("part") == 6).with_columns(
        key=pl.lit("ghost-") + pl.col("key"), at=pl.col("at") + timedelta(hours=30)
    )
    kept = changed.filter(pl.col("part") != 4)
    return pl.concat([kept, again, ghosts]).sample(fraction=1.0, shuffle=True, seed=seed).drop("part")


def _join_in_postgres(place: Path, sides: Mapping[str, pl.DataFrame]) -> float:
    """Seconds to copy the same three files into PostgreSQL and full-join them twice, no more."""
    place.chmod(0o755)
    server = EmbeddedPostgres(place / "pg")
    try:
        with psycopg.connect(server.open(), autocommit=True) as connection:
            connection.execute("set work_mem = '256MB'")
            started = perf_counter()
            for name, rows in sides.items():
                _copy(connection, name, rows)
            for name in ("bank", "merchant"):
                connection.execute(_JOIN.replace("theirs", name).encode()).fetchall()
            join_s = perf_counter() - started
    finally:
        server.stop_now()
    _say(f"the same rows copied into PostgreSQL and joined: {join_s:.2f} s")
    return join_s


def _copy(connection: psycopg.Connection[Any], name: str, rows: pl.DataFrame) -> None:
    columns = "key text, kind text, state text, amount_fen bigint, at timestamptz"
    connection.execute(f"create unlogged table {name} ({columns})".encode())
    with connection.cursor() as cursor, cursor.copy(f"copy {name} from stdin (format csv)".encode()) as copy:
        copy.write(rows.drop("line").write_csv(include_header=False).encode())
    connection.execute(f"analyze {name}".encode())


def _rows(counts: Mapping[Fate, Count], fate: Fate) -> int:
    return counts.get(fate, Count()).rows


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
