"""Shops on same-day settlement are paid their card takings at cut-offs, and the rest after the day's close."""

import asyncio
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BUREAU, DAY, NOON, World, back_again, city, kill, outside

from yongquan import ledger
from yongquan.flows.change_fees import Proposal, decide_fees, propose_fees
from yongquan.flows.hold_merchant import HoldOrder, decide_hold, propose_hold
from yongquan.flows.offer_same_day import offer_same_day
from yongquan.flows.prove_books import prove_books
from yongquan.flows.set_cut_offs import put_cut_offs, read_times, set_cut_offs
from yongquan.flows.settle_same_day import cut_off, settle_what_is_due
from yongquan.flows.statement_files.shop import shop_csv, shop_workbook
from yongquan.kernel.errors import BadInput
from yongquan.merchants.model import NewStore
from yongquan.payments.clearing import DayState
from yongquan.payments.fees import FeeTable, Rate
from yongquan.payments.same_day_offers import Offer
from yongquan.payments.settling_store import set_cut_offs as write_cut_offs
from yongquan.payments.settling_store import set_minimum
from yongquan.payments.shop_statement import ShopStatement, shop_statement
from yongquan.plumbing.clock import set_clock
from yongquan.staff import Forbidden, Role, RoleGrant, Staff

HERE = Path(__file__).parent
MAKER = Staff(UUID(int=7), "m", "经办", frozenset({RoleGrant(Role.FINANCE)}))
CHECKER = Staff(UUID(int=8), "c", "复核", frozenset({RoleGrant(Role.FINANCE)}))
NOON_CUT, EVENING_CUT = 720, 1_080


async def put_on(world: World, *stores: NewStore, cut_offs: tuple[int, ...] = (NOON_CUT, EVENING_CUT)) -> None:
    async with world.platform.database.transaction() as connection:
        for store in stores:
            await write_cut_offs(connection, store.store_id, cut_offs)


async def settle_due(world: World) -> None:
    await settle_what_is_due(world.platform.clearing.desk)


async def turn_to(world: World, hours: int) -> None:
    async with world.platform.database.transaction() as connection:
        await set_clock(connection, shows=NOON + timedelta(hours=hours))
    await world.platform.refresh()


async def close(world: World, day: date = DAY) -> None:
    report = await world.platform.clearing.clear_day(day, patience_s=30)
    assert report.state is DayState.SETTLED, report
    assert report.settled.unpaid_lines == 0


async def statement_of(world: World, store: NewStore, day: date = DAY) -> ShopStatement:
    async with world.platform.database.transaction() as connection:
        return await shop_statement(connection, store.store_id, day)


async def require_even(world: World, day: date = DAY) -> None:
    await world.require_agreement(day)
    for code in ("chaoxin", "yuehu", "quanfu", "donggang", "suihe"):
        async with world.platform.database.transaction() as connection:
            id_ = ledger.account_id(code, ledger.Kind.CLEARING)
            balances = await ledger.balances_of(connection, [id_], cell=0)
        assert id_ not in balances or balances[id_].credit_fen == 0
    connection = await world.platform.database.connect()
    proof = await prove_books(connection)
    await connection.close()
    assert proof.holds, proof


def test_a_shop_is_paid_its_card_takings_at_each_cut_off_and_the_rest_after_the_close(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                a, b, wallet = world.people[:3]
                shop, other = world.stores[:2]
                await put_on(world, shop)

                first = await world.buy(a, shop, 5_000)
                vouched = await world.buy(b, shop, 8_000, voucher=BUREAU.funder_id)
                ordinary = await world.buy(wallet, other, 3_000)
                await settle_due(world)
                await settle_due(world)
                at_noon = await world.shop_balance(shop)
                second = await world.buy(wallet, shop, 7_000)
                await turn_to(world, 7)
                third = await world.buy(a, shop, 900)
                await settle_due(world)
                at_evening = await world.shop_balance(shop)
                last = await world.buy(b, shop, 1_100)
                await close(world)

                card_fen = first.store_receives_fen + vouched.store_receives_fen - 1_000
                assert at_noon == card_fen
                assert at_evening == card_fen + second.store_receives_fen + third.store_receives_fen
                assert await world.shop_balance(shop) == at_evening + last.store_receives_fen + 1_000
                assert await world.shop_balance(other) == ordinary.store_receives_fen
                async with sandbox.client("chaoxin") as bank:
                    assert (await bank.account(BUREAU.account_no)).balance_fen == 100_000 - 1_000
                await require_even(world)
                statement = await statement_of(world, shop)
                assert [(line.cut_off, line.payments, line.state) for line in statement.lines] == [
                    ("12:00", 2, "paid"),
                    ("18:00", 2, "paid"),
                    ("", 1, "paid"),
                ]
                assert statement.lines[2].subsidy_fen == 1_000
                assert b"12:00" in shop_csv(statement)
                assert shop_workbook(statement)[:2] == b"PK"

    asyncio.run(run())


def test_the_same_day_fee_of_the_table_in_force_is_kept_by_the_acquirer(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop, database = world.stores[0], world.platform.database
                await put_on(world, shop)
                proposal = Proposal(FeeTable(same_day=Rate(20, floor_fen=5)), DAY + timedelta(days=1), "垫资成本")
                number = await propose_fees(database, MAKER, proposal, now=NOON, real_now=NOON)
                await decide_fees(database, CHECKER, number, approve=True, now=NOON, real_now=NOON)
                await turn_to(world, 24)
                day = DAY + timedelta(days=1)

                paid = await world.buy(world.people[0], shop, 10_000)
                await settle_due(world)
                early = await world.shop_balance(shop)
                await close(world, day)

                assert early == paid.store_receives_fen - 20
                assert await world.shop_balance(shop) == early
                (line,) = (await statement_of(world, shop, day)).lines
                assert (line.same_day_fee_fen, line.cut_off, line.paid_fen) == (20, "12:00", early)
                await require_even(world, day)

    asyncio.run(run())


def test_a_refund_after_a_same_day_payout_is_taken_from_later_money(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop, (a, b, *_) = world.stores[0], world.people
                await put_on(world, shop)
                returned = await world.buy(a, shop, 9_000, voucher=BUREAU.funder_id)
                await settle_due(world)
                early = await world.shop_balance(shop)

                await world.refund(returned)
                await turn_to(world, 7)
                await settle_due(world)
                await close(world)
                after_close = await world.shop_balance(shop)
                await turn_to(world, 24)
                small = await world.buy(b, shop, 2_000)
                await settle_due(world)
                after_small = await world.shop_balance(shop)
                large = await world.buy(b, shop, 20_000)
                await turn_to(world, 31)
                await settle_due(world)
                after_large = await world.shop_balance(shop)
                await close(world, DAY + timedelta(days=1))

                assert early == after_close == after_small == returned.store_receives_fen - 1_000
                assert after_large == small.store_receives_fen + large.store_receives_fen
                assert await world.shop_balance(shop) == after_large
                carried, paid = (
                    await statement_of(world, shop),
                    await statement_of(world, shop, DAY + timedelta(days=1)),
                )
                assert [line.state for line in carried.lines] == ["paid", "carried"]
                assert carried.lines[1].final_day == DAY + timedelta(days=1)
                assert [line.cut_off for line in paid.lines] == ["18:00"]
                for day in (DAY, DAY + timedelta(days=1)):
                    await require_even(world, day)

    asyncio.run(run())


def test_holds_and_the_minimum_payout_are_respected_at_a_cut_off(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                held, subsidies_held, small = world.stores[:3]
                await put_on(world, held, subsidies_held, small)
                for store, scope in ((held, "whole"), (subsidies_held, "subsidy")):
                    await _hold(world, store, scope)
                async with world.platform.database.transaction() as connection:
                    await set_minimum(connection, small.store_id, 1_000)
                a, b = world.people[:2]
                await world.buy(a, held, 5_000)
                part = await world.buy(b, subsidies_held, 6_000, voucher=BUREAU.funder_id)
                await world.buy(a, small, 300)

                await settle_due(world)
                early = [await world.shop_balance(store) for store in (held, subsidies_held, small)]
                await close(world)

                assert early == [0, part.store_receives_fen - 1_000, 0]
                assert [await world.shop_balance(store) for store in (held, subsidies_held, small)] == early
                lines = (await statement_of(world, subsidies_held)).lines
                assert [(line.state, line.held_fen) for line in lines] == [("paid", 0), ("held", 1_000)]
                assert [line.state for line in (await statement_of(world, small)).lines] == ["carried"]
                await require_even(world)

    asyncio.run(run())


def test_a_cut_off_killed_again_and_again_pays_once(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shops = world.stores[:2]
                await put_on(world, *shops)
                paid = [await world.buy(world.people[n], shop, 5_000 + n) for n, shop in enumerate(shops)]

                for when in ("before:pay_nets", "after:pay_nets", "before:instruct", "after:instruct", "before:match"):
                    killed = await asyncio.to_thread(_cut_elsewhere, tmp_path, fresh_database, when)
                    assert killed.returncode == -9, (when, killed)
                both = await asyncio.gather(
                    *(asyncio.to_thread(_cut_elsewhere, tmp_path, fresh_database, "never") for _ in range(2))
                )

                assert [one.stdout for one in both] == ["settled\n"] * 2, both
                assert [await world.shop_balance(shop) for shop in shops] == [p.store_receives_fen for p in paid]
                await close(world)
                assert [await world.shop_balance(shop) for shop in shops] == [p.store_receives_fen for p in paid]
                await require_even(world)

    asyncio.run(run())


def test_a_cut_off_waits_for_an_acquirer_that_is_down_and_the_close_waits_for_it(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop = world.stores[0]
                await put_on(world, shop)
                paid = await world.buy(world.people[0], shop, 5_000)
                port = kill(sandbox, shop.acquirer)

                waits_for = await cut_off(world.platform.clearing.desk, DAY, NOON_CUT)
                report = await world.platform.clearing.clear_day(DAY, patience_s=3)

                assert shop.acquirer in waits_for
                assert (report.state, report.waiting_for[:20]) == (DayState.CLOSING, "the cut-off at 12:00")
                with back_again(tmp_path, shop.acquirer, port):
                    await close(world)
                    assert await world.shop_balance(shop) == paid.store_receives_fen
                    await require_even(world)

    asyncio.run(run())


def test_staff_put_a_shop_on_same_day_settlement_and_it_is_audited(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                database, store_id = world.platform.database, world.stores[0].store_id
                reader = Staff(UUID(int=9), "r", "看", frozenset({RoleGrant(Role.AUDITOR)}))

                await set_cut_offs(database, MAKER, store_id, read_times("18:00，12:00"), now=NOON)

                with pytest.raises(Forbidden):
                    await set_cut_offs(database, reader, store_id, [], now=NOON)
                for wrong in ("25:00", "noon", "00:10"):
                    with pytest.raises(BadInput):
                        await set_cut_offs(database, MAKER, store_id, read_times(wrong), now=NOON)
                async with database.transaction() as connection:
                    query = "select before, after from plumbing.audit where action = 'settlement.cut_offs_set'"
                    (row,) = await (await connection.execute(query)).fetchall()
                assert row == ({"at": ""}, {"at": "12:00, 18:00"})

    asyncio.run(run())


async def _hold(world: World, store: NewStore, scope: str) -> None:
    desk = world.platform.clearing.desk
    order = HoldOrder(
        store_id=store.store_id, scope=scope, basis="规则 7", notice="请说明情况", deadline=NOON + timedelta(days=9)
    )
    hold_id = await propose_hold(desk, MAKER.actor, order, real_now=NOON)
    await decide_hold(desk, CHECKER, hold_id, approve=True, real_now=NOON)


def _cut_elsewhere(folder: Path, conninfo: str, when: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [
            *(sys.executable, str(HERE / "same_day_process.py"), str(folder), conninfo),
            *(DAY.isoformat(), str(NOON_CUT), when),
        ],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    sys.stderr.write(done.stderr)
    return done


def test_an_acquirer_offers_its_own_same_day_settlement_or_none(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                database, (bank, company) = world.platform.database, world.stores[:2]
                early = Offer(is_offered=True, last_cut=NOON_CUT, rate=Rate(0, floor_fen=100))
                await offer_same_day(database, bank.acquirer, early, actor="command:test", now=NOON)
                await put_cut_offs(database, bank.store_id, [NOON_CUT], actor="command:test", now=NOON)
                await put_cut_offs(database, company.store_id, [NOON_CUT], actor="command:test", now=NOON)
                none = Offer(is_offered=False, last_cut=NOON_CUT, rate=Rate(0))
                await offer_same_day(database, company.acquirer, none, actor="command:test", now=NOON)
                for store, wanted in ((bank, EVENING_CUT), (company, NOON_CUT)):
                    with pytest.raises(BadInput):
                        await put_cut_offs(database, store.store_id, [wanted], actor="command:test", now=NOON)
                for store in (bank, company):
                    await world.buy(world.people[0], store, 10_000)
                await settle_due(world)

                (paid,) = (await statement_of(world, bank)).lines
                assert (paid.same_day_fee_fen, paid.paid_fen) == (100, await world.shop_balance(bank))
                assert paid.paid_fen == 10_000 - paid.fee_fen
                assert await world.shop_balance(company) == 0
                await close(world)
                assert await world.shop_balance(company) > 0
                await require_even(world)

    asyncio.run(run())
