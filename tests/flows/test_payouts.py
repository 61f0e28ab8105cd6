"""Payouts at real sandbox banks: once for a number, by name, back if not taken, netted with the day."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from clearing_world import BALANCE_FEN, BUREAU, DAY, World
from launching import card_number
from ordering import move_on
from test_take_payment import balance, in_city

from yongquan import ledger
from yongquan.flows.pay_out import Payouts
from yongquan.institutions.connectors.account_messages import BookTransfer
from yongquan.payments.clearing import DayState
from yongquan.payments.payouts import PayingAccount, PayoutRefused, PayoutState, PayoutWish

Scene = Callable[[World, Payouts, PayingAccount], Awaitable[None]]
HAS_FEN = 50_000


def play(tmp_path: Path, conninfo: str, scene: Scene) -> None:
    async def with_desk(world: World) -> None:
        store = world.stores[0]
        async with world.sandbox.client(store.acquirer) as acquirer:
            # The shop brings money of its own: out of the acquirer's funds, not out of the day's clearing.
            await acquirer.transfer(
                [
                    BookTransfer(
                        id="float",
                        from_account="own-funds",
                        to_account=store.account_no,
                        amount_fen=HAS_FEN,
                        settlement_date=DAY,
                    )
                ]
            )
        desk = world.platform.payouts
        await scene(world, desk, await desk.of_store(store.store_id))

    in_city(tmp_path, conninfo, with_desk)


def to(person: int, fen: int = 10_000, *, no: str = "P-1", name: str = "市民") -> PayoutWish:
    return PayoutWish(payout_no=no, account=_card(person), name=name, amount_fen=fen, purpose="工资")


def _card(n: int) -> str:
    return card_number({0: "629901", 1: "629902", 3: "629901", 4: "629902"}[n], n)


async def shop(world: World) -> int:
    return await world.shop_balance(world.stores[0])


def test_a_payout_is_made_once_for_its_number(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        paid = await desk.pay(account, to(0))
        again = await desk.pay(account, to(0))

        assert (paid.state, again.payout_id) == (PayoutState.SUCCEEDED, paid.payout_id)
        assert await balance(world, world.people[0]) == BALANCE_FEN + 10_000
        assert await shop(world) == HAS_FEN - 10_000
        with pytest.raises(PayoutRefused) as other:
            await desk.pay(account, to(0, 10_001))
        assert other.value.reason == "payout_no_used"

    play(tmp_path, fresh_database, scene)


def test_another_name_an_unknown_card_or_short_funds_pay_nobody(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        for wish, reason in (
            (to(0, name="别人"), "name_differs"),
            (replace(to(0), account=card_number("629901", 99)), "unknown_account"),
            (replace(to(0), account="6999990000000000"), "unknown_bank"),
            (to(0, 0), "bad_amount"),
        ):
            with pytest.raises(PayoutRefused) as refused:
                await desk.pay(account, wish)
            assert refused.value.reason == reason
        short = await desk.pay(account, to(0, HAS_FEN + 1))

        assert (short.state, short.reason) == (PayoutState.FAILED, "payer_insufficient_funds")
        assert await shop(world) == HAS_FEN
        assert await balance(world, world.people[0]) == BALANCE_FEN

    play(tmp_path, fresh_database, scene)


def test_what_the_payees_bank_does_not_take_goes_back_to_the_payer(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        failed = await desk.pay(account, to(1, name="别人"), name_checked=True)

        assert (failed.state, failed.reason) == (PayoutState.FAILED, "name_differs")
        assert await shop(world) == HAS_FEN
        assert await balance(world, world.people[1]) == BALANCE_FEN

    play(tmp_path, fresh_database, scene)


@pytest.mark.parametrize("silent", ["donggang", "yuehu"])
def test_an_unknown_outcome_is_asked_about_and_nothing_is_paid_twice(
    tmp_path: Path, fresh_database: str, silent: str
) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        world.sandbox.switch_faults(silent, lose_answer_next=2)
        unknown = await desk.pay(account, to(1))
        assert unknown.state is PayoutState.PROCESSING

        for _ in range(3):
            await move_on(world, timedelta(minutes=1))
            await desk.sweep()

        assert (await desk.payout(unknown.cell, unknown.payout_id)).state is PayoutState.SUCCEEDED
        assert await balance(world, world.people[1]) == BALANCE_FEN + 10_000
        assert await shop(world) == HAS_FEN - 10_000

    play(tmp_path, fresh_database, scene)


def test_a_payout_that_the_ledger_cannot_book_keeps_no_other_waiting(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        world.sandbox.switch_faults("chaoxin", lose_answer_next=1)
        world.sandbox.switch_faults("yuehu", lose_answer_next=1)
        kept = await desk.pay(account, to(0, no="P-0"), name_checked=True)
        fine = await desk.pay(account, to(1, no="P-1"), name_checked=True)
        clearing = ledger.account_id("chaoxin", ledger.Kind.CLEARING)
        async with world.platform.database.transaction() as connection:
            query = "update ledger.account set account_id = %s where account_id = %s"
            away = uuid4()
            await connection.execute(query, [away, clearing])
        await move_on(world, timedelta(minutes=1))
        await desk.sweep()

        states = [(await desk.payout(one.cell, one.payout_id)).state for one in (kept, fine)]
        async with world.platform.database.transaction() as connection:
            await connection.execute(query, [clearing, away])
        await move_on(world, timedelta(minutes=2))
        await desk.sweep()

        assert states == [PayoutState.PROCESSING, PayoutState.SUCCEEDED]
        assert (await desk.payout(kept.cell, kept.payout_id)).state is PayoutState.SUCCEEDED
        assert await balance(world, world.people[0]) == BALANCE_FEN + 10_000
        assert await balance(world, world.people[1]) == BALANCE_FEN + 10_000

    play(tmp_path, fresh_database, scene)


def test_a_dormant_account_sends_the_money_back_later(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        async with world.sandbox.client("yuehu") as bank:
            await bank.ban(_card(1), "dormant")
            paid = await desk.pay(account, to(1))
            assert paid.state is PayoutState.SUCCEEDED
            assert await balance(world, world.people[1]) == BALANCE_FEN
            await bank.send_back(f"{paid.payout_id.hex}-1-c", "长期不动户")

        assert await desk.take_returns() == 1
        assert await desk.take_returns() == 0

        back = await desk.payout(paid.cell, paid.payout_id)
        assert (back.state, back.reason) == (PayoutState.RETURNED, "长期不动户")
        assert await shop(world) == HAS_FEN

    play(tmp_path, fresh_database, scene)


def test_payouts_net_out_with_the_day_and_every_bank_agrees(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        await world.buy(world.people[1], world.stores[1], 7_000)
        await desk.pay(account, to(0, 3_000))
        await desk.pay(account, to(1, 4_000, no="P-2"))
        await desk.pay(account, to(4, 1_000, no="P-3", name="别人"), name_checked=True)
        await desk.pay(desk.of_institution("yuehu"), to(3, 2_000, no="B-1"))
        await desk.pay(await desk.of_funder(BUREAU.funder_id), to(1, 5_000, no="F-1"))

        report = await world.platform.clearing.clear_day(DAY, patience_s=30)

        assert report.state is DayState.SETTLED, report.waiting_for
        await world.require_agreement()
        assert await shop(world) == HAS_FEN - 7_000

    play(tmp_path, fresh_database, scene)


def test_many_payouts_at_a_time_are_each_made_once(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: Payouts, account: PayingAccount) -> None:
        wishes = [to(n % 2, 100, no=f"P-{n}") for n in range(20)] * 2

        await asyncio.gather(*(desk.pay(account, wish) for wish in wishes))
        await desk.sweep()

        assert await shop(world) == HAS_FEN - 2_000
        assert await balance(world, world.people[0]) == BALANCE_FEN + 1_000

    play(tmp_path, fresh_database, scene)
