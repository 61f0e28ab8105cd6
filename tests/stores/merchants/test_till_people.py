"""A store's manager lets cashiers into the till and takes them out again."""

import asyncio
from datetime import UTC, datetime
from uuid import UUID

import pytest
from field_people import add_shop

from yongquan.citizens.sign_in import NotAPhone
from yongquan.citizens.store import NewCitizen, register_many
from yongquan.flows.man_till import NotManager, TillDesk, UnknownCashier
from yongquan.kernel.ids import bucket_from, make_id
from yongquan.merchants.cashiers import add_cashier, stores_manned_by
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
MANAGER_PHONE, CASHIER_PHONE = "19900000001", "19900000002"


async def _two_people(database: Database) -> tuple[UUID, UUID]:
    """The accounts of the manager's and of the cashier's phone."""
    people = []
    for n, phone in enumerate((MANAGER_PHONE, CASHIER_PHONE)):
        bucket = bucket_from(SEALING.index(phone, what="phone"))
        people.append(NewCitizen(make_id(at_ms=n, bucket=bucket, entropy=n), phone, "店员"))
    async with database.transaction() as connection:
        await register_many(connection, people, SEALING, cells=1, now=NOW)
    return people[0].citizen_id, people[1].citizen_id


def test_a_manager_lets_a_cashier_in_and_out(fresh_database: str) -> None:
    async def story() -> None:
        async with opened(fresh_database) as database:
            shop = await add_shop(database, now=NOW)
            manager, cashier = await _two_people(database)
            async with database.transaction() as connection:
                await add_cashier(connection, shop, manager, role="manager", now=NOW)
            desk = TillDesk(database, SEALING, 1)

            await desk.let_in(manager, shop, f" {CASHIER_PHONE} ", now=NOW)
            await desk.let_in(manager, shop, CASHIER_PHONE, now=NOW)

            _, people = await desk.people(manager, shop)
            assert [(one.citizen_id, one.role, one.phone) for one in people] == [
                (manager, "manager", "199****0001"),
                (cashier, "cashier", "199****0002"),
            ]
            async with database.transaction() as connection:
                assert [store.store_id for store in await stores_manned_by(connection, cashier)] == [shop]
            await desk.take_out(manager, shop, cashier, now=NOW)
            await desk.take_out(manager, shop, manager, now=NOW)
            async with database.transaction() as connection:
                assert list(await stores_manned_by(connection, cashier)) == []
                assert len(await stores_manned_by(connection, manager)) == 1

    asyncio.run(story())


def test_only_the_manager_of_the_store_says_who(fresh_database: str) -> None:
    async def story() -> None:
        async with opened(fresh_database) as database:
            shop = await add_shop(database, now=NOW)
            manager, cashier = await _two_people(database)
            async with database.transaction() as connection:
                await add_cashier(connection, shop, manager, role="manager", now=NOW)
                await add_cashier(connection, shop, cashier, role="cashier", now=NOW)
            desk = TillDesk(database, SEALING, 1)

            with pytest.raises(NotManager):
                await desk.people(cashier, shop)
            with pytest.raises(NotManager):
                await desk.let_in(cashier, shop, MANAGER_PHONE, now=NOW)
            with pytest.raises(NotManager):
                await desk.take_out(manager, UUID(int=9), cashier, now=NOW)
            with pytest.raises(NotAPhone):
                await desk.let_in(manager, shop, "12345", now=NOW)
            with pytest.raises(UnknownCashier):
                await desk.let_in(manager, shop, "19900000009", now=NOW)

    asyncio.run(story())
