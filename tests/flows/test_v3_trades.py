"""The v3 shape at banks that do not always answer: what is said meanwhile, and what the merchant hears in the end."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from clearing_world import World
from ordering import desk_of, payer, sweep
from test_take_payment import in_city

from yongquan.flows.say_v3_trade import V3Speech
from yongquan.flows.serve_app import AppDesk
from yongquan.flows.tell_merchants import collect
from yongquan.flows.trade_by_v3 import NATIVE, AmountDiffers, GiveBack, NoStore, NoSuchRefund, TradeWish, V3Trades
from yongquan.institutions.gateway import V3, GatewayMerchant, register
from yongquan.institutions.v3_notices import take_due_notices
from yongquan.institutions.v3_store import RequestNoUsed
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import TradeOrder

MERCHANT = GatewayMerchant(
    dialect=V3, number="1900000001", institution="mch-1900000001", serial_no="AB", public_key_pem="", appid="wx1"
)


def trades_of(world: World) -> V3Trades:
    platform = world.platform
    apps = AppDesk(platform.database, platform.sealing, platform.claims, platform.packs, platform.cells)
    return V3Trades(platform.orders, apps, platform.links, is_sandboxed=False)


def merchant_of(world: World) -> GatewayMerchant:
    return GatewayMerchant(
        dialect=V3,
        number=MERCHANT.number,
        institution=MERCHANT.institution,
        serial_no="AB",
        public_key_pem="",
        appid="wx1",
        store_id=world.stores[0].store_id,
    )


def wish(world: World, number: str) -> TradeWish:
    return TradeWish(
        out_trade_no=number,
        trade_type=NATIVE,
        amount_fen=8_800,
        subject="两碗汤圆",
        expires_at=world.platform.clock.now() + timedelta(minutes=15),
        body=number.encode(),
        facts={"notify_url": "http://shop.example/paid", "attach": "", "goods": []},
    )


def back(number: str, out_trade_no: str, fen: int, **changes: Any) -> GiveBack:
    values: dict[str, Any] = {
        "out_refund_no": number,
        "out_trade_no": out_trade_no,
        "transaction_id": None,
        "amount_fen": fen,
        "total_fen": 8_800,
        "reason": "",
        "notify_url": "http://shop.example/back",
        "body": f"{number} {fen}".encode(),
    }
    return GiveBack(**{**values, **changes})


async def paid_order(world: World, number: str) -> TradeOrder:
    order = await trades_of(world).open(merchant_of(world), wish(world, number))
    return await desk_of(world).pay(order.order_id, payer(world.people[0]))


async def said(world: World, order: TradeOrder) -> dict[str, object]:
    async with world.platform.database.transaction() as connection:
        return await V3Speech(world.platform.sealing, world.platform.cells).trade(connection, order)


async def heard(world: World) -> list[str]:
    """What the merchant is told now."""
    async with world.platform.database.transaction() as connection:
        await register(connection, merchant_of(world), now=world.platform.clock.now())
        await collect(connection, V3Speech(world.platform.sealing, world.platform.cells))
        return [one.notice.event_type for one in await take_due_notices(connection, limit=10, lease_s=600.0)]


def test_a_payment_that_is_not_answered_is_under_way_and_told_when_it_is(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        world.sandbox.switch_faults(world.people[0].issuer, lose_answer_next=1)

        order = await paid_order(world, "slow-01")
        early = await heard(world)
        meanwhile = (await said(world, order))["trade_state"]
        await sweep(world)
        found = await trades_of(world).find(merchant_of(world), "slow-01")

        assert (meanwhile, early) == ("USERPAYING", [])
        assert (await said(world, found))["trade_state"] == "SUCCESS"
        assert await heard(world) == ["TRANSACTION.SUCCESS"]

    in_city(tmp_path, fresh_database, scene)


def test_a_refund_that_is_not_answered_goes_on_and_is_told_when_it_is(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        trades, merchant = trades_of(world), merchant_of(world)
        await paid_order(world, "slow-02")
        world.sandbox.switch_faults(world.people[0].issuer, down="drop")

        _, begun = await trades.refund(merchant, back("slow-02-r", "slow-02", 800))
        early = await heard(world)
        world.sandbox.switch_faults(world.people[0].issuer)
        for _ in range(3):
            await world.platform.refunds.sweep(now=world.platform.clock.now() + timedelta(minutes=1))
            await sweep(world)
            await asyncio.sleep(0)
        order, ended = await trades.refund_of(merchant, "slow-02-r")

        assert (begun.state, early) == ("refunding", ["TRANSACTION.SUCCESS"])
        assert (ended.state, ended.amount_fen, order.refunded_fen) == ("succeeded", 800, 800)
        assert (await said(world, order))["trade_state"] == "REFUND"
        assert await heard(world) == ["REFUND.SUCCESS"]

    in_city(tmp_path, fresh_database, scene)


def test_a_refund_number_that_was_refused_is_free_and_one_that_was_used_is_not(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        trades, merchant = trades_of(world), merchant_of(world)
        await paid_order(world, "back-01")

        with pytest.raises(PaymentRefused) as too_much:
            await trades.refund(merchant, back("r-1", "back-01", 8_801))
        with pytest.raises(AmountDiffers):
            await trades.refund(merchant, back("r-1", "back-01", 800, total_fen=9_900))
        _, given = await trades.refund(merchant, back("r-1", "back-01", 800))
        with pytest.raises(RequestNoUsed):
            await trades.refund(merchant, back("r-1", "back-01", 900))
        with pytest.raises(NoSuchRefund):
            await trades.refund_of(merchant, "r-2")

        assert too_much.value.reason == "refund_too_large"
        assert given.amount_fen == 800

    in_city(tmp_path, fresh_database, scene)


def test_a_merchant_without_a_store_takes_no_orders(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        with pytest.raises(NoStore):
            await trades_of(world).open(MERCHANT, wish(world, "none-01"))

    in_city(tmp_path, fresh_database, scene)
