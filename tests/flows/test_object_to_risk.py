"""Citizens object to what stands against them: told in general words, decided by others, undone to the last entry."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))

from city import SEALING, SmallCity, small_city

from yongquan.citizens.store import phone_of
from yongquan.flows.list_party import ListDesk, OwnEntry
from yongquan.flows.object_to_risk import ObjectionDesk
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.clock import Clock
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import NewEntry
from yongquan.risk.lists.store import record_of
from yongquan.risk.objections.model import Held, NothingHeld, ObjectionIncomplete, ObjectionOpen
from yongquan.risk.verification import store as reports
from yongquan.risk.verification.marks import mark_of
from yongquan.risk.verification.model import About, Evidence, Kind, Report, ReportKind
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

REASON = "卡是我本人在用，付款都是家里买菜。"


def staff(n: int, role: Role = Role.OPERATOR) -> Staff:
    return Staff(UUID(int=n), f"s{n}", "某", frozenset({RoleGrant(role, None)}))


@dataclass
class Desk:
    city: SmallCity
    lists: ListDesk
    objections: ObjectionDesk

    @property
    def now(self) -> datetime:
        return self.lists.clock.now()

    async def listed(self, citizen: UUID, colour: Colour, tier: int = 0) -> UUID:
        new = NewEntry(
            colour=colour,
            party=Entity.CITIZEN,
            value=str(citizen),
            tier=tier,
            source="desk",
            basis="tip 7",
            since=self.now,
        )
        entry_id = await self.lists.add(staff(1), new, key=uuid4().hex)
        if colour is Colour.BLACK:
            await self.lists.decide(staff(2), entry_id, approve=True)
        return entry_id

    async def reported(self, citizen: UUID, evidence: Evidence) -> None:
        async with self.city.database.transaction() as connection:
            phone = await phone_of(connection, cell_of(citizen, 1), citizen, SEALING)
            report = Report(
                report_id=uuid4(),
                institution="bank-one",
                mode="live",
                subject_kind=Kind.PHONE,
                mark=mark_of(Kind.PHONE, phone or "", SEALING),
                kind=ReportKind.MULE,
                evidence=evidence,
                reference="甲-7",
                note="",
                reported_at=self.now,
                expires_at=self.now + timedelta(days=1),
            )
            await reports.save_report(connection, report, SEALING)

    async def told(self, citizen: UUID) -> list[str]:
        """The evidence of reports that answers to other institutions count."""
        async with self.city.database.transaction() as connection:
            phone = await phone_of(connection, cell_of(citizen, 1), citizen, SEALING)
            marks = {About.PHONE: mark_of(Kind.PHONE, phone or "", SEALING)}
            found = await reports.standing(connection, marks, asker="bank-two", mode="live", now=self.now)
        return sorted(one.evidence.value for one in found)

    async def state_of(self, entry_id: UUID) -> str:
        async with self.city.database.transaction() as connection:
            record = await record_of(connection, entry_id)
        assert record is not None
        return record.state.value


def play(conninfo: str, scene: Callable[[Desk], Awaitable[None]]) -> None:
    async def run() -> None:
        async with small_city(conninfo) as city:
            lists = ListDesk(city.database, SEALING, Clock(), 1)
            await scene(Desk(city, lists, ObjectionDesk(lists)))

    asyncio.run(run())


def test_an_upheld_objection_releases_the_listings_and_sets_reports_aside_but_for_the_polices(
    fresh_database: str,
) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen()
        entry_id = await desk.listed(citizen, Colour.BLACK)
        for evidence in (Evidence.SUSPECTED, Evidence.OFFICIAL):
            await desk.reported(citizen, evidence)
        key = uuid4()

        before, _ = await desk.objections.standing(citizen, now=desk.now)
        objection_id = await desk.objections.object(citizen, REASON, [], key=key, now=desk.now)
        assert await desk.objections.object(citizen, REASON, [], key=key, now=desk.now) == objection_id
        with pytest.raises(ObjectionOpen):
            await desk.objections.object(citizen, REASON, [], key=uuid4(), now=desk.now)
        assert await desk.state_of(entry_id) == "appealed"
        for own in (1, 2):
            with pytest.raises(OwnEntry):
                await desk.objections.answer(staff(own), objection_id, uphold=True, answer="查实有误", now=desk.now)
        await desk.objections.answer(staff(3), objection_id, uphold=True, answer="查实有误", now=desk.now)
        with pytest.raises(ForbiddenMove):
            await desk.objections.answer(staff(3), objection_id, uphold=False, answer="再想", now=desk.now)

        assert before.held == (Held.NO_PAYMENTS, Held.NO_CAMPAIGNS, Held.REPORTED)
        assert await desk.state_of(entry_id) == "released"
        assert await desk.told(citizen) == ["official"]
        after, (objection,) = await desk.objections.standing(citizen, now=desk.now)
        assert after.held == (Held.REPORTED,)
        assert (objection.state, objection.answer, objection.reason) == ("upheld", "查实有误", REASON)

    play(fresh_database, scene)


def test_an_objection_that_is_turned_down_lets_everything_go_on_and_may_come_again(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen = await desk.city.citizen()
        entry_id = await desk.listed(citizen, Colour.GREY, tier=2)
        await desk.reported(citizen, Evidence.DOCUMENTED)

        objection_id = await desk.objections.object(citizen, REASON, [], key=uuid4(), now=desk.now)
        await desk.objections.answer(staff(3), objection_id, uphold=False, answer="记录清楚", now=desk.now)
        again = await desk.objections.object(citizen, REASON, [], key=uuid4(), now=desk.now)

        against, sent = await desk.objections.standing(citizen, now=desk.now)
        assert against.held == (Held.NO_CAMPAIGNS, Held.STRICTER, Held.REPORTED)
        assert {one.objection_id: one.state.value for one in sent} == {objection_id: "refused", again: "open"}
        assert await desk.state_of(entry_id) == "appealed"
        assert await desk.told(citizen) == ["documented"]

    play(fresh_database, scene)


def test_who_has_nothing_held_or_is_on_the_white_list_has_nothing_to_object_to(fresh_database: str) -> None:
    async def scene(desk: Desk) -> None:
        citizen, elsewhere = await desk.city.citizen(), await desk.city.citizen()
        await desk.listed(elsewhere, Colour.YELLOW)
        shield = await desk.listed(citizen, Colour.WHITE)
        await desk.lists.decide(staff(2), shield, approve=True)

        against, sent = await desk.objections.standing(citizen, now=datetime.now(UTC))

        assert (against.held, sent) == ((), [])
        with pytest.raises(NothingHeld):
            await desk.objections.object(citizen, REASON, [], key=uuid4(), now=desk.now)
        with pytest.raises(ObjectionIncomplete, match="reason"):
            await desk.objections.object(elsewhere, "不对", [], key=uuid4(), now=desk.now)

    play(fresh_database, scene)
