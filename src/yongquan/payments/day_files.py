"""The published file of a day: reading with faults by line, and writing. Described in docs/reconciliation.md."""

import hashlib
import io
import re
from dataclasses import dataclass
from datetime import date
from typing import Final

import polars as pl

from yongquan.kernel.errors import Refusal

KINDS: Final = ("purchase", "refund", "payout", "release", "return")
STATES: Final = ("succeeded", "failed", "reversed", "unknown")
HEADER: Final = "key,kind,state,amount_fen,at"
FAULTS_MAX: Final = 20
FEN_MAX: Final = 10**15
_FIRST = re.compile(r"#day-file,1,([A-Za-z0-9._-]{1,64}),(\d{4}-\d\d-\d\d),(\d{1,9}),(\d{1,18})")
_HEAD_LINES: Final = 2


@dataclass(frozen=True, slots=True)
class LineFault:
    """What is wrong in a line (counted from 1), and in which field."""

    line: int
    field: str
    problem: str


class UnreadableDayFile(Refusal):
    """A day file that cannot be taken; `faults` are the first lines at fault."""

    code = "unreadable_day_file"

    def __init__(self, faults: list[LineFault]) -> None:
        first = faults[0]
        super().__init__(f"line {first.line}, {first.field}: {first.problem}")
        self.faults = faults


@dataclass(frozen=True, slots=True)
class DayFile:
    """A file that was read: whose it is, its day, its rows (columns of `reconciliation.COLUMNS`) and its hash."""

    party: str
    day: date
    sha256: str
    encoding: str
    rows: pl.DataFrame


def read_day_file(content: bytes) -> DayFile:
    """Read a file in UTF-8 or GBK. A file with any fault is refused as a whole: raises `UnreadableDayFile`."""
    encoding, text = _decoded(content)
    first_line, header, body = _three_parts(text)
    found = _FIRST.fullmatch(first_line)
    if found is None:
        raise UnreadableDayFile([LineFault(1, "header", "is not #day-file,1,party,YYYY-MM-DD,rows,sum_fen")])
    if header != HEADER:
        raise UnreadableDayFile([LineFault(2, "header", f"is not {HEADER}")])
    day = _day_of(found[2])
    rows = _typed(_split(body))
    sum_fen = int(rows["amount_fen"].sum())
    if rows.height != int(found[3]):
        raise UnreadableDayFile([LineFault(1, "rows", f"says {found[3]}, the file has {rows.height}")])
    if sum_fen != int(found[4]):
        raise UnreadableDayFile([LineFault(1, "sum_fen", f"says {found[4]}, the rows add up to {sum_fen}")])
    return DayFile(found[1], day, hashlib.sha256(content).hexdigest(), encoding, rows)


def write_day_file(party: str, day: date, rows: pl.DataFrame) -> bytes:
    """A file of rows with key, kind, state, amount_fen and at (UTC)."""
    said = rows.select("key", "kind", "state", "amount_fen", pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ").alias("at"))
    head = f"#day-file,1,{party},{day},{rows.height},{int(rows['amount_fen'].sum())}\n"
    return head.encode() + said.write_csv(quote_style="never").encode()


def _decoded(content: bytes) -> tuple[str, str]:
    try:
        return "utf-8", content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            return "gb18030", content.decode("gb18030")
        except UnicodeDecodeError as error:
            line = content[: error.start].count(b"\n") + 1
            raise UnreadableDayFile([LineFault(line, "encoding", "is neither UTF-8 nor GBK")]) from error


def _three_parts(text: str) -> tuple[str, str, str]:
    first, _, rest = text.partition("\n")
    header, _, body = rest.partition("\n")
    return first.rstrip("\r"), header.rstrip("\r"), body


def _day_of(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UnreadableDayFile([LineFault(1, "day", f"{text} is no day")]) from error


def _split(body: str) -> pl.DataFrame:
    names = HEADER.split(",")
    if not body.strip():
        return pl.DataFrame(schema=dict.fromkeys(names, pl.String))
    try:
        return pl.read_csv(
            io.BytesIO(body.encode()),
            has_header=False,
            schema=dict.fromkeys(names, pl.String),
            quote_char=None,
            encoding="utf8",
        )
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError) as error:
        faults = [
            LineFault(number, "line", f"has {line.count(',') + 1} fields instead of {len(names)}")
            for number, line in enumerate(body.splitlines(), _HEAD_LINES + 1)
            if line.count(",") != len(names) - 1
        ]
        raise UnreadableDayFile(faults[:FAULTS_MAX] or [LineFault(3, "line", str(error))]) from error


def _typed(split: pl.DataFrame) -> pl.DataFrame:
    at = pl.col("at").str.strip_chars_end("\r")
    typed = split.with_columns(at=at).select(
        line=pl.int_range(_HEAD_LINES + 1, pl.len() + _HEAD_LINES + 1, dtype=pl.Int64),
        key=pl.col("key"),
        kind=pl.col("kind"),
        state=pl.col("state"),
        amount_fen=pl.when(pl.col("amount_fen").str.contains(r"^\d{1,16}$")).then(
            pl.col("amount_fen").cast(pl.Int64, strict=False)
        ),
        at=pl.col("at").str.to_datetime("%Y-%m-%dT%H:%M:%S%#z", time_unit="us", time_zone="UTC", strict=False),
    )
    faults = [
        *_faults(
            typed, pl.col("key").str.len_chars().fill_null(0).is_between(1, 160), "key", "needs 1 to 160 characters"
        ),
        *_faults(typed, pl.col("kind").is_in(KINDS), "kind", f"is none of {', '.join(KINDS)}"),
        *_faults(typed, pl.col("state").is_in(STATES), "state", f"is none of {', '.join(STATES)}"),
        *_faults(typed, pl.col("amount_fen") <= FEN_MAX, "amount_fen", "is no whole number of fen"),
        *_faults(typed, pl.col("at").is_not_null(), "at", "is no time with an offset (2022-02-15T12:00:00+08:00)"),
    ]
    if faults:
        raise UnreadableDayFile(sorted(faults, key=lambda fault: (fault.line, fault.field))[:FAULTS_MAX])
    return typed


def _faults(rows: pl.DataFrame, is_right: pl.Expr, field: str, problem: str) -> list[LineFault]:
    wrong = rows.filter(~is_right.fill_null(value=False)).head(FAULTS_MAX)
    return [LineFault(line, field, problem) for line in wrong["line"]]
