"""Findings and ties are kept by day; a day searched again is replaced; the platform's own records are searched."""

import asyncio
from datetime import UTC, date, datetime

from yongquan.flows.find_gangs import find_gangs
from yongquan.plumbing.db import opened
from yongquan.risk.findings import Finding, FindingKind, Party, Reason
from yongquan.risk.graph.graph import Tie
from yongquan.risk.graph.store import (
    EXERCISE,
    PLATFORM,
    finding_of,
    findings_listed,
    save_findings,
    save_ties,
    ties_between,
)

NOW = datetime(2022, 3, 3, 2, tzinfo=UTC)
DAY, NEXT = date(2022, 3, 1), date(2022, 3, 2)
RING = Finding(
    kind=FindingKind.SCALPER_RING,
    subject=Party("store", "s"),
    parties=(Party("citizen", "a"), Party("store", "s")),
    score=7_000,
    reasons=(Reason("density", "密集", "dense"),),
    facts={"members": 1},
)
TIE = Tie(Party("citizen", "a"), Party("device", "x"), 2, 10, 20)


def test_a_day_searched_again_keeps_one_finding_under_one_id(fresh_database: str) -> None:
    async def run() -> None:
        async with opened(fresh_database) as database, database.transaction() as connection:
            await save_findings(connection, DAY, [(RING, [TIE])], source=PLATFORM, now=NOW)
            first = await findings_listed(connection, [FindingKind.SCALPER_RING])

            await save_findings(connection, DAY, [(RING, [TIE])], source=PLATFORM, now=NOW)
            await save_findings(connection, DAY, [], source=EXERCISE, now=NOW)

            again = await findings_listed(connection, [FindingKind.SCALPER_RING])
            assert again == first
            assert (again[0].finding, again[0].ties) == (RING, (TIE,))
            assert await finding_of(connection, again[0].finding_id) == again[0]

    asyncio.run(run())


def test_ties_of_days_add_up_and_a_day_is_replaced(fresh_database: str) -> None:
    async def run() -> None:
        async with opened(fresh_database) as database, database.transaction() as connection:
            await save_ties(connection, DAY, [TIE._replace(weight=9)])
            await save_ties(connection, DAY, [TIE])
            await save_ties(connection, NEXT, [TIE._replace(weight=1, first_us=5, last_us=15)])

            assert await ties_between(connection, DAY, DAY) == [TIE]
            assert await ties_between(connection, DAY, NEXT) == [TIE._replace(weight=3, first_us=5)]

    asyncio.run(run())


def test_a_quiet_platform_has_no_gangs(fresh_database: str) -> None:
    async def run() -> None:
        async with opened(fresh_database) as database:
            assert await find_gangs(database, DAY, now=NOW) == []

    asyncio.run(run())
