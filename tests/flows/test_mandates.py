"""Mandates at real sandbox banks: signed, debited within their limits, refused outside, revoked, tried again."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BALANCE_FEN, DAY, World
from ordering import move_on, payer, sweep
from ordering import wanted as order_wanted
from test_take_payment import balance, in_city

from yongquan.citizens.sign_in import WrongCode
from yongquan.flows.collect_by_mandate import CollectWish, Mandates
from yongquan.flows.order_desk import Payer
from yongquan.payments.mandates import (
    CollectionState,
    Cycle,
    Mandate,
    MandateRefused,
    MandateState,
    NewMandate,
    Scene,
    Terms,
)
from yongquan.payments.orders import OrderState
from yongquan.plumbing.sandbox_sms import SandboxPhones

TERMS = Terms(
    purpose="水费",
    scene=Scene.UTILITIES,
    cycle=Cycle.MONTH,
    debit_max_fen=10_000,
    cycle_max_fen=15_000,
    starts_on=DAY,
    ends_on=date(2023, 2, 14),
)


def play(tmp_path: Path, conninfo: str, scene: Callable[[World, Mandates], Awaitable[None]]) -> None:
    async def with_desk(world: World) -> None:
        platform = world.platform
        texts = SandboxPhones(platform.database, platform.sealing)
        desk = Mandates(platform.orders, platform.links, platform.sealing, 1, texts)
        await desk.allow(world.stores[0].store_id, [Scene.UTILITIES])
        await scene(world, desk)

    in_city(tmp_path, conninfo, with_desk)


def wanted(world: World, terms: Terms = TERMS, *, no: str = "C-1", store: int = 0) -> NewMandate:
    person = world.people[0]
    return NewMandate(
        store_id=world.stores[store].store_id,
        contract_no=no,
        payee_name="甬城水务",
        citizen_id=person.citizen_id,
        instrument_id=person.instrument_id,
        terms=terms,
        holder="市民",
    )


def debit(mandate: Mandate, fen: int, *, no: str = "W-1") -> CollectWish:
    return CollectWish(mandate_id=mandate.mandate_id, order_no=no, amount_fen=fen, subject="二月水费")


async def signed(world: World, desk: Mandates, terms: Terms = TERMS) -> Mandate:
    asked = await desk.ask(wanted(world, terms))
    return await desk.sign(asked.mandate_id)


def test_a_mandate_is_signed_with_a_code_and_collects_within_its_limits(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        asked = await desk.ask(wanted(world))
        await desk.send_code(asked.mandate_id)
        sent = await desk.texts.last_message("13900000000")  # type: ignore[union-attr]
        with pytest.raises(WrongCode):
            await desk.sign_with_code(asked.mandate_id, "000000x")
        found = re.search(r"验证码 (\d{6})", sent or "")
        assert found is not None

        mandate = await desk.sign_with_code(asked.mandate_id, found[1])
        paid = await desk.collect(debit(mandate, 9_000))
        again = await desk.collect(debit(mandate, 9_000))

        assert mandate.state is MandateState.ACTIVE
        assert paid.order.state is OrderState.SUCCEEDED
        assert paid.collection.state is CollectionState.SUCCEEDED
        assert again.order.order_id == paid.order.order_id
        assert await balance(world, world.people[0]) == BALANCE_FEN - 9_000
        with pytest.raises(MandateRefused) as beyond:
            await desk.collect(debit(mandate, 6_001, no="W-2"))
        assert beyond.value.reason == "over_cycle_limit"

    play(tmp_path, fresh_database, scene)


def test_the_bank_itself_refuses_what_is_outside_the_authority(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        mandate = await signed(world, desk)

        async def answer(fen: int, authority: str, *, store: int = 0, no: str) -> str:

            order = await desk.orders.open(order_wanted(world, fen, order_no=no, store=store))
            by: Payer = replace(payer(world.people[0]), authority=authority)
            await desk.orders.pay(order.order_id, by)
            return (await desk.orders.attempts(order.order_id))[-1].reason

        other_store = world.stores[1].store_id.hex
        assert await answer(10_001, mandate.authority, no="1") == "M5"
        assert await answer(100, mandate.mandate_id.hex + other_store, no="2") == "M4"
        assert await answer(100, UUID(int=7).hex + world.stores[0].store_id.hex, no="3") == "M1"
        assert await answer(9_000, mandate.authority, no="4") == "00"
        assert await answer(9_000, mandate.authority, no="5") == "M6"
        await move_on(world, timedelta(days=400))
        assert await answer(100, mandate.authority, no="6") == "M3"

    play(tmp_path, fresh_database, scene)


@pytest.mark.parametrize("at_the_bank", [True, False])
def test_a_revocation_takes_effect_at_once_wherever_it_is_made(
    tmp_path: Path, fresh_database: str, at_the_bank: bool
) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        mandate = await signed(world, desk)
        async with world.sandbox.client("chaoxin") as bank:
            if at_the_bank:
                await bank.revoke_mandate(mandate.mandate_id.hex, by="customer")
                failed = await desk.collect(debit(mandate, 100))
                assert (failed.collection.state, failed.collection.reason) == (CollectionState.FAILED, "revoked")
            else:
                await desk.revoke(mandate.mandate_id)
            told = await bank.mandate(mandate.mandate_id.hex)

        ours = await desk.mandate(mandate.mandate_id)
        assert (ours.state, ours.revoked_by) == (MandateState.REVOKED, "bank" if at_the_bank else "payer")
        assert told.code == "revoked"
        with pytest.raises(MandateRefused) as refused:
            await desk.collect(debit(mandate, 100, no="W-9"))
        assert refused.value.reason == "revoked"

    play(tmp_path, fresh_database, scene)


def test_a_debit_waits_for_the_notice_and_a_revocation_meanwhile_cancels_it(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        mandate = await signed(world, desk, replace(TERMS, notice_hours=24))
        first = await desk.collect(debit(mandate, 5_000))
        second = await desk.collect(debit(mandate, 5_000, no="W-2"))
        noticed = await desk.texts.last_message("13900000000")  # type: ignore[union-attr]
        assert first.collection.state is CollectionState.WAITING
        assert "50.00" in (noticed or "")

        await move_on(world, timedelta(hours=12))
        await desk.sweep()
        assert await balance(world, world.people[0]) == BALANCE_FEN
        await desk.cancel(second.order.order_id, cell=0)
        await move_on(world, timedelta(hours=13))
        await desk.sweep()

        done = await desk.collected(first.order.order_id, cell=0)
        assert done.collection.state is CollectionState.SUCCEEDED
        third = await desk.collect(debit(mandate, 5_000, no="W-3"))
        await desk.revoke(mandate.mandate_id)
        await move_on(world, timedelta(hours=25))
        await desk.sweep()
        gone = await desk.collected(third.order.order_id, cell=0)
        assert (gone.collection.state, gone.order.state) == (CollectionState.CANCELLED, OrderState.CLOSED)
        assert await balance(world, world.people[0]) == BALANCE_FEN - 5_000

    play(tmp_path, fresh_database, scene)


def test_a_debit_without_funds_is_tried_again_and_never_taken_twice(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        big = replace(TERMS, debit_max_fen=900_000, cycle_max_fen=900_000, tries=2, try_every_hours=6)
        mandate, person = await signed(world, desk, big), world.people[0]
        spent = await world.buy(person, world.stores[2], 500_000)
        first = await desk.collect(debit(mandate, 900_000))
        assert (first.collection.state, first.collection.reason) == (CollectionState.COLLECTING, "insufficient_funds")

        await desk.sweep()
        assert (await desk.orders.order(first.order.order_id)).attempts == 1
        await world.refund(spent)
        await move_on(world, timedelta(hours=7))
        await desk.sweep()
        await desk.sweep()

        done = await desk.collected(first.order.order_id, cell=0)
        assert (done.collection.state, done.order.attempts) == (CollectionState.SUCCEEDED, 2)
        assert await balance(world, person) == BALANCE_FEN - 900_000

    play(tmp_path, fresh_database, scene)


def test_a_lost_answer_to_a_debit_is_asked_about(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Mandates) -> None:

        mandate = await signed(world, desk)
        world.sandbox.switch_faults("chaoxin", lose_answer_next=1)
        open_still = await desk.collect(debit(mandate, 4_000))
        assert open_still.order.state is OrderState.UNKNOWN

        await sweep(world)
        await desk.sweep()

        done = await desk.collected(open_still.order.order_id, cell=0)
        assert done.collection.state is CollectionState.SUCCEEDED
        assert await balance(world, world.people[0]) == BALANCE_FEN - 4_000

    play(tmp_path, fresh_database, scene)


def test_a_payee_collects_only_for_scenes_it_is_allowed_and_the_bank_checks_the_name(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World, desk: Mandates) -> None:
        with pytest.raises(MandateRefused) as other_scene:
            await desk.ask(wanted(world, replace(TERMS, scene=Scene.INSURANCE)))
        with pytest.raises(MandateRefused) as other_payee:
            await desk.ask(wanted(world, store=1))
        stranger = await desk.ask(replace(wanted(world), holder="别人"))
        refused = await desk.sign(stranger.mandate_id)
        with pytest.raises(MandateRefused) as other_terms:
            await desk.ask(wanted(world))

        assert other_scene.value.reason == other_payee.value.reason == "scene_not_allowed"
        assert (refused.state, refused.reason) == (MandateState.REFUSED, "name_differs")
        assert other_terms.value.reason == "contract_no_used"

    play(tmp_path, fresh_database, scene)
