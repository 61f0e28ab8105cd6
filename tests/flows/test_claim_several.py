"""Several vouchers in one order come all or not at all, and the same order again is answered the same."""

import asyncio
from uuid import UUID

import pytest
from stores.city import SEALING, SmallCity, small_city
from test_coupon_orders import CALLER, desk_of, link

from yongquan.flows.serve_coupons import Given
from yongquan.institutions.coupon_apps import fresh_app
from yongquan.institutions.coupon_store import OrderKey, save_app
from yongquan.vouchers.model import Caps


async def open_desk(city: SmallCity, citizen: UUID) -> None:
    await link(city, citizen)
    async with city.database.transaction() as connection:
        await save_app(connection, fresh_app("UP1", "yuehu", "pem"), SEALING, now=city.now)


async def order(city: SmallCity, citizen: UUID, type_id: UUID, seq: str, wanted: int) -> Given:
    key = OrderKey("UP1", seq, "20220215")
    return await desk_of(city).give(CALLER, key, citizen, coupon_id=type_id, wanted=wanted, now=city.now)


@pytest.mark.parametrize("cells", [1, 4])
def test_an_order_of_three_is_given_whole_or_not_at_all(fresh_database: str, cells: int) -> None:
    async def scene() -> None:
        async with small_city(fresh_database, cells=cells) as city:
            round_ = await city.round(stock=5, caps=Caps(per_round=4))
            citizen, other = await city.citizen(), await city.citizen()
            await open_desk(city, citizen)
            offer = city.catalogue.get(round_.round_id.hex)
            assert offer is not None
            (type_hex,) = offer.types
            type_id = UUID(type_hex)

            three = await order(city, citizen, type_id, "a", 3)
            again = await order(city, citizen, type_id, "a", 3)
            over_cap = await order(city, citizen, type_id, "b", 2)
            sold_out = await order(city, other, type_id, "c", 3)
            left = await order(city, other, type_id, "d", 2)

            assert (three.outcome, len(three.voucher_ids)) == ("00", 3)
            assert again == three
            assert (over_cap.outcome, over_cap.voucher_ids) == ("cap_reached", ())
            assert (sold_out.outcome, sold_out.voucher_ids) == ("sold_out", ())
            assert len(left.voucher_ids) == 2

    asyncio.run(scene())
