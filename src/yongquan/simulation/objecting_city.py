"""Some of the demo's scalpers on the risk lists, one of whom objects, and a report about the demo's citizen."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from yongquan.flows.list_party import ListDesk, ListedHere
from yongquan.flows.object_to_risk import ObjectionDesk
from yongquan.flows.report_party import NewReport, Reporting
from yongquan.institutions.risk_terms import Quota, RiskCaller
from yongquan.kernel.ids import named_id
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import NewEntry
from yongquan.risk.verification.model import Evidence, Kind, ReportKind
from yongquan.simulation.watched_city import staff_of
from yongquan.staff.sandbox import MAKER_LOGIN

LISTED = ((Colour.GREY, 1), (Colour.GREY, 2), (Colour.YELLOW, 0), (Colour.BLACK, 0))  # the last waits for the checker
SOURCE, BASIS = "监控台告警", "同店十分钟内连续卡门槛核销，待本人说明。"
SAID = "那天是帮邻居们一起在饭店订餐，都是真实消费，有小票。"
REPORTER = "donggang"


@dataclass(frozen=True, slots=True)
class Objectors:
    """Lists people of the demo's ring, and lets one object."""

    database: Database
    sealing: Sealing
    clock: Clock
    cells: int

    async def arrive(self, ring: Sequence[UUID], *, phone: str) -> None:
        """The same for the same ring. `phone` is the demo citizen's."""
        lists, now = ListDesk(self.database, self.sealing, self.clock, self.cells), self.clock.now()
        maker = await staff_of(self.database, self.sealing, MAKER_LOGIN, now=now)
        for citizen, (colour, tier) in zip(ring, LISTED, strict=False):
            new = NewEntry(
                colour=colour,
                party=Entity.CITIZEN,
                value=str(citizen),
                tier=tier,
                source=SOURCE,
                basis=BASIS,
                since=now,
                until=now + timedelta(days=90),
            )
            with suppress(ListedHere):  # the demo may have listed this one before
                await lists.add(maker, new, key=f"demo-{citizen}")
        key = named_id("demo", "objection", ring[0])
        await ObjectionDesk(lists).object(ring[0], SAID, [], key=key, now=now)
        await self._report(phone)

    async def _report(self, phone: str) -> None:
        caller = RiskCaller(REPORTER, is_test=False, quota=Quota("risk", 50, 200_000), used=0)
        new = NewReport(
            subject_kind=Kind.PHONE,
            value=phone,
            kind=ReportKind.MULE,
            evidence=Evidence.SUSPECTED,
            reference=f"{REPORTER}-demo",
        )
        await Reporting(self.database, self.sealing, self.clock).report(caller, new, key="demo-citizen")
