"""Gifts against a real PostgreSQL: within the quota, once a key, waiting for strangers, back when they expire."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from flows.test_push_vouchers import OFFICER, type_of
from stores.city import SEALING, SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.sign_in import NotAPhone
from yongquan.citizens.sign_in_store import find_or_register
from yongquan.flows.give_vouchers import (
    GiftExhausted,
    GiftNotOpen,
    QuotaAboveStock,
    UnknownQuota,
    allow_gifts,
    deliver_gifts,
    expire_gifts,
    give_voucher,
)
from yongquan.kernel.ids import bucket_from
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways.gifts import Gift, GiftQuota, quotas

SHOP = f"store:{fresh_id()}"
STRANGER = "13712345678"


async def allowed(city: SmallCity, quota: int, *, stock: int = 10, type_id: UUID | None = None) -> UUID:
    chosen = type_id or await type_of(city, await city.round(mode=RoundMode.GIFT, stock=stock))
    return await allow_gifts(
        city.database, type_id=chosen, giver=SHOP, quota=quota, waits_days=14, staff=OFFICER, now=city.now
    )


async def give(
    city: SmallCity, quota: UUID, phone: str, *, key: str = "", giver: str = SHOP, later: timedelta = timedelta()
) -> Gift:
    return await give_voucher(
        city.database,
        SEALING,
        giver=giver,
        quota_id=quota,
        phone=phone,
        key=key or fresh_id().hex,
        cells=city.cells,
        now=city.now + later,
    )


async def quota_of(city: SmallCity, quota_id: UUID) -> GiftQuota:
    async with city.database.transaction() as connection:
        return (await quotas(connection, quota_id=quota_id))[0]


def test_a_registered_phone_gets_its_gift_at_once_and_once_a_key(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            citizen = await city.citizen()
            quota = await allowed(city, 2)

            first = await give(city, quota, "13900000001", key="k")
            again = await give(city, quota, "13900000001", key="k")

            assert (first.state, first.citizen_id) == ("delivered", citizen)
            assert again == first
            assert (await quota_of(city, quota)).given == 1
            assert await proved(city)

    asyncio.run(scene())


def test_a_stranger_gets_the_gift_at_registration(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            quota = await allowed(city, 2)
            waiting = await give(city, quota, STRANGER)
            fresh = NewCitizen(fresh_id(bucket_from(SEALING.index(STRANGER, what="phone"))), STRANGER, "某人")
            async with city.database.transaction() as connection:
                citizen = await find_or_register(connection, fresh, SEALING, cells=1)

            facts = {"phone": STRANGER, "citizen_id": citizen, "cells": 1, "now": city.now}
            came = await deliver_gifts(city.database, SEALING, **facts)  # type: ignore[arg-type]
            came_again = await deliver_gifts(city.database, SEALING, **facts)  # type: ignore[arg-type]

            assert (waiting.state, waiting.phone_tail) == ("waiting", "5678")
            assert (came, came_again) == (1, 0)
            assert (await quota_of(city, quota)).delivered == 1
            assert await proved(city)

    asyncio.run(scene())


def test_a_gift_nobody_came_for_goes_back_to_the_quota(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            quota = await allowed(city, 1)
            await give(city, quota, STRANGER)

            with pytest.raises(GiftExhausted):
                await give(city, quota, "13712345679")
            expired = await expire_gifts(city.database, cells=1, now=city.now + timedelta(days=15))

            assert expired == 1
            assert (await quota_of(city, quota)).left == 1
            assert (await give(city, quota, "13712345679")).state == "waiting"

    asyncio.run(scene())


def test_many_givers_never_give_above_the_quota(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            quota = await allowed(city, 3)

            given = await asyncio.gather(
                *(give(city, quota, f"137123400{n:02d}") for n in range(8)), return_exceptions=True
            )

            assert sum(isinstance(one, Gift) for one in given) == 3
            assert sum(isinstance(one, GiftExhausted) for one in given) == 5

    asyncio.run(scene())


def test_gifts_are_refused_out_of_time_of_place_and_above_the_stock(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            type_id = await type_of(city, await city.round(mode=RoundMode.GIFT, stock=5))
            quota = await allowed(city, 3, type_id=type_id)

            with pytest.raises(QuotaAboveStock):
                await allowed(city, 3, type_id=type_id)
            with pytest.raises(UnknownQuota):
                await allowed(city, 1, type_id=await type_of(city, await city.round()))
            with pytest.raises(UnknownQuota):
                await give(city, quota, STRANGER, giver="store:another")
            with pytest.raises(NotAPhone):
                await give(city, quota, "12345")
            with pytest.raises(GiftNotOpen):
                await give(city, quota, STRANGER, later=timedelta(days=3))

    asyncio.run(scene())
