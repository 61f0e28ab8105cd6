"""Claims and refunds judged after their commit, on a real database: once each, seen by rules, kept, replayed."""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from clearing_world import BUREAU, World
from prometheus_client import REGISTRY
from test_refund_in_parts import in_city, refund

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))

from city import SmallCity, small_city

from yongquan.flows.follow_claims import READER, ClaimFollower, follow_claims
from yongquan.flows.grant_vouchers import Grant, grant_vouchers
from yongquan.flows.judge_event import Asked, Books, RiskDesk
from yongquan.flows.replay_verdicts import Replay, replay_day
from yongquan.kernel.ids import bucket_of
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.migrate import migrate
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.verdicts.record import Verdict, VerdictState
from yongquan.risk.verdicts.views import SoughtVerdicts, search_verdicts
from yongquan.vouchers.limits import DeviceScope
from yongquan.vouchers.model import Conditions, Origin, Round

RULE = """
  - {{id: {id}, owner: desk, title: 试, title_en: Trial, reason: 试, reason_en: Trial, events: [{kind}],
     when: "{when}", action: {action}, severity: 3}}
"""
RULES = "title: 试\ntitle_en: Trial\nrules:" + "".join(
    RULE.format(id=id_, kind=kind, when=when, action=action)
    for id_, kind, when, action in (
        ("fast", "claim", "count('claim', 'citizen', '1h') >= 2", "delay"),
        ("shared", "claim", "distinct('claim', 'device', 'citizen', '24h') >= 1", "step_up"),
        ("early", "claim", "facts.age_days < 1 && sum('claim', 'citizen', 'voucher', '24h') >= yuan(15)", "refuse"),
        ("spender", "payment", "count('claim', 'citizen', '1h') >= 3", "watch"),
        ("back", "refund", "sum('refund', 'store', 'amount', '24h') >= yuan(1)", "watch"),
    )
)


@dataclass
class Follow:
    """A city whose claims are followed."""

    city: SmallCity
    desk: RiskDesk
    book: CompiledBook

    async def claims(self, citizen: UUID, times: int, round_: Round | None = None, **more: Any) -> None:
        for _ in range(times):
            won = await self.city.claim(citizen, round_ or await self.city.round(), **more)
            assert won.code == "claimed", won

    async def counted(self) -> list[tuple[int, int]]:
        return await rows_of(self.city.database, "select cell, count(*) from risk.event group by 1 order by 1")

    async def verdicts(self) -> list[Verdict]:
        return await kept(self.city.database)


async def rows_of(database: Database, sql: str) -> list[tuple[Any, ...]]:
    async with database.transaction() as connection:
        return list(await (await connection.execute(sql.encode())).fetchall())


async def kept(database: Database, kind: str = "claim") -> list[Verdict]:
    async with database.transaction() as connection:
        return (await search_verdicts(connection, SoughtVerdicts(kind=kind)))[::-1]


async def replayed(database: Database, book: CompiledBook) -> Replay:
    async def books(_: set[str]) -> dict[str, CompiledBook]:
        return {book.version: book}

    return await replay_day(database, business_day(Clock().now()), cells=1, books_of=books)


def play(conninfo: str, scene: Callable[[Follow], Awaitable[None]], *, cells: int = 1) -> None:
    async def run() -> None:
        book = CompiledBook.of_text(RULES, version="trial-1")
        async with small_city(conninfo, cells=cells) as city:
            desk = RiskDesk(city.database, Clock(), ListBook(), Books(book), cells)
            try:
                await scene(Follow(city, desk, book))
            finally:
                await desk.close()

    asyncio.run(run())


def test_a_claim_counts_once_however_often_the_job_starts_over(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        round_ = await world.city.round(stock=30)
        people = [await world.city.citizen() for _ in range(20)]
        for person in people:
            await world.claims(person, 1, round_)

        first = await asyncio.gather(*(follow_claims(world.desk, limit=7) for _ in range(3)))
        while await follow_claims(world.desk, limit=7) is not None:
            pass
        async with world.city.database.transaction() as connection:
            await connection.execute("update plumbing.outbox_reader set read_to = '0' where reader = %s", [READER])
        again = [await follow_claims(world.desk, limit=7) for _ in range(3)]

        assert all(first)
        assert await world.counted() == [(0, 20)]
        assert again == [0, 0, 0]
        assert (await replayed(world.city.database, world.book)).verdicts == 20

    play(fresh_database, scene)


def test_a_claim_of_a_transaction_that_ends_later_is_not_passed_over(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        citizen = await world.city.citizen()
        async with await psycopg.AsyncConnection.connect(fresh_database) as slow:
            await slow.execute(
                """select plumbing.emit(0, 'voucher.claimed', array[%(id)s::uuid], array[%(id)s::uuid],
                       array[jsonb_build_object('citizen_id', %(citizen)s::text, 'amount_fen', 500,
                                                'origin', 'grab')], now())""",
                {"id": fresh_id(bucket_of(citizen)), "citizen": str(citizen)},
            )
            await world.claims(citizen, 1)
            early = await follow_claims(world.desk)
            await slow.commit()

        assert not early
        assert await follow_claims(world.desk) == 2

    play(fresh_database, scene)


def test_what_rules_say_of_a_claim_is_kept_and_the_rest_is_silent(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        often, once = await world.city.citizen(), await world.city.citizen()
        await world.claims(often, 4)
        await world.claims(once, 1)

        await follow_claims(world.desk)

        third, fourth = await world.verdicts()
        assert [(v.action.value, v.state) for v in (third, fourth)] == [
            ("delay", VerdictState.AFTER),
            ("refuse", VerdictState.AFTER),
        ]
        assert [rule.rule_id for rule in fourth.rules] == ["fast", "early"]
        assert (third.numbers["count.claim.citizen.1h"], third.retry_at, third.lets_through) == (2, None, True)
        facts = third.event.facts
        assert (facts["age_days"], facts["channel"], facts["threshold"]) == (0, "own", 2_500)
        assert int(facts["round_age_s"]) >= 60
        again = await replayed(world.city.database, world.book)
        assert (again.verdicts, again.actions, again.differences) == (5, {"allow": 3, "delay": 1, "refuse": 1}, ())

    play(fresh_database, scene)


def test_a_payment_sees_the_claims_and_a_replay_needs_the_silent_ones(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        citizen, database = await world.city.citizen(), world.city.database
        await world.claims(citizen, 3)
        payment = RiskEvent(
            event_id=fresh_id(bucket_of(citizen)),
            kind=EventKind.PAYMENT,
            at=world.desk.clock.now(),
            parties={Entity.CITIZEN: str(citizen)},
            amount_fen=900,
        )
        asked = Asked(event=payment, subject=uuid4(), bucket=bucket_of(citizen))

        await follow_claims(world.desk)
        verdict = await world.desk.judge(asked)

        assert [rule.rule_id for rule in verdict.rules] == ["spender"]
        assert not (await replayed(database, world.book)).differences
        async with database.transaction() as connection:
            await connection.execute("delete from risk.silent")
        assert {d.what for d in (await replayed(database, world.book)).differences} >= {"action", "numbers"}

    play(fresh_database, scene)


def test_a_device_that_the_round_asked_for_is_in_the_event_and_a_grant_is_no_claim(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        asks = Conditions(one_citizen_a_device=DeviceScope.ROUND)
        rounds = [await world.city.round(conditions=asks) for _ in range(2)]
        for round_ in rounds:
            await world.claims(await world.city.citizen(), 1, round_, device="phone")
        offer = world.city.catalogue.get(rounds[0].round_id.hex)
        assert offer is not None
        grant = Grant(await world.city.citizen(), UUID(hex=next(iter(offer.types))), uuid4())
        async with world.city.database.transaction() as connection:
            (given,) = await grant_vouchers(connection, [grant], origin=Origin.PUSH, cells=1, now=world.city.now)

        await follow_claims(world.desk)

        assert given.code == "granted"
        assert await world.counted() == [(0, 2)]
        (second,) = await world.verdicts()
        assert [rule.rule_id for rule in second.rules] == ["shared"]
        assert second.action == "step_up"
        assert len(second.event.parties[Entity.DEVICE]) == 32
        assert not (await replayed(world.city.database, world.book)).differences

    play(fresh_database, scene)


def test_each_claim_is_counted_in_its_own_cell(fresh_database: str) -> None:
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        connection.execute("delete from plumbing.cells")
    migrate(fresh_database, cells=4)

    async def scene(world: Follow) -> None:
        people = [await world.city.citizen() for _ in range(12)]
        round_ = await world.city.round(stock=40)
        for person in people:
            await world.claims(person, 1, round_)

        await follow_claims(world.desk)

        at_home = Counter(bucket_of(person) % 4 for person in people)
        assert await world.counted() == sorted(at_home.items())

    play(fresh_database, scene, cells=4)


def test_the_job_waits_while_claims_wait_and_tells_its_lag(fresh_database: str) -> None:
    async def scene(world: Follow) -> None:
        await world.claims(await world.city.citizen(), 1)
        follower = ClaimFollower(world.desk)

        with psycopg.connect(fresh_database) as running, psycopg.connect(fresh_database) as waiting:
            running.execute("select pg_advisory_xact_lock(20001, 0)")
            queued = asyncio.create_task(asyncio.to_thread(waiting.execute, "select pg_advisory_xact_lock(20001, 0)"))
            await asyncio.sleep(0.1)
            in_the_rush = await follower.sweep()
            follower.patience_s = 0.0
            after_patience = await follower.sweep()
            running.rollback()
            await queued
        await world.claims(await world.city.citizen(), 1)
        quiet = await follower.sweep()

        assert (in_the_rush, after_patience, quiet) == (0, 1, 1)
        assert REGISTRY.get_sample_value("yongquan_risk_after_lag_seconds") == 0

    play(fresh_database, scene)


def test_a_refund_counts_with_everybody_of_its_payment(tmp_path: Path, fresh_database: str) -> None:
    async def scene(world: World) -> None:
        book = CompiledBook.of_text(RULES, version="trial-1")
        desk = RiskDesk(world.platform.database, world.platform.clock, ListBook(), Books(book), 1)
        paid = await world.buy(world.people[0], world.stores[0], 9_999, voucher=BUREAU.funder_id)
        await refund(world, paid, 3_333, "one")
        await refund(world, paid, None, "rest")

        judged = await follow_claims(desk)
        repeated = await follow_claims(desk)

        assert (judged, repeated) == (3, None)
        (second,) = await kept(world.platform.database, "refund")
        assert [rule.rule_id for rule in second.rules] == ["back"]
        assert second.event.amount_fen == 6_666
        assert second.event.parties[Entity.STORE] == str(paid.store_id)
        assert {Entity.CITIZEN, Entity.CARD, Entity.LICENCE, Entity.PLACE} <= set(second.event.parties)
        paid_as = (await kept(world.platform.database, "payment"))[0].event.parties
        assert second.event.parties == paid_as
        assert second.event.at - world.platform.clock.now() < timedelta(seconds=1)

    in_city(tmp_path, fresh_database, scene)
