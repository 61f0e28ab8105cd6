"""Payments at real sandbox banks: faults, repeats, refunds. Nothing is guessed, nothing is done twice."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import BALANCE_FEN, BUREAU, Person, World, city, outside

from yongquan.flows.prove_books import prove_books
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import Payment, PaymentRefused, PaymentState

AT_ONCE = timedelta(0)


def in_city(tmp_path: Path, conninfo: str, scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, conninfo, sandbox) as world:
                await scene(world)
                connection = await world.platform.database.connect()
                async with connection:
                    assert (await prove_books(connection)).holds

    asyncio.run(play())


def order(person: Person, store_id: UUID, fen: int, *, key: UUID, vouchers: tuple[UUID, ...] = ()) -> Order:
    return Order(
        caller_id=person.citizen_id,
        key=key,
        body_hash=UUID(int=fen),
        bucket=bucket_of(person.citizen_id),
        store_id=store_id,
        amount_fen=fen,
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        vouchers=vouchers,
    )


async def balance(world: World, person: Person) -> int:
    async with world.sandbox.client(person.issuer) as bank:
        return (await bank.account(person.account_no)).balance_fen


async def resolved(world: World, paid: Payment) -> Payment:
    platform = world.platform
    resolver = Resolver(platform.payments, platform.switch)
    await resolver.sweep(now=platform.clock.now() + timedelta(minutes=1), patience=AT_ONCE, ask_again=AT_ONCE)
    return await platform.payments.payment(0, paid.payment_id)


def test_a_lost_answer_is_asked_about_and_the_payment_completed(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        voucher = await world.claim(person, BUREAU.funder_id)
        world.sandbox.switch_faults("chaoxin", lose_answer_next=1)

        paid = await world.platform.payments.take(
            order(person, store.store_id, 10_000, key=uuid4(), vouchers=(voucher,))
        )
        assert paid.state is PaymentState.UNKNOWN
        after = await resolved(world, paid)

        assert after.state is PaymentState.SUCCEEDED
        assert await balance(world, person) == BALANCE_FEN - after.charged_fen

    in_city(tmp_path, fresh_database, scene)


def test_a_message_that_never_arrived_is_reversed_and_the_voucher_returned(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        voucher = await world.claim(person, BUREAU.funder_id)
        world.sandbox.switch_faults("chaoxin", down="drop")

        paid = await world.platform.payments.take(
            order(person, store.store_id, 10_000, key=uuid4(), vouchers=(voucher,))
        )
        world.sandbox.switch_faults("chaoxin")
        await world.platform.links.ready(timeout_s=20)
        after = await resolved(world, paid)

        assert after.state is PaymentState.FAILED
        assert await balance(world, person) == BALANCE_FEN
        again = await world.platform.payments.take(
            order(person, store.store_id, 10_000, key=uuid4(), vouchers=(voucher,))
        )
        assert again.state is PaymentState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_a_repeat_reaches_the_bank_once_and_another_body_is_refused(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store, key = world.people[0], world.stores[0], uuid4()

        several = await asyncio.gather(
            *(world.platform.payments.take(order(person, store.store_id, 5_000, key=key)) for _ in range(8))
        )
        with pytest.raises(PaymentRefused) as refused:
            await world.platform.payments.take(order(person, store.store_id, 5_001, key=key))

        assert len({paid.payment_id for paid in several}) == 1
        assert refused.value.reason == "conflicting_request"
        assert await balance(world, person) == BALANCE_FEN - 5_000

    in_city(tmp_path, fresh_database, scene)


def test_one_voucher_cannot_be_used_in_two_payments_at_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        voucher = await world.claim(person, BUREAU.funder_id)

        results = await asyncio.gather(
            *(
                world.platform.payments.take(order(person, store.store_id, 10_000, key=uuid4(), vouchers=(voucher,)))
                for _ in range(6)
            ),
            return_exceptions=True,
        )

        paid = [r for r in results if isinstance(r, Payment)]
        refused = [r for r in results if isinstance(r, PaymentRefused)]
        assert (len(paid), len(refused)) == (1, 5)
        assert {r.reason for r in refused} == {"voucher_unavailable"}

    in_city(tmp_path, fresh_database, scene)


def test_a_declined_payment_gives_the_voucher_back(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        voucher = await world.claim(person, BUREAU.funder_id)

        declined = await world.platform.payments.take(
            order(person, store.store_id, BALANCE_FEN * 2, key=uuid4(), vouchers=(voucher,))
        )
        paid = await world.platform.payments.take(
            order(person, store.store_id, 10_000, key=uuid4(), vouchers=(voucher,))
        )

        assert (declined.state, declined.response_code) == (PaymentState.FAILED, "51")
        assert paid.discount_fen > 0

    in_city(tmp_path, fresh_database, scene)


def test_a_refund_gives_everything_back_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, store = world.people[0], world.stores[0]
        paid = await world.buy(person, store, 10_000, voucher=BUREAU.funder_id)

        await asyncio.gather(*(world.refund(paid) for _ in range(3)), return_exceptions=True)
        await world.refund(paid)

        after = await world.platform.payments.payment(0, paid.payment_id)
        assert after.state is PaymentState.REFUNDED
        assert await balance(world, person) == BALANCE_FEN

    in_city(tmp_path, fresh_database, scene)
