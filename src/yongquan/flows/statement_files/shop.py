"""A shop's day statement as CSV and as a workbook: the same rows, a voucher a row."""

import csv
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO, StringIO

import xlsxwriter

from yongquan.kernel.money import yuan
from yongquan.payments.shop_statement import ShopStatement, StatementRow
from yongquan.plumbing.clock import SHANGHAI

HEADS = (
    "时间 time",
    "类型 kind",
    "订单号 order",
    "流水号 payment",
    "顾客支付（元） charged",
    "手续费（元） fee",
    "券号 voucher",
    "出资方 funder",
    "补贴（元） subsidy",
    "顾客支付到账日 charged arrived",
    "补贴到账日 subsidy arrived",
    "当日结算截止 same-day cut-off",
)
LINE_HEADS = (
    "收单机构 acquirer",
    "当日结算截止 same-day cut-off",
    "其中当日结算费（元） same-day fee",
    "应结（元） due",
    "已付（元） paid",
    "暂缓（元） held",
    "结转（元） carried",
    "状态 state",
    "原因 reason",
)
KINDS = {"purchase": "消费 purchase", "refund": "退货 refund"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def shop_csv(statement: ShopStatement) -> bytes:
    """UTF-8 with a mark, so that spreadsheets show Chinese."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(HEADS)
    for row in statement.rows:
        fen = {4: row.charged_fen, 5: row.fee_fen, 8: row.subsidy_fen}
        writer.writerow(yuan(fen[n]) if n in fen else _plain(cell) for n, cell in enumerate(_cells(row)))
    return text.getvalue().encode("utf-8-sig")


def shop_workbook(statement: ShopStatement) -> bytes:
    """An xlsx file: the lines of the day, then a voucher a row. Amounts are yuan with two decimals."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"})
    sheet = book.add_worksheet("结算 settlement")
    sheet.write_row(0, 0, LINE_HEADS, bold)
    for place, line in enumerate(statement.lines, start=1):
        sheet.write_string(place, 0, line.acquirer)
        sheet.write_string(place, 1, line.cut_off)
        amounts = (line.same_day_fee_fen, line.due_fen, line.paid_fen, line.held_fen, line.carried_fen)
        for column, fen in enumerate(amounts, start=2):
            sheet.write_number(place, column, fen / 100, money)
        sheet.write_string(place, 7, line.state)
        sheet.write_string(place, 8, line.reason)
    sheet.set_column(0, 8, 18)
    sheet = book.add_worksheet("明细 payments")
    sheet.write_row(0, 0, HEADS, bold)
    for place, row in enumerate(statement.rows, start=1):
        fen_of = {4: row.charged_fen, 5: row.fee_fen, 8: row.subsidy_fen}
        for column, cell in enumerate(_cells(row)):
            if column in fen_of:
                sheet.write_number(place, column, fen_of[column] / 100, money)
            else:
                sheet.write_string(place, column, cell)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 11, 20)
    book.close()
    return content.getvalue()


def _cells(row: StatementRow) -> Iterator[str]:
    yield row.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
    yield KINDS[row.kind]
    yield row.order_no
    yield str(row.payment_id)
    yield ""
    yield ""
    yield str(row.voucher_id or "")
    yield row.funder_id or ""
    yield ""
    yield _day(row.trade_arrived_at) if row.charged_fen else ""
    yield _day(row.subsidy_arrived_at) if row.voucher_id else ""
    yield row.cut_off if row.charged_fen else ""


def _day(at: datetime | None) -> str:
    return at.astimezone(SHANGHAI).date().isoformat() if at else "未到账 not yet"


def _plain(cell: str) -> str:
    # An order number that begins like a formula stays text in a spreadsheet.
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
