"""Pre-authorisations at real sandbox banks: held, completed, cancelled, lapsed; nothing is guessed."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from clearing_world import DAY, Person, World
from ordering import desk_of, move_on, payer, sweep, told, wanted
from test_take_payment import balance, in_city

from yongquan.flows.preauthorise import Preauths
from yongquan.institutions.connectors.card_messages import BalanceRequest, MessageStamp
from yongquan.payments.model import PaymentRefused, PaymentState
from yongquan.payments.orders import AttemptState, Deed, NewOrder, OrderKind, OrderState, TradeOrder
from yongquan.payments.preauths import HoldState
from yongquan.payments.refunds import RefundWish

DEPOSIT_FEN = 60_000


def hotel(world: World, *, order_no: str = "H-1") -> NewOrder:
    return replace(wanted(world, DEPOSIT_FEN, order_no=order_no), kind=OrderKind.PREAUTH)


def preauths_of(world: World) -> Preauths:
    return world.platform.preauths


async def held(world: World, person: Person, *, order_no: str = "H-1") -> TradeOrder:
    order = await desk_of(world).open(hotel(world, order_no=order_no))
    authorised = await preauths_of(world).hold(order.order_id, payer(person))
    assert authorised.state is OrderState.AUTHORISED
    return authorised


async def spendable(world: World, person: Person) -> int:
    """What the bank lets the card spend: its balance less what is held."""
    asked = BalanceRequest(
        stamp=MessageStamp(sent_at=world.platform.clock.now().replace(microsecond=0), stan=999_999),
        card_no=person.account_no.removeprefix("acct-"),
        amount_fen=0,
        business_date=DAY,
        settlement_date=DAY,
        payment_id="-",
        acquirer_id="99010008",
        merchant_no="-",
        terminal_id="-",
        retrieval_ref="0" * 12,
    )
    answer = await world.platform.links.lines[person.issuer].balance(asked, timeout_s=5)
    assert answer.balance_fen is not None
    return answer.balance_fen


async def sweep_all(world: World, *, after: timedelta = timedelta(minutes=1)) -> None:
    await sweep(world, after=after)
    await preauths_of(world).sweep()


async def the_hold(world: World, order: TradeOrder) -> HoldState:
    hold = await preauths_of(world).held(order.order_id)
    assert hold is not None
    return hold.state


def test_a_hold_is_completed_once_and_becomes_a_payment_with_fees(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        had = await balance(world, person)
        order = await held(world, person)
        assert await balance(world, person) == had
        assert await spendable(world, person) == had - DEPOSIT_FEN

        done = await preauths.complete(order.order_id, 45_000)
        again = await preauths.complete(order.order_id, 45_000)
        with pytest.raises(PaymentRefused) as other:
            await preauths.complete(order.order_id, 45_001)

        assert (done.state, done.paid_fen) == (OrderState.SUCCEEDED, 45_000)
        assert again == done
        assert other.value.reason == "conflicting_request"
        assert done.payment_id is not None
        payment = await world.platform.payments.payment(0, done.payment_id)
        assert (payment.state, payment.charged_fen) == (PaymentState.SUCCEEDED, 45_000)
        assert payment.fee_fen > 0
        assert await spendable(world, person) == had - 45_000
        assert await told(world, order) == ["order.created", "order.authorised", "order.succeeded"]

    in_city(tmp_path, fresh_database, scene)


def test_a_completion_beyond_115_percent_is_refused_before_anything_is_sent(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        preauths = preauths_of(world)
        order = await held(world, world.people[0])

        with pytest.raises(PaymentRefused) as beyond:
            await preauths.complete(order.order_id, 69_001)
        most = await preauths.complete(order.order_id, 69_000)

        assert beyond.value.reason == "completion_too_large"
        assert most.state is OrderState.SUCCEEDED
        refunded = await desk_of(world).refund(order.order_id, RefundWish(refund_no="R-1"))
        assert (refunded.state, refunded.refunded_fen) == (OrderState.REFUNDED, 69_000)

    in_city(tmp_path, fresh_database, scene)


def test_a_cancel_frees_the_hold_and_closes_the_order(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        had = await balance(world, person)
        order = await held(world, person)
        with pytest.raises(PaymentRefused) as closing:
            await desk_of(world).close(order.order_id)

        closed = await preauths.cancel(order.order_id)
        again = await preauths.cancel(order.order_id)
        with pytest.raises(PaymentRefused) as late:
            await preauths.complete(order.order_id, 1_000)

        assert closing.value.reason == "order_authorised"
        assert closed.state is again.state is OrderState.CLOSED
        assert late.value.reason == "not_authorised"
        assert await spendable(world, person) == had
        attempts = await desk_of(world).attempts(order.order_id)
        assert [(a.deed, a.state, a.reason) for a in attempts] == [(Deed.HOLD, AttemptState.RETURNED, "cancelled")]

    in_city(tmp_path, fresh_database, scene)


def test_a_completion_cancelled_on_its_day_lets_the_hold_stand_again(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        had = await balance(world, person)
        order = await held(world, person)
        await preauths.complete(order.order_id, 45_000)

        waiting = await preauths.cancel_completion(order.order_id)
        again = await preauths.cancel_completion(order.order_id)

        assert waiting.state is again.state is OrderState.AUTHORISED
        assert (waiting.payment_id, waiting.paid_fen, waiting.refunded_fen) == (None, None, 0)
        assert await balance(world, person) == had
        assert await spendable(world, person) == had - DEPOSIT_FEN
        done = await preauths.complete(order.order_id, 50_000)
        assert (done.state, done.paid_fen) == (OrderState.SUCCEEDED, 50_000)
        assert "order.completion_cancelled" in await told(world, order)

    in_city(tmp_path, fresh_database, scene)


def test_an_unknown_hold_blocks_everything_until_the_bank_says_what_it_did(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        order = await desk_of(world).open(hotel(world))
        world.sandbox.switch_faults(person.issuer, lose_answer_next=1)

        unknown = await preauths.hold(order.order_id, payer(person))
        with pytest.raises(PaymentRefused) as second:
            await preauths.hold(order.order_id, payer(world.people[1]))
        with pytest.raises(PaymentRefused) as early:
            await preauths.complete(order.order_id, 1_000)
        await sweep_all(world)

        assert unknown.state is OrderState.UNKNOWN
        assert (second.value.reason, early.value.reason) == ("attempt_under_way", "not_authorised")
        assert (await desk_of(world).order(order.order_id)).state is OrderState.AUTHORISED

    in_city(tmp_path, fresh_database, scene)


def test_an_unknown_completion_is_resolved_by_asking(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        order = await held(world, person)
        world.sandbox.switch_faults(person.issuer, lose_answer_next=1)

        still = await preauths.complete(order.order_id, 45_000)
        with pytest.raises(PaymentRefused) as meanwhile:
            await preauths.cancel(order.order_id)
        await sweep_all(world)

        assert still.state is OrderState.AUTHORISED
        assert meanwhile.value.reason == "attempt_under_way"
        assert (await desk_of(world).order(order.order_id)).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_a_hold_that_arrives_after_the_close_is_given_free_by_itself(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        had = await balance(world, person)
        order = await desk_of(world).open(hotel(world))
        world.sandbox.switch_faults(person.issuer, lose_answer_next=1)
        await preauths.hold(order.order_id, payer(person))

        closed = await desk_of(world).close(order.order_id)
        await sweep_all(world)
        await sweep_all(world)

        assert closed.state is OrderState.CLOSED
        assert await the_hold(world, order) is HoldState.FREED
        assert await spendable(world, person) == had
        assert await told(world, order) == ["order.created", "order.closed", "order.paid_late", "order.returned"]

    in_city(tmp_path, fresh_database, scene)


def test_a_hold_lapses_after_thirty_days_and_its_order_closes(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        had = await balance(world, person)
        order = await held(world, person)

        await sweep_all(world, after=timedelta(days=30))

        assert (await desk_of(world).order(order.order_id)).state is OrderState.CLOSED
        assert await the_hold(world, order) is HoldState.FREED
        assert await spendable(world, person) == had

    in_city(tmp_path, fresh_database, scene)


def test_a_hold_is_freed_later_when_the_bank_is_down_now(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, person = preauths_of(world), world.people[0]
        order = await held(world, person)
        world.sandbox.switch_faults(person.issuer, down="refuse")
        for _ in range(50):
            if not world.platform.links.lines[person.issuer].is_ready:
                break
            await move_on(world, timedelta(0))

        with pytest.raises(Exception, match="chaoxin"):
            await preauths.cancel(order.order_id)
        world.sandbox.switch_faults(person.issuer)
        await world.platform.links.ready(timeout_s=20)
        await sweep_all(world)

        assert (await desk_of(world).order(order.order_id)).state is OrderState.CLOSED
        assert await the_hold(world, order) is HoldState.FREED

    in_city(tmp_path, fresh_database, scene)


def test_a_card_without_the_money_leaves_the_order_to_another(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths, poor, rich = preauths_of(world), world.people[0], world.people[1]
        await world.buy(poor, world.stores[0], 950_000)
        order = await desk_of(world).open(hotel(world))

        refused = await preauths.hold(order.order_id, payer(poor))
        authorised = await preauths.hold(order.order_id, payer(rich))
        purchase = await desk_of(world).open(wanted(world, 1_000, order_no="P-1"))
        with pytest.raises(PaymentRefused) as wrong:
            await preauths.hold(purchase.order_id, payer(rich))

        assert refused.state is OrderState.FAILED
        assert authorised.state is OrderState.AUTHORISED
        assert wrong.value.reason == "wrong_kind"

    in_city(tmp_path, fresh_database, scene)


def test_a_day_with_holds_and_completions_clears_and_agrees_with_the_banks(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        preauths = preauths_of(world)
        kept, done = [await held(world, world.people[n], order_no=f"H-{n}") for n in (0, 1)]
        undone = await held(world, world.people[2], order_no="H-2")
        await preauths.complete(done.order_id, 45_000)
        await preauths.complete(undone.order_id, 30_000)
        await preauths.cancel_completion(undone.order_id)
        await move_on(world, timedelta(days=1))

        await world.platform.clearing.clear_what_is_due(today=date(2022, 2, 16), patience_s=60)

        await world.require_agreement()
        assert (await desk_of(world).order(kept.order_id)).state is OrderState.AUTHORISED
        with pytest.raises(PaymentRefused) as late:
            await preauths.cancel_completion(done.order_id)
        assert late.value.reason == "undo_too_late"

    in_city(tmp_path, fresh_database, scene)
