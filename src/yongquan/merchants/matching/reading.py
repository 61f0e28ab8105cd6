"""Lists of shops as people send them: CSV in any encoding a Chinese list comes in, or Excel."""

import csv
import io
import math
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from openpyxl import load_workbook

from yongquan.kernel.errors import BadInput
from yongquan.merchants.matching.identifiers import is_empty

# column -> the headings it goes by, without blanks and in small letters
HEADINGS: Final[dict[str, tuple[str, ...]]] = {
    "id": ("id", "编号", "序号", "商户编号", "门店编号", "商户号", "记录编号"),
    "name": ("name", "名称", "店名", "商户名称", "门店名称", "店铺名称", "商家名称", "企业名称", "shop_name", "字号"),
    "address": ("address", "地址", "门店地址", "商户地址", "经营地址", "店铺地址", "详细地址", "经营场所", "住所"),
    "phone": ("phone", "电话", "联系电话", "手机", "手机号", "手机号码", "联系方式", "tel", "telephone", "mobile"),
    "licence": (
        "licence",
        "license",
        "统一社会信用代码",
        "营业执照",
        "营业执照号",
        "注册号",
        "信用代码",
        "执照号",
        "uscc",
    ),
    "legal_representative": (
        "legal_representative",
        "legal_person",
        "法定代表人",
        "法人",
        "经营者",
        "负责人",
        "法人代表",
    ),
    "category": ("category", "类别", "行业", "类目", "业态", "分类"),
    "lon": ("lon", "lng", "longitude", "经度"),
    "lat": ("lat", "latitude", "纬度"),
}
_COLUMN_OF: Final = {heading: column for column, headings in HEADINGS.items() for heading in headings}
_BOMS: Final = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
ROWS_MAX = 2_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One shop as its list has it; empty text and NaN where the list says nothing. WGS-84, GCJ-02 or BD-09."""

    id: str
    name: str = ""
    address: str = ""
    phone: str = ""
    licence: str = ""
    legal_representative: str = ""
    category: str = ""
    lon: float = math.nan
    lat: float = math.nan


def read_list(file: Path) -> list[Row]:
    """Read a CSV or .xlsx list; rows without an id get their number from 1.

    Raises `BadInput` with file, line and column.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from error
    return _rows(file, lines_of(file, content))


def lines_of(file: Path, content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    """The lines of a CSV or .xlsx as text, with their numbers. Raises `BadInput` with file and line."""
    return _sheet_lines(file, content) if content.startswith(b"PK\x03\x04") else _csv_lines(file, content)


def guess_column(heading: str) -> str:
    """The column that a heading stands for, '' if none is known by it."""
    return _COLUMN_OF.get("".join(heading.split()).lower(), "")


def _rows(file: Path, lines: Iterator[tuple[int, Sequence[str]]]) -> list[Row]:
    number, headings = next(lines, (1, ()))
    columns = _columns(file, number, headings)
    rows: list[Row] = []
    seen: dict[str, int] = {}
    for line, cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) > len(headings) and any(cell.strip() for cell in cells[len(headings) :]):
            raise BadInput(f"{file}: line {line}: {len(cells)} cells under {len(headings)} headings")
        row = _row(f"{file}: line {line}", dict(zip(columns, cells, strict=False)), number=len(rows) + 1)
        if row.id in seen:
            raise BadInput(f"{file}: line {line}, column id: {row.id!r} is also on line {seen[row.id]}")
        seen[row.id] = line
        rows.append(row)
        if len(rows) > ROWS_MAX:
            raise BadInput(f"{file}: line {line}: more than {ROWS_MAX:,} rows; split the list")
    return rows


def _columns(file: Path, line: int, headings: Sequence[str]) -> list[str]:
    columns = [_COLUMN_OF.get("".join(heading.split()).lower(), f"?{at}") for at, heading in enumerate(headings)]
    for at, column in enumerate(columns):
        if column in columns[:at]:
            raise BadInput(f"{file}: line {line}, column {headings[at]!r}: there are two columns for {column}")
    if not {"name", "address", "phone", "licence"} & set(columns):
        raise BadInput(
            f"{file}: line {line}: no heading is known; expected some of {', '.join(HEADINGS)} (or 店名, 地址, 电话 ..)"
        )
    return columns


def _row(where: str, cells: dict[str, str], *, number: int) -> Row:
    said = {column: "" if is_empty(cell) else cell.strip() for column, cell in cells.items() if column[0] != "?"}
    texts = {column: said.get(column, "") for column in HEADINGS if column not in ("id", "lon", "lat")}
    places = {column: _degrees(where, column, said.get(column, "")) for column in ("lon", "lat")}
    return Row(id=said.get("id") or str(number), **texts, **places)  # type: ignore[arg-type]


def _degrees(where: str, column: str, cell: str) -> float:
    if not cell:
        return math.nan
    try:
        value = float(cell)
    except ValueError as error:
        raise BadInput(f"{where}, column {column}: {cell!r} is no number of degrees") from error
    return value if math.isfinite(value) else math.nan


def _csv_lines(file: Path, content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    text = _decoded(file, content)
    if not text.strip():
        raise BadInput(f"{file}: line 1: the file is empty")
    head = text.split("\n", 1)[0]
    delimiter = max(",\t;|，", key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            if cells:
                yield reader.line_num, cells
    except csv.Error as error:
        raise BadInput(f"{file}: line {reader.line_num}: {error}") from error


def _decoded(file: Path, content: bytes) -> str:
    named = next((encoding for bom, encoding in _BOMS if content.startswith(bom)), None)
    encodings = [named] if named else ["utf-8", "gb18030", "big5hkscs"]
    failures: list[UnicodeDecodeError] = []
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError as error:
            failures.append(error)
            continue
        if encoding == "gb18030" and _reads_better_as_big5(content, text):
            return content.decode("big5hkscs")
        return text
    furthest = max(failures, key=lambda failure: failure.start)
    line = content[: furthest.start].count(b"\n") + 1
    raise BadInput(f"{file}: line {line}: neither UTF-8 nor GB18030 (byte {content[furthest.start]:#04x})")


def _reads_better_as_big5(content: bytes, as_gb: str) -> bool:
    """Big5 read as GB18030 gives rare characters; characters of GB 2312 are what lists are written in."""
    try:
        content.decode("big5hkscs")
    except UnicodeDecodeError:
        return False
    signs = [sign for sign in as_gb[:20_000] if ord(sign) > 127]
    common = sum(1 for sign in signs if _is_common(sign))
    return len(signs) > 0 and common < 0.6 * len(signs)


def _is_common(sign: str) -> bool:
    encoded = sign.encode("gb2312", errors="ignore")
    return bool(encoded) and encoded[0] < 0xD8


def _sheet_lines(file: Path, content: bytes) -> Iterator[tuple[int, Sequence[str]]]:
    try:
        sheet = load_workbook(io.BytesIO(content), read_only=True, data_only=True).worksheets[0]
        for line, cells in enumerate(sheet.iter_rows(values_only=True), 1):
            texts = _texts(cells)
            if any(texts):
                yield line, texts
    except (zipfile.BadZipFile, KeyError, ValueError, IndexError) as error:
        raise BadInput(f"{file}: cannot be read as an Excel file: {error}") from error


def _texts(cells: Iterable[object]) -> list[str]:
    """Excel keeps phones as numbers: 13800138000.0 is 13800138000."""
    return [
        "" if cell is None else str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)
        for cell in cells
    ]
