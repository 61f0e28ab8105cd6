"""The demo: a city is registered, its campaigns open, people grab and pay, the day is cleared, the report is read."""

import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from typing import Any
from uuid import UUID

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from yongquan.flows.brief_morning import brief_morning
from yongquan.flows.clear_day import Clearing
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.expire_vouchers import expire_vouchers, recycle_rounds
from yongquan.flows.list_party import ListDesk
from yongquan.flows.reconcile_file import fetch_and_reconcile
from yongquan.flows.run_draw import Draws
from yongquan.flows.run_own import return_own_surplus
from yongquan.institutions.links import Links
from yongquan.plumbing.clock import SHANGHAI, Clock, set_clock, wall_now
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.tokens import Tokens
from yongquan.simulation.city import build_city
from yongquan.simulation.city_applicants import Applicants
from yongquan.simulation.city_gangs import hold_exercise
from yongquan.simulation.city_grids import open_grids
from yongquan.simulation.city_library import fill_library
from yongquan.simulation.city_pool import draw_first_statements, open_pool
from yongquan.simulation.city_providers import open_field, work_a_while
from yongquan.simulation.city_risk import RiskPartners
from yongquan.simulation.day import CampaignDay, Won
from yongquan.simulation.doors import CityDoor
from yongquan.simulation.draw_day import DrawDay
from yongquan.simulation.drawn_day import DrawnDay
from yongquan.simulation.furnish_space import furnish_space
from yongquan.simulation.merchant_coupons import send_demo_coupons
from yongquan.simulation.objecting_city import Objectors
from yongquan.simulation.own_day import OwnDay
from yongquan.simulation.populate import Populating, Tick, citizen_id_of, store_id_of
from yongquan.simulation.report import report_of
from yongquan.simulation.risk_books import propose_demo_books
from yongquan.simulation.season import PlannedRound, Season, plan_season
from yongquan.simulation.watched_city import RING, scalp, suspect, watch_city
from yongquan.simulation.welcome import Welcome, open_for_visitors, welcome

DEMO_DAY = date(2022, 2, 21)
ISSUERS_READY_S = 30.0
CLEARING_S = 300.0
# The Friday before: campaigns are published, and the draw's sign-up opens in the evening.
FIRST_MOMENT = datetime.combine(DEMO_DAY - timedelta(days=3), clock_time(8), SHANGHAI)
VISITORS_COME_DAYS = 6


@dataclass(frozen=True, slots=True)
class DemoPlatform:
    """What the demo needs of a running platform."""

    database: Database
    clock: Clock
    sealing: Sealing
    links: Links
    cells: int
    refresh: Callable[[], Awaitable[None]]
    clearing: Clearing
    draws: Draws


@dataclass(slots=True)
class Demo:
    """One demo run; progress goes to stderr, so that stdout can carry the report alone."""

    platform: DemoPlatform
    seed: int
    scale: float
    seconds: dict[str, float] = field(default_factory=dict)
    risk: dict[str, Any] = field(default_factory=dict)

    async def welcome(self, tokens: Tokens, door: CityDoor) -> Welcome:
        """Let visitors in: the next morning, rounds of their own, and logins to try them with."""
        await self._set_clock(clock_time(10), days=VISITORS_COME_DAYS)
        p = self.platform
        city = build_city(seed=self.seed, scale=self.scale)
        districts = [division.adcode for division in city.divisions]
        open_type = await open_for_visitors(p.database, p.sealing, strata=districts, cells=p.cells, now=p.clock.now())
        await OwnDay(city, p.database, p.links, p.cells).open_for_visitors(now=p.clock.now())
        visitor = citizen_id_of(city.citizens.row(0), self.seed, p.sealing)
        await send_demo_coupons(p.database, visitor, now=p.clock.now())
        await p.refresh()
        # The providers came with the grids, and have been at work since.
        field_ = await open_field(p.database, p.sealing, city.regions, seed=self.seed, now=FIRST_MOMENT)
        await work_a_while(p.database, p.sealing, now=p.clock.now())
        welcomed = await welcome(p.database, p.sealing, tokens, city, field_)
        first_two = [store_id_of(city.shops.row(n), city.seed) for n in range(2)]
        await furnish_space(p.database, p.sealing, first_two, now=p.clock.now(), real_now=wall_now())
        await propose_demo_books(p.database, p.sealing, real_now=wall_now())
        await Applicants(p.database, p.clock, p.links, p.sealing, city.regions, p.cells).arrive(city)
        await draw_first_statements(p.database, now=p.clock.now())
        ring = [citizen_id_of(city.citizens.row(n), self.seed, p.sealing) for n in range(1, RING + 1)]
        await suspect(ListDesk(p.database, p.sealing, p.clock, p.cells), ring[0])
        await p.refresh()
        await scalp(p.database, door, ring, first_two[1], open_type, cells=p.cells)
        days = DayDesk(p.database, p.clock, p.links, p.cells)
        await watch_city(days, p.sealing, first_two[1], now=p.clock.now())
        some = [store_id_of(city.shops.row(n), city.seed) for n in range(min(4, len(city.shops)))]
        if p.links.registry is not None:
            await RiskPartners(p.database, p.sealing, p.clock, p.cells).arrive(p.links.registry, some, seed=self.seed)
        await Objectors(p.database, p.sealing, p.clock, p.cells).arrive(ring, phone=welcomed.phone)
        return welcomed

    async def run(self, door: CityDoor) -> dict[str, Any]:
        """The whole day; the answer is the contract's report."""
        started = time.monotonic()
        with Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
        ) as progress:
            truth_fen = await self._run(door, progress)
        self.seconds["total"] = time.monotonic() - started
        report = await report_of(
            self.platform.database,
            campaign=f"宁波消费券 {DEMO_DAY.isoformat()}",
            seconds=self.seconds,
            truth_fen=truth_fen,
        )
        # Gangs are planted for an exercise; the day's own payments have none.
        return report | {"risk": report["risk"] | self.risk}

    async def _run(self, door: CityDoor, progress: Progress) -> int | None:
        """The day; what winning in the draw truly changed, since a simulated city knows."""
        await self._set_moment(FIRST_MOMENT)
        city = build_city(seed=self.seed, scale=self.scale)
        season = plan_season(city.divisions, day=DEMO_DAY, scale=self.scale)
        with self._phase("populate", "登记市民与商户 register", progress, len(city.citizens) + len(city.shops)) as tick:
            people = await self._populating().register_city(city, tick=tick)
            await self._populating().open_season(season)
            now = self.platform.clock.now()
            await open_grids(self.platform.database, city.regions, seed=self.seed, now=now)
            await fill_library(self.platform.database, self.platform.sealing, city.regions, seed=self.seed, now=now)
        await self.platform.refresh()
        await self.platform.links.ready(timeout_s=ISSUERS_READY_S)
        own = OwnDay(city, self.platform.database, self.platform.links, self.platform.cells)
        own_rounds = await own.open(starts_on=DEMO_DAY, now=now)
        await self.platform.refresh()

        day = CampaignDay(city, people, door, seed=self.seed)
        drawn = DrawDay(season.draw, city, people, self.platform.draws, self.seed, self._set_moment)
        experiment = DrawnDay(season.draw, self.platform.database, self.seed)
        drawn_won = await self._draw(drawn, experiment, door, progress)
        won = await self._grab(day, [r for r in season.rounds if _opens(r) < clock_time(12)], progress, "上午抢券")
        await self._set_clock(clock_time(11))
        with self._phase("claims", "店家自有券 shops' own", progress, own.wishes(own_rounds)) as tick:
            own_won = await own.take(day, own_rounds, tick)
        await self._set_clock(clock_time(12))
        visits = experiment.visits(day, drawn.registrants(), drawn_won)
        with self._phase("payments", "中签与否 winners and losers pay", progress, sum(map(len, visits))) as tick:
            await day.pay(visits, tick)
        await self._pay(day, won, progress, "中午用券", plain="noon")
        visits = own.visits(day, own_won)
        with self._phase("payments", "店家自有券 shops' own", progress, sum(map(len, visits))) as tick:
            await day.pay(visits, tick)
        won = await self._grab(day, [r for r in season.rounds if _opens(r) >= clock_time(12)], progress, "晚间抢券")
        await self._set_clock(clock_time(20, 30))
        await self._pay(day, won, progress, "晚上用券", plain="evening")
        await self._close(season, experiment, progress, people.stores)
        return await experiment.truth_fen(experiment.changes(day, drawn_won))

    async def _draw(self, drawn: DrawDay, experiment: DrawnDay, door: CityDoor, progress: Progress) -> list[Won]:
        draw_id = await drawn.announce()
        await experiment.publish(now=self.platform.clock.now())
        registrants = drawn.registrants()
        with self._phase("registrations", "报名摇号 sign up", progress, len(registrants)) as tick:
            await drawn.sign_up(door, registrants, tick)
        with self._phase("draw", "公开摇号 draw", progress, 1) as tick:
            won = await drawn.run(draw_id)
            tick(1)
        return won

    async def _grab(
        self, day: CampaignDay, rounds: Sequence[PlannedRound], progress: Progress, label: str
    ) -> list[Won]:
        won: list[Won] = []
        with self._phase("claims", f"{label} grab", progress, day.wishes(rounds)) as tick:
            for planned in rounds:
                await self._set_clock(_opens(planned))
                won += await day.grab(planned, tick)
        return won

    async def _pay(self, day: CampaignDay, won: Sequence[Won], progress: Progress, label: str, *, plain: str) -> None:
        visits = day.visits(won, plain=plain)
        with self._phase("payments", f"{label} pay", progress, sum(len(v) for v in visits)) as tick:
            await day.pay(visits, tick)

    async def _close(self, season: Season, experiment: DrawnDay, progress: Progress, stores: Sequence[UUID]) -> None:
        # The day is cleared after midnight; when the last voucher's time is over, what is left goes back.
        await self._set_clock(clock_time(0, 30), days=1)
        with self._phase("clearing", "清算与结算 clear and settle", progress, 1) as tick:
            report = await self.platform.clearing.clear_day(DEMO_DAY, patience_s=CLEARING_S)
            if report.waiting_for:
                progress.log(f"清算等待 the day waits for: {report.waiting_for}")
            tick(1)
        with self._phase("reconcile", "与银行对账 reconcile", progress, 1) as tick:
            p = self.platform
            await fetch_and_reconcile(p.database, p.links, DEMO_DAY, actor="command:demo", now=p.clock.now())
            tick(1)
        with self._phase("effect", "测算效果 measure the effect", progress, 1) as tick:
            await experiment.conclude(now=self.platform.clock.now())
            tick(1)
        with self._phase("risk", "搜索埋设的团伙 search for planted gangs", progress, 1) as tick:
            p = self.platform
            now = p.clock.now()
            self.risk = await hold_exercise(
                p.database, p.sealing, seed=self.seed, scale=self.scale, day=DEMO_DAY, now=now
            )
            tick(1)
        await self._set_clock(clock_time(6), days=1)
        await brief_morning(self.platform.database, now=self.platform.clock.now())
        await open_pool(self.platform.database, stores, seed=self.seed, now=self.platform.clock.now())
        last = max(type_.valid_days or 0 for r in season.rounds for type_ in r.types)
        await self._set_clock(clock_time(0, 5), days=last)
        with self._phase("expiry", "过期回收 expire and recycle", progress, 1) as tick:
            now = self.platform.clock.now()
            await expire_vouchers(self.platform.database, cells=self.platform.cells, now=now)
            await recycle_rounds(self.platform.database, now=now)
            await return_own_surplus(self.platform.database, now=now)
            tick(1)

    async def _set_clock(self, at: clock_time, *, days: int = 0) -> None:
        await self._set_moment(datetime.combine(DEMO_DAY + timedelta(days=days), at, SHANGHAI))

    async def _set_moment(self, shows: datetime) -> None:
        async with self.platform.database.transaction() as connection:
            await set_clock(connection, shows=shows)
        await self.platform.refresh()

    def _populating(self) -> Populating:
        p = self.platform
        return Populating(p.database, p.sealing, p.links, p.cells, p.clock.now())

    @contextmanager
    def _phase(self, name: str, label: str, progress: Progress, total: int) -> Iterator[Tick]:
        task = progress.add_task(label, total=total)
        started = time.monotonic()
        yield lambda done: progress.advance(task, done)
        self.seconds[name] = self.seconds.get(name, 0.0) + time.monotonic() - started


def _opens(planned: PlannedRound) -> clock_time:
    return planned.round.opens_at.astimezone(SHANGHAI).time()
