"""What a payment and its refunds do to an ordered voucher reaches the institution as notices of the shape."""

import json
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from clearing_world import BUREAU, World
from test_refund_in_parts import in_city, refund

from yongquan.flows.expire_vouchers import expire_vouchers
from yongquan.flows.notify_coupons import notify_coupons
from yongquan.flows.void_vouchers import VoidWish, void_vouchers
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import save_app
from yongquan.institutions.coupon_apps import fresh_app, opened_fields, sealed_field
from yongquan.institutions.coupon_store import OrderKey, begin_order, end_order
from yongquan.institutions.coupon_store import save_app as save_coupon_app
from yongquan.plumbing.webhooks import NewEndpoint, add_endpoint
from yongquan.staff import Role, RoleGrant, Staff


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


def test_returned_voided_and_expired_vouchers_are_told_as_03_05_and_06(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, platform = world.people[0], world.platform
        now = platform.clock.now()
        async with platform.database.transaction() as connection:
            await connection.execute("""update vouchers.campaign set rules = rules || '{"refund": "return"}'""")
            await connection.execute("update vouchers.round set version = version + 1")
            await platform.catalogue.refresh(connection)
        paid = await world.buy(person, world.stores[0], 9_999, voucher=BUREAU.funder_id)
        back = paid.shares[0].voucher_id
        gone, late = [await world.claim(person, BUREAU.funder_id) for _ in range(2)]
        await listen(world, person.issuer, [back, gone, late])
        async with platform.database.transaction() as connection:  # an order alone names whom to tell
            nameless = "update vouchers.voucher set platform = null where voucher_id = any (%s)"
            await connection.execute(nameless, [[gone, late]])

        await refund(world, paid, None, "all")
        staff = Staff(UUID(int=1), "p", "某", frozenset({RoleGrant(Role.ADMIN, None)}))
        await void_vouchers(platform.database, [gone], VoidWish(staff, "错发"), cells=1, now=now)
        await expire_vouchers(platform.database, cells=1, now=now + timedelta(days=20))
        await notify_coupons(platform.database, cells=1)

        async with platform.database.transaction() as connection:
            rows = await (await connection.execute("select body from plumbing.webhook_delivery")).fetchall()
        told = [json.loads(row[0]) for row in rows]
        kinds = {(n["operaTp"], n["couponCd"]): n.get("transTp", "") for n in told}
        assert kinds["02", back.hex] == "01"
        assert kinds["03", back.hex] == "04"
        assert kinds["05", gone.hex] == ""
        assert {code for kind, code in kinds if kind == "06"} == {late.hex, back.hex}

    in_city(tmp_path, fresh_database, scene)


async def listen(world: World, institution: str, voucher_ids: list[UUID]) -> None:
    """An institution that ordered these vouchers wants notices of them."""
    platform = world.platform
    now, key = platform.clock.now(), OrderKey("UP1", "s-1", "20220215")
    async with platform.database.transaction() as connection:
        await save_app(connection, App(institution, "行", "Bank", 10, 1000, "active"), now=now)
        app = fresh_app("UP1", institution, "pem")
        assert await save_coupon_app(connection, app, platform.sealing, now=now)
        where = NewEndpoint(institution=institution, url="http://127.0.0.1:9/n", kinds=("coupon",), shape="coupon")
        await add_endpoint(connection, where, platform.sealing)
        await begin_order(connection, key, b"x", coupon_id="c", wanted=len(voucher_ids), now=now)
        await end_order(connection, key, outcome="00", voucher_ids=voucher_ids)
        # As a voucher that the institution's app ordered: its own events concern that institution.
        given = "update vouchers.voucher set platform = %s where voucher_id = any (%s)"
        await connection.execute(given, [institution, voucher_ids])


def test_sealed_fields_open_to_what_was_signed() -> None:
    app = fresh_app("UP1", "bank", "pem")

    fields = {"mobile": sealed_field(app, "13900000001"), "openId": "x"}

    assert opened_fields(app, fields) == {"mobile": "13900000001", "openId": "x"}
