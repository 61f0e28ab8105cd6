"""Payments before risk at real sandbox banks: refused, delayed, stepped up, without vouchers, and with risk away."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from clearing_world import BUREAU, Person, World, city, outside

from yongquan.citizens.sign_in import WrongCode
from yongquan.flows.judge_payment import PaymentRisk
from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of
from yongquan.payments.model import PaymentRefused, PaymentState
from yongquan.plumbing.clock import set_clock
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import EntryState, NewEntry
from yongquan.risk.lists.store import insert_entries, turn_book

GRABS = BUREAU.funder_id


class Phones:
    """A phone that keeps the last text."""

    def __init__(self) -> None:
        self.last = ""

    async def send(self, phone: str, text: str) -> None:
        self.last = text

    @property
    def code(self) -> str:
        return self.last.split("验证码 ")[1][:6]


def in_city(folder: Path, conninfo: str, scene: Callable[[World, Phones], Awaitable[None]]) -> None:
    async def play() -> None:
        with outside(folder) as sandbox:
            async with city(folder, conninfo, sandbox) as world:
                phones, platform = Phones(), world.platform
                platform.payments.risk = PaymentRisk(platform.risk, platform.sealing, 1, phones)
                await scene(world, phones)

    asyncio.run(play())


async def put_on(
    world: World, colour: Colour, person: Person, *, tier: int = 0, party: Entity = Entity.CITIZEN, value: str = ""
) -> UUID:
    now, entry_id = world.platform.clock.now(), uuid4()
    new = NewEntry(
        colour=colour,
        party=party,
        value=value or str(person.citizen_id),
        tier=tier,
        source="desk",
        basis="tip",
        since=now - timedelta(minutes=1),
    )
    async with world.platform.database.transaction() as connection:
        version = await turn_book(connection)
        await insert_entries(connection, [(entry_id, new, EntryState.LISTED)], version=version, by="test", now=now)
    await world.platform.refresh()
    return entry_id


def order(world: World, person: Person, fen: int, *, voucher: UUID | None = None, **more: object) -> Order:
    facts = {
        "caller_id": person.citizen_id,
        "key": uuid4(),
        "body_hash": uuid4(),
        "bucket": bucket_of(person.citizen_id),
        "store_id": world.stores[0].store_id,
        "amount_fen": fen,
        "citizen_id": person.citizen_id,
        "instrument_id": person.instrument_id,
        "vouchers": () if voucher is None else (voucher,),
    }
    return Order(**(facts | more))


async def refusal(world: World, wish: Order) -> str:
    with pytest.raises(PaymentRefused) as caught:
        await world.platform.payments.take(wish)
    return caught.value.reason


def test_lists_refuse_delay_step_up_and_withhold_vouchers(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, phones: Phones) -> None:
        take = world.platform.payments.take
        black, yellow, second, third, honest = world.people[:5]
        vouchers = {person: await world.claim(person, GRABS) for person in world.people[:5]}
        await put_on(world, Colour.BLACK, black)
        await put_on(world, Colour.YELLOW, yellow)
        await put_on(world, Colour.GREY, second, tier=2)
        await put_on(world, Colour.GREY, third, tier=3)

        # Black: nothing goes on. Yellow: ordinary payment does, vouchers do not.
        assert await refusal(world, order(world, black, 5_000)) == "risk_refused"
        assert await refusal(world, order(world, yellow, 5_000, voucher=vouchers[yellow])) == "risk_refused"
        plain = await take(order(world, yellow, 5_000, vouchers=None))
        assert (plain.state, plain.discount_fen) == (PaymentState.SUCCEEDED, 0)

        # Grey, tier 2: a code first, then the same order under the same key.
        wish = order(world, second, 5_000, voucher=vouchers[second])
        assert await refusal(world, wish) == "step_up_required"
        with pytest.raises(WrongCode):
            await take(replace(wish, step_up_code="000000" if phones.code != "000000" else "111111"))
        paid = await take(replace(wish, step_up_code=phones.code))
        assert (paid.state, paid.discount_fen > 0) == (PaymentState.SUCCEEDED, True)
        assert (await take(wish)).payment_id == paid.payment_id

        # Grey, tier 3: again after the wait; without vouchers at once.
        wish = order(world, third, 5_000, voucher=vouchers[third])
        with pytest.raises(PaymentRefused) as caught:
            await take(wish)
        assert caught.value.reason == "risk_delayed"
        assert caught.value.facts["retry_after_s"] == 1_800
        assert (await take(order(world, third, 5_000))).state is PaymentState.SUCCEEDED
        async with world.platform.database.transaction() as connection:
            await set_clock(connection, shows=world.platform.clock.now() + timedelta(minutes=31))
        await world.platform.refresh()
        assert (await take(wish)).discount_fen > 0

        # Nobody else notices, and a listed store answers everybody.
        assert (await take(order(world, honest, 5_000, voucher=vouchers[honest]))).state is PaymentState.SUCCEEDED
        await put_on(world, Colour.BLACK, honest, party=Entity.STORE, value=str(world.stores[0].store_id))
        assert await refusal(world, order(world, honest, 5_000)) == "risk_refused"

    in_city(tmp_path, fresh_database, scene)


def test_public_money_waits_and_own_money_goes_on_while_risk_is_down(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, phones: Phones) -> None:
        person, desk = world.people[0], world.platform.risk
        voucher = await world.claim(person, GRABS)

        with psycopg.connect(fresh_database) as other:
            other.execute("lock table risk.judging_line")
            desk.answers_within_s = 0.2
            refused = await refusal(world, order(world, person, 5_000, voucher=voucher))
            plain = await world.platform.payments.take(order(world, person, 5_000))
        desk.answers_within_s = 30.0
        back = await world.platform.payments.take(order(world, person, 5_000, voucher=voucher))
        await desk.sweep()
        async with world.platform.database.transaction() as connection:
            rows = await (
                await connection.execute("select action from risk.verdict where state = 'unjudged' order by action")
            ).fetchall()

        assert refused == "risk_unavailable"
        assert plain.state is PaymentState.SUCCEEDED
        assert back.discount_fen > 0
        assert [row[0] for row in rows] == ["allow", "delay"]

    in_city(tmp_path, fresh_database, scene)
