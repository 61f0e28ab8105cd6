"""Versions of the grids: drawn, changed, approved by another person, in force from their day on."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.app import load_regions
from yongquan.flows.deciding import OwnVersion
from yongquan.flows.redraw_grids import (
    Wish,
    build_grids,
    decide_grids,
    lock_grid,
    move_cell,
    what_if,
)
from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import make_id
from yongquan.merchants.grids import GRIDS, CellKey, Drawing
from yongquan.merchants.grids.redrawing import GridBroken, GridLocked, UnknownGrid, beside
from yongquan.merchants.grids.store import (
    NewVersion,
    drawing_of,
    grid_version,
    grids_of_stores,
    stores_in_grid,
    version_on,
)
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.db import Database, opened
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
TODAY, TOMORROW = date(2022, 2, 21), date(2022, 2, 22)
REGIONS = load_regions()
PLACES = [(121.5440, 29.8720, "330203"), (121.2300, 30.1700, "330282"), (120.0, 28.0, "330203"), (0.0, 0.0, "110000")]


def staff(number: int, role: Role = Role.OPERATOR, adcode: str | None = None) -> Staff:
    return Staff(
        make_id(at_ms=number, bucket=0, entropy=number), "someone", "某人", frozenset({RoleGrant(role, adcode)})
    )


MAKER, CHECKER = staff(1), staff(2)


@dataclass
class World:
    """A database of a few stores."""

    database: Database
    stores: list[UUID]

    async def build(self, day: date = TODAY, *, seed: int = 1, now: datetime = NOW, base: int | None = None) -> int:
        new = NewVersion(effective_day=day, seed=seed, reason="按季度调整", actor=MAKER.actor, base_no=base)
        return await build_grids(self.database, REGIONS, new, now=now, real_now=now)

    async def decide(self, number: int, by: Staff = CHECKER, *, approve: bool = True, now: datetime = NOW) -> None:
        await decide_grids(self.database, by, number, approve=approve, now=now, real_now=now)

    async def drawing(self, number: int) -> Drawing:
        async with self.database.transaction() as connection:
            return (await drawing_of(connection, number))[0]

    async def grids(self, day: date) -> dict[UUID, str]:
        async with self.database.transaction() as connection:
            return await grids_of_stores(connection, day, self.stores)

    async def a_move(self, number: int) -> Wish:
        for key, tos in beside(await self.drawing(number), "330212-01").items():
            for to in tos:
                try:
                    await what_if(self.database, number, Wish(key, to))
                except GridBroken:
                    continue
                return Wish(key, to)
        raise AssertionError


@pytest.fixture
def lived(fresh_database: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Lets a story happen to a world of its own."""

    async def live(story: Callable[[World], Awaitable[None]]) -> None:
        async with opened(fresh_database) as database:
            stores = [store(n, *place) for n, place in enumerate(PLACES)]
            async with database.transaction() as connection:
                await register_stores(connection, stores, now=NOW)
            await story(World(database, [one.store_id for one in stores]))

    return lambda story: asyncio.run(live(story))


def store(n: int, lon: float, lat: float, adcode: str) -> NewStore:
    return NewStore(
        store_id=make_id(at_ms=n, bucket=0, entropy=n),
        name=f"第{n}家",
        brand=None,
        licence_no="",
        industry="dining",
        mcc="5812",
        adcode=adcode,
        address="网格路 1 号",
        lon=lon,
        lat=lat,
        acquirer="donggang",
        account_no=f"shop-{n}",
    )


def test_draft_is_in_force_only_after_another_person_approves_it(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        number = await world.build()

        assert await world.grids(TODAY) == {}
        with pytest.raises(OwnVersion):
            await world.decide(number, MAKER)
        await world.decide(number)

        assert len(set((await world.drawing(number)).grid.values())) == GRIDS
        found = await world.grids(TODAY)
        assert found.keys() == set(world.stores[:3])  # one outside its division's cells counts in the nearest
        assert [found[one][:6] for one in world.stores[:3]] == ["330203", "330282", "330203"]
        with pytest.raises(ForbiddenMove):
            await world.decide(number)

    lived(story)


def test_each_day_keeps_the_version_that_was_in_force(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        first = await world.build(seed=1)
        await world.decide(first)
        before = await world.grids(TODAY)
        second = await world.build(TOMORROW, seed=5)
        await world.decide(second)
        refused = await world.build(TOMORROW, seed=6)
        await world.decide(refused, approve=False)

        async with world.database.transaction() as connection:
            days = [await version_on(connection, TODAY + timedelta(days=n)) for n in (-1, 0, 1, 400)]

        assert days == [None, first, second, second]
        assert await world.grids(TODAY) == before

    lived(story)


def test_version_takes_effect_on_a_later_day_than_one_that_has_begun(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        await world.decide(await world.build())
        late = await world.build(TOMORROW)

        with pytest.raises(BadInput):
            await world.build(TODAY)
        with pytest.raises(BadInput):
            await world.decide(late, now=NOW + timedelta(days=1))

    lived(story)


def test_moved_cell_is_kept_in_the_draft_and_whoever_moved_it_does_not_approve(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        number = await world.build()
        wish = await world.a_move(number)

        await move_cell(world.database, CHECKER, number, wish, now=NOW)
        await move_cell(world.database, CHECKER, number, wish, now=NOW)  # a repeat changes nothing

        assert (await world.drawing(number)).grid[wish.key] == wish.to
        async with world.database.transaction() as connection:
            version = await grid_version(connection, number)
        assert version is not None
        assert (version.changes, list(version.changed_by)) == (1, [MAKER.actor, CHECKER.actor])
        with pytest.raises(OwnVersion):
            await world.decide(number)
        await world.decide(number, staff(3))
        with pytest.raises(ForbiddenMove):
            await move_cell(world.database, CHECKER, number, wish, now=NOW)

    lived(story)


def test_locked_cell_stays_by_hand_and_in_a_rebuild(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        number = await world.build()
        wish = await world.a_move(number)
        await lock_grid(world.database, MAKER, number, wish.key, locked=True, now=NOW)
        await lock_grid(world.database, MAKER, number, "330203-01", locked=True, now=NOW)
        before = await world.drawing(number)

        with pytest.raises(GridLocked):
            await move_cell(world.database, MAKER, number, wish, now=NOW)
        after = await world.drawing(await world.build(base=number))

        assert after.grid[wish.key] == before.grid[wish.key]
        assert [k for k, g in after.grid.items() if g == "330203-01"] == [
            k for k, g in before.grid.items() if g == "330203-01"
        ]
        with pytest.raises(UnknownGrid):
            await lock_grid(world.database, MAKER, number, CellKey("nowhere", "330203"), locked=True, now=NOW)
        await lock_grid(world.database, MAKER, number, wish.key, locked=False, now=NOW)
        await move_cell(world.database, MAKER, number, wish, now=NOW)

    lived(story)


def test_stores_of_a_grid_are_those_whose_grid_it_is(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        number = await world.build()
        await world.decide(number)
        found = await world.grids(TODAY)
        drawing = await world.drawing(number)

        async with world.database.transaction() as connection:
            listed = await stores_in_grid(connection, drawing, found[world.stores[1]])

        assert [one.store_id for one in listed] == [world.stores[1]]

    lived(story)


def test_only_staff_of_the_whole_city_change_grids(lived: Callable[..., None]) -> None:
    async def story(world: World) -> None:
        number = await world.build()

        for stranger in (staff(4, Role.AUDITOR), staff(5, Role.BUREAU_OFFICER, "330203")):
            with pytest.raises(Forbidden):
                await world.decide(number, stranger)

    lived(story)
