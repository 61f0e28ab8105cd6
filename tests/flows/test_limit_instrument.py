"""Limits of instruments: refused by name before the bank is asked; above the small amount the payer is asked."""

import asyncio
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from clearing_world import World
from test_take_payment import in_city

from yongquan.flows.limit_instrument import LimitDesk
from yongquan.flows.show_pay_code import show_pay_code
from yongquan.flows.take_payment import Order
from yongquan.kernel.ids import bucket_of
from yongquan.payments.limits_store import InstrumentLimits
from yongquan.payments.model import Payment, PaymentRefused, PaymentState


def desk(world: World) -> LimitDesk:
    return LimitDesk(world.platform.database, world.platform.clock, 1)


async def refused(world: World, fen: int) -> str:
    with pytest.raises(PaymentRefused) as no:
        await world.buy(world.people[0], world.stores[0], fen)
    return no.value.reason


async def charge(world: World, fen: int, *, key: UUID | None = None, code: str = "") -> Payment:
    """A till charges a fresh pay code of the first citizen."""
    person, platform = world.people[0], world.platform
    if not code:
        code, _ = await show_pay_code(
            platform.database,
            platform.clock,
            platform.hash_code,
            cells=1,
            citizen_id=person.citizen_id,
            instrument_id=person.instrument_id,
            vouchers=(),
        )
    store = world.stores[0].store_id
    key = key or uuid4()
    order = Order(
        caller_id=store,
        key=key,
        body_hash=key,
        bucket=bucket_of(person.citizen_id),
        store_id=store,
        amount_fen=fen,
        order_no=key.hex,
        code_hash=platform.hash_code(code),
    )
    first = await platform.payments.take(order)
    assert (await platform.payments.take(order)).payment_id == first.payment_id
    return first


def test_the_lower_of_the_citizens_and_the_issuers_limit_holds(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        await desk(world).set_of_issuer(person.issuer, InstrumentLimits(payment_fen=50_000, day_fen=80_000))
        await desk(world).set_own(person.citizen_id, person.instrument_id, InstrumentLimits(payment_fen=30_000))

        assert await refused(world, 30_001) == "over_payment_limit"
        for _ in range(2):
            assert (await world.buy(person, world.stores[0], 30_000)).state is PaymentState.SUCCEEDED
        assert await refused(world, 20_001) == "over_day_limit"
        assert (await world.buy(person, world.stores[0], 20_000)).state is PaymentState.SUCCEEDED

        assert (await desk(world).own(person.citizen_id, person.instrument_id)).payment_fen == 30_000
        with pytest.raises(PaymentRefused):
            await desk(world).set_own(world.people[1].citizen_id, person.instrument_id, InstrumentLimits())

    in_city(tmp_path, fresh_database, scene)


def test_payments_at_once_do_not_pass_a_days_limit_together(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person = world.people[0]
        await desk(world).set_own(person.citizen_id, person.instrument_id, InstrumentLimits(day_fen=30_000))

        told = await asyncio.gather(
            *(world.buy(person, world.stores[0], 10_000) for _ in range(6)), return_exceptions=True
        )

        paid = [one for one in told if isinstance(one, Payment)]
        assert len(paid) == 3
        assert {getattr(one, "reason", "") for one in told if one not in paid} == {"over_day_limit"}

    in_city(tmp_path, fresh_database, scene)


def test_above_the_small_amount_a_code_asks_its_payer_first(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        person, payers = world.people[0], world.platform.payments.payers
        await desk(world).set_own(person.citizen_id, person.instrument_id, InstrumentLimits(no_code_fen=20_000))

        assert (await charge(world, 20_000)).state is PaymentState.SUCCEEDED
        asked = await charge(world, 20_001)
        assert asked.state is PaymentState.USER_PAYING
        assert await payers.issuer_of(0, asked.payment_id) == person.issuer
        agreed = await payers.agree(asked.payment_id, person.citizen_id)
        assert (agreed.state, agreed.payment_id) == (PaymentState.SUCCEEDED, asked.payment_id)

    in_city(tmp_path, fresh_database, scene)
