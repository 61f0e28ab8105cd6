"""A merchant's reconciliation files: ZM (its transactions), ZME (refunds and disputes) and their RD summaries.

GBK, CRLF, fixed width, one space between fields. Widths count bytes of GBK. Amounts in fen.
"""

import io
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from yongquan.kernel.errors import Refusal

ZM_WIDTHS: Final = (
    *(3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21, 15, 1, 15),
    *(32, 13, 13, 8, 32, 13, 13, 12, 2, 1, 131),
)
ZME_WIDTHS: Final = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15, 15, 1, 12, 2, 135)
_CODES: Final = {"01": "S22", "02": "S30", "03": "S24", "04": "S30", "31": "S31", "33": "S33", "11": "S22", "12": "S32"}
_ENCODING: Final = "gbk"
REFUND: Final = "04"
FILE_BYTES_MAX: Final = 200_000_000
GIVING_BACK: Final = frozenset({"04", "31", "33", "12"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DayLine:
    """One transaction that settles on the day. `fee_fen` is the merchant's, what it gets back below zero."""

    query_id: str
    trace_no: str
    trace_time: str
    order_id: str
    txn_type: str
    txn_sub_type: str
    biz_type: str
    amount_fen: int
    fee_fen: int
    account: str
    mcc: str
    acquirer: str
    original_query_id: str = ""
    original_trace_no: str = ""
    original_trace_time: str = ""

    @property
    def gives_back(self) -> bool:
        """Whether the money goes from the merchant."""
        return self.txn_type in GIVING_BACK

    @property
    def net_fen(self) -> int:
        """What the merchant receives, below zero where it gives."""
        return -(self.amount_fen - self.fee_fen) if self.gives_back else self.amount_fen - self.fee_fen


def zip_of(mer_id: str, day: date, lines: Sequence[DayLine]) -> bytes:
    """`{merId}_{YYYYMMDD}.zip` with both files and their summaries."""
    stamp = f"{day:%y%m%d}"
    trade = [line for line in lines if line.txn_type != REFUND]
    back = [line for line in lines if line.txn_type == REFUND]
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind, rows, say in (("ZM", trade, zm_line), ("ZME", back, zme_line)):
            archive.writestr(f"INN{stamp}88{kind}_{mer_id}", _text(say(mer_id, row) for row in rows))
            archive.writestr(f"RD{stamp}88{kind}_{mer_id}", _text(_summary(mer_id, day, rows)))
    return content.getvalue()


def zm_line(mer_id: str, line: DayLine) -> str:
    """One line of the ZM file: 41 fields."""
    return _fixed(
        ZM_WIDTHS,
        {
            **_shared(mer_id, line),
            10: line.query_id,
            12: line.order_id[:32],
            13: "01",
            14: line.original_trace_no,
            15: line.original_trace_time,
            16: _signed(-line.fee_fen if not line.gives_back else line.fee_fen),
            17: _signed(line.net_fen),
            18: "0001",
            20: line.txn_type,
            21: line.txn_sub_type,
            22: line.biz_type,
            23: "01",
            27: line.original_query_id,
            28: mer_id,
            33: _signed(line.net_fen),
            36: _signed(0),
            37: _signed(line.amount_fen),
            40: "2",
        },
    )


def zme_line(mer_id: str, line: DayLine) -> str:
    """One line of the ZME file: 22 fields; the last begins with the query id and the order number."""
    return _fixed(
        ZME_WIDTHS,
        {
            **_shared(mer_id, line),
            11: line.original_trace_no,
            12: line.original_trace_time,
            13: "0000",
            14: f"{line.amount_fen:012d}",
            15: _signed(line.fee_fen),
            16: _signed(line.net_fen),
            17: mer_id,
            20: f"{0:012d}",
            21: line.txn_type,
            22: f"{line.query_id} {line.original_query_id} {line.order_id}",
        },
    )


def _shared(mer_id: str, line: DayLine) -> dict[int, str]:
    return {
        1: _CODES.get(line.txn_type, "S22"),
        2: line.acquirer,
        3: mer_id[:11],
        4: line.trace_no,
        5: line.trace_time,
        6: line.account,
        7: f"{line.amount_fen:012d}",
        8: line.mcc,
        9: "07",
    }


def _summary(mer_id: str, day: date, lines: Sequence[DayLine]) -> Iterable[str]:
    yield f"{mer_id} {day:%Y%m%d} {len(lines):08d}"
    for kind in sorted({line.txn_type for line in lines}):
        rows = [line for line in lines if line.txn_type == kind]
        amount, fee, net = (sum(getattr(row, name) for row in rows) for name in ("amount_fen", "fee_fen", "net_fen"))
        yield f"{kind} {len(rows):08d} {amount:015d} {fee:012d} {_signed(net)}"


def _fixed(widths: Sequence[int], values: Mapping[int, str]) -> str:
    return " ".join(_padded(values.get(number, ""), width) for number, width in enumerate(widths, 1))


def _padded(text: str, width: int) -> str:
    size = len(text.encode(_ENCODING, errors="replace"))
    if size > width:
        raise ValueError(f"{text!r} is wider than {width}")
    return text + " " * (width - size)


def _signed(fen: int) -> str:
    """C for what the merchant receives, D for what it pays."""
    return f"{'D' if fen < 0 else 'C'}{abs(fen):012d}"


def _text(lines: Iterable[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(_ENCODING, errors="replace")


class UnreadableArchive(Refusal):
    """Not a merchant's archive of a day; the message says where it is wrong."""

    code = "unreadable_day_file"


@dataclass(frozen=True, slots=True)
class ReadLine:
    """A line of a ZM or ZME file as its merchant gives it back; `line_no` counts from 1 in `file`."""

    file: str
    line_no: int
    query_id: str
    order_id: str
    trace_time: str
    txn_type: str
    amount_fen: int

    @property
    def gives_back(self) -> bool:
        """Whether the money goes from the merchant."""
        return self.txn_type in GIVING_BACK


def read_zip(content: bytes) -> list[ReadLine]:
    """The transactions of a merchant's archive, the summaries left out. Raises `UnreadableArchive`."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = [one for one in archive.infolist() if one.filename.startswith("INN") and "ZM" in one.filename]
            if not names or any(one.file_size > FILE_BYTES_MAX for one in names):
                raise UnreadableArchive("line 1, archive: holds no ZM or ZME file of a sensible size")
            return [line for one in names for line in _read_file(one.filename, archive.read(one))]
    except (zipfile.BadZipFile, zlib.error) as error:
        raise UnreadableArchive(f"line 1, archive: {error}") from error


def _read_file(name: str, content: bytes) -> Iterable[ReadLine]:
    is_zme = "ZME_" in name
    widths = ZME_WIDTHS if is_zme else ZM_WIDTHS
    for number, line in enumerate(content.split(b"\r\n"), 1):
        if not line:
            continue
        fields = _cut(widths, line)
        amount = fields[7]
        if not amount.isdecimal():
            raise UnreadableArchive(f"line {number}, amount: {name} has no whole number of fen there")
        if is_zme:
            query_id, order_id = (*fields[22].split(" "), "", "")[0], fields[22].split(" ")[-1]
        else:
            query_id, order_id = fields[10], fields[12]
        txn_type = fields[21] if is_zme else fields[20]
        yield ReadLine(name, number, query_id, order_id, fields[5], txn_type, int(amount))


def _cut(widths: Sequence[int], line: bytes) -> dict[int, str]:
    # Widths are bytes of GBK, one space between two fields.
    found, place = {}, 0
    for number, width in enumerate(widths, 1):
        found[number] = line[place : place + width].decode(_ENCODING, errors="replace").strip()
        place += width + 1
    return found
