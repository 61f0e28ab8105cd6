"""Another bank's fund bought and another bank's credit card repaid, at once and by mandate, at real sandbox banks."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BALANCE_FEN, World
from launching import card_number
from ordering import move_on
from test_take_payment import balance, in_city

from yongquan.flows.collect_by_mandate import Mandates
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.connectors.service_messages import CreditCardOpening
from yongquan.payments.mandates import MandateState
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.plumbing.sandbox_sms import SandboxPhones
from yongquan.programmes.bank_goods import BankGoods, GoodsRefused, GoodsWish
from yongquan.programmes.bank_goods_store import BankOrder
from yongquan.programmes.card_repayment import CardRepayment
from yongquan.programmes.funds import Funds

CREDIT_CARD = card_number("629901", 500)
LIMIT_FEN = 2_000_000


def play(tmp_path: Path, conninfo: str, scene: Callable[[World, BankGoods], Awaitable[None]]) -> None:
    async def with_goods(world: World) -> None:
        platform = world.platform
        texts = SandboxPhones(platform.database, platform.sealing)
        goods = BankGoods(Mandates(platform.orders, platform.links, platform.sealing, 1, texts))
        await goods.offer("yuehu", "fund", world.stores[0].store_id)
        await goods.offer("chaoxin", "repayment", world.stores[1].store_id)
        async with world.sandbox.client("chaoxin") as bank:
            await bank.open_accounts(
                [AccountOpening(account_no="credit", holder="市民", opening_balance_fen=LIMIT_FEN, card_no=CREDIT_CARD)]
            )
            await bank.open_credit_card(
                CreditCardOpening(
                    account_no="credit", card_no=CREDIT_CARD, limit_fen=LIMIT_FEN, statement_day=10, due_day=25
                )
            )
        await scene(world, goods)

    in_city(tmp_path, conninfo, with_goods)


async def code_of(world: World, goods: BankGoods, phone: str) -> str:
    said = await goods.mandates.texts.last_message(phone)  # type: ignore[union-attr]
    found = re.search(r"验证码 (\d{6})", said or "")
    assert found is not None
    async with world.platform.database.transaction() as connection:
        await connection.execute("update citizens.sign_in_code set sent_at = sent_at - interval '2 minutes'")
    return found[1]


async def bought(world: World, goods: BankGoods, wish: GoodsWish, *, person: int = 0, key: str = "k") -> BankOrder:
    citizen_id = world.people[person].citizen_id
    await goods.send_code(citizen_id, wish)
    code = await code_of(world, goods, f"139{person:08d}")
    return await goods.buy(citizen_id, key, wish, code=code)


async def spend(world: World, fen: int) -> None:
    person = world.people[3]
    platform = world.platform
    credit = NewInstrument(UUID(int=person.instrument_id.int ^ 1), person.citizen_id, "chaoxin", "card", CREDIT_CARD)
    async with platform.database.transaction() as connection:
        await bind_many(connection, [credit], platform.sealing, cells=1, now=platform.clock.now())
    await world.buy(replace(person, instrument_id=credit.instrument_id), world.stores[2], fen)


def test_a_fund_of_another_bank_is_bought_once_with_a_bound_card(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, goods: BankGoods) -> None:
        me, funds = world.people[0], Funds(goods)
        wish = await funds.wish(instrument_id=me.instrument_id, bank="yuehu", code="YH0031", amount_fen=100_000)

        done = await bought(world, goods, wish)
        again = await goods.buy(me.citizen_id, "k", wish, code="spent")

        assert (done.state, done.shares, done.nav) == ("confirmed", 69_541, 14_380)
        assert again.order_id == done.order_id
        assert await balance(world, me) == BALANCE_FEN - 100_000
        (shelf,) = await funds.catalogue(me.citizen_id)
        assert [(h.fund_code, h.shares) for h in shelf.holdings] == [("YH0031", 69_541)]
        with pytest.raises(GoodsRefused) as small:
            await funds.wish(instrument_id=me.instrument_id, bank="yuehu", code="YH0031", amount_fen=999)
        assert small.value.reason == "below_least"

    play(tmp_path, fresh_database, scene)


def test_what_the_seller_refuses_is_refunded_by_itself(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, goods: BankGoods) -> None:
        me = world.people[0]
        gone = GoodsWish(
            instrument_id=me.instrument_id, kind="fund", bank="yuehu", amount_fen=5_000, fund_code="NO-SUCH"
        )

        done = await bought(world, goods, gone)

        assert (done.state, done.reason) == ("refunded", "unknown_fund")
        assert await balance(world, me) == BALANCE_FEN

    play(tmp_path, fresh_database, scene)


def test_a_regular_plan_buys_every_month_until_its_mandate_is_revoked(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, goods: BankGoods) -> None:
        me, funds = world.people[0], Funds(goods)
        wish = await funds.wish(instrument_id=me.instrument_id, bank="yuehu", code="YH0007", amount_fen=20_000)
        asked = await goods.ask_plan(me.citizen_id, "plan", wish, payee_name="月湖银行基金")
        with pytest.raises(GoodsRefused):
            await goods.begin_plan(asked, wish, day=16)
        signed = await goods.mandates.sign(asked.mandate_id)
        assert signed.state is MandateState.ACTIVE
        await goods.begin_plan(signed, wish, day=16)

        for _ in range(35):
            await move_on(world, timedelta(days=1))
            await goods.sweep()
            await goods.mandates.sweep()
            await goods.sweep()
        assert [order.state for order in await goods.orders(me.citizen_id, "fund")] == ["confirmed", "confirmed"]
        await goods.mandates.revoke(signed.mandate_id)
        await move_on(world, timedelta(days=40))
        await goods.sweep()

        assert await balance(world, me) == BALANCE_FEN - 40_000
        assert await goods.plans(me.citizen_id, "fund") == []

    play(tmp_path, fresh_database, scene)


def test_a_credit_card_is_repaid_from_another_bank_now_and_on_the_due_date(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, goods: BankGoods) -> None:
        repayment, me = CardRepayment(goods), world.people[1]
        await spend(world, 50_000)
        assert (await repayment.bill(CREDIT_CARD))[1].bill_fen == 0
        await move_on(world, timedelta(days=24))  # 11 March: the statement of the 10th is out
        bank, bill = await repayment.bill(CREDIT_CARD)
        assert (bank, bill.bill_fen, bill.left_fen, str(bill.due_on)) == ("chaoxin", 50_000, 50_000, "2022-03-25")

        wish = await repayment.wish(instrument_id=me.instrument_id, card_no=CREDIT_CARD, amount_fen=20_000)
        done = await bought(world, goods, wish, person=1)
        assert (done.state, done.target_tail) == ("confirmed", CREDIT_CARD[-4:])
        assert (await repayment.bill(CREDIT_CARD))[1].left_fen == 30_000
        upto = await repayment.wish(instrument_id=me.instrument_id, card_no=CREDIT_CARD, amount_fen=1_000_000)
        asked = await goods.ask_plan(me.citizen_id, "plan", upto, payee_name="潮信银行信用卡")
        await goods.begin_plan(await goods.mandates.sign(asked.mandate_id), upto, day=25)
        await move_on(world, timedelta(days=14))
        for _ in range(20):  # a bank that answers late is asked again at the next sweep
            await goods.sweep()
            if (await repayment.bill(CREDIT_CARD))[1].left_fen == 0:
                break
            await asyncio.sleep(0.5)

        assert (await repayment.bill(CREDIT_CARD))[1].left_fen == 0
        assert await balance(world, me) == BALANCE_FEN - 50_000
        async with world.sandbox.client("chaoxin") as issuer:
            assert (await issuer.account("credit")).balance_fen == LIMIT_FEN
            assert (await issuer.proof()).balanced

    play(tmp_path, fresh_database, scene)
