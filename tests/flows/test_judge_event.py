"""Verdicts on a real database: what was let through before counts, each verdict says why, a replay says the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import psycopg
import pytest

from yongquan.flows.judge_event import Asked, Books, RiskDesk, RiskDown
from yongquan.flows.replay_verdicts import Replay, replay_day
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.lists.book import ListBook
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import EntryState, NewEntry
from yongquan.risk.lists.store import insert_entries, turn_book
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.verdicts.model import Action
from yongquan.risk.verdicts.record import Verdict, VerdictState
from yongquan.risk.verdicts.store import verdict_of

RULES = """
title: 试
title_en: Trial
rules:
  - id: busy-device
    owner: desk
    title: 一机多人
    title_en: Shared device
    reason: 同一设备一小时内多人付款
    reason_en: Several people paid with one device within an hour
    events: [payment]
    when: distinct('payment', 'device', 'citizen', '1h') >= 3
    action: refuse
    severity: 3
  - id: many-at-store
    owner: desk
    title: 频繁
    title_en: Often
    reason: 短时间内多次付款
    reason_en: Paid often in a short time
    events: [payment]
    when: count('payment', 'citizen', '10m') >= 2 && sum('payment', 'store', 'voucher', '24h') > yuan(20)
    action: step_up
    severity: 2
  - id: listed
    owner: desk
    title: 名单
    title_en: Listed
    reason: 名单
    reason_en: Listed
    events: [payment]
    when: tier('citizen', 'grey') >= 1 && gap('payment', 'citizen') >= 0
    action: watch
    severity: 1
"""


@dataclass
class Bench:
    desk: RiskDesk
    database: Database
    book: CompiledBook

    def event(self, citizen: UUID, *, device: str, store: str, voucher_fen: int = 500) -> RiskEvent:
        return RiskEvent(
            event_id=fresh_id(7),
            kind=EventKind.PAYMENT,
            at=self.desk.clock.now(),
            parties={Entity.CITIZEN: str(citizen), Entity.DEVICE: device, Entity.STORE: store},
            amount_fen=5_000,
            voucher_fen=voucher_fen,
        )

    async def judge(self, event: RiskEvent, **more: object) -> Verdict:
        asked = Asked(event=event, subject=uuid4(), bucket=7)
        return await self.desk.judge(replace(asked, **more))

    async def replay(self) -> Replay:
        today = business_day(self.desk.clock.now())

        async def books(cited: set[str]) -> dict[str, CompiledBook]:
            return {self.book.version: self.book} if cited else {}

        return await replay_day(self.database, today, cells=1, books_of=books)


@asynccontextmanager
async def _bench(conninfo: str) -> AsyncIterator[Bench]:
    async with opened(conninfo) as database:
        book = CompiledBook.of_text(RULES, version="trial-1")
        desk = RiskDesk(database, Clock(), ListBook(), Books(book), 1)
        try:
            yield Bench(desk, database, book)
        finally:
            await desk.close()


def play(conninfo: str, scene: Callable[[Bench], Awaitable[None]]) -> None:
    async def run() -> None:
        async with _bench(conninfo) as bench:
            await scene(bench)

    asyncio.run(run())


def actions(verdicts: Sequence[Verdict]) -> list[str]:
    return [verdict.action.value for verdict in verdicts]


def test_events_that_come_together_count_each_other_and_a_refused_one_counts_for_nobody(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        people = [fresh_id(n) for n in range(5)]

        given = await asyncio.gather(*(bench.judge(bench.event(c, device="d1", store="s1")) for c in people))
        elsewhere = await bench.judge(bench.event(people[4], device="d2", store="s1"))

        assert actions(given) == ["allow", "allow", "allow", "refuse", "refuse"]
        assert given[3].numbers["distinct.payment.device.citizen.1h"] == 3
        assert elsewhere.action is Action.ALLOW
        assert elsewhere.numbers["count.payment.citizen.10m"] == 0

    play(fresh_database, scene)


def test_a_verdict_keeps_the_rules_the_values_and_the_entries_it_rests_on(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        citizen = fresh_id(7)
        now = bench.desk.clock.now()
        new = NewEntry(
            colour=Colour.GREY,
            party=Entity.CITIZEN,
            value=str(citizen),
            tier=1,
            source="tip 9",
            basis="二手平台出售消费券",
            since=now,
            until=now + timedelta(days=30),
        )
        async with bench.database.transaction() as connection:
            version = await turn_book(connection)
            await insert_entries(connection, [(uuid4(), new, EntryState.LISTED)], version=version, by="test", now=now)
            await bench.desk.lists.refresh(connection)

        await bench.judge(bench.event(citizen, device="d1", store="s1"))
        second = await bench.judge(bench.event(citizen, device="d1", store="s1"))
        async with bench.database.transaction() as connection:
            kept = await verdict_of(connection, 0, second.verdict_id)

        assert kept is not None
        assert kept.action is Action.WATCH
        assert kept.event == second.event
        assert [(e.tier, e.source, e.until) for e in kept.listed] == [(1, "tip 9", new.until)]
        assert [(r.rule_id, r.version, r.reason) for r in kept.rules] == [("listed", "trial-1", "名单")]
        assert kept.rules[0].reads["tier('citizen', 'grey')"] == 1
        assert kept.book_version == "trial-1"
        assert kept.list_version == 1

    play(fresh_database, scene)


def test_what_was_let_through_stands_when_it_is_asked_for_again(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        event, subject = bench.event(fresh_id(7), device="d1", store="s1"), uuid4()

        first = await bench.judge(event, subject=subject)
        again = await bench.judge(replace(event, event_id=fresh_id(7)), subject=subject)
        later = await bench.judge(bench.event(fresh_id(8), device="d1", store="s1"))

        assert again.verdict_id == first.verdict_id
        assert later.numbers["distinct.payment.device.citizen.1h"] == 1

    play(fresh_database, scene)


def test_a_step_up_lets_the_same_order_go_on_once_it_is_proven(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        citizen = fresh_id(7)
        for _ in range(2):
            await bench.judge(bench.event(citizen, device="d1", store="s1", voucher_fen=1_500))
        event, subject = bench.event(citizen, device="d1", store="s1"), uuid4()

        asked = await bench.judge(event, subject=subject)
        unproven = await bench.judge(event, subject=subject)
        proven = await bench.judge(event, subject=subject, is_proven=True)

        assert actions([asked, unproven]) == ["step_up", "step_up"]
        assert not unproven.lets_through
        assert (proven.verdict_id, proven.state) == (asked.verdict_id, VerdictState.WAIVED)
        assert proven.lets_through
        assert (await bench.judge(bench.event(citizen, device="d1", store="s1"), is_attended=False)).action == "watch"
        assert not (await bench.replay()).differences

    play(fresh_database, scene)


def test_a_replay_of_the_day_equals_the_live_verdicts(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        lots = Random(7)
        people = [fresh_id(n) for n in range(12)]

        async def one() -> None:
            event = bench.event(lots.choice(people), device=f"d{lots.randrange(6)}", store=f"s{lots.randrange(3)}")
            subject = uuid4()
            verdict = await bench.judge(event, subject=subject)
            if verdict.action is Action.STEP_UP and lots.random() < 0.5:
                await bench.judge(event, subject=subject, is_proven=True)

        for _ in range(15):
            await asyncio.gather(*(one() for _ in range(20)))
        replay = await bench.replay()

        assert replay.differences == ()
        assert replay.verdicts == 300
        assert set(replay.actions) == {"allow", "step_up", "refuse"}

    play(fresh_database, scene)


def test_a_replay_names_what_was_changed(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        verdict = await bench.judge(bench.event(fresh_id(7), device="d1", store="s1"))
        async with bench.database.transaction() as connection:
            await connection.execute("update risk.verdict set action = 'watch'")

        replay = await bench.replay()

        assert [(d.verdict_id, d.what, d.live, d.replayed) for d in replay.differences] == [
            (verdict.verdict_id, "action", "watch", "allow")
        ]

    play(fresh_database, scene)


def test_an_event_that_risk_could_not_judge_is_kept_as_unjudged(fresh_database: str) -> None:
    async def scene(bench: Bench) -> None:
        asked = Asked(event=bench.event(fresh_id(7), device="d1", store="s1"), subject=uuid4(), bucket=7)
        with psycopg.connect(fresh_database) as other:
            other.execute("lock table risk.judging_line")
            bench.desk.answers_within_s = 0.2
            with pytest.raises(RiskDown):
                await bench.desk.judge(asked)
        bench.desk.note_unjudged(asked, Action.ALLOW)

        kept = await bench.desk.sweep()
        async with bench.database.transaction() as connection:
            rows = await (
                await connection.execute("select action from risk.verdict where state = 'unjudged'")
            ).fetchall()

        assert kept == 1
        assert rows == [("allow",)]
        assert (await bench.replay()).unjudged == 1

    play(fresh_database, scene)
