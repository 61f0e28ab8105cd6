"""An institution's own quota of a round: exact, never oversold, released at its time."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest
from stores.city import SEALING, SmallCity, small_city

from yongquan.flows.claim_pack import PackDesk
from yongquan.flows.prove_books import prove_books
from yongquan.flows.reserve_quota import release_quotas, reserve_quota
from yongquan.flows.serve_app import AppDesk
from yongquan.institutions.apps import App
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.vouchers.model import Caps, Round
from yongquan.vouchers.quotas import QuotaRefused, quotas_of

BANK = App("yuehu", "悦湖", "Yuehu", 10, 10, "active")


async def reserve(city: SmallCity, round_: Round, share_bp: int, *, release_at: timedelta | None = None) -> None:
    async with city.database.transaction() as connection:
        await reserve_quota(
            connection,
            round_.round_id,
            institution="yuehu",
            share_bp=share_bp,
            release_at=None if release_at is None else city.now + release_at,
            cells=city.cells,
            now=city.now,
        )
    await city.refresh()
    city.desk.forget_sold_out()


async def claim_by_bank(city: SmallCity, citizen: UUID, round_: Round, key: str = "") -> str:
    offer = city.catalogue.get(round_.round_id.hex)
    assert offer is not None
    packs = PackDesk(city.database, Clock(), city.desk, cells=city.cells)
    desk = AppDesk(city.database, SEALING, city.desk, packs, city.cells)
    body = hashlib.blake2b(b"", digest_size=16).hexdigest()
    type_ = next(iter(offer.types.values()))
    outcome = await desk.claim(BANK, citizen, offer, type_, key=key or fresh_id().hex, body_hash=body, place=None)
    assert outcome.type_id in {"", type_.type_id}
    return outcome.code


async def proof_holds(city: SmallCity) -> bool:
    connection = await city.database.connect()
    try:
        return (await prove_books(connection)).holds
    finally:
        await connection.close()


def test_others_cannot_claim_the_quota_and_the_bank_takes_its_own_first(fresh_database: str) -> None:
    async def run() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(stock=10)
            await reserve(city, round_, 3_000)

            ours = [(await city.claim(await city.citizen(), round_)).code for _ in range(8)]
            banks = [await claim_by_bank(city, await city.citizen(), round_) for _ in range(4)]

            assert ours == ["claimed"] * 7 + ["sold_out"]
            assert banks == ["claimed"] * 3 + ["sold_out"]
            assert await proof_holds(city)

    asyncio.run(run())


def test_bank_goes_on_with_what_is_everybodys_and_a_repeat_brings_the_same(fresh_database: str) -> None:
    async def run() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(stock=5, caps=Caps(per_round=1))
            await reserve(city, round_, 2_000)
            first, second = await city.citizen(), await city.citizen()

            won = [await claim_by_bank(city, who, round_, key="k") for who in (first, second, first, second)]
            other_key = await claim_by_bank(city, first, round_)

            assert won == ["claimed", "claimed", "again", "again"]
            assert other_key == "cap_reached"

    asyncio.run(run())


def test_what_is_left_goes_back_at_its_time(fresh_database: str) -> None:
    async def run() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(stock=10)
            await reserve(city, round_, 5_000, release_at=timedelta(hours=1))
            await claim_by_bank(city, await city.citizen(), round_)
            for _ in range(5):
                await city.claim(await city.citizen(), round_)

            early = await release_quotas(city.database, now=city.now)
            released = await release_quotas(city.database, now=city.now + timedelta(hours=2))
            again = await release_quotas(city.database, now=city.now + timedelta(hours=3))
            await city.refresh()
            city.desk.forget_sold_out()
            after = [(await city.claim(await city.citizen(), round_)).code for _ in range(5)]

            assert (early, released, again) == (0, 4, 0)
            assert after == ["claimed"] * 4 + ["sold_out"]
            assert await proof_holds(city)

    asyncio.run(run())


def test_more_than_what_is_unclaimed_and_a_second_quota_are_refused(fresh_database: str) -> None:
    async def run() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(stock=4)
            for _ in range(3):
                await city.claim(await city.citizen(), round_)

            with pytest.raises(QuotaRefused):
                await reserve(city, round_, 5_000)
            await reserve(city, round_, 2_500)
            with pytest.raises(QuotaRefused):
                await reserve(city, round_, 2_500)

            async with city.database.transaction() as connection:
                (quota,) = await quotas_of(connection, [round_.round_id])
            assert (quota.stock, quota.remaining, quota.institution) == (1, 1, "yuehu")

    asyncio.run(run())


def test_race_of_both_apps_in_many_cells_sells_exactly_the_stock(database_url: str) -> None:
    import psycopg
    from psycopg.conninfo import make_conninfo

    name = "yq_quota_cells"
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {name} with (force)".encode())
        admin.execute(f"create database {name}".encode())
        conninfo = make_conninfo(database_url, dbname=name)
        migrate(conninfo, cells=4)

    async def run() -> None:
        async with small_city(conninfo, cells=4) as city:
            round_ = await city.round(stock=21)
            await reserve(city, round_, 3_000)
            people = [await city.citizen() for _ in range(60)]

            outcomes = await asyncio.gather(
                *(claim_by_bank(city, who, round_) for who in people[::2]),
                *(_ours(city, who, round_) for who in people[1::2]),
            )

            assert outcomes.count("claimed") == 21
            assert set(outcomes) == {"claimed", "sold_out"}
            assert await proof_holds(city)

    asyncio.run(run())


async def _ours(city: SmallCity, citizen: UUID, round_: Round) -> str:
    return (await city.claim(citizen, round_)).code
