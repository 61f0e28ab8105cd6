"""At real banks: the shop's own offer on the record, figures net of refunds, frozen vouchers, a stop while paying."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import BALANCE_FEN, BUREAU, DAY, Person, World, city, outside

from yongquan.flows.freeze_vouchers import freeze_vouchers
from yongquan.flows.prove_books import prove_books
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.steer_campaign import Wish, steer_campaign
from yongquan.flows.take_payment import Order
from yongquan.flows.void_vouchers import VoidWish
from yongquan.flows.watch_effect import watch_effect
from yongquan.kernel.ids import bucket_of
from yongquan.payments.board import shares_of_day, spending_of
from yongquan.payments.model import Payment, PaymentState
from yongquan.payments.refunds import RefundWish
from yongquan.payments.spending import spending_of_people
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.selection import VoucherNotUsable
from yongquan.vouchers.views import voucher_of

OFFICER = Staff(UUID(int=7), "chen", "陈一", frozenset({RoleGrant(Role.BUREAU_OFFICER, None)}))


def in_city(tmp_path: Path, conninfo: str, scene: Callable[[World], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, conninfo, sandbox) as world:
                await scene(world)
                connection = await world.platform.database.connect()
                async with connection:
                    proof = await prove_books(connection)
                    assert proof.holds, proof

    asyncio.run(play())


def order(world: World, person: Person, fen: int, *, vouchers: tuple[UUID, ...]) -> Order:
    return Order(
        caller_id=person.citizen_id,
        key=uuid4(),
        body_hash=uuid4(),
        bucket=bucket_of(person.citizen_id),
        store_id=world.stores[0].store_id,
        amount_fen=fen,
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        vouchers=vouchers,
    )


async def refund(world: World, paid: Payment, fen: int) -> None:
    wish = RefundWish(fen, str(uuid4()))
    now = world.platform.clock.now()
    await world.platform.refunds.refund(0, paid.payment_id, store_id=paid.store_id, now=now, wish=wish)


async def campaign_of(world: World) -> UUID:
    async with world.platform.database.transaction() as connection:
        row = await (
            await connection.execute("select campaign_id from vouchers.campaign where funder_id = 'bureau'")
        ).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def state_of(world: World, person: Person, voucher_id: UUID) -> str:
    async with world.platform.database.transaction() as connection:
        now = world.platform.clock.now()
        row = await voucher_of(connection, 0, person.citizen_id, voucher_id, now=now)
    assert row is not None
    return row.state


def test_the_shops_own_offer_stays_on_the_payment(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        voucher = await world.claim(person, BUREAU.funder_id)
        asked = replace(order(world, person, 9_500, vouchers=(voucher,)), merchant_offer_fen=500)

        paid = await world.platform.payments.take(asked)
        read = await world.platform.payments.payment(0, paid.payment_id)

        assert (paid.merchant_offer_fen, read.merchant_offer_fen) == (500, 500)
        assert (read.amount_fen, read.charged_fen) == (9_500, 8_500)

    in_city(tmp_path, fresh_database, scene)


def test_boards_and_effects_count_what_refunds_left(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        paid = await world.buy(person, world.stores[0], 10_000, voucher=BUREAU.funder_id)
        await refund(world, paid, 3_000)
        await refund(world, paid, 1_000)
        begun = world.platform.clock.now()

        async with world.platform.database.transaction() as connection:
            (share,) = await shares_of_day(connection, DAY)
            (spent,) = await spending_of(connection, "bureau")
            (whole,) = await watch_effect(connection, None, places=None)
            window = (begun - timedelta(hours=1), begun + timedelta(hours=1))
            bought = await spending_of_people(connection, [person.citizen_id], *window)
            own = await spending_of_people(connection, [person.citizen_id], *window, own_money=True)

        assert (share.payments, share.paid_fen, share.amount_fen) == (1, 600, 6_000)
        assert (spent.payments, spent.paid_fen) == (1, 600)
        assert (whole.orders, whole.subsidy_fen, whole.order_fen, whole.pull_hundredths) == (1, 600, 6_000, 1_000)
        assert [fen for *_, fen in bought] == [6_000]
        assert [fen for *_, fen in own] == [5_400]

    in_city(tmp_path, fresh_database, scene)


def test_a_frozen_voucher_is_refused_with_its_own_reason(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        voucher = await world.claim(person, BUREAU.funder_id)
        wish, database, now = VoidWish(OFFICER, "核实"), world.platform.database, world.platform.clock.now()
        await freeze_vouchers(database, [voucher], wish, to="frozen", cells=1, now=now)

        with pytest.raises(VoucherNotUsable) as refusal:
            await world.platform.payments.take(order(world, person, 10_000, vouchers=(voucher,)))
        without = await world.platform.payments.take(replace(order(world, person, 10_000, vouchers=()), vouchers=None))
        await freeze_vouchers(database, [voucher], wish, to="held", cells=1, now=now)
        paid = await world.platform.payments.take(order(world, person, 10_000, vouchers=(voucher,)))

        assert refusal.value.facts["reason"] == "frozen"
        assert without.discount_fen == 0
        assert paid.discount_fen == 1_000

    in_city(tmp_path, fresh_database, scene)


@pytest.mark.parametrize("debited", [True, False])
def test_a_payment_that_began_before_a_stop_goes_on_to_its_end(
    tmp_path: Path, fresh_database: str, debited: bool
) -> None:
    async def scene(world: World) -> None:
        person, platform = world.people[0], world.platform
        voucher = await world.claim(person, BUREAU.funder_id)
        fault = {"lose_answer_next": 1} if debited else {"down": "drop"}
        world.sandbox.switch_faults(person.issuer, **fault)
        paid = await platform.payments.take(order(world, person, 10_000, vouchers=(voucher,)))

        await steer_campaign(
            platform.database, await campaign_of(world), Wish(OFFICER, "stopped", "查"), now=platform.clock.now()
        )
        world.sandbox.switch_faults(person.issuer)
        await platform.links.ready(timeout_s=20)
        resolver = Resolver(platform.payments, platform.switch)
        at_once = timedelta(0)
        await resolver.sweep(now=platform.clock.now() + timedelta(minutes=1), patience=at_once, ask_again=at_once)
        ended = await platform.payments.payment(0, paid.payment_id)

        assert ended.state is (PaymentState.SUCCEEDED if debited else PaymentState.FAILED)
        assert await state_of(world, person, voucher) == ("redeemed" if debited else "held")
        async with world.sandbox.client(person.issuer) as bank:
            left = (await bank.account(person.account_no)).balance_fen
        assert left == BALANCE_FEN - (9_000 if debited else 0)

    in_city(tmp_path, fresh_database, scene)
