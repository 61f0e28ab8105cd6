"""Rehearsals against a real PostgreSQL: for testers only, never payable, void and recycled to the fen at the end."""

import asyncio
from datetime import timedelta
from uuid import UUID

import pytest
from flows.test_push_vouchers import OFFICER
from stores.city import FUNDER, SmallCity, small_city
from stores.vouchers.test_claims import proved

from yongquan import ledger
from yongquan.flows.fund_campaign import record_prepayment
from yongquan.flows.rehearse_round import (
    UnknownRehearsal,
    end_due_rehearsals,
    end_rehearsal,
    rehearse_round,
    report_of,
)
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import Caps, Round, RoundMode
from yongquan.vouchers.store import add_to_list
from yongquan.vouchers.views import round_for_screen, rounds_for_screen
from yongquan.vouchers.ways.lists_store import save_list
from yongquan.vouchers.ways.rehearsals import may_see, quiet_testers, rehearsals


async def listed(city: SmallCity, *citizens: UUID) -> UUID:
    list_id = fresh_id()
    async with city.database.transaction() as connection:
        await save_list(
            connection, list_id, name="测试员", adcode=None, file_rows=len(citizens), made_by="t", now=city.now
        )
        await add_to_list(connection, list_id, citizens, cells=[0] * len(citizens))
    return list_id


async def with_room(city: SmallCity, **facts: object) -> Round:
    """A published round of a campaign that has 50 yuan of free budget."""
    round_ = await city.round(**facts)  # type: ignore[arg-type]
    async with city.database.transaction() as connection:
        facts = {"funder_id": FUNDER.funder_id, "now": city.now}
        await record_prepayment(connection, receipt=fresh_id().hex, amount_fen=5_000, **facts)  # type: ignore[arg-type]
        more = ledger.recipes.fund_campaign(
            event=fresh_id(), funder_id=FUNDER.funder_id, campaign_id=round_.campaign_id, cash_fen=5_000, advance_fen=0
        )
        await ledger.post(connection, more, cell=0, now=city.now)
    return round_


async def rehearsed(city: SmallCity, round_: Round, list_id: UUID, *, stock: int = 5) -> Round:
    copy = await rehearse_round(
        city.database,
        round_.round_id,
        list_id=list_id,
        stock=stock,
        minutes=60,
        staff=OFFICER,
        cells=city.cells,
        now=city.now,
    )
    await city.refresh()
    return Round(copy, round_.campaign_id, "", "", city.now, city.now)


async def free_fen(city: SmallCity, campaign_id: UUID) -> int:
    budget = ledger.account_id(campaign_id, ledger.Kind.BUDGET)
    async with city.database.transaction() as connection:
        return (await ledger.balances_of(connection, [budget], cell=0))[budget].credit_fen


def test_testers_claim_for_real_and_all_of_it_goes_back(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            tester, quiet, stranger = [await city.citizen() for _ in range(3)]
            round_ = await with_room(city, caps=Caps(per_round=1))
            before = await free_fen(city, round_.campaign_id)
            copy = await rehearsed(city, round_, await listed(city, tester, quiet))

            won = await city.claim(tester, copy)
            twice, other = await city.claim(tester, copy), await city.claim(stranger, copy)
            async with city.database.transaction() as connection:
                (found,) = await rehearsals(connection, round_id=copy.round_id)
                report = await report_of(connection, found)
                silent = await quiet_testers(connection, found, limit=9)
            during = await free_fen(city, round_.campaign_id)
            await end_rehearsal(city.database, copy.round_id, staff=OFFICER, cells=1, now=city.now)

            assert (won.code, twice.code, other.code) == ("claimed", "cap_reached", "not_eligible")
            assert won.valid_from > (city.now + timedelta(minutes=59)).isoformat()
            assert (report["testers"], report["claimants"], report["vouchers"]) == (2, 1, 1)
            assert silent == [quiet]
            assert (before, during, await free_fen(city, round_.campaign_id)) == (5_000, 2_500, 5_000)
            async with city.database.transaction() as connection:
                states = await (await connection.execute("select distinct state from vouchers.voucher")).fetchall()
                (ended,) = await rehearsals(connection, round_id=copy.round_id)
            assert states == [("void",)]
            assert ended.report == report
            assert await proved(city)

    asyncio.run(scene())


def test_only_testers_see_a_rehearsal(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            tester, stranger = await city.citizen(), await city.citizen()
            round_ = await with_room(city)
            copy = await rehearsed(city, round_, await listed(city, tester))

            seen = {}
            async with city.database.transaction() as connection:
                for who in (tester, stranger, None):
                    rows = await rounds_for_screen(
                        connection, now=city.now, ended_since=city.now - timedelta(days=1), cell=0, citizen_id=who
                    )
                    seen[who] = (copy.round_id in {row.round_id for row in rows}, len(rows))
                visible = [await may_see(connection, copy.round_id, 0, who) for who in (tester, stranger, None)]
                shown = await round_for_screen(connection, copy.round_id)

            assert seen == {tester: (True, 2), stranger: (False, 1), None: (False, 1)}
            assert visible == [True, False, False]
            assert shown is not None
            assert shown.name == "轮（演练）"

    asyncio.run(scene())


def test_a_rehearsal_ends_by_itself_and_is_not_of_every_round(fresh_database: str) -> None:
    async def scene() -> None:
        async with small_city(fresh_database) as city:
            list_id = await listed(city, await city.citizen())
            round_ = await with_room(city)
            copy = await rehearsed(city, round_, list_id)

            assert await end_due_rehearsals(city.database, cells=1, now=city.now) == 0
            assert await end_due_rehearsals(city.database, cells=1, now=city.now + timedelta(hours=2)) == 1
            assert await end_due_rehearsals(city.database, cells=1, now=city.now + timedelta(hours=2)) == 0
            with pytest.raises(UnknownRehearsal):
                await rehearsed(city, copy, list_id)
            with pytest.raises(UnknownRehearsal):
                await rehearsed(city, await city.round(mode=RoundMode.PUSH), list_id)
            with pytest.raises(BadInput):
                await rehearsed(city, round_, list_id, stock=0)
            with pytest.raises(ledger.PostingRefused):
                await rehearsed(city, round_, list_id, stock=100)

    asyncio.run(scene())
