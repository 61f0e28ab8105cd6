"""A day is cleared and settled on real parts: banks, acquirers, funders, PostgreSQL, DBOS."""

import asyncio
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import psycopg
from clearing_world import BRAND, BUREAU, DAY, NOON, World, back_again, city, kill, outside

from yongquan import ledger
from yongquan.flows.clear_day import DayReport
from yongquan.flows.fund_campaign import record_prepayment
from yongquan.flows.prove_books import prove_books
from yongquan.institutions.connectors.account_messages import OWN_FUNDS_ACCOUNT, BookTransfer
from yongquan.payments.clearing import DayState
from yongquan.payments.model import Payment
from yongquan.payments.views import settled_lines_of
from yongquan.plumbing.clock import set_clock

HERE = Path(__file__).parent


async def trade(world: World) -> dict[int, int]:
    """A day's business; what each shop is owed, by its place in the list."""
    a, b, wallet = world.people[:3]
    shops = world.stores
    owed: dict[int, int] = dict.fromkeys(range(5), 0)

    def note(place: int, paid: Payment) -> None:
        owed[place] += paid.store_receives_fen

    note(0, await world.buy(a, shops[0], 5_000))
    note(0, await world.buy(b, shops[0], 8_000, voucher=BUREAU.funder_id))
    note(1, await world.buy(wallet, shops[1], 12_345, voucher=BRAND.funder_id))
    note(1, await world.buy(a, shops[1], 777))
    note(2, await world.buy(b, shops[2], 1_000, voucher=BUREAU.funder_id))  # the voucher pays all of it
    returned = await world.buy(wallet, shops[3], 30_000, voucher=BRAND.funder_id)
    await world.refund(returned)
    note(3, await world.buy(a, shops[3], 2_000))
    return owed


async def clear(world: World, *, patience_s: float = 30) -> DayReport:
    return await world.platform.clearing.clear_day(DAY, patience_s=patience_s)


async def left_in_clearing(world: World) -> dict[str, int]:
    """What the ledger's clearing and subsidy accounts hold that should be empty."""
    owners = [(code, ledger.Kind.CLEARING) for code in ("chaoxin", "yuehu", "quanfu", "donggang", "suihe")]
    owners += [(BUREAU.funder_id, ledger.Kind.SUBSIDY_DUE), (BRAND.funder_id, ledger.Kind.SUBSIDY_DUE)]
    ids = {ledger.account_id(*owner): owner[0] for owner in owners}
    async with world.platform.database.transaction() as connection:
        balances = await ledger.balances_of(connection, list(ids), cell=0)
    return {ids[id_]: balance.credit_fen for id_, balance in balances.items() if balance.credit_fen}


async def advanced_to_brand(world: World) -> int:
    """What the advancer has paid for the brand and not got back."""
    account = ledger.account_id(BRAND.funder_id, ledger.Kind.ADVANCED)
    async with world.platform.database.transaction() as connection:
        balances = await ledger.balances_of(connection, [account], cell=0)
    return balances[account].credit_fen if account in balances else 0


async def require_settled(world: World, owed: dict[int, int], report: DayReport) -> None:
    assert report.state is DayState.SETTLED, report
    assert report.settled.unpaid_lines == 0
    for place, store in enumerate(world.stores):
        assert await world.shop_balance(store) == owed[place]
    assert await left_in_clearing(world) == {}
    await world.require_agreement()
    connection = await world.platform.database.connect()
    proof = await prove_books(connection)
    await connection.close()
    assert proof.holds, proof


def test_a_day_is_cleared_to_the_fen_and_once_each_funder_paying_its_own_way(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)

                report = await clear(world)
                again = await clear(world)

                await require_settled(world, owed, report)
                assert again == report
                async with world.platform.database.transaction() as connection:
                    (line,) = await settled_lines_of(connection, world.stores[0].store_id, DAY)
                assert (line.trade_fen, line.subsidy_fen, line.state) == (12_000, 1_000, "paid")
                assert line.paid_fen == line.trade_fen + line.subsidy_fen - line.fee_fen == owed[0]
                assert await advanced_to_brand(world) == 1_000
                async with sandbox.client("chaoxin") as bank:
                    assert (await bank.account(BUREAU.account_no)).balance_fen == 100_000 - 2_000
                async with sandbox.client("yuehu") as bank:
                    assert (await bank.account(BRAND.account_no)).balance_fen == 100_000
                later = await world.buy(world.people[0], world.stores[0], 900)
                assert later.settlement_date == DAY + timedelta(days=1)

    asyncio.run(run())


def test_refunds_beyond_a_days_trade_are_taken_from_a_later_day(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                shop, person = world.stores[0], world.people[0]
                first = await world.buy(person, shop, 9_000, voucher=BRAND.funder_id)
                await clear(world)
                paid_fen = await world.shop_balance(shop)

                days = [DAY + timedelta(days=n) for n in (1, 2)]
                await world.refund(first)
                refunded = await world.platform.clearing.clear_day(days[0], patience_s=30)
                after_refund_fen = await world.shop_balance(shop)
                async with world.platform.database.transaction() as connection:
                    await set_clock(connection, shows=NOON + timedelta(days=2))
                await world.platform.refresh()
                second = await world.buy(person, shop, 20_000)
                await world.platform.clearing.clear_day(days[1], patience_s=30)

                assert refunded.state is DayState.SETTLED, refunded
                assert refunded.settled.carried_fen == -first.store_receives_fen
                assert paid_fen == after_refund_fen == first.store_receives_fen
                assert await world.shop_balance(shop) == second.store_receives_fen
                assert await left_in_clearing(world) == {}
                for day in days:
                    await world.require_agreement(day)

    asyncio.run(run())


def test_a_payment_that_has_not_ended_keeps_the_day_waiting(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)
                async with world.platform.database.transaction() as connection:
                    await connection.execute(
                        """update payments.payment set state = 'unknown'
                            where payment_id = (select payment_id from payments.payment where state = 'succeeded'
                                                 and store_id = %s limit 1)""",
                        [world.stores[2].store_id],
                    )

                waiting = await clear(world, patience_s=6)
                async with world.platform.database.transaction() as connection:
                    await connection.execute("update payments.payment set state = 'succeeded' where state = 'unknown'")
                done = await clear(world)

                assert (waiting.state, waiting.waiting_for[:10]) == (DayState.CLOSING, "1 payments")
                await require_settled(world, owed, done)

    asyncio.run(run())


def test_an_acquirer_that_is_down_makes_the_day_wait_and_finish_later(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)
                port = kill(sandbox, "suihe")

                waiting = await clear(world, patience_s=6)

                assert waiting.state is not DayState.SETTLED
                assert "suihe" in waiting.waiting_for
                with back_again(tmp_path, "suihe", port):
                    done = await clear(world)
                    await require_settled(world, owed, done)

    asyncio.run(run())


def test_a_clearing_killed_again_and_again_goes_on_where_it_was_killed(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)

                for when in ("after:draw_up", "after:call_funders", "before:agree", "after:pay_nets", "after:instruct"):
                    killed = await asyncio.to_thread(_clear_elsewhere, tmp_path, fresh_database, when)
                    assert killed.returncode == -9, (when, killed)

                await require_settled(world, owed, await clear(world))

    asyncio.run(run())


def test_two_processes_that_clear_the_same_day_do_it_once(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)

                both = await asyncio.gather(
                    *(asyncio.to_thread(_clear_elsewhere, tmp_path, fresh_database, "never") for _ in range(2))
                )

                assert [done.stdout for done in both] == ["settled\n"] * 2, both
                await require_settled(world, owed, await clear(world))

    asyncio.run(run())


def test_what_the_bank_will_not_pay_the_advancer_does(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                async with world.platform.database.transaction() as connection:
                    await record_prepayment(
                        connection, receipt="r", funder_id=BRAND.funder_id, amount_fen=100_000, now=NOON
                    )
                async with sandbox.client("yuehu") as bank:
                    await bank.transfer([_drain(BRAND.account_no, 99_500)])
                owed = await trade(world)

                report = await clear(world)

                await require_settled(world, owed, report)
                assert await advanced_to_brand(world) == 1_000

    asyncio.run(run())


def test_a_funder_who_is_short_keeps_the_day_waiting_until_money_comes(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                async with sandbox.client("chaoxin") as bank:
                    await bank.transfer([_drain(BUREAU.account_no, 99_000)])
                owed = await trade(world)

                waiting = await clear(world, patience_s=6)
                async with sandbox.client("chaoxin") as bank:
                    await bank.transfer([_fill(BUREAU.account_no, 99_000)])
                done = await clear(world)

                assert (waiting.state, waiting.waiting_for) == (
                    DayState.DRAWN,
                    "FunderShort: bureau is short of 2000 fen",
                )
                await require_settled(world, owed, done)

    asyncio.run(run())


def test_closing_waits_for_stamped_payments_and_sends_the_next_to_the_next_day(fresh_database: str) -> None:
    async def run() -> None:
        stamped = await psycopg.AsyncConnection.connect(fresh_database)
        closing = await psycopg.AsyncConnection.connect(fresh_database)
        late = await psycopg.AsyncConnection.connect(fresh_database, autocommit=True)
        ask = "select payments.open_day(%s)"
        await stamped.execute(ask, [NOON])
        await stamped.commit()

        row = await (await stamped.execute(ask, [NOON])).fetchone()
        await closing.execute("select payments.close_day(%s, %s)", [DAY, NOON])
        await closing.commit()
        next_row = await (await late.execute(ask, [NOON])).fetchone()
        wait = asyncio.create_task(closing.execute("select payments.wait_for_stamped(%s)", [DAY]))
        await asyncio.sleep(0.3)
        waited = not wait.done()
        await stamped.commit()
        await wait

        assert waited
        assert row == (DAY,)
        assert next_row == (DAY + timedelta(days=1),)
        for connection in (stamped, closing, late):
            await connection.close()

    asyncio.run(run())


def test_a_day_left_waiting_by_a_process_that_ended_is_finished_by_the_next(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                owed = await trade(world)
                port = kill(sandbox, "donggang")
                await clear(world, patience_s=6)
                await world.platform.durable.close()
                with back_again(tmp_path, "donggang", port):
                    done = await asyncio.to_thread(_clear_elsewhere, tmp_path, fresh_database, "never")

                    assert done.stdout == "settled\n", done
                    await require_settled(world, owed, await clear(world))

    asyncio.run(run())


def _drain(account_no: str, fen: int) -> BookTransfer:
    return BookTransfer(
        id="drain", from_account=account_no, to_account=OWN_FUNDS_ACCOUNT, amount_fen=fen, settlement_date=DAY
    )


def _fill(account_no: str, fen: int) -> BookTransfer:
    return BookTransfer(
        id="fill", from_account=OWN_FUNDS_ACCOUNT, to_account=account_no, amount_fen=fen, settlement_date=DAY
    )


def _clear_elsewhere(folder: Path, conninfo: str, when: str) -> "subprocess.CompletedProcess[str]":
    done = subprocess.run(
        [sys.executable, str(HERE / "clearing_process.py"), str(folder), conninfo, DAY.isoformat(), when],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    sys.stderr.write(done.stderr)
    return done
