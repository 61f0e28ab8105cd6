"""A shop's settlement is held, released or recovered for its funders; small payouts wait; returned ones go again."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BRAND, BUREAU, DAY, NOON, World, city, outside

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.hold_merchant import HoldOrder, OwnHold, decide_end, decide_hold, end_hold, propose_hold
from yongquan.flows.pay_again import Returned, pay_again
from yongquan.flows.prove_books import prove_books
from yongquan.flows.statement_files.shop import shop_csv, shop_workbook
from yongquan.merchants.store import register_stores
from yongquan.payments.clearing import DayState
from yongquan.payments.holds import HOLD_MOVES, HeldShop, HoldState, hold_of, share_recovery
from yongquan.payments.settling_store import set_minimum
from yongquan.payments.shop_statement import ShopStatement, shop_statement
from yongquan.payments.views import SettledLine, settled_lines_of
from yongquan.plumbing.clock import set_clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

MAKER = Staff(UUID(int=7), "m", "经办", frozenset({RoleGrant(Role.FINANCE)}))
CHECKER = Staff(UUID(int=8), "c", "复核", frozenset({RoleGrant(Role.FINANCE)}))
DAYS = [DAY + timedelta(days=n) for n in range(12)]


async def turn_to(world: World, day: int) -> None:
    async with world.platform.database.transaction() as connection:
        await set_clock(connection, shows=NOON + timedelta(days=day))
    await world.platform.refresh()


async def settle(world: World, day: date) -> None:
    report = await world.platform.clearing.clear_day(day, patience_s=30)
    assert report.state is DayState.SETTLED, report


async def require_even(world: World, *days: date) -> None:
    for day in days:
        await world.require_agreement(day)
    connection = await world.platform.database.connect()
    proof = await prove_books(connection)
    await connection.close()
    assert proof.holds, proof


def desk_of(world: World) -> DayDesk:
    return world.platform.clearing.desk


async def line_of(world: World, place: int, day: date) -> SettledLine:
    async with world.platform.database.transaction() as connection:
        (line,) = await settled_lines_of(connection, world.stores[place].store_id, day)
    return line


async def held(world: World, place: int, scope: str, *, deadline: datetime = NOON + timedelta(days=30)) -> UUID:
    order = HoldOrder(
        store_id=world.stores[place].store_id, scope=scope, basis="规则 7", notice="请说明情况", deadline=deadline
    )
    hold_id = await propose_hold(desk_of(world), MAKER.actor, order, real_now=NOON)
    with pytest.raises(OwnHold):
        await decide_hold(desk_of(world), MAKER, hold_id, approve=True, real_now=NOON)
    await decide_hold(desk_of(world), CHECKER, hold_id, approve=True, real_now=NOON)
    with pytest.raises(ForbiddenMove):
        await propose_hold(desk_of(world), MAKER.actor, order, real_now=NOON)
    return hold_id


async def end(world: World, hold_id: UUID, wish: str) -> HeldShop:
    desk = desk_of(world)
    await end_hold(desk, MAKER, hold_id, wish=wish, reason="查明", real_now=NOON)
    with pytest.raises(OwnHold):
        await decide_end(desk, MAKER, hold_id, approve=True, real_now=NOON)
    await decide_end(desk, CHECKER, hold_id, approve=True, real_now=NOON)
    async with world.platform.database.transaction() as connection:
        hold = await hold_of(connection, hold_id)
    assert hold is not None
    return hold


def test_held_subsidies_are_released_to_the_shop_or_recovered_for_their_funders(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                a, b = world.people[:2]
                released = await held(world, 0, "subsidy")
                recovered = await held(world, 1, "whole")
                first = await world.buy(a, world.stores[0], 5_000, voucher=BUREAU.funder_id)
                second = await world.buy(b, world.stores[1], 6_000, voucher=BUREAU.funder_id)
                third = await world.buy(a, world.stores[1], 4_000, voucher=BRAND.funder_id)

                await settle(world, DAYS[0])
                kept = [await world.shop_balance(world.stores[n]) for n in (0, 1)]
                lines = [await line_of(world, n, DAYS[0]) for n in (0, 1)]
                ends = [await end(world, released, "release"), await end(world, recovered, "recover")]
                again = [await end_again(world, hold_id) for hold_id in (released, recovered)]
                await turn_to(world, 1)
                await world.buy(a, world.stores[2], 1_000)
                await settle(world, DAYS[1])

                owed = (first.store_receives_fen, second.store_receives_fen + third.store_receives_fen)
                assert kept == [owed[0] - 1_000, 0]
                assert [(line.state, line.held_fen) for line in lines] == [("held", 1_000), ("held", owed[1])]
                assert [hold.state for hold in ends] == [HoldState.RELEASED, HoldState.RECOVERED]
                assert (ends[1].held_fen, ends[1].recovered_fen) == (owed[1], 2_000)
                assert again == [True, True]
                assert await world.shop_balance(world.stores[0]) == owed[0]
                assert await world.shop_balance(world.stores[1]) == owed[1] - 2_000
                async with sandbox.client("chaoxin") as bank:
                    # Two redemptions called, one recovered.
                    assert (await bank.account(BUREAU.account_no)).balance_fen == 100_000 - 1_000
                assert (await line_of(world, 1, DAYS[0])).state == "recovered"
                await require_even(world, *DAYS[:2])

    asyncio.run(run())


async def end_again(world: World, hold_id: UUID) -> bool:
    """Whether an ended hold refuses another end."""
    try:
        await end_hold(desk_of(world), MAKER, hold_id, wish="release", reason="x", real_now=NOON)
    except ForbiddenMove:
        return True
    return False


def test_a_hold_ends_at_its_deadline(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                hold_id = await held(world, 0, "whole", deadline=NOON + timedelta(hours=20))
                paid = await world.buy(world.people[0], world.stores[0], 5_000)
                await settle(world, DAYS[0])
                before = await world.shop_balance(world.stores[0])
                await turn_to(world, 1)
                await settle(world, DAYS[1])

                async with world.platform.database.transaction() as connection:
                    hold = await hold_of(connection, hold_id)
                assert hold is not None
                assert hold.state is HoldState.RELEASED
                assert (before, await world.shop_balance(world.stores[0])) == (0, paid.store_receives_fen)
                await require_even(world, *DAYS[:2])

    asyncio.run(run())


def test_small_payouts_wait_until_there_is_enough_or_a_week_has_gone(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                person, shop, quiet = world.people[0], world.stores[0], world.stores[2]
                async with world.platform.database.transaction() as connection:
                    for store in (shop, quiet):
                        await set_minimum(connection, store.store_id, 5_000)
                sums, balances = 0, []
                for day, fen in enumerate((2_000, 2_500, 900)):
                    await turn_to(world, day)
                    sums += (await world.buy(person, shop, fen)).store_receives_fen
                    if day == 0:
                        small = await world.buy(person, quiet, 700)
                    await settle(world, DAYS[day])
                    balances.append(await world.shop_balance(shop))
                quiet_before = await world.shop_balance(quiet)
                await turn_to(world, 7)
                await settle(world, DAYS[7])

                assert balances == [0, 0, sums]
                assert quiet_before == 0
                assert await world.shop_balance(quiet) == small.store_receives_fen
                await require_even(world, *DAYS[:3], DAYS[7])

    asyncio.run(run())


def test_a_returned_payout_is_sent_again_and_paid_once(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                # The acquirer does not know this shop yet.
                fresh = fresh_id(0)
                stranger = replace(world.stores[0], store_id=fresh, account_no=f"shop-{fresh.hex[:20]}")
                async with world.platform.database.transaction() as connection:
                    await register_stores(connection, [stranger], now=NOON)
                paid = await world.buy(world.people[0], stranger, 5_000)
                await settle(world, DAYS[0])
                line = Returned(DAYS[0], stranger.acquirer, fresh)
                async with world.platform.database.transaction() as connection:
                    (returned,) = await settled_lines_of(connection, fresh, DAYS[0])

                state = await pay_again(desk_of(world), MAKER, line, reason="已开户", real_now=NOON)
                with pytest.raises(ForbiddenMove):
                    await pay_again(desk_of(world), MAKER, line, reason="已开户", real_now=NOON)

                assert (returned.state, returned.reason) == ("returned", "unknown_shop")
                assert state == "paid"
                assert await world.shop_balance(stranger) == paid.store_receives_fen
                await require_even(world, DAYS[0])

    asyncio.run(run())


def test_a_payout_to_a_closed_account_is_paid_again_to_the_corrected_one(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop, desk = world.stores[0], desk_of(world)
                async with sandbox.client(shop.acquirer) as acquirer:
                    await acquirer.ban(shop.account_no, "closed")
                paid = await world.buy(world.people[0], shop, 5_000)
                await settle(world, DAYS[0])
                returned = await line_of(world, 0, DAYS[0])
                line = Returned(DAYS[0], shop.acquirer, shop.store_id)

                still = await pay_again(desk, MAKER, line, reason="再试", real_now=NOON)
                state = await pay_again(desk, MAKER, line, reason="换户", real_now=NOON, account_no="shop-new-1")
                await turn_to(world, 1)
                later = await world.buy(world.people[0], shop, 700)
                await settle(world, DAYS[1])

                assert (returned.state, returned.reason, still, state) == (
                    "returned",
                    "account_closed",
                    "returned",
                    "paid",
                )
                assert await world.shop_balance(shop) == 0
                moved = replace(shop, account_no="shop-new-1")
                assert await world.shop_balance(moved) == paid.store_receives_fen + later.store_receives_fen
                await require_even(world, *DAYS[:2])

    asyncio.run(run())


def test_every_forbidden_move_of_a_hold_stays_forbidden() -> None:
    allowed = {(a.value, b.value) for a, to in HOLD_MOVES.items() for b in to}

    assert allowed == {
        ("proposed", "active"),
        ("proposed", "refused"),
        ("active", "ending"),
        ("active", "executing"),
        ("ending", "active"),
        ("ending", "executing"),
        ("executing", "released"),
        ("executing", "recovered"),
    }


def test_a_recovery_is_shared_by_what_each_funder_paid() -> None:
    parts = share_recovery(1_001, [(0, "a", 1_000), (0, "b", 1_000), (1, "a", 0)])

    assert [(part.cell, part.funder_id, part.amount_fen) for part in parts] == [(0, "a", 501), (0, "b", 500)]


def test_a_shops_statement_follows_each_vouchers_money(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop, small = world.stores[0], world.stores[2]
                async with world.platform.database.transaction() as connection:
                    await set_minimum(connection, small.store_id, 5_000)
                hold_id = await held(world, 0, "subsidy")
                paid = await world.buy(world.people[0], shop, 5_000, voucher=BUREAU.funder_id)
                await world.buy(world.people[1], small, 900)
                await settle(world, DAYS[0])
                before = await statement_of(world, 0, DAYS[0])
                await turn_to(world, 1)
                await world.buy(world.people[1], small, 9_000)
                await end(world, hold_id, "release")
                await settle(world, DAYS[1])

                after, carried = await statement_of(world, 0, DAYS[0]), await statement_of(world, 2, DAYS[0])
                (row,) = before.rows
                assert (row.payment_id, row.charged_fen, row.subsidy_fen) == (paid.payment_id, 4_000, 1_000)
                assert row.trade_arrived_at is not None
                assert row.subsidy_arrived_at is None
                assert after.rows[0].subsidy_arrived_at is not None
                assert (carried.lines[0].state, carried.lines[0].final_day) == ("carried", DAYS[1])
                assert carried.rows[0].trade_arrived_at is not None
                assert str(paid.payment_id) in shop_csv(after).decode("utf-8-sig")
                assert shop_workbook(after).startswith(b"PK")

    asyncio.run(run())


async def statement_of(world: World, place: int, day: date) -> ShopStatement:
    async with world.platform.database.transaction() as connection:
        return await shop_statement(connection, world.stores[place].store_id, day)
