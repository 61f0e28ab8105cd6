"""Platforms of their own that issue a bureau's vouchers and report by daily file (docs/platform-files.md). Pure."""

import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

COLUMNS: Final = (
    *("row_id", "kind", "day", "voucher_no", "person", "campaign", "face_fen", "order_fen", "subsidy_fen"),
)
KINDS: Final = ("issued", "redeemed", "returned")
FEN_MAX: Final = 10**12
_NAME = re.compile(r"[\w.:/-]{1,64}")
_PERSON = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform and its share: budget (face value, fen) and caps; None is no cap."""

    platform: str
    name: str
    name_en: str
    funder_id: str
    budget_fen: int
    cap_per_person: int | None
    cap_per_day_fen: int | None


@dataclass(frozen=True, slots=True)
class PlatformRow:
    """A sound row. `person` is the SHA-256 of a mobile number, so that one person is one on every platform."""

    line: int
    row_id: str
    row_hash: bytes
    kind: str
    day: date
    voucher_no: str
    person: str
    campaign: str
    face_fen: int
    order_fen: int
    subsidy_fen: int


@dataclass(frozen=True, slots=True)
class RowError:
    """What is wrong in one line (the header is line 1)."""

    line: int
    field: str
    message: str


def read_rows(body: bytes) -> tuple[list[PlatformRow], list[RowError]]:
    """The sound rows of a file, and what is wrong with the others; a file without its header has one error."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        return [], [RowError(1, "file", f"not UTF-8 at byte {error.start}")]
    lines = csv.reader(io.StringIO(text))
    header = next(lines, [])
    if tuple(header) != COLUMNS:
        return [], [RowError(1, "header", f"the first line must be {','.join(COLUMNS)}")]
    rows: list[PlatformRow] = []
    errors: list[RowError] = []
    seen: dict[str, int] = {}
    for line, values in enumerate(lines, 2):
        if not values:
            continue
        wrong = list(_wrong(line, values))
        if not wrong and values[0] in seen:
            wrong = [RowError(line, "row_id", f"{values[0]} was used in line {seen[values[0]]}")]
        errors += wrong
        if not wrong:
            seen[values[0]] = line
            rows.append(_row(line, values))
    return rows, errors


def errors_csv(errors: list[RowError]) -> str:
    """The errors as a file: line, field, what is wrong."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["line", "field", "message"])
    writer.writerows([e.line, e.field, e.message] for e in errors)
    return out.getvalue()


def _wrong(line: int, values: list[str]) -> Iterator[RowError]:
    if len(values) != len(COLUMNS):
        yield RowError(line, "row", f"{len(values)} fields, {len(COLUMNS)} are wanted")
        return
    given = dict(zip(COLUMNS, values, strict=True))
    for field in ("row_id", "voucher_no", "campaign"):
        if not _NAME.fullmatch(given[field]):
            yield RowError(line, field, "1 to 64 letters, digits or . : / _ -")
    if given["kind"] not in KINDS:
        yield RowError(line, "kind", f"one of {', '.join(KINDS)}")
    if not _PERSON.fullmatch(given["person"]):
        yield RowError(line, "person", "SHA-256 of the mobile number, 64 lower-case hex digits")
    if _day(given["day"]) is None:
        yield RowError(line, "day", "a day as YYYY-MM-DD")
    amounts = {field: given[field] for field in ("face_fen", "order_fen", "subsidy_fen")}
    unsound = [f for f, v in amounts.items() if not (v.isascii() and v.isdecimal() and int(v) <= FEN_MAX)]
    for field in unsound:
        yield RowError(line, field, "whole fen, not negative")
    if not unsound and int(given["subsidy_fen"]) > int(given["face_fen"]):
        yield RowError(line, "subsidy_fen", "more than the voucher's face value")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == 10 else None
    except ValueError:
        return None


def _row(line: int, values: list[str]) -> PlatformRow:
    row_hash = hashlib.sha256("\x1f".join(values[1:]).encode()).digest()
    row_id, kind, day, voucher_no, person, campaign, face, order, subsidy = values
    return PlatformRow(
        line,
        row_id,
        row_hash,
        kind,
        date.fromisoformat(day),
        voucher_no,
        person,
        campaign,
        int(face),
        int(order),
        int(subsidy),
    )
