"""ACP's batch files: a line of totals, a line of titles, a row each, fields parted by `|`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from yongquan.kernel.errors import Refusal

ROWS_MAX = 10_000
NEEDED = frozenset({"orderId", "currencyCode", "txnAmt"})
KNOWN = NEEDED | {
    *("accType", "accNo", "bindId", "customerNm", "certifTp", "certifId", "phoneNo", "bizType", "postscript"),
    *("customerInfo", "reserved", "reqReserved", "subMerId", "orderDesc"),
}


class BadBatch(Refusal):
    """A batch file that cannot be taken; the message says where it is wrong."""

    code = "bad_batch"


@dataclass(frozen=True, slots=True)
class BatchFile:
    """What a batch file asks; amounts in fen."""

    version: str
    total_fen: int
    titles: tuple[str, ...]
    rows: tuple[Mapping[str, str], ...]


@dataclass(frozen=True, slots=True)
class RowResult:
    """What became of a row; `query_id` None if it never became a transaction."""

    values: Mapping[str, str]
    query_id: str | None
    resp_code: str
    resp_msg: str


def read_batch(content: bytes) -> BatchFile:
    """A batch file in UTF-8 or GBK. Raises `BadBatch` at the first line that is wrong."""
    lines = _decoded(content).splitlines()
    if len(lines) < 3:
        raise BadBatch("a batch has a line of totals, a line of titles and a row at least")
    version, total, quantity, *_ = (*lines[0].split("|"), "", "", "")
    if not (total.isdecimal() and quantity.isdecimal()):
        raise BadBatch("line 1: version|totalAmt|totalQty||")
    titles = tuple(title.strip() for title in lines[1].split("|"))
    if not set(titles) >= NEEDED or len(set(titles)) < len(titles):
        raise BadBatch(f"line 2: the titles need {', '.join(sorted(NEEDED))}, each once")
    unknown = [title for title in titles if title not in KNOWN]
    if unknown:
        raise BadBatch(f"line 2: unknown title {unknown[0]}")
    rows = tuple(_row(titles, line, number) for number, line in enumerate(lines[2:], 3))
    total_fen = sum(int(row["txnAmt"]) for row in rows)
    if (len(rows), total_fen) != (int(quantity), int(total)):
        raise BadBatch(f"line 1: the rows are {len(rows)} with {total_fen} fen in all")
    if len({row["orderId"] for row in rows}) < len(rows):
        raise BadBatch("an orderId stands twice")
    if len(rows) > ROWS_MAX:
        raise BadBatch(f"more than {ROWS_MAX} rows")
    return BatchFile(version, total_fen, titles, rows)


def write_results(version: str, titles: Sequence[str], results: Sequence[RowResult]) -> bytes:
    """The file that answers: totals, what succeeded of them, then each row with what became of it."""
    good = [row for row in results if row.resp_code == "00"]
    asked, got = (sum(int(row.values["txnAmt"]) for row in rows) for rows in (results, good))
    lines = [
        f"{version}|{asked}|{len(results)}|{got}|{len(good)}",
        "|".join((*titles, "queryId", "respCode", "respMsg")),
    ]
    for row in results:
        said = (row.values.get(title, "") for title in titles)
        lines.append("|".join((*said, row.query_id or "", row.resp_code, row.resp_msg)))
    return "".join(f"{line}\r\n" for line in lines).encode()


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gbk"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise BadBatch("the file is neither UTF-8 nor GBK")


def _row(titles: Sequence[str], line: str, number: int) -> Mapping[str, str]:
    values = line.split("|")
    if len(values) != len(titles):
        raise BadBatch(f"line {number}: {len(values)} fields, not {len(titles)}")
    row = dict(zip(titles, values, strict=True))
    order_id, amount = row["orderId"], row["txnAmt"]
    if not (order_id.isalnum() and order_id.isascii() and 8 <= len(order_id) <= 40):
        raise BadBatch(f"line {number}: orderId has 8 to 40 letters and digits")
    if not (amount.isdecimal() and amount.isascii() and 0 < int(amount) < 10**12):
        raise BadBatch(f"line {number}: txnAmt is fen, above 0")
    if row["currencyCode"] != "156":
        raise BadBatch(f"line {number}: currencyCode is 156")
    if not (row.get("accNo") or row.get("bindId")):
        raise BadBatch(f"line {number}: accNo is missing")
    return row
