"""Whom an order means, by phone or card, and orders of draws: only citizens who agreed, each once."""

import asyncio
from uuid import UUID

import pytest
from drawing_world import DISTRICTS, draw_world
from stores.city import SEALING, SmallCity, small_city

from yongquan.flows.claim_pack import PackDesk
from yongquan.flows.serve_app import AppDesk, NotLinked, open_id_of
from yongquan.flows.serve_coupons import CouponDesk, UnknownCoupon, Whom
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import save_app, save_link
from yongquan.institutions.coupon_apps import fresh_app
from yongquan.institutions.coupon_store import OrderKey
from yongquan.kernel.ids import bucket_of, cell_of
from yongquan.payments.store import NewInstrument, bind_many, index_cards
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.fresh import fresh_id

CALLER = fresh_app("UP1", "yuehu", "pem")
CARD = "6299020000001234"


def desk_of(city: SmallCity) -> CouponDesk:
    packs = PackDesk(city.database, Clock(), city.desk, cells=city.cells)
    return CouponDesk(AppDesk(city.database, SEALING, city.desk, packs, city.cells), city.catalogue)


async def link(city: SmallCity, citizen: UUID) -> UUID:
    open_id = open_id_of(SEALING, "yuehu", citizen)
    async with city.database.transaction() as connection:
        await save_app(connection, App("yuehu", "悦湖", "Yuehu", 10, 1000, "active"), now=city.now)
        await save_link(
            connection,
            cell_of(citizen, city.cells),
            "yuehu",
            open_id=open_id,
            citizen_id=citizen,
            is_new=False,
            now=city.now,
        )
    return open_id


@pytest.mark.parametrize("forgets_index", [False, True])
def test_phone_and_card_mean_citizens_who_agreed(fresh_database: str, *, forgets_index: bool) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            desk, citizen = desk_of(city), await city.citizen()
            phone = Whom(phone=f"139{city.made:08d}")
            async with city.database.transaction() as connection:
                card = NewInstrument(fresh_id(bucket_of(citizen)), citizen, "yuehu", "card", CARD)
                await bind_many(connection, [card], SEALING, cells=city.cells, now=city.now)
                if forgets_index:  # as it was bound before cards had an index
                    await connection.execute("update payments.instrument set pan_index = null")
                    assert await index_cards(connection, SEALING) == 1

            for whom in (phone, Whom(card_no=CARD), Whom(open_id="x")):
                with pytest.raises(NotLinked):
                    await desk.whom(CALLER, whom, now=city.now)
            open_id = await link(city, citizen)
            found = [
                await desk.whom(CALLER, whom, now=city.now)
                for whom in (phone, Whom(card_no=CARD), Whom(open_id=str(open_id)))
            ]

            assert found == [citizen] * 3

    asyncio.run(scene())


def test_a_draw_order_signs_up_once_and_needs_a_district(fresh_database: str) -> None:
    async def scene() -> None:
        async with draw_world(fresh_database, cells=1) as world:
            city, draw = world.city, world.draw
            desk, citizen = desk_of(city), await city.citizen()
            key = OrderKey("UP1", "s-1", "20220215")
            now = draw.opens_at
            await world.at(now)

            async def order(adcode: str | None) -> str:
                outcome = await desk.draw(CALLER, key, citizen, round_id=draw.round_id, adcode=adcode, now=now)
                return f"{outcome.code}:{outcome.reason}"

            nowhere, first, again = await order(None), await order(DISTRICTS[0]), await order(DISTRICTS[0])
            with pytest.raises(UnknownCoupon):
                await desk.draw(CALLER, key, citizen, round_id=fresh_id(), adcode=None, now=now)

            assert (nowhere, first, again) == ("wrong_place:no_location", "registered:", "again:")

    asyncio.run(scene())
