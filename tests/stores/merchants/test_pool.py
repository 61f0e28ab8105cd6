"""Shops agree and withdraw; holders see within their grant and never a few; versions stay and become shop groups."""

from datetime import timedelta

import pytest
from stores.merchants.trading import CHECKER, FEBRUARY, NOW, Trade, living, staff, store

from yongquan.flows.grade_shops import grade_month
from yongquan.flows.use_pool import (
    KeyUsed,
    Saving,
    grant_pool,
    look_at_pool,
    revoke_pool,
    save_pool,
    set_consent,
    squares_of_pool,
    uses_of_version,
    version_for,
)
from yongquan.institutions.store import Funder, save_funders
from yongquan.kernel.errors import BadInput
from yongquan.merchants.pool import Bounds, NotInPool, PoolClosed, TooFewShops, Wanted
from yongquan.merchants.pool.store import members_of
from yongquan.merchants.store import register_stores
from yongquan.merchants.views import facts_of_stores
from yongquan.staff import Forbidden, Role

BUREAU, BANK = "bureau-1", "bank-1"
DINING = Wanted(industries=("dining",))


async def opened(world: Trade) -> None:
    """Eight diners and two supermarkets; all but the last of each agreed; the bureau is granted all of the pool."""
    more = [store(n, industry="supermarket") for n in (21, 22)]
    async with world.database.transaction() as connection:
        await register_stores(connection, more, now=NOW)
        for code, kind in ((BUREAU, "bureau"), (BANK, "bank")):
            await save_funders(connection, [Funder(code, code, code, kind, None, "zhenlan", f"account-{code}")])
    world.stores += [one.store_id for one in more]
    for shop in [*world.stores[:7], world.stores[8]]:
        await set_consent(world.database, shop, agreed=True, now=NOW)
    await grant_pool(world.database, CHECKER, BUREAU, Bounds(), reason="全市", now=NOW)


def saving(wanted: Wanted = DINING, *, name: str = "餐饮", key: str = "k1", holder: str = BUREAU) -> Saving:
    return Saving(holder, name, wanted, key, "staff:x")


def test_only_shops_that_agreed_are_found_and_few_are_not_told(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await opened(world)
        async with world.database.transaction() as connection:
            all_found = await look_at_pool(connection, BUREAU, Wanted())
            few = await look_at_pool(connection, BUREAU, Wanted(industries=("supermarket",)))
            squares = await squares_of_pool(connection, BUREAU, Wanted(industries=("supermarket",)), step=0.1)

        assert all_found.shops == len(all_found.listed) == 8
        assert all_found.by_industry == {"dining": 7, "supermarket": None}
        assert (few.shops, few.listed, squares) == (None, [], [])
        with pytest.raises(TooFewShops):
            await save_pool(world.database, saving(Wanted(industries=("supermarket",))), now=NOW)

    living(fresh_database, story, shops=8)


def test_grades_and_activity_filter_shops(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await opened(world)
        for shop in range(6):
            await world.pay(shop, 1, at=NOW - timedelta(days=9))
        await grade_month(world.database, FEBRUARY, actor="command:tiers", now=NOW, real_now=NOW)
        async with world.database.transaction() as connection:
            low = await look_at_pool(connection, BUREAU, Wanted(bands=("low",)))
            high = await look_at_pool(connection, BUREAU, Wanted(bands=("high",)))
            east = await look_at_pool(connection, BUREAU, Wanted(box=(122.0, 29.0, 123.0, 30.0)))

        assert (low.shops, low.month) == (6, FEBRUARY)
        assert (high.shops, east.shops) == (0, 0)

    living(fresh_database, story, shops=8)


def test_grant_bounds_what_is_seen_until_it_is_revoked(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await opened(world)
        async with world.database.transaction() as connection:
            with pytest.raises(PoolClosed):
                await look_at_pool(connection, BANK, Wanted())
        with pytest.raises(Forbidden):
            bank_seat = staff(7, Role.OPERATOR, institution=BANK)
            await grant_pool(world.database, bank_seat, BANK, Bounds(), reason="自己", now=NOW)
        with pytest.raises(BadInput):
            await grant_pool(world.database, CHECKER, "nobody", Bounds(), reason="谁", now=NOW)
        await grant_pool(world.database, CHECKER, BANK, Bounds(industries=["dining"]), reason="选店", now=NOW)
        async with world.database.transaction() as connection:
            assert (await look_at_pool(connection, BANK, Wanted())).shops == 7
        await grant_pool(world.database, CHECKER, BANK, Bounds(adcodes=["330225"]), reason="改范围", now=NOW)
        async with world.database.transaction() as connection:
            assert (await look_at_pool(connection, BANK, Wanted(adcodes=("330203",)))).shops == 0

        await revoke_pool(world.database, CHECKER, BANK, reason="到期", now=NOW)

        with pytest.raises(NotInPool):
            await revoke_pool(world.database, CHECKER, BANK, reason="到期", now=NOW)
        with pytest.raises(PoolClosed):
            await save_pool(world.database, saving(holder=BANK), now=NOW)

    living(fresh_database, story, shops=8)


def test_version_stays_and_its_repeat_is_the_same(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await opened(world)
        first = await save_pool(world.database, saving(), now=NOW)
        again = await save_pool(world.database, saving(), now=NOW + timedelta(hours=1))
        second = await save_pool(world.database, saving(key="k2"), now=NOW)
        with pytest.raises(KeyUsed):
            await save_pool(world.database, saving(Wanted()), now=NOW)

        assert again == first
        assert (first.version_no, second.version_no, first.members) == (1, 2, 7)
        assert first.digest == second.digest
        async with world.database.transaction() as connection:
            with pytest.raises(NotInPool):
                await version_for(connection, BANK, first.version_id)
            assert await uses_of_version(connection, first) == []

    living(fresh_database, story, shops=8)


def test_shop_that_withdraws_is_in_no_group_and_rejoins_no_old_version(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        await opened(world)
        version, shop = await save_pool(world.database, saving(), now=NOW), world.stores[0]

        async def groups() -> frozenset[str]:
            async with world.database.transaction() as connection:
                return (await facts_of_stores(connection, [shop]))[shop].groups

        assert version.group_code in await groups()
        history = await set_consent(world.database, shop, agreed=False, now=NOW + timedelta(days=1))
        assert await groups() == frozenset()
        await set_consent(world.database, shop, agreed=False, now=NOW + timedelta(days=2))
        await set_consent(world.database, shop, agreed=True, now=NOW + timedelta(days=3))

        assert history[0].withdrawn_at == NOW + timedelta(days=1)
        assert await groups() == frozenset()
        async with world.database.transaction() as connection:
            kept = await version_for(connection, BUREAU, version.version_id)
            members = await members_of(connection, version.version_id)
        assert (kept.members, kept.left, kept.digest) == (7, 1, version.digest)
        assert shop not in {member.store_id for member in members}

    living(fresh_database, story, shops=8)


def test_old_wording_is_not_agreed_to(fresh_database: str) -> None:
    async def story(world: Trade) -> None:
        with pytest.raises(BadInput):
            await set_consent(world.database, world.stores[0], agreed=True, text_no=0, now=NOW)

    living(fresh_database, story)
