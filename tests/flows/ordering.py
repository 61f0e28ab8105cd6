"""What tests of orders ask for again and again."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from clearing_world import Person, World
from test_take_payment import AT_ONCE

from yongquan.flows.order_desk import OrderDesk, Payer
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.settle_attempt import OrderSweeper
from yongquan.kernel.ids import bucket_of
from yongquan.payments.orders import NewOrder, TradeOrder
from yongquan.plumbing.clock import set_clock


def desk_of(world: World) -> OrderDesk:
    return world.platform.orders


def wanted(world: World, fen: int, *, order_no: str = "A-1", body: int = 1, store: int = 0) -> NewOrder:
    return NewOrder(
        store_id=world.stores[store].store_id,
        order_no=order_no,
        door="native",
        body_hash=UUID(int=body),
        amount_fen=fen,
        subject="两碗汤圆",
        expires_at=world.platform.clock.now() + timedelta(minutes=15),
        facts={"notify_url": "http://shop.example/paid"},
    )


def payer(person: Person) -> Payer:
    return Payer(
        bucket=bucket_of(person.citizen_id),
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        vouchers=(),
    )


async def move_on(world: World, by: timedelta) -> None:
    async with world.platform.database.transaction() as connection:
        await set_clock(connection, shows=world.platform.clock.now() + by)
        await world.platform.clock.refresh(connection)


async def sweep(world: World, *, after: timedelta = timedelta(minutes=1)) -> None:
    """Time passes, and both sweepers look at what is due."""
    await move_on(world, after)
    platform = world.platform
    resolver = Resolver(platform.payments, platform.switch)
    await resolver.sweep(now=platform.clock.now(), patience=AT_ONCE, ask_again=AT_ONCE)
    await OrderSweeper(platform.database, platform.refunds, platform.clock, platform.cells).sweep()


async def told(world: World, order: TradeOrder) -> Sequence[str]:
    async with world.platform.database.transaction() as connection:
        rows = await (
            await connection.execute(
                "select kind from plumbing.outbox where subject = %s order by happened_at, xid, kind", [order.order_id]
            )
        ).fetchall()
    return [row[0] for row in rows]
