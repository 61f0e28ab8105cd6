"""An ACP merchant's day at real sandbox banks: its file parses to the day's orders; its notices keep their plan."""

import io
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from clearing_world import DAY, World
from test_take_payment import in_city

from yongquan.flows.find_payer import Card
from yongquan.flows.notify_merchants import Teller
from yongquan.flows.trade_by_acp import AcpRefused, Asked
from yongquan.flows.write_acp_files import AcpFiles, last_such_day
from yongquan.institutions.acp.day_files import ZM_WIDTHS, ZME_WIDTHS
from yongquan.institutions.acp.transactions import Transaction
from yongquan.institutions.acp.values import unpack_file
from yongquan.institutions.gateway import ACP, GatewayMerchant, register

MER_ID = "777290058110097"
MERCHANT_URL = "http://shop.example/acp"


async def merchant(world: World) -> GatewayMerchant:
    """Registered, its takings those of the first store."""
    registered = GatewayMerchant(
        dialect=ACP,
        number=MER_ID,
        institution=f"mch-{MER_ID}",
        serial_no="1",
        public_key_pem="",
        store_id=world.stores[0].store_id,
    )
    async with world.platform.database.transaction() as connection:
        await register(connection, registered, now=world.platform.clock.now())
    return registered


def ask(of: GatewayMerchant, kind: str, order_id: str, fen: int = 0, **more: str) -> Asked:
    txn_type, sub_type = kind.split("/")
    fields = {
        "version": "5.1.0",
        "encoding": "UTF-8",
        "signMethod": "01",
        "txnType": txn_type,
        "txnSubType": sub_type,
        "bizType": "000301",
        "orderId": order_id,
        "txnTime": "20220215120000",
        "txnAmt": str(fen),
        "currencyCode": "156",
        "backUrl": MERCHANT_URL,
        **more,
    }
    return Asked(of, fields)


async def paid(world: World, of: GatewayMerchant, order_id: str, fen: int, *, person: int = 0) -> Transaction:
    desk, payer = world.platform.acp.desk, world.people[person]
    transaction = await desk.open_order(ask(of, "01/01", order_id, fen), "back")
    card = Card(payer.citizen_id, payer.instrument_id, payer.issuer)
    assert (await desk.charge(transaction, card.payer())).code == "00"
    return transaction


def columns(line: str, widths: tuple[int, ...]) -> list[str]:
    """The fields of a line of GBK, cut at their widths."""
    content, at, cut = line.encode("gbk"), 0, []
    assert len(content) == sum(widths) + len(widths) - 1
    for width in widths:
        cut.append(content[at : at + width].decode("gbk").strip())
        assert content[at + width : at + width + 1] in {b" ", b""}
        at += width + 1
    return cut


def files_of(packed: str) -> Mapping[str, list[str]]:
    with zipfile.ZipFile(io.BytesIO(unpack_file(packed))) as archive:
        texts = {name: archive.read(name).decode("gbk") for name in archive.namelist()}
    return {name: text.split("\r\n")[:-1] for name, text in texts.items()}


def test_the_days_file_parses_to_the_days_orders(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        of = await merchant(world)
        desk, files = world.platform.acp.desk, AcpFiles(world.platform.database, world.platform.clock)
        asking = ask(of, "76/01", "", settleDate="0215", fileType="00")
        kept = await paid(world, of, "order0001", 8_800)
        part = await paid(world, of, "order0002", 10_000, person=1)
        gone = await paid(world, of, "order0003", 3_000)
        lost = await paid(world, of, "order0004", 4_000)
        refund, _ = await desk.refund(ask(of, "04/00", "refund0001", 2_500, origQryId=part.query_id))
        undo, _ = await desk.undo(ask(of, "31/00", "undo00001", 3_000, origQryId=gone.query_id))
        await desk.reverse(lost)
        with pytest.raises(AcpRefused) as early:
            await files.day(asking)

        assert (await world.platform.clearing.clear_day(DAY, patience_s=30)).state == "settled"
        name, packed = await files.day(asking)

        assert early.value.resp_code == "98"
        assert name == f"{MER_ID}_20220215.zip"
        found = files_of(packed)
        assert list(found) == [f"{kind}220215{more}_{MER_ID}" for more in ("88ZM", "88ZME") for kind in ("INN", "RD")]
        trade = [columns(line, ZM_WIDTHS) for line in found[f"INN22021588ZM_{MER_ID}"]]
        rows = {row[11]: row for row in trade}
        assert {no: (row[9], row[19], int(row[6])) for no, row in rows.items()} == {
            "order0001": (kept.query_id, "01", 8_800),
            "order0002": (part.query_id, "01", 10_000),
            "order0003": (gone.query_id, "01", 3_000),
            "undo00001": (undo.query_id, "31", 3_000),
        }
        fee, net = rows["order0001"][15], rows["order0001"][16]
        assert (fee[0], net[0], int(fee[1:]) + int(net[1:])) == ("D", "C", 8_800)
        assert (rows["undo00001"][16][0], rows["undo00001"][26]) == ("D", gone.query_id)
        assert rows["order0001"][4] == kept.trace_time
        back = [columns(line, ZME_WIDTHS) for line in found[f"INN22021588ZME_{MER_ID}"]]
        assert [(row[3], int(row[6]), row[20]) for row in back] == [(refund.trace_no, 2_500, "04")]
        assert refund.query_id in back[0][21]
        net_fen = sum((1 if row[i][0] == "C" else -1) * int(row[i][1:]) for row, i in [(r, 16) for r in trade])
        net_fen += sum((1 if row[15][0] == "C" else -1) * int(row[15][1:]) for row in back)
        assert net_fen == await world.shop_balance(world.stores[0])

    in_city(tmp_path, fresh_database, scene)


def test_a_merchant_is_told_until_it_answers_five_times_at_most(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        of = await merchant(world)
        heard: list[httpx.Request] = []
        answers = {"deaf00001": [500, 503, 404, 500, 500, 200], "hears0001": [500, 302, 500]}

        def answer(request: httpx.Request) -> httpx.Response:
            heard.append(request)
            order_id = dict(httpx.QueryParams(request.content.decode()))["orderId"]
            return httpx.Response(answers[order_id].pop(0))

        for order_id in answers:
            await paid(world, of, order_id, 1_000)
        waits = []
        async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
            teller = Teller(world.platform.database, [world.platform.acp.voice], client)
            for _ in range(8):
                await teller.work()
                waits.append(await next_in_s(world))
                await make_due(world)

        assert waits == [60, 120, 240, 300, None, None, None, None]
        assert [len(left) for left in answers.values()] == [1, 1]
        assert await states(world) == ["dead", "delivered"]
        assert all(request.headers["content-type"].startswith("application/x-www-form") for request in heard)

    in_city(tmp_path, fresh_database, scene)


def test_a_day_is_the_last_one_of_its_name() -> None:
    today = datetime(2022, 3, 1, tzinfo=UTC).date()

    assert last_such_day("0301", today=today) == today
    assert last_such_day("0302", today=today) == today - timedelta(days=364)
    assert last_such_day("0229", today=today).year == 2020
    with pytest.raises(AcpRefused):
        last_such_day("1332", today=today)


async def next_in_s(world: World) -> int | None:
    """When the next try of any waiting notice is due, in whole minutes' seconds."""
    async with world.platform.database.transaction() as connection:
        found = await connection.execute(
            "select extract(epoch from max(due_at) - clock_timestamp()) from flows.merchant_notice"
            " where state = 'waiting'"
        )
        row = await found.fetchone()
    return None if row is None or row[0] is None else round(float(row[0]) / 60) * 60


async def make_due(world: World) -> None:
    async with world.platform.database.transaction() as connection:
        await connection.execute("update flows.merchant_notice set due_at = now()")


async def states(world: World) -> list[str]:
    async with world.platform.database.transaction() as connection:
        rows = await (await connection.execute("select state from flows.merchant_notice order by state")).fetchall()
    return [row[0] for row in rows]
