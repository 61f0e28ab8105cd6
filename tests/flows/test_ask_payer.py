"""Large payments by pay code wait for their payer: yes, no, silence, a till that gives up, and repeats."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import Person, World
from ordering import desk_of, move_on, sweep, wanted
from test_take_payment import in_city

from yongquan.flows.order_desk import Payer
from yongquan.flows.show_pay_code import show_pay_code
from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of
from yongquan.payments.asking import CONFIRM_ABOVE_FEN, WAITS_S, AskedState
from yongquan.payments.asking_store import asked_by_id, move_asked, renew_code
from yongquan.payments.model import PaymentRefused, PaymentState
from yongquan.payments.orders import AttemptState, OrderState

LARGE = CONFIRM_ABOVE_FEN + 1


async def code_of(world: World, person: Person) -> UUID:
    platform = world.platform
    code, _ = await show_pay_code(
        platform.database,
        platform.clock,
        platform.hash_code,
        cells=platform.cells,
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        vouchers=(),
    )
    return platform.hash_code(code)


async def till_order(world: World, person: Person, fen: int, *, key: int = 1, no: str = "T-1") -> Order:
    store = world.stores[0]
    return Order(
        caller_id=store.store_id,
        key=UUID(int=key),
        body_hash=UUID(int=key),
        bucket=bucket_of(person.citizen_id),
        store_id=store.store_id,
        amount_fen=fen,
        order_no=no,
        code_hash=await code_of(world, person),
    )


async def payments_there(world: World) -> int:
    async with world.platform.database.transaction() as connection:
        row = await (await connection.execute("select count(*) from payments.payment")).fetchone()
    return int(row[0]) if row else 0


def test_up_to_the_limit_nobody_is_asked(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        paid = await world.platform.payments.take(await till_order(world, world.people[0], CONFIRM_ABOVE_FEN))

        assert paid.state is PaymentState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_above_it_the_payer_agrees_and_pays_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = world.platform.payments, world.people[0]
        order = await till_order(world, person, LARGE)

        asked = await desk.take(order)
        again = await desk.take(order)
        seen = await desk.payment(0, asked.payment_id)
        with pytest.raises(PaymentRefused):
            await desk.payers.agree(asked.payment_id, world.people[1].citizen_id)
        before = await payments_there(world)
        both = await asyncio.gather(*(desk.payers.agree(asked.payment_id, person.citizen_id) for _ in range(4)))
        after = await desk.take(order)

        assert asked.state is again.state is seen.state is PaymentState.USER_PAYING
        assert (asked.payment_id, before) == (again.payment_id, 0)
        assert PaymentState.SUCCEEDED in {each.state for each in both}
        assert (after.payment_id, after.state) == (asked.payment_id, PaymentState.SUCCEEDED)
        assert await payments_there(world) == 1
        found = await desk.payers.find(0, asked.payment_id)
        assert found is not None
        assert found.state is AskedState.BEGUN

    in_city(tmp_path, fresh_database, scene)


def test_a_code_that_is_asked_about_cannot_be_used_elsewhere(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = world.platform.payments, world.people[0]
        order = await till_order(world, person, LARGE)
        await desk.take(order)
        small = await till_order(world, person, 100, key=2, no="T-2")

        for fen, no in ((LARGE, "T-3"), (100, "T-4")):
            other = Order(
                caller_id=order.store_id,
                key=UUID(int=fen),
                body_hash=UUID(int=fen),
                bucket=order.bucket,
                store_id=order.store_id,
                amount_fen=fen,
                order_no=no,
                code_hash=order.code_hash,
            )
            with pytest.raises(PaymentRefused) as used:
                await desk.take(other)
            assert used.value.reason == "code_used"
        assert (await desk.take(small)).state is PaymentState.SUCCEEDED
        with pytest.raises(PaymentRefused) as number:
            await desk.take(await till_order(world, person, LARGE, key=5, no="T-2"))
        assert number.value.reason == "order_exists"

    in_city(tmp_path, fresh_database, scene)


@pytest.mark.parametrize(
    ("end", "reason"), [("deny", "payer_denied"), ("withdraw", "till_withdrew"), ("silence", "payer_timed_out")]
)
def test_without_a_yes_it_closes_and_stays_closed(tmp_path: Path, fresh_database: str, end: str, reason: str) -> None:
    async def scene(world: World) -> None:
        desk, person = world.platform.payments, world.people[0]
        order = await till_order(world, person, LARGE)
        asked = await desk.take(order)

        if end == "deny":
            await desk.payers.deny(asked.payment_id, person.citizen_id)
        elif end == "withdraw":
            await desk.payers.withdraw(asked.payment_id, order.store_id)
        else:
            await move_on(world, timedelta(seconds=WAITS_S + 1))
        late = await desk.payers.agree(asked.payment_id, person.citizen_id)
        await desk.payers.sweep()
        again = await desk.take(order)

        assert (late.state, late.response_code) == (PaymentState.CLOSED, reason)
        assert (again.state, again.response_code) == (PaymentState.CLOSED, reason)
        assert await payments_there(world) == 0

    in_city(tmp_path, fresh_database, scene)


def test_a_yes_whose_process_died_is_carried_on_by_the_sweeper(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = world.platform.payments, world.people[0]
        asked = await desk.take(await till_order(world, person, LARGE))
        now = world.platform.clock.now()
        async with world.platform.database.transaction() as connection:
            row = await asked_by_id(connection, 0, asked.payment_id, lock=True)
            assert row is not None
            await move_asked(connection, 0, asked.payment_id, AskedState.AGREED, ended_at=None, look_at=now)
            await desk.payers._renew(connection, 0, row)

        await desk.payers.sweep()

        assert (await desk.payment(0, asked.payment_id)).state is PaymentState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_a_yes_left_too_long_is_never_charged(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = world.platform.payments, world.people[0]
        order = await till_order(world, person, LARGE)
        asked = await desk.take(order)
        now = world.platform.clock.now()
        async with world.platform.database.transaction() as connection:
            row = await asked_by_id(connection, 0, asked.payment_id, lock=True)
            assert row is not None
            await move_asked(connection, 0, asked.payment_id, AskedState.AGREED, ended_at=None, look_at=now)
            await renew_code(connection, 0, row, UUID(int=9), until=now)
        await move_on(world, timedelta(minutes=5))

        await desk.payers.sweep()
        after = await desk.take(order)

        assert (after.state, after.response_code) == (PaymentState.CLOSED, "never_begun")

    in_city(tmp_path, fresh_database, scene)


def code_payer(person: Person, code: UUID) -> Payer:
    return Payer(bucket=bucket_of(person.citizen_id), code_hash=code)


def test_an_orders_attempt_is_created_while_its_payer_is_asked(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        orders, person = desk_of(world), world.people[0]
        order = await orders.open(wanted(world, LARGE))
        waiting = await orders.pay(order.order_id, code_payer(person, await code_of(world, person)))
        first = (await orders.attempts(order.order_id))[0]
        async with world.platform.database.transaction() as connection:
            row = await (await connection.execute("select payment_id from payments.asked")).fetchone()
        assert row is not None

        await world.platform.payments.payers.deny(row[0], person.citizen_id)
        await sweep(world, after=timedelta(seconds=1))
        denied = await orders.order(order.order_id)
        await orders.pay(order.order_id, code_payer(person, await code_of(world, person)))
        async with world.platform.database.transaction() as connection:
            second = await (
                await connection.execute("select payment_id from payments.asked where state = 'asking'")
            ).fetchone()
        assert second is not None
        await world.platform.payments.payers.agree(second[0], person.citizen_id)
        await sweep(world, after=timedelta(seconds=1))

        assert (waiting.state, first.state) == (OrderState.PENDING, AttemptState.CREATED)
        assert denied.state is OrderState.FAILED
        told = [(a.state, a.reason) for a in await orders.attempts(order.order_id)]
        assert told == [(AttemptState.FAILED, "payer_denied"), (AttemptState.SUCCEEDED, "00")]
        assert (await orders.order(order.order_id)).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)
