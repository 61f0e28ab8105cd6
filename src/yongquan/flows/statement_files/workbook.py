"""The workbook: balances, and one row a transfer with its ids, so that each figure can be followed."""

from datetime import timedelta
from io import BytesIO

import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from yongquan.flows.draw_statement import Statement
from yongquan.flows.statement_files.wording import kind_name, posting_name
from yongquan.plumbing.clock import SHANGHAI

ACCOUNT_HEADS = ("账户 account", "期初 opening", "借 debit", "贷 credit", "期末 closing")
LINE_HEADS = (
    "时间 time",
    "记账种类 posting",
    "借方 debit",
    "贷方 credit",
    "金额（元） amount",
    "文号 document",
    "业务号 event",
    "分录号 transfer",
)


def write_workbook(statement: Statement) -> bytes:
    """An xlsx file. Amounts are yuan with two decimals; a balance below zero is on the debit side."""
    content = BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    bold = book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00;[Red]-#,##0.00"})
    summary = book.add_worksheet("汇总 summary")
    summary.write_row(0, 0, [statement.funder.name, statement.funder.name_en], bold)
    last = statement.until - timedelta(days=1)
    summary.write_row(1, 0, ["期间 period", statement.since.isoformat(), last.isoformat()])
    summary.write_row(3, 0, ACCOUNT_HEADS, bold)
    for row, account in enumerate(statement.accounts, start=4):
        summary.write_string(row, 0, kind_name(account.kind))
        amounts = (account.opening_fen, account.debit_fen, account.credit_fen, account.closing_fen)
        for column, fen in enumerate(amounts, start=1):
            summary.write_number(row, column, fen / 100, money)
    summary.set_column(0, 0, 34)
    summary.set_column(1, 4, 18)
    _write_lines(book.add_worksheet("分录 transfers"), statement, bold=bold, money=money)
    book.close()
    return content.getvalue()


def _write_lines(sheet: Worksheet, statement: Statement, *, bold: object, money: object) -> None:
    sheet.write_row(0, 0, LINE_HEADS, bold)
    for row, line in enumerate(statement.lines, start=1):
        entry = statement.documents.get(line.event_id)
        texts = (
            line.recorded_at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"),
            posting_name(line.posting),
            kind_name(statement.kinds.get(line.debit_account_id)),
            kind_name(statement.kinds.get(line.credit_account_id)),
        )
        for column, text in enumerate(texts):
            sheet.write_string(row, column, text)
        sheet.write_number(row, 4, line.amount_fen / 100, money)
        ids = (entry.document_no if entry else "", str(line.event_id), str(line.transfer_id))
        for column, text in enumerate(ids, start=5):
            sheet.write_string(row, column, text)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 3, 24)
    sheet.set_column(4, 4, 16)
    sheet.set_column(5, 5, 20)
    sheet.set_column(6, 7, 38)
