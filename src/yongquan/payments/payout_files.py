"""Files of payouts: read row by row, every fault named; and the report of what became of each row. Pure."""

import csv
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import yuan
from yongquan.payments.payouts import PayoutWish, check_wish

ROWS_MAX: Final = 10_000
FILE_BYTES_MAX: Final = 4 * 1024 * 1024
COLUMNS: Final[Mapping[str, str]] = {
    "payout_no": "payout_no",
    "付款编号": "payout_no",
    "account": "account",
    "收款账号": "account",
    "name": "name",
    "收款户名": "name",
    "amount": "amount",
    "金额": "amount",
    "purpose": "purpose",
    "用途": "purpose",
    "bank": "bank",
    "收款行": "bank",
}
NEEDED: Final = ("payout_no", "account", "name", "amount")
_YUAN = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?")
_REPORT = ("row_no", "payout_no", "account", "amount", "state", "reason")


@dataclass(frozen=True, slots=True)
class RowRead:
    """A row of a file (the first after the header is 1); `error` is "" for one that can be paid so far."""

    row_no: int
    wish: PayoutWish
    error: str


@dataclass(frozen=True, slots=True)
class RowDone:
    """A row and what became of it; the account is masked."""

    row_no: int
    payout_no: str
    payee_tail: str
    amount_fen: int
    state: str
    reason: str


def read_file(content: bytes) -> list[RowRead]:
    """The rows of a CSV file (UTF-8 or GB 18030, amounts in yuan).

    Raises `BadInput` for a file that cannot be read at all; a row that cannot be paid only names its fault.
    """
    if len(content) > FILE_BYTES_MAX:
        raise BadInput(f"the file is larger than {FILE_BYTES_MAX // 1024 // 1024} MB: cut it into several")
    lines = csv.reader(io.StringIO(_text(content)))
    header = [COLUMNS.get(name.strip()) for name in next(lines, [])]
    missing = [name for name in NEEDED if name not in header]
    if missing:
        raise BadInput(f"line 1: the columns {', '.join(missing)} are missing")
    rows: list[RowRead] = []
    numbers: set[str] = set()
    for cells in lines:
        if not any(cell.strip() for cell in cells):
            continue
        if len(rows) == ROWS_MAX:
            raise BadInput(f"the file has more than {ROWS_MAX} rows: cut it into several")
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=False) if name}
        row = _row(len(rows) + 1, named)
        if row.wish.payout_no in numbers:
            row = RowRead(row.row_no, row.wish, "twice_in_file")
        numbers.add(row.wish.payout_no)
        rows.append(row)
    if not rows:
        raise BadInput("the file has no rows")
    return rows


def write_report(rows: Iterable[RowDone]) -> str:
    """The report as CSV, accounts masked, amounts in yuan; with a byte order mark, so that spreadsheets read it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(_REPORT)
    for row in rows:
        # A leading sign that spreadsheets take for a formula is quoted.
        number = f"'{row.payout_no}" if row.payout_no[:1] in "=+-@" else row.payout_no
        amount = yuan(row.amount_fen).replace(",", "")
        writer.writerow([row.row_no, number, f"****{row.payee_tail}", amount, row.state, row.reason])
    return "\ufeff" + out.getvalue()


def _row(row_no: int, named: Mapping[str, str]) -> RowRead:
    amount_fen = _fen(named.get("amount", ""))
    wish = PayoutWish(
        payout_no=named.get("payout_no", "")[:64],
        account=named.get("account", "").replace(" ", "")[:40],
        name=named.get("name", "")[:60],
        amount_fen=amount_fen,
        purpose=named.get("purpose", "")[:100],
        bank=named.get("bank", "")[:40],
    )
    return RowRead(row_no, wish, check_wish(wish) or ("" if wish.name else "bad_name"))


def _fen(text: str) -> int:
    found = _YUAN.fullmatch(text.replace(",", ""))
    if found is None:
        return 0
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _text(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadInput("the file is neither UTF-8 nor GB 18030 text: save it as CSV")
