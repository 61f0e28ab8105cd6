"""The daily search reads what the platform recorded: a ring that charges cards and pays back is found and kept."""

import asyncio
from datetime import UTC, date, datetime, timedelta

from trading import Trade, living

from yongquan.flows.find_gangs import BROKEN_OFF, find_gangs, find_gangs_nightly
from yongquan.merchants.views import acquirers_of
from yongquan.risk.findings import FindingKind
from yongquan.risk.graph.store import begin_search, findings_listed, last_search
from yongquan.risk.warnings.model import WarningKind
from yongquan.risk.warnings.store import feed

MORNING = datetime(2022, 2, 21, 2, tzinfo=UTC)
DAY = date(2022, 2, 23)
RING = range(100, 108)


async def charge_and_pay_back(trade: Trade) -> None:
    for day in range(3):
        for place, who in enumerate(RING):
            at = MORNING + timedelta(days=day, minutes=2 * place)
            paid = await trade.pay(0, who, 300_000 + 1_000 * place, at=at)
            if day < 2:
                await trade.refund(paid, 270_000, at=at + timedelta(hours=3))
    for who in range(200, 240):
        await trade.pay(1, who, 5_000, at=MORNING + timedelta(minutes=7 * who))


def test_a_ring_that_pays_its_cards_back_is_found_once(fresh_database: str) -> None:
    async def story(trade: Trade) -> None:
        await charge_and_pay_back(trade)

        first = await find_gangs(trade.database, DAY, now=MORNING)
        again = await find_gangs(trade.database, DAY, now=MORNING)

        assert again == first
        assert [found.kind for found in first] == [FindingKind.CASH_OUT_GANG]
        assert first[0].values_of("store") == (str(trade.stores[0]),)
        assert len(first[0].values_of("citizen")) == len(RING)
        async with trade.database.transaction() as connection:
            kept = await findings_listed(connection, list(FindingKind))
            acquirers = await acquirers_of(connection, trade.stores[:1])
            told = {name: (await feed(connection, name, mode="live", after=""))[0] for _, name in acquirers.values()}
            elsewhere, _ = await feed(connection, "another-acquirer", mode="live", after="")
        assert [row.finding for row in kept] == first
        ((warned,),) = told.values()
        assert (warned.kind, warned.facts["store_ids"]) == (WarningKind.GANG, [str(trade.stores[0])])
        assert elsewhere == []

    living(fresh_database, story)


def test_however_many_processes_ask_a_night_is_searched_once_and_not_before_four(fresh_database: str) -> None:
    night = datetime(2022, 2, 23, 19, 59, tzinfo=UTC)  # 03:59 of the 24th in Shanghai
    four = night + timedelta(minutes=1)

    async def story(trade: Trade) -> None:
        await charge_and_pay_back(trade)

        early = await find_gangs_nightly(trade.database, now=night)
        asked = await asyncio.gather(*(find_gangs_nightly(trade.database, now=four) for _ in range(4)))
        later = await find_gangs_nightly(trade.database, now=four + timedelta(hours=6))
        tomorrow = await find_gangs_nightly(trade.database, now=four + timedelta(days=1))

        assert not early
        assert sorted(asked) == [False, False, False, True]
        assert not later
        assert tomorrow
        async with trade.database.transaction() as connection:
            kept = await findings_listed(connection, list(FindingKind))
            last = await last_search(connection)
        assert [row.day for row in kept if row.day == DAY] == [DAY]
        assert last == (DAY + timedelta(days=1), four + timedelta(days=1), len(kept) - 1)

    living(fresh_database, story)


def test_a_search_that_broke_off_is_taken_up_again_after_an_hour(fresh_database: str) -> None:
    began = datetime(2022, 2, 23, 20, tzinfo=UTC)

    async def story(trade: Trade) -> None:
        async with trade.database.transaction() as connection:
            assert await begin_search(connection, DAY, broken_off=began - BROKEN_OFF, now=began)

        soon = await find_gangs_nightly(trade.database, now=began + timedelta(minutes=59))
        after = await find_gangs_nightly(trade.database, now=began + BROKEN_OFF)

        assert (soon, after) == (False, True)

    living(fresh_database, story)
