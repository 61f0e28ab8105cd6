"""A merchant's own file of a day, as its door gave it, is reconciled like any day file."""

from datetime import date
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BUREAU, DAY, NOON, World
from test_acp_day import ask, merchant, paid
from test_refund_in_parts import refund
from test_take_payment import in_city

from yongquan.flows.read_merchant_file import as_day_file, read_merchant_rows
from yongquan.flows.reconcile_file import FileReport, reconcile_file
from yongquan.flows.statement_files.shop import shop_csv
from yongquan.flows.write_acp_files import AcpFiles
from yongquan.institutions.acp.values import unpack_file
from yongquan.institutions.gateway import GatewayMerchant
from yongquan.payments.bill_views import BillLine
from yongquan.payments.case_store import CaseFilter, cases_listed
from yongquan.payments.day_files import UnreadableDayFile
from yongquan.payments.model import Payment
from yongquan.payments.reconciliation import Fate
from yongquan.payments.reconciliation_store import store_keys
from yongquan.payments.shop_statement import shop_statement
from yongquan.web.dialects.wechat_v3_bill_files import TradeLine, trade_file


async def brought(world: World, content: bytes, day: date = DAY) -> FileReport:
    database = world.platform.database
    day_file = await as_day_file(database, world.stores[0].store_id, day, content)
    return await reconcile_file(database, day_file, actor="command:test", now=NOON)


async def fates(world: World) -> list[str]:
    async with world.platform.database.transaction() as connection:
        found = await cases_listed(connection, CaseFilter(party=str(world.stores[0].store_id), state="open"))
    return sorted(case.difference.fate.value for case in found)


async def traded(world: World) -> tuple[Payment, Payment]:
    shop = world.stores[0]
    first = await world.buy(world.people[0], shop, 5_000, voucher=BUREAU.funder_id)
    second = await world.buy(world.people[1], shop, 900)
    await refund(world, first, 2_000, "part")
    return first, second


def test_a_shops_statement_brought_back_agrees_and_what_it_changed_becomes_cases(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        await traded(world)
        async with world.platform.database.transaction() as connection:
            statement = shop_csv(await shop_statement(connection, world.stores[0].store_id, DAY))

        same = await brought(world, statement)
        lines = statement.decode("utf-8-sig").split("\r\n")
        lost = [line for line in lines if "9.00" not in line]
        changed = await brought(world, "\r\n".join(lost).replace("40.00", "41.00").encode())

        assert (same.cases, same.ours[Fate.MATCHED].rows, same.theirs) == (0, 3, same.ours)
        assert changed.cases == 2
        assert await fates(world) == ["amount", "short"]
        with pytest.raises(UnreadableDayFile) as wrong:
            await brought(world, statement.replace(b"40.00", b"forty"))
        assert (wrong.value.faults[0].line, wrong.value.faults[0].field) == (2, "amount")

    in_city(tmp_path, fresh_database, scene)


def test_a_v3_trade_bill_agrees_and_a_trade_we_do_not_have_is_long(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        first, second = await traded(world)
        async with world.platform.database.transaction() as connection:
            keys = await store_keys(connection, world.stores[0].store_id, DAY)
        (back,) = [one.refund_id for one in keys if one.refund_id]
        lines = [_bill(first, "A-1"), _bill(second, "A-2"), _bill(first, "A-1", back, 2_000)]

        same = await brought(world, _file(lines))
        more = await brought(world, _file([*lines, _bill(first, "A-9", of=UUID(int=9))]))

        assert (same.cases, same.ours[Fate.MATCHED].rows) == (0, 3)
        assert (more.cases, await fates(world)) == (1, ["long"])

    in_city(tmp_path, fresh_database, scene)


def test_an_acp_archive_agrees_with_the_day_it_was_made_of(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        of = await merchant(world)
        first = await paid(world, of, "ORDER0001", 5_000)
        await paid(world, of, "ORDER0002", 900, person=1)
        lost = await paid(world, of, "ORDER0003", 4_000)
        desk = world.platform.acp.desk
        await desk.refund(ask(of, "04/00", "REFUND001", 2_000, origQryId=first.query_id))
        await desk.reverse(lost)
        report = await world.platform.clearing.clear_day(DAY, patience_s=30)
        files = AcpFiles(world.platform.database, world.platform.clock)
        _, packed = await files.day(ask(of, "76/01", "", settleDate="0215", fileType="00"))

        same = await brought(world, unpack_file(packed))

        assert report.state == "settled"
        assert (same.cases, same.ours[Fate.MATCHED].rows, same.theirs) == (0, 5, same.ours)

    in_city(tmp_path, fresh_database, scene)


def test_a_file_of_no_known_shape_is_refused() -> None:
    for content in (b"hello", b"PK\x03\x04 not a zip"):
        with pytest.raises(UnreadableDayFile):
            read_merchant_rows(content, DAY)


def _bill(paid: Payment, order_no: str, back: UUID | None = None, fen: int = 0, *, of: UUID | None = None) -> TradeLine:
    line = BillLine(
        order_id=UUID(int=1),
        order_no=order_no,
        subject="商品",
        facts={"trade_type": "NATIVE"},
        payment_id=of or paid.payment_id,
        citizen_id=UUID(int=2),
        issuer="chaoxin",
        at=NOON,
        amount_fen=fen or paid.amount_fen,
        charged_fen=fen or paid.charged_fen,
        fee_fen=1,
        refund_id=back,
        refund_no="part" if back else "",
    )
    return TradeLine(line, "openid")


def _file(lines: list[TradeLine]) -> bytes:
    of = GatewayMerchant(
        dialect="wechat_v3", number="1900000001", institution="m", serial_no="1", public_key_pem="", appid="wx1"
    )
    return trade_file(of, lines, "ALL")
