"""Rule books are proposed by one, decided by another, and judge in every process soon after."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from yongquan.flows.change_rule_book import decide_book, propose_book
from yongquan.flows.deciding import OwnVersion, UnknownVersion
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Database, opened
from yongquan.risk.events import EventKind, RiskEvent
from yongquan.risk.rules.faults import RuleFaults
from yongquan.risk.rules.in_force import RulesInForce, book_of
from yongquan.risk.rules.reading import first_book
from yongquan.risk.rules.store import book_versions
from yongquan.risk.verdicts.model import Action
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

NOW = datetime(2026, 10, 2, 4, tzinfo=UTC)
MAKER = Staff(UUID(int=7), "m", "经办", frozenset({RoleGrant(Role.OPERATOR)}))
CHECKER = Staff(UUID(int=8), "c", "复核", frozenset({RoleGrant(Role.ADMIN)}))
AUDITOR = Staff(UUID(int=9), "a", "审计", frozenset({RoleGrant(Role.AUDITOR)}))
BOOK = """
rules:
  - id: noon
    owner: desk
    title: 中午
    title_en: Noon
    reason: 稍后再试
    reason_en: Try again later
    events: [payment]
    when: hour == 12
    action: delay
    severity: 3
"""
PAYMENT = RiskEvent(event_id=UUID(int=1), kind=EventKind.PAYMENT, at=NOW, parties={})


def in_database(conninfo: str, story: Callable[[Database], Awaitable[None]]) -> None:
    async def run() -> None:
        async with opened(conninfo, pool_size=2) as database:
            await story(database)

    asyncio.run(run())


async def approved(database: Database, document: str, minute: int) -> int:
    at = NOW + timedelta(minutes=minute)
    number = await propose_book(database, MAKER, document, reason="试行", real_now=at)
    await decide_book(database, CHECKER, number, approve=True, real_now=at)
    return number


async def refreshed(database: Database, rules: RulesInForce) -> bool:
    async with database.transaction() as connection:
        return await rules.refresh(connection)


def test_version_judges_once_another_has_approved_it(fresh_database: str) -> None:
    async def story(database: Database) -> None:
        rules = RulesInForce()
        number = await propose_book(database, MAKER, BOOK, reason="试行", real_now=NOW)
        assert await refreshed(database, rules) is False
        assert rules.live.version.startswith("0:")

        await decide_book(database, CHECKER, number, approve=True, real_now=NOW)

        assert await refreshed(database, rules) is True
        said = rules.live.judge(PAYMENT, {})
        assert (said.action, said.version.partition(":")[0]) == (Action.DELAY, str(number))
        assert await refreshed(database, rules) is False
        async with database.transaction() as connection:
            cited = await book_of(connection, said.version)
            shipped = await book_of(connection, RulesInForce().live.version)
            assert await book_of(connection, "7:000000000000") is None
        assert (cited and cited.book) == rules.live.book
        assert shipped is not None

    in_database(fresh_database, story)


def test_maker_does_not_decide_and_nothing_is_decided_twice(fresh_database: str) -> None:
    async def story(database: Database) -> None:
        number = await propose_book(database, MAKER, BOOK, reason="试行", real_now=NOW)

        with pytest.raises(OwnVersion):
            await decide_book(database, MAKER, number, approve=True, real_now=NOW)
        with pytest.raises(Forbidden):
            await decide_book(database, AUDITOR, number, approve=True, real_now=NOW)
        with pytest.raises(UnknownVersion):
            await decide_book(database, CHECKER, 99, approve=True, real_now=NOW)
        await decide_book(database, CHECKER, number, approve=False, real_now=NOW)
        with pytest.raises(ForbiddenMove):
            await decide_book(database, CHECKER, number, approve=True, real_now=NOW)

        rules = RulesInForce()
        await refreshed(database, rules)
        assert rules.live.version.startswith("0:")

    in_database(fresh_database, story)


def test_faulty_book_or_reason_is_not_proposed(fresh_database: str) -> None:
    async def story(database: Database) -> None:
        with pytest.raises(RuleFaults, match="line 10: rule noon"):
            await propose_book(database, MAKER, BOOK.replace("hour", "our"), reason="试行", real_now=NOW)
        with pytest.raises(BadInput, match="reason"):
            await propose_book(database, MAKER, BOOK, reason="", real_now=NOW)
        with pytest.raises(Forbidden):
            await propose_book(database, AUDITOR, BOOK, reason="试行", real_now=NOW)

        async with database.transaction() as connection:
            assert await book_versions(connection) == []

    in_database(fresh_database, story)


def test_shadow_version_runs_beside_until_a_later_live_one(fresh_database: str) -> None:
    async def story(database: Database) -> None:
        rules = RulesInForce()
        live = await approved(database, first_book(), 1)
        shadow = await approved(database, f"shadow: true\n{BOOK}", 2)

        await refreshed(database, rules)
        said = [book.judge(PAYMENT, {}) for book in (rules.live, *rules.shadows)]
        together = said[0].beside(said[1])

        assert (rules.numbers.live, rules.numbers.beside) == (live, shadow)
        assert (together.action, together.shadow_action) == (Action.ALLOW, Action.DELAY)
        assert rules.features_for(EventKind.PAYMENT) == rules.live.features_for(EventKind.PAYMENT)

        later = await approved(database, BOOK, 3)
        await refreshed(database, rules)

        assert (rules.numbers.live, rules.shadows) == (later, ())

    in_database(fresh_database, story)
