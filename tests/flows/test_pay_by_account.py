"""A bank account pays: bound by the bank's code or one key, charged, refunded, reversed, cleared, told like a card."""

import re
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import DAY, NOON, Person, World
from ordering import desk_of, wanted
from test_store_and_forward import look
from test_take_payment import in_city, order

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.bind_instrument import NotBound
from yongquan.flows.order_desk import Payer
from yongquan.flows.reconcile_file import fetch_and_reconcile
from yongquan.flows.show_pay_code import show_pay_code
from yongquan.flows.take_payment import Order
from yongquan.institutions.account_names import account_name
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import PaymentState
from yongquan.payments.orders import OrderState
from yongquan.payments.views import cards_of
from yongquan.plumbing.fresh import fresh_id

NAME, PHONE, NUMBER = "陈小满", "13900001234", "000177001122334455"
ACCOUNT = account_name("chaoxin", NUMBER)


async def newcomer(world: World) -> UUID:
    """A citizen with an account at a bank, no card and nothing bound."""
    citizen, platform = fresh_id(5), world.platform
    async with platform.database.transaction() as connection:
        new = NewCitizen(citizen, PHONE, NAME)
        await register_many(connection, [new], platform.sealing, cells=1, now=platform.clock.now())
    opening = AccountOpening(account_no=NUMBER, holder=NAME, opening_balance_fen=50_000, phone=PHONE)
    async with world.sandbox.client("chaoxin") as bank:
        assert (await bank.open_accounts([opening])).opened == 1
    return citizen


async def bound(world: World, citizen: UUID) -> Person:
    """The account, bound by the code that the bank texted."""
    bindings = world.platform.bindings
    binding = await bindings.begin(citizen, pan=ACCOUNT, holder=NAME, phone=PHONE)
    async with world.sandbox.client("chaoxin") as bank:
        text = await bank.last_text(PHONE)
    code = re.search(r"\d{6}", text or "")
    assert code is not None
    instrument = await bindings.confirm(citizen, binding, code.group())
    return Person(citizen, instrument, "chaoxin", NUMBER)


async def left(world: World) -> int:
    async with world.sandbox.client("chaoxin") as bank:
        return (await bank.account(NUMBER)).balance_fen


async def refused(world: World, citizen: UUID, **asked: str) -> str:
    facts = {"pan": ACCOUNT, "holder": NAME, "phone": PHONE} | asked
    with pytest.raises(NotBound) as no:
        await world.platform.bindings.begin(citizen, **facts)
    return no.value.reason


def test_an_account_is_bound_by_code_or_one_key_and_only_by_its_holder(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen, bindings = await newcomer(world), world.platform.bindings

        assert await refused(world, citizen, holder="王大力") == "holder_differs"
        assert await refused(world, citizen, pan=account_name("chaoxin", "99" + NUMBER)) == "bad_account"
        assert await refused(world, citizen, pan=account_name("yuehu", NUMBER)) == "bad_account"
        assert await refused(world, citizen, pan=account_name("chaoxin", "acct-1")) == "bad_account"
        (offer,) = await bindings.offered(citizen, "chaoxin")
        (by_key,) = await bindings.bind_offered(citizen, "chaoxin", {offer.pan_index})
        by_code = (await bound(world, citizen)).instrument_id

        assert (offer.tail, offer.is_account, by_key) == ("4455", True, by_code)
        async with world.platform.database.transaction() as connection:
            (card,) = await cards_of(connection, 0, citizen)
            row = await (
                await connection.execute(
                    "select card_issuers, card_bins from citizens.citizen where citizen_id = %s", [citizen]
                )
            ).fetchone()
        assert (card.kind, card.issuer, card.pan_tail) == ("account", "chaoxin", "4455")
        assert row == (["chaoxin"], [])

    in_city(tmp_path, fresh_database, scene)


def test_an_account_pays_by_app_code_and_cashier_and_its_day_is_cleared(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        citizen, platform = await newcomer(world), world.platform
        person = await bound(world, citizen)

        paid = await world.buy(person, world.stores[0], 8_800, voucher="bureau")
        await world.refund(await world.buy(person, world.stores[1], 2_000))
        code, _ = await show_pay_code(
            platform.database,
            platform.clock,
            platform.hash_code,
            cells=1,
            citizen_id=citizen,
            instrument_id=person.instrument_id,
            vouchers=(),
        )
        key, store = uuid4(), world.stores[2].store_id
        by_code = await platform.payments.take(
            Order(store, key, key, bucket_of(citizen), store, 700, order_no="t-1", code_hash=platform.hash_code(code))
        )
        opened = await desk_of(world).open(wanted(world, 5_000))
        payer = Payer(bucket=bucket_of(citizen), citizen_id=citizen, instrument_id=person.instrument_id, vouchers=())
        by_cashier = await desk_of(world).pay(opened.order_id, payer)
        short = await platform.payments.take(order(person, store, 50_001, key=uuid4()))

        assert (paid.charged_fen, by_code.state, by_cashier.state) == (
            7_800,
            PaymentState.SUCCEEDED,
            OrderState.SUCCEEDED,
        )
        assert (short.state, short.response_code) == (PaymentState.FAILED, "51")
        assert await left(world) == 50_000 - 7_800 - 700 - 5_000
        async with world.sandbox.client("chaoxin") as bank:
            lines = (await bank.statement(ACCOUNT)).lines
        assert sorted(line.amount_fen for line in lines) == [-7_800, -5_000, -2_000, -700, 2_000]
        await platform.clearing.clear_day(DAY, patience_s=10)
        await world.require_agreement()

    in_city(tmp_path, fresh_database, scene)


def test_what_the_bank_of_an_account_did_not_answer_is_reversed_or_found_done(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        citizen = await newcomer(world)
        person, store, payments = await bound(world, citizen), world.stores[0].store_id, world.platform.payments
        await world.buy(person, world.stores[0], 300)
        world.sandbox.switch_faults("chaoxin", drop_next=1)
        dropped = await payments.take(order(person, store, 1_000, key=uuid4()))
        world.sandbox.switch_faults("chaoxin", lose_answer_next=1)
        lost = await payments.take(order(person, store, 2_000, key=uuid4()))

        await look(world)

        assert {dropped.state, lost.state} == {PaymentState.UNKNOWN}
        assert (await payments.payment(0, dropped.payment_id)).state is PaymentState.FAILED
        assert (await payments.payment(0, lost.payment_id)).state is PaymentState.SUCCEEDED
        assert await left(world) == 50_000 - 300 - 2_000
        told = await fetch_and_reconcile(
            world.platform.database, world.platform.links, DAY, actor="command:test", now=NOON
        )
        assert {report.cases for report in told} == {0}

    in_city(tmp_path, fresh_database, scene)
