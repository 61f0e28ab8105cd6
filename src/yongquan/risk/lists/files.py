"""A list as a file: CSV in UTF-8 with a heading; every bad row is named with its line and field."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from yongquan.kernel.errors import BadInput
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import EntryRecord, NewEntry

ROWS_MAX: Final = 100_000
COLUMNS: Final = ("colour", "party", "value", "tier", "source", "branch", "basis", "since", "until")
NEEDED: Final = ("colour", "party", "value", "source", "basis")


@dataclass(frozen=True, slots=True)
class Row:
    """A row that can be read. Its value is still as somebody wrote it: a phone, a card number, an id."""

    line: int
    new: NewEntry


@dataclass(frozen=True, slots=True)
class RowFault:
    """Why a row is left out; `line` counts from 1, the heading's included."""

    line: int
    field: str
    why: str


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a file says."""

    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]


def read_entries(raw: bytes, *, now: datetime, name: str = "file") -> ListFile:
    """Read a file. Raises `BadInput` if it cannot be read at all: encoding, missing column, too many rows."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 at byte {error.start}; save it as CSV UTF-8") from error
    reader = csv.DictReader(io.StringIO(text), restkey="more", restval="")
    heading = [column.strip().lower() for column in reader.fieldnames or ()]
    reader.fieldnames = heading
    for column in NEEDED:
        if column not in heading:
            raise BadInput(f"{name} line 1: no column {column}; the columns are {', '.join(COLUMNS)}")
    rows: list[Row] = []
    faults: list[RowFault] = []
    for fields in reader:
        line = reader.line_num
        if line > ROWS_MAX + 1:
            raise BadInput(f"{name} line {line}: more than {ROWS_MAX} rows; cut the file in two")
        cells = {column: str(fields.get(column) or "").strip() for column in COLUMNS}
        if not any(cells.values()):
            continue
        try:
            rows.append(Row(line, _entry(cells, now)))
        except BadInput as fault:
            field, _, why = fault.message.partition(": ")
            faults.append(RowFault(line, field, why or fault.message))
    return ListFile(tuple(rows), tuple(faults))


def write_entries(records: Iterable[EntryRecord], *, masked: bool) -> bytes:
    """The entries as a file that can be read again; `masked` leaves only the ends of people's values."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([*COLUMNS, "state", "entry_id"])
    for record in records:
        e = record.entry
        value = f"…{e.value[-4:]}" if masked and e.party in {Entity.CITIZEN, Entity.CARD, Entity.DEVICE} else e.value
        row: list[object] = [e.colour.value, e.party.value, value, e.tier or "", e.source, e.branch, record.basis]
        until = "" if e.until is None else e.until.isoformat()
        writer.writerow(
            [_harmless(cell) for cell in (*row, e.since.isoformat(), until, record.state.value, e.entry_id)]
        )
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def faults_csv(faults: Sequence[RowFault]) -> bytes:
    """The rows that were left out, as a file."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(["line", "field", "why"])
    writer.writerows([fault.line, fault.field, _harmless(fault.why)] for fault in faults)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _entry(cells: dict[str, str], now: datetime) -> NewEntry:
    return NewEntry(
        colour=Colour(_one_of("colour", cells["colour"], [c.value for c in Colour])),
        party=Entity(_one_of("party", cells["party"], [e.value for e in Entity])),
        value=cells["value"],
        tier=int(_one_of("tier", cells["tier"] or "0", ["0", "1", "2", "3"])),
        source=cells["source"],
        branch=cells["branch"],
        basis=cells["basis"],
        since=_moment("since", cells["since"]) or now,
        until=_moment("until", cells["until"]),
    )


def _one_of(field: str, said: str, known: Sequence[str]) -> str:
    if said.lower() not in known:
        raise BadInput(f"{field}: {said or 'nothing'} is none of {', '.join(known)}")
    return said.lower()


def _moment(field: str, said: str) -> datetime | None:
    if not said:
        return None
    try:
        at = datetime.fromisoformat(said)
    except ValueError as error:
        raise BadInput(f"{field}: {said} is no time; write 2026-03-01T00:00:00+08:00") from error
    if at.tzinfo is None:
        raise BadInput(f"{field}: {said} has no offset; write 2026-03-01T00:00:00+08:00")
    return at.astimezone(UTC)


def _harmless(cell: object) -> str:
    # A spreadsheet would run a cell that begins with one of these.
    text = str(cell)
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t"} else text
