"""Merchants' orders at real sandbox banks: attempts, late money, refunds, and what a crash leaves behind."""

from datetime import timedelta
from pathlib import Path

import pytest
from clearing_world import PREFIXES, World
from launching import card_number
from ordering import desk_of, payer, sweep, told, wanted
from test_take_payment import balance, in_city

from yongquan.flows.find_payer import BadCard
from yongquan.flows.order_desk import attempt_wish
from yongquan.flows.settle_attempt import BEGINS_WITHIN
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import AttemptState, OrderState
from yongquan.payments.orders_store import Move, begin_attempt, move_order
from yongquan.payments.refunds import RefundWish
from yongquan.plumbing.outbox import events_for
from yongquan.simulation.provisioning import open_accounts


def test_an_order_is_paid_once_and_a_repeat_of_opening_it_is_the_same_order(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        order = await desk.open(wanted(world, 8_800))

        paid = await desk.pay(order.order_id, payer(person))

        assert paid.state is OrderState.SUCCEEDED
        assert (await desk.open(wanted(world, 8_800))).order_id == order.order_id
        with pytest.raises(PaymentRefused) as other:
            await desk.open(wanted(world, 9_900, body=2))
        assert other.value.reason == "order_no_used"
        with pytest.raises(PaymentRefused) as again:
            await desk.pay(order.order_id, payer(world.people[1]))
        assert again.value.reason == "order_paid"
        assert await told(world, order) == ["order.created", "order.succeeded"]

    in_city(tmp_path, fresh_database, scene)


def test_an_orders_events_reach_its_store_its_acquirer_and_the_bank_that_paid(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        desk, person, store = desk_of(world), world.people[0], world.stores[0]
        order = await desk.open(wanted(world, 8_800))

        await desk.pay(order.order_id, payer(person))

        heard = {}
        parties = (f"store:{store.store_id.hex}", store.acquirer, person.issuer)
        others = (f"store:{world.stores[1].store_id.hex}", "suihe", "quanfu")
        for party in (*parties, *others):
            async with world.platform.database.transaction() as connection:
                events, _ = await events_for(connection, party, after="")
            heard[party] = [event.kind for event in events if event.kind.startswith("order.")]
        assert [heard[party] for party in parties] == [
            ["order.created", "order.succeeded"],
            ["order.created", "order.succeeded"],
            ["order.succeeded"],
        ]
        assert [heard[party] for party in others] == [[], [], []]

    in_city(tmp_path, fresh_database, scene)


def test_a_failed_attempt_leaves_the_order_payable_with_another_card(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, poor, rich = desk_of(world), world.people[0], world.people[1]
        await world.buy(poor, world.stores[0], 999_000)
        order = await desk.open(wanted(world, 8_800))

        refused = await desk.pay(order.order_id, payer(poor))
        paid = await desk.pay(order.order_id, payer(rich))

        assert refused.state is OrderState.FAILED
        assert paid.state is OrderState.SUCCEEDED
        states = [(a.attempt_no, a.state, a.reason) for a in await desk.attempts(order.order_id)]
        assert states == [(1, AttemptState.FAILED, "51"), (2, AttemptState.SUCCEEDED, "00")]

    in_city(tmp_path, fresh_database, scene)


def test_an_unknown_attempt_blocks_another_until_the_bank_says_what_it_did(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        order = await desk.open(wanted(world, 8_800))
        world.sandbox.switch_faults(person.issuer, lose_answer_next=1)

        unknown = await desk.pay(order.order_id, payer(person))
        with pytest.raises(PaymentRefused) as second:
            await desk.pay(order.order_id, payer(world.people[1]))
        await sweep(world)

        assert unknown.state is OrderState.UNKNOWN
        assert second.value.reason == "attempt_under_way"
        assert (await desk.order(order.order_id)).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_money_that_arrives_after_the_close_goes_back_by_itself(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        had = await balance(world, person)
        order = await desk.open(wanted(world, 8_800))
        world.sandbox.switch_faults(person.issuer, lose_answer_next=1)
        await desk.pay(order.order_id, payer(person))

        closed = await desk.close(order.order_id)
        await sweep(world)
        await sweep(world)

        assert closed.state is OrderState.CLOSED
        attempt = (await desk.attempts(order.order_id))[0]
        assert (attempt.state, attempt.is_late) == (AttemptState.RETURNED, True)
        assert await balance(world, person) == had
        assert await told(world, order) == ["order.created", "order.closed", "order.paid_late", "order.returned"]

    in_city(tmp_path, fresh_database, scene)


def test_an_order_that_nobody_pays_closes_when_its_time_is_over(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk = desk_of(world)
        order = await desk.open(wanted(world, 8_800))

        await sweep(world, after=timedelta(minutes=16))

        assert (await desk.order(order.order_id)).state is OrderState.CLOSED
        with pytest.raises(PaymentRefused) as late:
            await desk.pay(order.order_id, payer(world.people[0]))
        assert late.value.reason == "order_closed"

    in_city(tmp_path, fresh_database, scene)


def test_an_attempt_whose_process_died_before_it_began_never_begins(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        order = await desk.open(wanted(world, 8_800))
        now = world.platform.clock.now()
        async with world.platform.database.transaction() as connection:
            await begin_attempt(connection, 0, order.order_id, 1, bucket=bucket_of(person.citizen_id), now=now)
            pending = Move(OrderState.PENDING, 1, None, 0, None, None, now)
            await move_order(connection, 0, order.order_id, pending)

        await sweep(world, after=BEGINS_WITHIN + timedelta(seconds=5))
        with pytest.raises(PaymentRefused) as behind:
            await world.platform.payments.take(
                attempt_wish(order, 1, payer(person)),
            )
        paid = await desk.pay(order.order_id, payer(person))

        assert behind.value.reason == "conflicting_request"
        assert paid.state is OrderState.SUCCEEDED
        states = [(a.state, a.reason) for a in await desk.attempts(order.order_id)]
        assert states == [(AttemptState.FAILED, "never_begun"), (AttemptState.SUCCEEDED, "00")]

    in_city(tmp_path, fresh_database, scene)


def test_an_attempt_whose_process_died_after_the_bank_paid_is_found(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        order = await desk.open(wanted(world, 8_800))
        now = world.platform.clock.now()
        async with world.platform.database.transaction() as connection:
            await begin_attempt(connection, 0, order.order_id, 1, bucket=bucket_of(person.citizen_id), now=now)
            pending = Move(OrderState.PENDING, 1, None, 0, None, None, now)
            await move_order(connection, 0, order.order_id, pending)
        await world.platform.payments.take(attempt_wish(order, 1, payer(person)))

        await sweep(world)

        assert (await desk.order(order.order_id)).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_refunds_of_an_order_add_up_and_a_repeat_pays_back_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        had = await balance(world, person)
        order = await desk.open(wanted(world, 8_800))
        await desk.pay(order.order_id, payer(person))

        part = await desk.refund(order.order_id, RefundWish(3_000, "R-1"))
        again = await desk.refund(order.order_id, RefundWish(3_000, "R-1"))
        rest = await desk.refund(order.order_id, RefundWish(None, "R-2"))

        assert (part.state, part.refunded_fen) == (OrderState.PARTLY_REFUNDED, 3_000)
        assert again == part
        assert (rest.state, rest.refunded_fen) == (OrderState.REFUNDED, 8_800)
        assert await balance(world, person) == had
        assert (await told(world, order)).count("order.refunded") == 2

    in_city(tmp_path, fresh_database, scene)


def test_an_undo_on_the_same_day_reverses_the_order(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, person = desk_of(world), world.people[0]
        had = await balance(world, person)
        order = await desk.open(wanted(world, 8_800))
        await desk.pay(order.order_id, payer(person))

        undone = await desk.undo(order.order_id)

        assert undone.state is OrderState.REVERSED
        assert await desk.undo(order.order_id) == undone
        assert await balance(world, person) == had

    in_city(tmp_path, fresh_database, scene)


def test_a_card_named_by_its_number_pays_as_its_holder_or_as_a_guest(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        desk, platform = desk_of(world), world.platform
        registry, now = platform.links.registry, platform.clock.now()
        assert registry is not None
        bound = card_number(PREFIXES["chaoxin"], 0)
        unbound = card_number(PREFIXES["chaoxin"], 77)
        opening = AccountOpening(account_no="guest", holder="过客", opening_balance_fen=10_000, card_no=unbound)
        await open_accounts(platform.links, [("chaoxin", opening)])

        holder = await platform.cards.find(registry, bound, now=now)
        guest = await platform.cards.find(registry, unbound, now=now)
        order = await desk.open(wanted(world, 8_800))
        paid = await desk.pay(order.order_id, guest.payer())

        assert holder.citizen_id in {person.citizen_id for person in world.people}
        assert guest.citizen_id not in {person.citizen_id for person in world.people}
        assert guest == await platform.cards.find(registry, unbound, now=now)
        assert paid.state is OrderState.SUCCEEDED
        with pytest.raises(BadCard):
            await platform.cards.find(registry, unbound[:-1] + str((int(unbound[-1]) + 1) % 10), now=now)

    in_city(tmp_path, fresh_database, scene)
