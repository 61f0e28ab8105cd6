"""The map answers with single stores or with counts, within its box and its filters."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeVar

import pytest

from yongquan.kernel.ids import make_id
from yongquan.merchants.map import Box, Wanted, count_stores, squares_of, stores_in
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.db import Connection, opened

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
CITY = Box(121.0, 29.0, 122.0, 30.0)
ANY = Wanted()
T = TypeVar("T")


@pytest.fixture(scope="module")
def ask(module_database: str) -> Callable[[Callable[[Connection], Awaitable[T]]], T]:
    """Asks a database of 400 stores: a dense corner, and one store at each tenth of a degree."""

    async def asked(question: Callable[[Connection], Awaitable[T]], *, first: bool = False) -> T:
        async with opened(module_database) as database, database.transaction() as connection:
            if first:
                await register_stores(connection, [store(n) for n in range(400)], now=NOW)
            return await question(connection)

    async def nothing(_: Connection) -> None:
        return None

    asyncio.run(asked(nothing, first=True))  # type: ignore[arg-type]
    return lambda question: asyncio.run(asked(question))


def store(n: int) -> NewStore:
    dense = n < 300
    return NewStore(
        store_id=make_id(at_ms=n, bucket=0, entropy=n),
        name=f"第{n}家",
        brand=None,
        licence_no="",
        industry="dining" if n % 2 else "lodging",
        mcc="5812",
        adcode="330203" if dense else "330225",
        address="地图路 1 号",
        lon=121.501 if dense else 121.05 + (n - 300) % 10 / 10,
        lat=29.851 if dense else 29.05 + (n - 300) // 10 / 10,
        acquirer="donggang",
        account_no=f"shop-{n}",
        hardship=n % 100 == 0,
    )


def test_squares_add_up_to_the_stores_in_the_box(ask: Callable[..., object]) -> None:
    squares = ask(lambda connection: squares_of(connection, CITY, ANY, step=0.1))

    assert isinstance(squares, list)
    assert sum(square.stores for square in squares) == ask(lambda c: count_stores(c, CITY, ANY)) == 400
    assert squares[0].stores == 301
    assert (round(squares[0].lon, 2), round(squares[0].lat, 2)) == (121.5, 29.85)


def test_box_ends_before_its_east_and_north(ask: Callable[..., object]) -> None:
    edge = Box(121.4, 29.8, 121.501, 29.851)

    assert ask(lambda connection: count_stores(connection, edge, ANY)) == 1
    assert ask(lambda connection: count_stores(connection, Box(121.501, 29.851, 121.6, 29.9), ANY)) == 300


@pytest.mark.parametrize(
    ("wanted", "stores"),
    [
        (Wanted(industry="dining"), 200),
        (Wanted(districts=["330225"]), 100),
        (Wanted(hardship_only=True), 4),
        (Wanted(industry="lodging", districts=["330203"], hardship_only=True), 3),
        (Wanted(districts=[]), 0),
    ],
)
def test_filters_narrow_the_map(ask: Callable[..., object], wanted: Wanted, stores: int) -> None:
    assert ask(lambda connection: count_stores(connection, CITY, wanted)) == stores


def test_no_more_stores_than_the_limit(ask: Callable[..., object]) -> None:
    found = ask(lambda connection: stores_in(connection, CITY, ANY, limit=50))

    assert isinstance(found, list)
    assert len(found) == 50
