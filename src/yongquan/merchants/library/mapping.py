"""A list of shops as it came: its cells, which column says what, and which rows cannot be read."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl import Workbook

from yongquan.kernel.errors import BadInput
from yongquan.merchants.library.model import RowFault
from yongquan.merchants.matching.identifiers import is_empty, licence_in, phones_in
from yongquan.merchants.matching.reading import HEADINGS, Row, guess_column, lines_of

COLUMNS: Final = tuple(HEADINGS)
NEEDED: Final = ("name", "address", "phone", "licence")
FAULT_WORDS: Final = {
    "no_name": "店名和执照号都没有",
    "same_id": "编号重复",
    "no_degrees": "不是度数",
    "half_place": "经度、纬度要成对",
    "bad_phone": "不是电话",
    "bad_licence": "不是执照号",
    "too_long": "超过 500 字",
    "too_many": "单元格多于表头",
}
REASON: Final = "错误原因"
ROWS_MAX = 200_000
CELL_MAX = 500
_SNIFFED = 400


@dataclass(frozen=True, slots=True)
class ListFile:
    """The cells of a file, each line with its number, under its headings. A blank line is left out."""

    name: str
    headings: tuple[str, ...]
    lines: Sequence[tuple[int, Sequence[str]]]


@dataclass(frozen=True, slots=True)
class ReadList:
    """The rows that can be read, by line, and what is wrong with the others."""

    rows: Sequence[tuple[int, Row]]
    faults: Sequence[RowFault]

    @property
    def bad_lines(self) -> int:
        """How many lines were left out."""
        return len({fault.line for fault in self.faults})


def read_file(name: str, content: bytes) -> ListFile:
    """Read a CSV or .xlsx. Raises `BadInput` with file and line."""
    lines = lines_of(Path(name), content)
    _, headings = next(lines, (1, ()))
    kept = [(line, cells) for line, cells in lines if any(cell.strip() for cell in cells)]
    if not kept:
        raise BadInput(f"{name}: line 2: there are no rows under the headings")
    if len(kept) > ROWS_MAX:
        raise BadInput(f"{name}: line {kept[ROWS_MAX][0]}: more than {ROWS_MAX:,} rows; split the list")
    return ListFile(name, tuple(heading.strip() for heading in headings), kept)


def guess_mapping(file: ListFile) -> list[str]:
    """The column of each heading: by its name, else by what its cells look like; '' where nothing fits.

    A list that was sent back with reasons keeps its columns: the reason is none.
    """
    mapping = ["" if heading == REASON else guess_column(heading) for heading in file.headings]
    mapping = [column if column not in mapping[:at] else "" for at, column in enumerate(mapping)]
    for at, heading in enumerate(file.headings):
        if not mapping[at] and heading != REASON:
            cells = [cells[at] for _, cells in file.lines[:_SNIFFED] if at < len(cells) and not is_empty(cells[at])]
            looks = next((column for column, is_one in _LOOKS if _mostly(cells, is_one)), "")
            mapping[at] = looks if looks not in mapping else ""
    return mapping


def parse_mapping(file: ListFile, wishes: Iterable[str]) -> list[str]:
    """A guess, changed by wishes of the form `heading=column` (`heading=` for none). Raises `BadInput`."""
    mapping = guess_mapping(file)
    for wish in wishes:
        heading, sign, column = wish.rpartition("=")
        if not sign or heading not in file.headings or (column and column not in COLUMNS):
            raise BadInput(f"--map {wish}: write HEADING=COLUMN; columns are {', '.join(COLUMNS)}")
        mapping = ["" if one == column else one for one in mapping]
        mapping[file.headings.index(heading)] = column
    return check_mapping(file, mapping)


def check_mapping(file: ListFile, mapping: Sequence[str]) -> list[str]:
    """Pass a mapping that names each column once and at least one that tells shops apart. Raises `BadInput`."""
    named = [column for column in mapping if column]
    if len(mapping) != len(file.headings) or any(column not in COLUMNS for column in named):
        raise BadInput(f"{file.name}: line 1: the columns do not fit the {len(file.headings)} headings")
    twice = next((column for column in named if named.count(column) > 1), None)
    if twice:
        raise BadInput(f"{file.name}: line 1, column {twice}: two headings stand for it")
    if not set(NEEDED) & set(named):
        raise BadInput(f"{file.name}: line 1: no heading is known; say which is one of {', '.join(NEEDED)}")
    return list(mapping)


def read_rows(file: ListFile, mapping: Sequence[str]) -> ReadList:
    """Take the rows through the mapping; a row with any fault is left out, whole."""
    at = {column: number for number, column in enumerate(mapping) if column}
    rows: list[tuple[int, Row]] = []
    faults: list[RowFault] = []
    seen: set[str] = set()
    for line, cells in file.lines:
        said = {column: _cell(cells, number) for column, number in at.items()}
        found = list(_faults(said, cells, width=len(file.headings), seen=seen))
        if found:
            faults += [RowFault(line, file.headings[at[column]] if column in at else "", code)
                       for column, code in found]  # fmt: skip
            continue
        seen.add(said.get("id", ""))
        rows.append((line, _row(said)))
    return ReadList(rows, faults)


def write_faults(file: ListFile, faults: Sequence[RowFault], reasons: Mapping[str, str]) -> bytes:
    """The rows with faults as they came, in the file's own format, with a last column that says why."""
    said: dict[int, list[str]] = {}
    for fault in faults:
        word = reasons.get(fault.code, fault.code)
        said.setdefault(fault.line, []).append(f"{fault.heading}: {word}" if fault.heading else word)
    old = [number for number, heading in enumerate(file.headings) if heading == REASON]
    table = [[*_without(file.headings, old), REASON]]
    table += [
        [*_without(_padded(cells, len(file.headings)), old), "; ".join(said[line])]
        for line, cells in file.lines
        if line in said
    ]
    return _sheet(table) if file.name.lower().endswith(".xlsx") else _csv(table)


def _csv(table: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([_harmless(cell) for cell in row] for row in table)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _sheet(table: Iterable[Sequence[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("rows")
    for row in table:
        sheet.append([_harmless(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would run as a formula is told to be text."""
    return f"'{cell}" if cell.startswith(("=", "@", "\t", "\r")) else cell


def _without(cells: Sequence[str], gone: Sequence[int]) -> list[str]:
    return [cell for at, cell in enumerate(cells) if at not in gone]


def _padded(cells: Sequence[str], width: int) -> list[str]:
    return [*cells, *[""] * (width - len(cells))][: max(width, len(cells))]


def _cell(cells: Sequence[str], number: int) -> str:
    cell = cells[number].strip() if number < len(cells) else ""
    return "" if is_empty(cell) else cell


def _faults(said: dict[str, str], cells: Sequence[str], *, width: int, seen: set[str]) -> Iterator[tuple[str, str]]:
    if len(cells) > width and any(cell.strip() for cell in cells[width:]):
        yield "", "too_many"
    if not any(said.get(column) for column in ("name", "licence")):
        yield "name", "no_name"
    if said.get("id") and said["id"] in seen:
        yield "id", "same_id"
    for column, cell in said.items():
        if len(cell) > CELL_MAX:
            yield column, "too_long"
    if said.get("phone") and "*" not in said["phone"] and not any(sign.isdigit() for sign in said["phone"]):
        yield "phone", "bad_phone"
    if said.get("licence") and not licence_in(said["licence"]):
        yield "licence", "bad_licence"
    yield from _place_faults(said)


def _place_faults(said: dict[str, str]) -> Iterator[tuple[str, str]]:
    lon, lat = said.get("lon", ""), said.get("lat", "")
    for column, cell in (("lon", lon), ("lat", lat)):
        if cell and not _is_degrees(cell):
            yield column, "no_degrees"
    if bool(lon) != bool(lat):
        yield ("lat" if lon else "lon"), "half_place"


def _is_degrees(cell: str) -> bool:
    try:
        return -180 <= float(cell) <= 180
    except ValueError:
        return False


def _row(said: dict[str, str]) -> Row:
    place = {column: float(said[column]) for column in ("lon", "lat") if said.get(column)}
    texts = {column: cell for column, cell in said.items() if column not in ("lon", "lat", "id")}
    return Row(id=said.get("id", ""), **texts, **place)  # type: ignore[arg-type]


def _mostly(cells: Sequence[str], is_one: Callable[[str], bool]) -> bool:
    return len(cells) >= 3 and sum(is_one(cell) for cell in cells) >= 0.8 * len(cells)


def _is_licence(cell: str) -> bool:
    return len(licence_in(cell)) in (15, 18) and licence_in(cell)[0].isdigit()


def _is_phone(cell: str) -> bool:
    return bool(phones_in(cell)) and sum(sign.isdigit() for sign in cell) >= 7 and len(cell) <= 40


def _is_between(low: float, high: float) -> Callable[[str], bool]:
    return lambda cell: "." in cell and _is_degrees(cell) and low <= float(cell) <= high


def _is_address(cell: str) -> bool:
    return any(word in cell for word in ("路", "街", "号", "弄", "巷", "市场", "广场")) and len(cell) >= 6


_LOOKS: Final[tuple[tuple[str, Callable[[str], bool]], ...]] = (
    ("licence", _is_licence),
    ("phone", _is_phone),
    ("lon", _is_between(73, 136)),
    ("lat", _is_between(3, 54)),
    ("address", _is_address),
)
