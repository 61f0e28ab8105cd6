"""The daily search reads what the platform recorded: a ring that charges cards and pays back is found and kept."""

from datetime import UTC, date, datetime, timedelta

from trading import Trade, living

from yongquan.flows.find_gangs import find_gangs
from yongquan.merchants.views import acquirers_of
from yongquan.risk.findings import FindingKind
from yongquan.risk.graph.store import findings_listed
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
