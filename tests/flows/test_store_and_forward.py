"""A reversal that could not be answered is kept and sent again until it is."""

from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from clearing_world import BALANCE_FEN, World
from ordering import move_on
from test_take_payment import AT_ONCE, balance, in_city, order

from yongquan.flows.resolve_payments import Resolver
from yongquan.payments.model import PaymentState

_KEPT = "select stan, sent_at, tries, answered_at is not null from payments.reversal"


async def kept(world: World) -> list[tuple[object, ...]]:
    async with world.platform.database.transaction() as connection:
        return await (await connection.execute(_KEPT)).fetchall()


async def look(world: World) -> None:
    await move_on(world, timedelta(minutes=1))
    resolver = Resolver(world.platform.payments, world.platform.switch)
    await resolver.sweep(now=world.platform.clock.now(), patience=AT_ONCE, ask_again=AT_ONCE)


def test_a_reversal_is_sent_again_under_its_own_stamp_until_the_bank_answers(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        world.sandbox.switch_faults(person.issuer, drop_next=1)
        paid = await world.platform.payments.take(order(person, store.store_id, 10_000, key=uuid4()))
        world.sandbox.switch_faults(person.issuer, lose_reversal_next=2)

        await look(world)
        first = await kept(world)
        await look(world)
        await look(world)
        last = await kept(world)
        late = await world.platform.payments.payment(0, paid.payment_id)

        assert paid.state is PaymentState.UNKNOWN
        assert first[0][2:] == (1, False)
        assert last[0][2:] == (3, True)
        assert last[0][:2] == first[0][:2]
        assert late.state is PaymentState.FAILED
        assert await balance(world, person) == BALANCE_FEN

    in_city(tmp_path, fresh_database, scene)
