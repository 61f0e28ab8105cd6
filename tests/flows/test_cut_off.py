"""A closed day is told to the banks over their card lines; one that was down hears it later; none forgets it."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from clearing_world import DAY, World, back_again, kill
from launching import card_number, following, purchase
from ordering import move_on
from test_take_payment import in_city

from yongquan.flows import draw_up_day
from yongquan.flows.tell_cut_offs import CutOffs
from yongquan.institutions.connectors.card_messages import (
    CompletionRequest,
    HoldRequest,
    RefundRequest,
    ReversalRequest,
)
from yongquan.payments.cut_offs_store import last_cut_offs

BANK, T = "chaoxin", 5.0
NEXT_DAY = DAY + timedelta(days=1)
BOUGHT = purchase(card_number("629901", 0), 3_000, 801)
LATE = replace(BOUGHT, stamp=replace(BOUGHT.stamp, stan=802))


async def close(world: World) -> None:
    desk = world.platform.clearing.desk
    await draw_up_day.close(desk, DAY)
    assert await draw_up_day.wait_for_ends(desk, DAY) == ""
    assert await draw_up_day.wait_for_ends(desk, DAY) == ""


async def tell(world: World) -> int:
    platform = world.platform
    await move_on(world, timedelta(seconds=5))
    return await CutOffs(platform.payments, platform.switch, platform.clock).sweep()


async def heard(world: World) -> dict[str, bool]:
    async with world.platform.database.transaction() as connection:
        last = await last_cut_offs(connection)
    assert {one.day for one in last.values()} == {NEXT_DAY}
    return {issuer: one.answered_at is not None for issuer, one in last.items()}


async def talk(world: World, *messages: object) -> list[str]:
    """What the bank answers, one after the other."""
    async with world.sandbox.line(BANK) as line:
        await line.wait_ready(timeout_s=T)
        return [(await line.ask_purchase(message, timeout_s=T)).response_code for message in messages]  # type: ignore[arg-type]


def test_a_bank_that_was_down_hears_of_the_cut_off_and_keeps_it(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        hold = HoldRequest(
            **{
                name: getattr(replace(BOUGHT, stamp=replace(BOUGHT.stamp, stan=803)), name)
                for name in HoldRequest.__dataclass_fields__
            }
        )
        async with world.sandbox.line(BANK) as line:
            await line.wait_ready(timeout_s=T)
            assert (await line.ask_purchase(BOUGHT, timeout_s=T)).approved
            held = await line.ask_purchase(hold, timeout_s=T)
        world.sandbox.switch_faults(BANK, down="refuse")
        await close(world)

        assert await tell(world) == 2
        assert await heard(world) == {BANK: False, "quanfu": True, "yuehu": True}
        world.sandbox.switch_faults(BANK)
        await world.platform.links.ready(timeout_s=10)
        assert await tell(world) == 1
        assert await tell(world) == 0
        assert await heard(world) == {BANK: True, "quanfu": True, "yuehu": True}

        assert await talk(world, LATE) == ["90"]
        port = kill(world.sandbox, BANK)
        await asyncio.sleep(0.2)
        iso_port = world.sandbox.registry[BANK].iso_port or 0
        with back_again(tmp_path, BANK, port, iso_port=iso_port):
            completion = following(
                CompletionRequest, hold, stan=812, amount_fen=3_000, authorization=held.authorization or ""
            )
            told = await talk(
                world,
                BOUGHT,
                following(RefundRequest, BOUGHT, stan=811, amount_fen=1_000),
                completion,
                LATE,
                replace(LATE, stamp=replace(LATE.stamp, stan=804)),
                replace(LATE, stamp=replace(LATE.stamp, stan=805), settlement_date=NEXT_DAY),
                following(ReversalRequest, replace(BOUGHT, stamp=replace(BOUGHT.stamp, stan=806)), stan=813),
            )
            assert told == ["00", "00", "00", "90", "90", "00", "25"]
            await world.platform.links.ready(timeout_s=10)
            paid = await world.buy(world.people[0], world.stores[0], 500)
            assert paid.settlement_date == NEXT_DAY

    in_city(tmp_path, fresh_database, scene)
