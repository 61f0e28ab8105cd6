"""A merchant's own file of a day, in the shape its door gave it, becomes a day file that `reconcile_file` takes.

Shapes, told apart by their content: an ACP archive (ZM and ZME), a v3 trade bill, a shop's statement as CSV.
"""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

import polars as pl

from yongquan.flows.statement_files.shop import HEADS
from yongquan.flows.write_acp_files import asked_of_day
from yongquan.institutions.acp.day_files import UnreadableArchive, read_zip
from yongquan.institutions.gateway import ACP, numbers_of
from yongquan.payments.day_files import FAULTS_MAX, LineFault, UnreadableDayFile, write_day_file
from yongquan.payments.reconciliation_store import SCHEMA, StoreKey, store_keys
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Database

KEY_MAX: Final = 160
SUCCEEDED: Final = "succeeded"
_ZIP: Final = b"PK"
_V3_HEAD: Final = "交易时间"
_YUAN = re.compile(r"-?\d{1,13}\.\d\d")


@dataclass(frozen=True, slots=True)
class MerchantRow:
    """A payment or refund as the merchant has it: `ref` is how the file names it, `own` the merchant's number."""

    line: int
    kind: str
    ref: tuple[str, ...]
    own: str
    amount_fen: int
    at: datetime


async def as_day_file(database: Database, store_id: UUID, day: date, content: bytes) -> bytes:
    """The merchant's file as a day file of the store; what it names that we do not have keeps the merchant's number.

    Raises `UnreadableDayFile` with the lines at fault.
    """
    rows = read_merchant_rows(content, day)
    async with database.apart() as connection:
        ours = await store_keys(connection, store_id, day)
        keys, never = _by_ref(ours), set[UUID]()
        for number in await numbers_of(connection, ACP, store_id) if content.startswith(_ZIP) else ():
            told, untold = await asked_of_day(connection, number, store_id, day)
            never |= untold
            for query_id, (payment_id, refund_no) in told.items():
                keys["query", query_id] = keys.get(("refund_no", payment_id.hex, refund_no or ""), query_id)
    named = [(keys.get(row.ref, row.own), row.kind, SUCCEEDED, row.amount_fen, row.at) for row in rows]
    faults = [
        LineFault(row.line, "order", "needs 1 to 160 characters, no comma")
        for row, (key, *_) in zip(rows, named, strict=True)
        if not 1 <= len(key) <= KEY_MAX or "," in key
    ]
    if faults:
        raise UnreadableDayFile(faults[:FAULTS_MAX])
    # An archive leaves out what was reversed, charge and way back: that is no difference.
    named += [
        (one.key, "refund" if one.refund_id else "purchase", SUCCEEDED, one.amount_fen, one.begun_at)
        for one in ours
        if one.payment_id in never
    ]
    return write_day_file(str(store_id), day, pl.DataFrame(named, schema=SCHEMA, orient="row"))


def read_merchant_rows(content: bytes, day: date) -> list[MerchantRow]:
    """The payments and refunds of a merchant's file. Raises `UnreadableDayFile`."""
    if content.startswith(_ZIP):
        try:
            return [
                MerchantRow(
                    one.line_no,
                    "refund" if one.gives_back else "purchase",
                    ("query", one.query_id),
                    one.order_id or one.query_id,
                    one.amount_fen,
                    _trace_moment(one.trace_time, day, one.line_no),
                )
                for one in read_zip(content)
            ]
        except UnreadableArchive as error:
            raise UnreadableDayFile([LineFault(1, "archive", str(error))]) from error
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableDayFile([LineFault(1, "encoding", "is not UTF-8")]) from error
    if text.startswith(_V3_HEAD):
        return list(_v3_rows(text))
    if text.startswith(HEADS[0]):
        return _statement_rows(text)
    raise UnreadableDayFile([LineFault(1, "header", "is no ACP archive, no v3 trade bill and no shop's statement")])


def _v3_rows(text: str) -> Iterator[MerchantRow]:
    lines = text.splitlines()
    titles = lines[0].split(",")
    for number, line in enumerate(lines[1:], 2):
        if not line.startswith("`"):
            return
        values = [value.removeprefix("`") for value in line.split(",")]
        if len(values) != len(titles):
            raise UnreadableDayFile([LineFault(number, "line", f"has {len(values)} fields instead of {len(titles)}")])
        row = dict(zip(titles, values, strict=True))
        at = _moment(row["交易时间"], number)
        if row["交易状态"] == "REFUND":
            amount_fen = _fen(row.get("申请退款金额", ""), number)
            own = f"{row['商户订单号']}/{row.get('商户退款单号', '')}"
            yield MerchantRow(number, "refund", ("refund", row.get("微信退款单号", "")), own, amount_fen, at)
        else:
            ref = ("refund_no", row["微信订单号"], "")
            yield MerchantRow(number, "purchase", ref, row["商户订单号"], _fen(row["订单金额"], number), at)


def _statement_rows(text: str) -> list[MerchantRow]:
    found: dict[tuple[str, str, str], MerchantRow] = {}
    for number, values in enumerate(csv.reader(io.StringIO(text)), 1):
        if number == 1:
            continue
        if len(values) != len(HEADS):
            raise UnreadableDayFile([LineFault(number, "line", f"has {len(values)} fields instead of {len(HEADS)}")])
        at, kind, own, payment = values[:4]
        # A voucher a row: what was charged and each subsidy make up what was bought.
        fen = abs(_fen(values[4], number) + _fen(values[8], number))
        is_back = kind.startswith("退货")
        name = (at, kind, payment)
        before = found[name].amount_fen if name in found else 0
        payment_id = payment.replace("-", "")
        ref = ("refund_at", payment_id, at) if is_back else ("refund_no", payment_id, "")
        row = MerchantRow(number, "refund" if is_back else "purchase", ref, own, before + fen, _moment(at, number))
        found[name] = row
    return list(found.values())


def _by_ref(keys: list[StoreKey]) -> dict[tuple[str, ...], str]:
    found: dict[tuple[str, ...], str] = {}
    for one in keys:
        found["refund_no", one.payment_id.hex, one.refund_no or ""] = one.key
        if one.refund_id is not None:
            found["refund", one.refund_id.hex] = one.key
            at = one.begun_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
            found["refund_at", one.payment_id.hex, at] = one.key
    return found


def _fen(text: str, line: int) -> int:
    if not _YUAN.fullmatch(text):
        raise UnreadableDayFile([LineFault(line, "amount", f"{text!r} is no amount in yuan with two decimals")])
    whole, _, cents = text.partition(".")
    fen = int(whole.removeprefix("-")) * 100 + int(cents)
    return -fen if text.startswith("-") else fen


def _moment(text: str, line: int) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise UnreadableDayFile([LineFault(line, "time", f"{text!r} is no time")]) from error


def _trace_moment(month_to_second: str, day: date, line: int) -> datetime:
    # The year is the settlement day's, but for a trade of December that settles in January.
    year = day.year - (1 if month_to_second.startswith("12") and day.month == 1 else 0)
    try:
        return datetime.strptime(f"{year}{month_to_second}", "%Y%m%d%H%M%S").replace(tzinfo=SHANGHAI)
    except ValueError as error:
        raise UnreadableDayFile([LineFault(line, "time", f"{month_to_second!r} is no time")]) from error
