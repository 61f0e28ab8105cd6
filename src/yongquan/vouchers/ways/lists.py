"""A list of citizens as a file: CSV with a column `phone` or `citizen_id`; every bad row is named with its line."""

import csv
import io
import re
from dataclasses import dataclass
from uuid import UUID

from yongquan.kernel.errors import BadInput

ROWS_MAX = 500_000
_PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row that can be read: exactly one of phone and citizen_id. `line` counts from 1, the heading's included."""

    line: int
    phone: str | None = None
    citizen_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class RowError:
    """Why a row is left out: unreadable, repeated, unknown. `shown` is what stood there, masked."""

    line: int
    why: str
    shown: str


@dataclass(frozen=True, slots=True)
class ListFile:
    """What a file says: rows to look up, and rows that cannot be read."""

    rows: tuple[ListRow, ...]
    errors: tuple[RowError, ...]

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.errors)


def read_list(raw: bytes, *, name: str = "file") -> ListFile:
    """Read a CSV in UTF-8 (a mark is skipped). Raises `BadInput` if it has no known column or too many rows."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"{name}: not UTF-8 at byte {error.start}; save it as CSV UTF-8") from error
    reader = csv.reader(io.StringIO(text))
    heading = [column.strip().lower() for column in next(reader, [])]
    column = next((c for c in ("phone", "citizen_id") if c in heading), None)
    if column is None:
        raise BadInput(f"{name} line 1: no column phone or citizen_id")
    place, rows, errors = heading.index(column), [], []
    seen: set[str] = set()
    for cells in reader:
        said = cells[place].strip() if place < len(cells) else ""
        if not any(cells):
            continue
        if len(seen) >= ROWS_MAX:
            raise BadInput(f"{name} line {reader.line_num}: more than {ROWS_MAX} rows; divide the file")
        row = _row(reader.line_num, column, said)
        if row is None:
            errors.append(RowError(reader.line_num, "unreadable", masked(said)))
        elif said in seen:
            errors.append(RowError(reader.line_num, "repeated", masked(said)))
        else:
            seen.add(said)
            rows.append(row)
    return ListFile(tuple(rows), tuple(errors))


def masked(said: str) -> str:
    """The first three and last four characters of what may be a phone or an id."""
    return f"{said[:3]}****{said[-4:]}" if len(said) >= 8 else "****"


def _row(line: int, column: str, said: str) -> ListRow | None:
    if column == "phone":
        digits = re.sub(r"[\s-]", "", said)
        return ListRow(line, phone=digits) if _PHONE.fullmatch(digits) else None
    try:
        return ListRow(line, citizen_id=UUID(said))
    except ValueError:
        return None
