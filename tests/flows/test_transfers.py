"""Citizens' transfers between real sandbox banks: by card, by phone, once, within limits, unknown ones resolved."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BALANCE_FEN, DAY, World
from launching import card_number
from ordering import move_on
from test_take_payment import balance, in_city

from yongquan.citizens.sign_in import WrongCode
from yongquan.flows.transfer_money import Transfers
from yongquan.payments.clearing import DayState
from yongquan.payments.payouts import Payout, PayoutRefused, PayoutState
from yongquan.payments.transfers import DAY_MAX_FEN, TransferWish
from yongquan.plumbing.sandbox_sms import SandboxPhones

PHONE = "13900000001"
OTHERS_CARD = card_number("629902", 1)


def play(tmp_path: Path, conninfo: str, scene: Callable[[World, Transfers], Awaitable[None]]) -> None:
    async def with_desk(world: World) -> None:
        texts = SandboxPhones(world.platform.database, world.platform.sealing)
        await scene(world, Transfers(world.platform.payouts, texts))

    in_city(tmp_path, conninfo, with_desk)


def to_phone(world: World, fen: int = 30_000) -> TransferWish:
    return TransferWish(instrument_id=world.people[0].instrument_id, to=PHONE, amount_fen=fen)


async def sent(world: World, desk: Transfers, wish: TransferWish, *, key: str = "k-1") -> Payout:
    me = world.people[0].citizen_id
    confirmed = replace(wish, masked=(await desk.look_up(me, wish)).masked)
    async with world.platform.database.transaction() as connection:
        await connection.execute("delete from citizens.sign_in_code")
    await desk.send_code(me, confirmed)
    said = await desk.texts.last_message("13900000000")  # type: ignore[union-attr]
    code = re.search(r"验证码 (\d{6})", said or "")
    assert code is not None
    return await desk.send(me, key, confirmed, code=code[1])


def test_money_goes_to_a_phone_once_after_its_owners_name_was_confirmed(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Transfers) -> None:
        me = world.people[0]
        payee = await desk.look_up(me.citizen_id, to_phone(world))
        assert (payee.bank, payee.masked, payee.account_tail) == ("yuehu", "*民", OTHERS_CARD[-4:])
        with pytest.raises(WrongCode):
            await desk.send(me.citizen_id, "k-1", replace(to_phone(world), masked="*民"), code="1")

        done = await sent(world, desk, to_phone(world))
        again = await desk.send(me.citizen_id, "k-1", replace(to_phone(world), masked="*民"), code="spent")

        assert (done.state, again.payout_id) == (PayoutState.SUCCEEDED, done.payout_id)
        assert await balance(world, me) == BALANCE_FEN - 30_000
        assert await balance(world, world.people[1]) == BALANCE_FEN + 30_000
        page = await desk.statement(me.citizen_id, me.instrument_id)
        assert (page.balance_fen, [line.amount_fen for line in page.lines]) == (BALANCE_FEN - 30_000, [-30_000])
        assert (await world.platform.clearing.clear_day(DAY, patience_s=30)).state is DayState.SETTLED
        await world.require_agreement()

    play(tmp_path, fresh_database, scene)


def test_a_card_needs_its_holders_name_and_limits_hold(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Transfers) -> None:
        me = world.people[0].citizen_id
        by_card = replace(to_phone(world), to=OTHERS_CARD, name="市民")
        for wish, reason in (
            (replace(by_card, name=""), "name_missing"),
            (replace(by_card, name="别人"), "name_differs"),
            (replace(by_card, to=card_number("629902", 77)), "payee_unknown"),
            (replace(by_card, to=card_number("629901", 0)), "same_account"),
            (to_phone(world, 500_001), "over_limit"),
            (replace(to_phone(world), to="13700000000"), "payee_unknown"),
            (replace(to_phone(world), instrument_id=UUID(int=9)), "instrument_unknown"),
        ):
            with pytest.raises(PayoutRefused) as refused:
                await desk.look_up(me, wish)
            assert refused.value.reason == reason

        assert (await sent(world, desk, by_card)).state is PayoutState.SUCCEEDED
        async with world.platform.database.transaction() as connection:
            await connection.execute("update payments.payout set amount_fen = %s", [DAY_MAX_FEN - 29_999])
        with pytest.raises(PayoutRefused) as beyond:
            await sent(world, desk, by_card, key="k-2")
        assert beyond.value.reason == "over_day_limit"
        async with world.platform.database.transaction() as connection:
            await connection.execute("update payments.payout set amount_fen = 30000")

    play(tmp_path, fresh_database, scene)


def test_who_does_not_want_to_be_found_by_phone_is_not(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Transfers) -> None:
        payee, me = world.people[1], world.people[0].citizen_id
        await desk.choose_receiver(payee.citizen_id, None)
        with pytest.raises(PayoutRefused):
            await desk.look_up(me, to_phone(world))
        await desk.choose_receiver(payee.citizen_id, payee.instrument_id)

        assert (await desk.look_up(me, to_phone(world))).bank == "yuehu"

    play(tmp_path, fresh_database, scene)


def test_a_lost_answer_leaves_a_transfer_under_way_until_it_is_known(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Transfers) -> None:
        world.sandbox.switch_faults("chaoxin", lose_answer_next=1)
        unknown = await sent(world, desk, to_phone(world))
        assert unknown.state is PayoutState.PROCESSING

        await move_on(world, timedelta(minutes=1))
        await desk.payouts.sweep()

        assert (await desk.transfer(world.people[0].citizen_id, "k-1")).state is PayoutState.SUCCEEDED
        assert await balance(world, world.people[1]) == BALANCE_FEN + 30_000

    play(tmp_path, fresh_database, scene)
