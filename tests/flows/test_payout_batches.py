"""Files of payouts: checked, approved by a second person, paid once however often they are sent in, reported."""

import csv
import io
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from clearing_world import BALANCE_FEN, World
from test_payouts import HAS_FEN, play, shop, to
from test_take_payment import balance

from yongquan.flows.pay_batch import PayoutBatches, SamePerson
from yongquan.flows.pay_out import Payouts
from yongquan.payments.payouts import PayingAccount, PayoutRefused

Scene = Callable[[World, PayoutBatches, PayingAccount], Awaitable[None]]


def play_batches(tmp_path: Path, conninfo: str, scene: Scene) -> None:
    async def with_batches(world: World, desk: Payouts, account: PayingAccount) -> None:
        await scene(world, PayoutBatches(desk), account)

    play(tmp_path, conninfo, with_batches)


def file(*rows: tuple[str, int, str, str]) -> bytes:
    lines = ["付款编号,收款账号,收款户名,金额,用途"]
    lines += [f"{no},{to(person).account},{name},{amount},货款" for no, person, name, amount in rows]
    return "\n".join(lines).encode()


GOOD = (("A-1", 0, "市民", "100.00"), ("A-2", 1, "市民", "50.5"))
WRONG = (*GOOD, ("A-3", 3, "别人", "10"), ("A-3", 0, "市民", "10"), ("A-5", 0, "市民", "ten"))


def test_wrong_rows_are_named_and_the_rest_is_paid_after_a_second_person_approves(
    tmp_path: Path, fresh_database: str
) -> None:
    async def scene(world: World, desk: PayoutBatches, account: PayingAccount) -> None:
        batch = await desk.plan(account, file(*WRONG), batch_no="B-1", file_name="wages.csv", by="anna")
        assert (batch.rows, batch.errors, batch.payable, batch.amount_fen) == (5, 3, 2, 15_050)
        with pytest.raises(SamePerson):
            await desk.approve(batch.batch_id, by="anna")
        await desk.payouts.sweep()
        assert await shop(world) == HAS_FEN

        await desk.approve(batch.batch_id, by="ben")
        await desk.approve(batch.batch_id, by="ben")
        await desk.payouts.sweep()

        assert (await desk.view(batch.batch_id, account)).progress == {"succeeded": (2, 15_050)}
        assert await shop(world) == HAS_FEN - 15_050
        told = list(csv.DictReader(io.StringIO((await desk.report(batch.batch_id)).lstrip("\ufeff"))))
        assert [row["reason"] for row in told] == ["", "", "name_differs", "twice_in_file", "bad_amount"]
        assert [row["state"] for row in told] == ["succeeded", "succeeded", "error", "error", "error"]
        assert len((await desk.report(batch.batch_id, only_unpaid=True)).splitlines()) == 4

    play_batches(tmp_path, fresh_database, scene)


def test_a_corrected_file_pays_only_what_was_not_paid(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: PayoutBatches, account: PayingAccount) -> None:
        wage = file(*GOOD, ("A-3", 3, "市民", "400"))  # beyond what the shop has left
        first = await desk.plan(account, wage, batch_no="B-1", file_name="w.csv", by="anna")
        same = await desk.plan(account, wage, batch_no="B-1", file_name="w.csv", by="anna")
        await desk.approve(first.batch_id, by="ben")
        await desk.payouts.sweep()
        assert same.batch_id == first.batch_id
        assert set((await desk.view(first.batch_id)).progress) == {"succeeded", "failed"}
        with pytest.raises(PayoutRefused):
            await desk.plan(account, file(*GOOD), batch_no="B-1", file_name="w.csv", by="anna")

        corrected = file(*GOOD, ("A-3", 3, "市民", "300"))
        second = await desk.plan(account, corrected, batch_no="B-2", file_name="w2.csv", by="anna")
        assert (second.repeats, second.payable, second.amount_fen) == (2, 1, 30_000)
        await desk.approve(second.batch_id, by="ben")
        await desk.payouts.sweep()

        assert await shop(world) == HAS_FEN - 45_050
        assert await balance(world, world.people[0]) == BALANCE_FEN + 10_000
        assert await balance(world, world.people[3]) == BALANCE_FEN + 30_000

    play_batches(tmp_path, fresh_database, scene)


def test_ten_thousand_rows_are_paid_in_seconds(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World, desk: PayoutBatches, account: PayingAccount) -> None:
        rows = [(f"W-{n}", (0, 1, 3, 4)[n % 4], "市民", "0.05") for n in range(10_000)]
        start = time.monotonic()
        batch = await desk.plan(account, file(*rows), batch_no="B-1", file_name="w.csv", by="anna")
        await desk.approve(batch.batch_id, by="ben")
        await desk.payouts.sweep()
        total_s = time.monotonic() - start

        assert (await desk.view(batch.batch_id)).progress == {"succeeded": (10_000, 50_000)}
        assert await shop(world) == 0
        assert total_s < 60

    play_batches(tmp_path, fresh_database, scene)
