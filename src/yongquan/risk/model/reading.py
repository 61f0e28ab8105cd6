"""Files of events: CSV in UTF-8, or Parquet. A row that cannot be read is refused with its line and column."""

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np
import polars as pl

from yongquan.kernel.errors import BadInput
from yongquan.risk.model.events import SHANGHAI_US, UNKNOWN, Events, Floats, Ints

REQUIRED: Final = ("event_id", "at", "payer_id", "payee_id", "amount_fen")
OPTIONAL: Final = ("location", "kind", "device_id", "label")
AMOUNT_FEN_MAX: Final = 10**15
_TIME: Final = (
    r"^(?P<day>\d{4}-\d{2}-\d{2})(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)"
    r" ?(?:(?P<zulu>[Zz])|(?P<sign>[+-])(?P<hours>\d{2}):?(?P<minutes>\d{2})?)?)?$"
)


def read_events(file: Path) -> tuple[Events, tuple[str, ...]]:
    """Read events, and name the columns that were passed over.

    Times without an offset are Shanghai's. Raises `BadInput` with file, line and column (Parquet: row).
    """
    parsing, passed_over = _parsing(file)
    return parsing.events(), passed_over


def read_named_events(file: Path) -> tuple[Events, Mapping[str, list[str]], tuple[str, ...]]:
    """Like `read_events`, with the ids as they are written, in the order of the events; empty is unknown."""
    parsing, passed_over = _parsing(file)
    events = parsing.events()
    return events, parsing.names(events.position), passed_over


def _parsing(file: Path) -> tuple["_Parsing", tuple[str, ...]]:
    if not file.is_file():
        raise BadInput(f"{file}: there is no such file")
    is_parquet = _is_parquet(file)
    frame = read_texts(file)
    wanted = [name for name in frame.columns if name in REQUIRED or name in OPTIONAL or name.startswith("x_")]
    missing = [name for name in REQUIRED if name not in wanted]
    if missing:
        raise BadInput(f"{file}: line 1: missing column {', '.join(missing)}")
    passed_over = tuple(name for name in frame.columns if name not in wanted)
    return _Parsing(file, frame, is_parquet=is_parquet), passed_over


def read_texts(file: Path) -> pl.DataFrame:
    """Every column as text, rows in the file's order. Raises `BadInput`."""
    return _read_parquet(file) if _is_parquet(file) else _read_csv(file)


def _is_parquet(file: Path) -> bool:
    return file.suffix.lower() in {".parquet", ".pq"}


def _read_parquet(file: Path) -> pl.DataFrame:
    try:
        frame = pl.read_parquet(file)
    except (pl.exceptions.PolarsError, OSError) as error:
        raise BadInput(f"{file}: is not a Parquet file that can be read: {_first_line(error)}") from error
    texts = []
    for name, kind in frame.schema.items():
        column = pl.col(name)
        if isinstance(kind, pl.Datetime):
            column = column.dt.to_string("iso:strict" if kind.time_zone else "%Y-%m-%dT%H:%M:%S%.6f")
        texts.append(column.cast(pl.String).fill_null(""))
    return frame.select(texts)


def _read_csv(file: Path) -> pl.DataFrame:
    """Every field as text; what polars would guess or mend is looked at here instead."""
    headings = _headings(file)
    try:
        frame = pl.read_csv(
            file,
            infer_schema=False,
            has_header=False,
            schema=dict.fromkeys(headings, pl.String),
            glob=False,
        )
    except pl.exceptions.NoDataError:
        return pl.DataFrame(schema=dict.fromkeys(headings, pl.String))
    except (pl.exceptions.PolarsError, OSError) as error:
        _refuse_ragged(file, len(headings))
        raise BadInput(f"{file}: cannot be read as CSV: {_first_line(error)}") from error
    frame = frame.slice(1).fill_null("")
    if len(frame) and frame[headings[-1]].eq("").any():  # a row that ends early looks like one with empty fields
        _refuse_ragged(file, len(headings))
        if len(headings) > 1:
            frame = frame.filter(~pl.all_horizontal(pl.all() == ""))
    return frame


def _headings(file: Path) -> list[str]:
    headings = [name.strip() for _, row in _csv_rows(file) for name in row]
    if not headings:
        raise BadInput(f"{file}: line 1: the file is empty; its first line names the columns")
    twice = sorted({name for name in headings if headings.count(name) > 1})
    if twice:
        raise BadInput(f"{file}: line 1: column {twice[0]} is there twice")
    return headings


def _csv_rows(file: Path, *, only_first: bool = True) -> Iterator[tuple[int, list[str]]]:
    """Rows with the line each begins at; blank lines are passed over."""
    line = 1
    try:
        with file.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.reader(opened)
            for row in reader:
                if row:
                    yield line, row
                    if only_first:
                        return
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise BadInput(f"{file}: line {_line_of_byte(file)}: is not UTF-8; save the file as UTF-8") from error
    except csv.Error as error:
        raise BadInput(f"{file}: line {line}: cannot be read as CSV: {error}") from error


def _line_of_byte(file: Path) -> int:
    """The first line that is not UTF-8."""
    with file.open("rb") as opened:
        for number, line in enumerate(opened, 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    return 1


def _refuse_ragged(file: Path, width: int) -> None:
    for line, row in _csv_rows(file, only_first=False):
        if len(row) != width:
            raise BadInput(f"{file}: line {line}: has {len(row)} fields where the first line names {width} columns")


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__


class _Parsing:
    """One file's columns, checked one by one; the first bad row of all is refused."""

    def __init__(self, file: Path, frame: pl.DataFrame, *, is_parquet: bool) -> None:
        self._file, self._frame, self._is_parquet = file, frame, is_parquet
        self._wrong: list[tuple[int, int, str, str]] = []

    def events(self) -> Events:
        frame = self._frame
        for name in ("event_id", "payer_id", "payee_id"):
            self._check(name, frame[name].str.strip_chars() == "", "is empty")
        self._check("event_id", ~frame["event_id"].is_first_distinct(), "has been used on an earlier line")
        at_us, amounts, labels = self._times(), self._amounts(), self._labels()
        x = {name: self._numbers(name) for name in frame.columns if name.startswith("x_")}
        self._refuse()
        order = np.argsort(at_us, kind="stable")
        payers, payees = _numbered(pl.concat([frame["payer_id"], frame["payee_id"]]), len(frame))
        kind, kinds = self._kinds()
        return Events(
            position=order,
            event_id=tuple(frame["event_id"].gather(order).to_list()),
            at_us=at_us[order],
            payer=payers[order],
            payee=payees[order],
            amount_fen=amounts[order],
            label=labels[order],
            location=self._codes("location", order),
            device=self._codes("device_id", order),
            kind=None if kind is None else kind[order],
            kinds=kinds,
            x={name: values[order] for name, values in x.items()},
        )

    def names(self, order: Ints) -> dict[str, list[str]]:
        """The texts of every column that names something."""
        named = ("payer_id", "payee_id", "location", "device_id", "kind")
        return {
            name: self._frame[name].str.strip_chars().gather(order).to_list()
            for name in named
            if name in self._frame.columns
        }

    def _times(self) -> Ints:
        parts = self._frame.select(pl.col("at").str.strip_chars().str.extract_groups(_TIME).alias("p")).unnest("p")
        parts = parts.rename({name: name for name in parts.columns})
        clock = pl.col("clock").fill_null("00:00")
        full = pl.when(clock.str.len_bytes() == 5).then(clock + ":00").otherwise(clock)
        offset = pl.col("hours").cast(pl.Int64) * 60 + pl.col("minutes").fill_null("0").cast(pl.Int64)
        signed = pl.when(pl.col("sign") == "-").then(-offset).otherwise(offset) * 60_000_000
        shanghai = pl.when(pl.col("zulu").is_not_null()).then(0).otherwise(SHANGHAI_US)
        wall = (pl.col("day") + "T" + full).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
        at_us = parts.select(wall.cast(pl.Int64) - signed.fill_null(shanghai))[parts.columns[0]]
        self._check("at", at_us.is_null(), "is not a time such as 2026-10-01T09:30:00+08:00")
        return at_us.fill_null(0).to_numpy()

    def _amounts(self) -> Ints:
        text = self._frame["amount_fen"].str.strip_chars()
        value = text.cast(pl.Float64, strict=False)
        is_whole = (value.is_finite() & (value == value.floor())).fill_null(value=False)
        self._check("amount_fen", ~is_whole, "is not a whole number of fen")
        self._check("amount_fen", (is_whole & (value < 0)).fill_null(value=False), "is below 0")
        self._check("amount_fen", (is_whole & (value > AMOUNT_FEN_MAX)).fill_null(value=False), "is too large")
        return value.fill_null(0).fill_nan(0).clip(0, AMOUNT_FEN_MAX).cast(pl.Int64).to_numpy()

    def _labels(self) -> Ints:
        if "label" not in self._frame.columns:
            return np.full(len(self._frame), UNKNOWN, np.int64)
        text = self._frame["label"].str.strip_chars()
        value = text.cast(pl.Float64, strict=False)
        is_right = (text == "") | value.is_in([0.0, 1.0]).fill_null(value=False)
        self._check("label", ~is_right, "is not 1 (bad), 0 (good) or empty (unknown)")
        return value.fill_null(UNKNOWN).fill_nan(UNKNOWN).cast(pl.Int64, strict=False).fill_null(UNKNOWN).to_numpy()

    def _numbers(self, name: str) -> Floats:
        text = self._frame[name].str.strip_chars()
        value = text.cast(pl.Float64, strict=False)
        is_right = (text == "") | value.is_finite().fill_null(value=False)
        self._check(name, ~is_right, "is not a number")
        return value.fill_null(np.nan).to_numpy()

    def _codes(self, name: str, order: Ints) -> Ints | None:
        if name not in self._frame.columns:
            return None
        text = self._frame[name].str.strip_chars()
        (codes,) = _numbered(text, len(text))
        return np.where((text == "").to_numpy(), UNKNOWN, codes)[order]

    def _kinds(self) -> tuple[Ints | None, tuple[str, ...]]:
        if "kind" not in self._frame.columns:
            return None, ()
        text = self._frame["kind"].str.strip_chars()
        names = text.unique().sort().to_list()
        codes = np.searchsorted(np.array(names, dtype=object), text.to_numpy()) if names else np.zeros(0, np.int64)
        return np.where((text == "").to_numpy(), UNKNOWN, codes).astype(np.int64), tuple(names)

    def _check(self, name: str, is_wrong: pl.Series, says: str) -> None:
        row = is_wrong.arg_max()
        if row is not None and is_wrong[row]:
            self._wrong.append((row, self._frame.columns.index(name), name, says))

    def _refuse(self) -> None:
        if not self._wrong:
            return
        row, _, name, says = min(self._wrong)
        where = f"row {row + 1}" if self._is_parquet else f"line {self._line_of(row)}"
        value = self._frame[name][row]
        shown = f" {value[:40]!r}" if value else ""
        raise BadInput(f"{self._file}: {where}: {name}{shown} {says}")

    def _line_of(self, row: int) -> int:
        rows = (line for line, fields in _csv_rows(self._file, only_first=False) if any(fields))
        for number, line in enumerate(rows):
            if number == row + 1:
                return line
        return row + 2


def _numbered(texts: pl.Series, length: int) -> list[Ints]:
    """A number for each different text, cut into runs of `length`."""
    codes = texts.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    return [codes[at : at + length] for at in range(0, len(codes), length)] if length else [codes, codes]
