"""What a payment and its refunds do to an ordered voucher reaches the institution as notices of the shape."""

import json
from pathlib import Path

from clearing_world import BUREAU, World
from test_refund_in_parts import in_city, refund

from yongquan.flows.notify_coupons import notify_coupons
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import save_app
from yongquan.institutions.coupon_apps import fresh_app, opened_fields, sealed_field
from yongquan.institutions.coupon_store import OrderKey, begin_order, end_order
from yongquan.institutions.coupon_store import save_app as save_coupon_app
from yongquan.plumbing.webhooks import NewEndpoint, add_endpoint


def test_payment_partial_refund_and_last_refund_are_told_in_order(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, platform = world.people[0], world.platform
        key, now = OrderKey("UP1", "s-1", "20220215"), platform.clock.now()
        paid = await world.buy(person, world.stores[0], 9_999, voucher=BUREAU.funder_id)
        voucher_id = paid.shares[0].voucher_id
        async with platform.database.transaction() as connection:
            await save_app(connection, App(person.issuer, "行", "Bank", 10, 1000, "active"), now=now)
            app = fresh_app("UP1", person.issuer, "pem")
            assert await save_coupon_app(connection, app, platform.sealing, now=now)
            where = NewEndpoint(
                institution=person.issuer, url="http://127.0.0.1:9/n", kinds=("coupon",), shape="coupon"
            )
            await add_endpoint(connection, where, platform.sealing)
            await begin_order(connection, key, b"x", coupon_id="c", wanted=1, now=now)
            fresh = await end_order(connection, key, outcome="00", voucher_ids=[voucher_id])
            again = await end_order(connection, key, outcome="00", voucher_ids=[voucher_id])

        await refund(world, paid, 3_333, "one")
        await refund(world, paid, None, "rest")
        await notify_coupons(platform.database, cells=1)
        await notify_coupons(platform.database, cells=1)

        async with platform.database.transaction() as connection:
            rows = await (await connection.execute("select body from plumbing.webhook_delivery")).fetchall()
        told = sorted((json.loads(row[0]) for row in rows), key=lambda n: (n["transTp"], n["operaTp"]))
        assert (fresh, again) == ([voucher_id], [])
        assert [(n["operaTp"], n["transTp"]) for n in told] == [("02", "01"), ("04", "04"), ("05", "04")]
        assert int(told[1]["transAmt"]) + int(told[2]["transAmt"]) == int(told[0]["transAmt"]) == paid.discount_fen
        assert {n["couponCd"] for n in told} == {voucher_id.hex}
        assert {n["origTransSeqId"] for n in told} == {"s-1"}

    in_city(tmp_path, fresh_database, scene)


def test_sealed_fields_open_to_what_was_signed() -> None:
    app = fresh_app("UP1", "bank", "pem")

    fields = {"mobile": sealed_field(app, "13900000001"), "openId": "x"}

    assert opened_fields(app, fields) == {"mobile": "13900000001", "openId": "x"}
