"""Pay by phone at real sandbox banks: provisioned with the bank's code, tapped at a till, refused when it must be."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import World
from test_bind_instrument import NAME, PANS, PHONE, newcomer, refusal, texted
from test_take_payment import in_city

from yongquan.flows.pay_by_phone import PhoneDesk, TapRefused
from yongquan.payments.model import PaymentRefused, PaymentState
from yongquan.payments.phone_tokens import TokenState, make_tap
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.web.api.payments import PaymentOut, take_payment


class Phone:
    """A phone with a token: what a real one keeps in its secure element."""

    def __init__(self, world: World, citizen: UUID, token: UUID, number: str, key: bytes) -> None:
        self.world, self.citizen, self.token, self.number, self.key, self.counter = (
            world,
            citizen,
            token,
            number,
            key,
            0,
        )

    def tap(self, fen: int, *, store: int = 0) -> str:
        self.counter += 1
        store_id = self.world.stores[store].store_id
        return make_tap(
            number=self.number,
            key=self.key,
            counter=self.counter,
            amount_fen=fen,
            store_id=store_id,
            unpredictable=b"\1\2\3\4",
        )


def desk(world: World) -> PhoneDesk:
    return world.platform.phone_pay


async def provisioned(world: World) -> Phone:
    citizen = await newcomer(world)
    binding = await world.platform.bindings.begin(citizen, pan=PANS[0], holder=NAME, phone=PHONE)
    instrument = await world.platform.bindings.confirm(citizen, binding, await texted(world))
    token = await desk(world).begin(citizen, instrument, device="手机")
    code = await texted(world)
    assert await refusal(desk(world).confirm(citizen, token, f"{(int(code) + 1) % 10**6:06d}")) == "wrong_code"
    given = await desk(world).confirm(citizen, token, code)
    assert given.key is not None
    assert PANS[0] not in given.token.number
    return Phone(world, citizen, token, given.token.number, given.key)


async def charge(world: World, tap: str, fen: int, *, key: str = "k", order_no: str = "T-1") -> PaymentOut:
    """What a till's POST /v1/payments does."""
    bearer = Bearer(Holder.STORE, world.stores[0].store_id.hex, 0)
    body = json.dumps({"tap": tap, "amount_fen": fen, "order_no": order_no}).encode()
    platform = world.platform
    _, payment = await take_payment(
        platform.payments, bearer, key.encode(), body, platform.hash_code, taps=platform.phone_pay
    )
    return payment


async def refused(world: World, tap: str, fen: int, *, key: str) -> str:
    with pytest.raises((TapRefused, PaymentRefused)) as no:
        await charge(world, tap, fen, key=key, order_no=f"T-{key}")
    return str(no.value.reason)


def test_a_tap_pays_once_and_a_replayed_or_altered_one_is_refused(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        phone = await provisioned(world)
        tap = phone.tap(8_800)

        paid = await charge(world, tap, 8_800)
        again = await charge(world, tap, 8_800)
        assert paid.state == PaymentState.SUCCEEDED
        assert again.payment_id == paid.payment_id

        assert await refused(world, tap, 8_800, key="replay") == "tap_replayed"
        late, now = phone.tap(100), phone.tap(100)
        assert (await charge(world, now, 100, key="now", order_no="T-now")).state == PaymentState.SUCCEEDED
        assert await refused(world, late, 100, key="late") == "tap_replayed"
        assert await refused(world, phone.tap(100), 101, key="amount") == "tap_wrong"
        assert await refused(world, phone.tap(100, store=1), 100, key="store") == "tap_wrong"
        stolen = Phone(world, phone.citizen, phone.token, phone.number, b"?" * 32)
        stolen.counter = 100
        assert await refused(world, stolen.tap(100), 100, key="stolen") == "tap_wrong"

    in_city(tmp_path, fresh_database, scene)


def test_a_lost_phone_suspends_its_token_only_and_comes_back_with_the_banks_code(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World) -> None:
        phone = await provisioned(world)
        await desk(world).move(phone.citizen, phone.token, TokenState.SUSPENDED)

        assert await refused(world, phone.tap(100), 100, key="lost") == "token_suspended"
        found = await desk(world).find(phone.citizen, phone.token)
        second = await desk(world).begin(phone.citizen, found.instrument_id, device="新手机")
        assert (await desk(world).confirm(phone.citizen, second, await texted(world))).key is not None

        await desk(world).ask_code(phone.citizen, phone.token)
        back = await desk(world).confirm(phone.citizen, phone.token, await texted(world))
        assert (await charge(world, phone.tap(100), 100, key="back", order_no="T-back")).state == "succeeded"
        assert back.token.state is TokenState.SUSPENDED

        await world.platform.bindings.unbind(phone.citizen, found.instrument_id)
        assert await refused(world, phone.tap(100), 100, key="gone") == "token_ended"
        assert await desk(world).of(phone.citizen) == []

    in_city(tmp_path, fresh_database, scene)


def test_a_tokens_limits_hold_and_a_failed_tap_uses_nothing_up(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        phone = await provisioned(world)
        await desk(world).limit(phone.citizen, phone.token, payment_fen=90_000, day_fen=100_000)

        assert await refused(world, phone.tap(90_001), 90_001, key="big") == "over_payment_limit"
        failed = await charge(world, phone.tap(60_000), 60_000, key="poor", order_no="T-poor")
        assert failed.state == PaymentState.FAILED
        assert (await charge(world, phone.tap(30_000), 30_000, key="a", order_no="T-a")).state == "succeeded"
        assert await refused(world, phone.tap(70_001), 70_001, key="day") == "over_day_limit"
        assert await refusal(desk(world).limit(phone.citizen, phone.token, payment_fen=5, day_fen=4)) == "bad_limit"

    in_city(tmp_path, fresh_database, scene)


def test_a_large_tap_waits_for_its_payers_word(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        phone = await provisioned(world)
        await desk(world).limit(phone.citizen, phone.token, payment_fen=200_000, day_fen=200_000)

        asked = await charge(world, phone.tap(150_000), 150_000)

        assert asked.state == PaymentState.USER_PAYING
        denied = await world.platform.payments.payers.deny(UUID(asked.payment_id), phone.citizen)
        assert denied.state is PaymentState.CLOSED

    in_city(tmp_path, fresh_database, scene)
