"""Statements: the files say what the ledger says, to the fen, and every line names its transfer."""

import asyncio
from datetime import timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from stores.city import SmallCity, small_city
from stores.funders.test_record_funding import BRAND, FINANCE, _advanced

from yongquan.flows.draw_statement import PeriodInvoiced, Statement, draw_statement, issue_invoice
from yongquan.flows.fund_campaign import open_books
from yongquan.flows.record_funding import Event, UnknownFunder, credit_of, record_event
from yongquan.flows.statement_files import NoChineseFont, write_document, write_workbook
from yongquan.flows.statement_files.document import chinese_font
from yongquan.plumbing.clock import SHANGHAI


async def _busy(city: SmallCity) -> Statement:
    async with city.database.transaction() as connection:
        await open_books(connection, ["suihe"], [BRAND], cells=1, now=city.now)
    events = (
        Event(kind="prepay", funder_id="brand", document_no="收据 1", amount_fen=123_456),
        Event(kind="repay_funder", funder_id="brand", document_no="退 1", amount_fen=1),
    )
    for event in events:
        await record_event(city.database, FINANCE, event, now=city.now)
    await _advanced(city, 777)
    today = city.now.astimezone(SHANGHAI).date()
    async with city.database.transaction() as connection:
        return await draw_statement(connection, "brand", since=today, until=today + timedelta(days=1))


def test_the_workbook_read_back_is_the_ledger_to_the_fen(fresh_database: str) -> None:
    async def story() -> None:
        async with small_city(fresh_database) as city:
            statement = await _busy(city)

            book = load_workbook(BytesIO(write_workbook(statement)))

            rows = list(book.worksheets[0].iter_rows(min_row=5, values_only=True))
            async with city.database.transaction() as connection:
                for account, row in zip(statement.accounts, rows, strict=True):
                    closing_fen = round(float(str(row[4])) * 100)
                    assert closing_fen == await credit_of(connection, "brand", account.kind) == account.closing_fen
            lines = list(book.worksheets[1].iter_rows(min_row=2, values_only=True))
            told = {(str(row[7]), round(float(str(row[4])) * 100)) for row in lines}
            assert told == {(str(line.transfer_id), line.amount_fen) for line in statement.lines}
            assert {str(row[5]) for row in lines if row[5]} == {"收据 1", "退 1"}

    asyncio.run(story())


def test_the_document_is_set_in_chinese(fresh_database: str) -> None:
    async def story() -> None:
        async with small_city(fresh_database) as city:
            document = write_document(await _busy(city), invoice_no="brand-2022-0001")

            assert document.startswith(b"%PDF")
            assert b"CJK" in document or b"Han" in document

    asyncio.run(story())


def test_without_a_chinese_font_the_package_is_named() -> None:
    with pytest.raises(NoChineseFont, match="fonts-noto-cjk"):
        chinese_font(frozenset({"Libertinus Serif"}))


def test_a_period_is_invoiced_once_under_one_number(fresh_database: str) -> None:
    async def story() -> None:
        async with small_city(fresh_database) as city:
            statement = await _busy(city)
            since, until, later = statement.since, statement.until, city.now + timedelta(days=2)

            issued = [
                await issue_invoice(city.database, FINANCE, "brand", since=since, until=until, now=later)
                for _ in range(2)
            ]

            assert issued[0] == issued[1]
            assert (issued[0].number, issued[0].prepaid_fen, issued[0].advanced_fen) == (1, 0, 777)
            with pytest.raises(PeriodInvoiced):
                await issue_invoice(
                    city.database, FINANCE, "brand", since=since - timedelta(days=1), until=until, now=later
                )
            with pytest.raises(UnknownFunder):
                await issue_invoice(city.database, FINANCE, "nobody", since=since, until=until, now=later)

    asyncio.run(story())
