"""A shop asks for materials; they are sent, carried, confirmed, or carried again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import pytest
from field_people import STAFF, add_shop, person_of, provider_in

from yongquan.flows.order_materials import (
    OrderOpen,
    answer_delivery,
    order_materials,
    refuse_materials,
    send_materials,
)
from yongquan.flows.recruit_provider import ProviderDesk
from yongquan.flows.space_parties import BadField, NotInSpace
from yongquan.flows.work_tasks import TaskDesk
from yongquan.merchants.materials.model import OrderState, Pieces
from yongquan.merchants.materials.store import count_orders, order_of, orders_listed
from yongquan.merchants.tasks.model import TaskKind, TaskStep
from yongquan.merchants.tasks.store import task_of
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.model import ForbiddenMove

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
SOME = Pieces(stickers=2, table_cards=10, code_plates=1)


@dataclass
class World:
    """A provider with people, and a shop."""

    database: Database
    tasks: TaskDesk
    shop: UUID

    async def order(self, key: str = "1", pieces: Pieces = SOME) -> UUID:
        return await order_materials(self.database, self.shop, pieces, note="", key=key, now=NOW)

    async def send(self, order_id: UUID) -> UUID:
        return await send_materials(self.database, STAFF, order_id, now=NOW)

    async def say(self, order_id: UUID, to: OrderState, said: str = "") -> None:
        await answer_delivery(self.database, self.shop, order_id, to, said=said, now=NOW)

    async def carry(self, task_id: UUID) -> None:
        ann = person_of(1, 1)
        await self.tasks.assign(STAFF, task_id, ann, now=NOW)
        for step, note in ((TaskStep.ACCEPT, ""), (TaskStep.START, ""), (TaskStep.FINISH, "交给店员")):
            await self.tasks.step(ann, task_id, step, note, now=NOW)

    async def state(self, order_id: UUID) -> OrderState:
        async with self.database.transaction() as connection:
            found = await order_of(connection, order_id)
        assert found is not None
        return found.state


@pytest.fixture
def lived(fresh_database: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Lets a story happen to a world of its own."""

    def live(story: Callable[[World], Awaitable[None]]) -> None:
        async def run() -> None:
            async with opened(fresh_database) as database:
                await provider_in(ProviderDesk(database, SEALING), 1, now=NOW)
                await story(World(database, TaskDesk(database, SEALING), await add_shop(database, now=NOW)))

        asyncio.run(run())

    return live


def test_materials_are_ordered_carried_and_confirmed(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        order = await world.order()
        assert await world.order() == order
        with pytest.raises(OrderOpen):
            await world.order("2")
        with pytest.raises(ForbiddenMove):
            await world.say(order, OrderState.CONFIRMED)

        task = await world.send(order)
        assert await world.send(order) == task
        await world.carry(task)

        assert await world.state(order) is OrderState.DELIVERED
        await world.say(order, OrderState.CONFIRMED)
        await world.say(order, OrderState.CONFIRMED)
        async with world.database.transaction() as connection:
            carried = await task_of(connection, task)
            assert carried is not None
            assert (carried.kind, carried.store_id) == (TaskKind.DELIVERY, world.shop)
            assert await count_orders(connection, places=None) == {"confirmed": 1}
            assert await count_orders(connection, places=["110000"]) == {}
        assert await world.order("2") != order

    lived(story)


def test_what_did_not_come_is_carried_again(lived: Callable[[Callable[[World], Awaitable[None]]], None]) -> None:
    async def story(world: World) -> None:
        order = await world.order()
        first = await world.send(order)
        await world.carry(first)
        with pytest.raises(BadField):
            await world.say(order, OrderState.MISSING)
        await world.say(order, OrderState.MISSING, "少一块码牌")

        second = await world.send(order)
        assert second != first
        await world.tasks.review(STAFF, second, TaskStep.CANCEL, "车坏了", now=NOW)
        assert await world.state(order) is OrderState.MISSING
        third = await world.send(order)
        await world.carry(third)

        await world.say(order, OrderState.CONFIRMED)
        assert await world.state(order) is OrderState.CONFIRMED

    lived(story)


def test_an_order_is_its_shops_alone_and_within_bounds(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        for pieces in (Pieces(0, 0, 0), Pieces(21, 0, 0), Pieces(0, -1, 0)):
            with pytest.raises(BadField):
                await world.order(pieces=pieces)
        order = await world.order()
        with pytest.raises(NotInSpace):
            await answer_delivery(world.database, UUID(int=7), order, OrderState.WITHDRAWN, said="", now=NOW)
        with pytest.raises(BadField):
            await refuse_materials(world.database, STAFF, order, reason=" ", now=NOW)

        await refuse_materials(world.database, STAFF, order, reason="本月已送过", now=NOW)

        with pytest.raises(ForbiddenMove):
            await world.say(order, OrderState.WITHDRAWN)
        withdrawn = await world.order("3")
        await world.say(withdrawn, OrderState.WITHDRAWN)
        with pytest.raises(ForbiddenMove):
            await world.send(withdrawn)
        async with world.database.transaction() as connection:
            refused = await orders_listed(connection, OrderState.REFUSED, places=None)
        assert [(one.order_id, one.said) for one in refused] == [(order, "本月已送过")]

    lived(story)
