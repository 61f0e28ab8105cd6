"""Grants against a real PostgreSQL: once an event, never above the stock, over cells, with the books in balance."""

import asyncio
from collections import Counter
from datetime import timedelta

import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from stores.city import SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan.flows.grant_vouchers import Grant, Granted, grant_vouchers
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.vouchers.model import Caps, Conditions, Origin, Round, RoundMode, RoundState
from yongquan.vouchers.store import move_rounds, types_of


async def give(city: SmallCity, *grants: Grant) -> list[Granted]:
    async with city.database.transaction() as connection:
        return await grant_vouchers(connection, grants, origin=Origin.DRAW, cells=city.cells, now=city.now)


async def type_of(city: SmallCity, round_: Round) -> list[Grant]:
    """The grant of each type of a round to a fresh citizen."""
    async with city.database.transaction() as connection:
        types = await types_of(connection, [round_.round_id])
    citizen, event = await city.citizen(), fresh_id()
    return [Grant(citizen, type_.type_id, event) for type_ in types]


def test_an_event_gives_a_citizen_each_type_once(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            grants = await type_of(city, await city.round(mode=RoundMode.DRAW, types=3))

            first = await give(city, *grants, *grants)
            again = await give(city, *grants)

            assert [g.code for g in first] == ["granted"] * 6
            assert [g.code for g in again] == ["again"] * 3
            assert [g.voucher_id for g in again] == [g.voucher_id for g in first[:3]]
            assert await proved(city)

    asyncio.run(scene())


def test_neither_window_nor_condition_nor_cap_is_asked_again(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            over = city.now - timedelta(minutes=1)
            round_ = await city.round(
                mode=RoundMode.DRAW,
                opens_at=over - timedelta(hours=1),
                closes_at=over,
                conditions=Conditions(age_min=18),
                caps=Caps(per_campaign=1),
                types=2,
            )

            given = await give(city, *await type_of(city, round_))

            assert [g.code for g in given] == ["granted"] * 2

    asyncio.run(scene())


def test_a_draw_round_cannot_be_grabbed(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(mode=RoundMode.DRAW)

            outcome = await city.claim(await city.citizen(), round_)

            assert outcome.code == "not_open"

    asyncio.run(scene())


def test_a_round_that_is_not_out_and_an_unknown_type_give_nothing(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            round_ = await city.round(mode=RoundMode.PUSH)
            async with city.database.transaction() as connection:
                await move_rounds(connection, [round_.round_id], origins=[RoundState.PUBLISHED], to=RoundState.PAUSED)

            paused = await give(city, *await type_of(city, round_))
            unknown = await give(city, Grant(await city.citizen(), fresh_id(), fresh_id()))

            assert [g.code for g in paused + unknown] == ["not_published"] * 2

    asyncio.run(scene())


@pytest.mark.parametrize("cells", [1, 8])
def test_competing_grants_never_exceed_the_stock(cells: int, fresh_database: str, database_url: str) -> None:
    async def scene(conninfo: str) -> None:
        async with small_city(conninfo, cells=cells) as city:
            round_ = await city.round(mode=RoundMode.DRAW, stock=25)
            grants = [(await type_of(city, round_))[0] for _ in range(40)]

            given = await asyncio.gather(*(give(city, *grants[n::4]) for n in range(4)))

            assert Counter(g.code for part in given for g in part) == {"granted": 25, "sold_out": 15}
            assert await proved(city)

    if cells == 1:
        asyncio.run(scene(fresh_database))
        return
    name = f"yq_grants_{fresh_id().hex[-12:]}"
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    conninfo = make_conninfo(database_url, dbname=name)
    migrate(conninfo, cells=cells)
    asyncio.run(scene(conninfo))
