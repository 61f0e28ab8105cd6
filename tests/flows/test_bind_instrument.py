"""Binding a card with the bank's code, and by one key from the bank's app, at real sandbox banks."""

import re
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import World
from launching import card_number
from ordering import desk_of, wanted
from test_take_payment import in_city

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.bind_instrument import BindingDesk, NotBound
from yongquan.flows.order_desk import Payer
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.kernel.ids import bucket_of
from yongquan.payments.orders import OrderKind, OrderState
from yongquan.payments.views import cards_of
from yongquan.plumbing.fresh import fresh_id

NAME, PHONE = "陈小满", "13900001234"
PANS = [card_number("629901", 700), card_number("629901", 701)]


async def newcomer(world: World) -> UUID:
    """A citizen with two cards at a bank and none bound."""
    citizen = fresh_id(5)
    async with world.platform.database.transaction() as connection:
        await register_many(
            connection,
            [NewCitizen(citizen, PHONE, NAME)],
            world.platform.sealing,
            cells=1,
            now=world.platform.clock.now(),
        )
    openings = [
        AccountOpening(account_no=f"A{pan}", holder=NAME, opening_balance_fen=50_000, card_no=pan, phone=PHONE)
        for pan in PANS
    ]
    async with world.sandbox.client("chaoxin") as bank:
        assert (await bank.open_accounts(openings)).opened == 2
    return citizen


def desk(world: World) -> BindingDesk:
    return world.platform.bindings


async def texted(world: World) -> str:
    async with world.sandbox.client("chaoxin") as bank:
        text = await bank.last_text(PHONE)
    found = re.search(r"\d{6}", text or "")
    assert found is not None
    return found.group()


async def refusal(awaitable: object) -> str:
    with pytest.raises(NotBound) as refused:
        await awaitable  # type: ignore[misc]
    return refused.value.reason


def test_a_card_is_bound_with_the_code_that_its_bank_texted(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen = await newcomer(world)
        binding = await desk(world).begin(citizen, pan=PANS[0], holder=NAME, phone=PHONE)
        code = await texted(world)
        wrong = f"{(int(code) + 1) % 10**6:06d}"

        refused = await refusal(desk(world).confirm(citizen, binding, wrong))
        instrument = await desk(world).confirm(citizen, binding, code)
        again = await desk(world).confirm(citizen, binding, code)

        assert refused == "wrong_code"
        assert again == instrument
        order = await desk_of(world).open(wanted(world, 8_800))
        who = Payer(bucket=bucket_of(citizen), citizen_id=citizen, instrument_id=instrument, vouchers=())
        assert (await desk_of(world).pay(order.order_id, who)).state is OrderState.SUCCEEDED

    in_city(tmp_path, fresh_database, scene)


def test_another_persons_card_a_mistyped_number_and_many_guesses_are_refused(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        citizen, bind = await newcomer(world), desk(world)
        mistyped = PANS[0][:-1] + str((int(PANS[0][-1]) + 1) % 10)

        assert await refusal(bind.begin(citizen, pan=PANS[0], holder="王大力", phone=PHONE)) == "holder_differs"
        assert await refusal(bind.begin(citizen, pan=PANS[0], holder=NAME, phone="13900009999")) == "holder_differs"
        assert await refusal(bind.begin(citizen, pan=mistyped, holder=NAME, phone=PHONE)) == "bad_card"
        missing = card_number("629901", 999)
        assert await refusal(bind.begin(citizen, pan=missing, holder=NAME, phone=PHONE)) == "bad_card"
        binding = await bind.begin(citizen, pan=PANS[0], holder=NAME, phone=PHONE)
        wrong = f"{(int(await texted(world)) + 1) % 10**6:06d}"
        told = [await refusal(bind.confirm(citizen, binding, wrong)) for _ in range(4)]
        assert told == ["wrong_code"] * 3 + ["too_many_tries"]
        assert await refusal(bind.confirm(citizen, binding, await texted(world))) == "too_many_tries"

    in_city(tmp_path, fresh_database, scene)


def test_one_key_binds_what_the_citizen_chose_of_the_banks_list(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen, bind = await newcomer(world), desk(world)
        offered = await bind.offered(citizen, "chaoxin")

        bound = await bind.bind_offered(citizen, "chaoxin", {offered[0].pan_index, "ff"})
        again = await bind.bind_offered(citizen, "chaoxin", {offered[0].pan_index})

        assert [card.tail for card in offered] == sorted(pan[-4:] for pan in PANS)
        assert again == bound
        assert [card.is_bound for card in await bind.offered(citizen, "chaoxin")] == [True, False]
        assert await bind.offered(citizen, "yuehu") == []

    in_city(tmp_path, fresh_database, scene)


def test_a_default_card_comes_first_and_a_card_with_held_money_stays_bound(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen, bind = await newcomer(world), desk(world)
        offered = await bind.offered(citizen, "chaoxin")
        first, second = await bind.bind_offered(citizen, "chaoxin", {card.pan_index for card in offered})
        await bind.offer_first(citizen, second)
        async with world.platform.database.transaction() as connection:
            listed = [card.instrument_id for card in await cards_of(connection, 0, citizen)]
        wish = wanted(world, 10_000, order_no="H-1")
        order = await desk_of(world).open(replace(wish, kind=OrderKind.PREAUTH))
        who = Payer(bucket=bucket_of(citizen), citizen_id=citizen, instrument_id=first, vouchers=())
        await world.platform.preauths.hold(order.order_id, who)

        busy = await refusal(bind.unbind(citizen, first))
        await world.platform.preauths.cancel(order.order_id)
        await bind.unbind(citizen, first)
        await bind.unbind(citizen, first)

        assert listed == [second, first]
        assert busy == "card_in_use"
        assert await refusal(bind.offer_first(citizen, first)) == "not_found"

    in_city(tmp_path, fresh_database, scene)
