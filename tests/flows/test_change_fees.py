"""A new fee table is proposed by one, approved by another, and prices payments from its day on."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import DAY, NOON, World, city, outside

from yongquan.flows.change_fees import Proposal, decide_fees, propose_fees
from yongquan.flows.deciding import OwnVersion
from yongquan.flows.prove_books import prove_books
from yongquan.kernel.errors import BadInput
from yongquan.payments.clearing import DayState
from yongquan.payments.fees import FeeRule, FeeTable, Rate, RefundRule
from yongquan.payments.model import Payment
from yongquan.plumbing.clock import set_clock
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

MAKER = Staff(UUID(int=7), "m", "经办", frozenset({RoleGrant(Role.FINANCE)}))
CHECKER = Staff(UUID(int=8), "c", "复核", frozenset({RoleGrant(Role.FINANCE)}))
OFFICER = Staff(UUID(int=9), "o", "主管", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))
TABLE = FeeTable(
    (FeeRule(name="其他", interchange=Rate(50), network=Rate(10), acquirer=Rate(40)),), refunds=RefundRule.KEPT
)
NEXT_DAY = DAY + timedelta(days=1)


async def turn_to(world: World, day: int) -> None:
    async with world.platform.database.transaction() as connection:
        await set_clock(connection, shows=NOON + timedelta(days=day))
    await world.platform.refresh()


async def fee_back(world: World, paid: Payment) -> int:
    async with world.platform.database.transaction() as connection:
        row = await (
            await connection.execute(
                "select interchange_fen + network_fee_fen + acquirer_fee_fen"
                " from payments.refund where payment_id = %s",
                [paid.payment_id],
            )
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_payment_bears_the_fees_of_its_time_and_refunds_follow_the_rule(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                database, person, shop = world.platform.database, world.people[0], world.stores[0]
                times = {"now": NOON, "real_now": NOON}

                with pytest.raises(Forbidden):
                    await propose_fees(database, OFFICER, Proposal(TABLE, NEXT_DAY, "x"), **times)
                with pytest.raises(BadInput):
                    await propose_fees(database, MAKER, Proposal(TABLE, DAY, "x"), **times)
                number = await propose_fees(database, MAKER, Proposal(TABLE, NEXT_DAY, "调价"), **times)
                with pytest.raises(OwnVersion):
                    await decide_fees(database, MAKER, number, approve=True, **times)
                await decide_fees(database, CHECKER, number, approve=True, **times)
                with pytest.raises(ForbiddenMove):
                    await decide_fees(database, CHECKER, number, approve=False, **times)
                await turn_to(world, 0)
                before = await world.buy(person, shop, 10_000)
                await world.platform.clearing.clear_day(DAY, patience_s=30)
                await turn_to(world, 1)
                after = await world.buy(person, shop, 10_000)
                same_day = await world.buy(person, shop, 10_000)
                await world.refund(before)
                await world.refund(same_day)
                await world.platform.clearing.clear_day(NEXT_DAY, patience_s=30)
                await turn_to(world, 2)
                await world.refund(after)

                assert (before.fee_fen, after.fee_fen) == (38, 100)
                assert await fee_back(world, before) == 38  # the table of its own day gives fees back
                assert await fee_back(world, same_day) == 100  # on its own day they always go back
                assert await fee_back(world, after) == 0  # kept
                third = await world.platform.clearing.clear_day(DAY + timedelta(days=2), patience_s=30)
                assert third.state is DayState.SETTLED, third
                connection = await database.connect()
                proof = await prove_books(connection)
                await connection.close()
                assert proof.holds, proof

    asyncio.run(run())
