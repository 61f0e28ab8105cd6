"""A month's tasks are written down and handed out; the same again adds and changes nothing that is in hand."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.flows.assign_providers import NoGrids
from yongquan.kernel.ids import named_id
from yongquan.merchants.grids.store import grids_of_stores, version_on
from yongquan.merchants.providers.assignments import assigned_grids, assignment_on
from yongquan.merchants.providers.model import Provider
from yongquan.merchants.providers.store import providers, surveyors
from yongquan.merchants.providers.training import trained_until
from yongquan.merchants.roads import road_metres
from yongquan.merchants.tasks import store
from yongquan.merchants.tasks.model import TaskKind
from yongquan.merchants.tasks.planning import (
    MINUTES,
    NewTask,
    days_of,
    deal,
    due_day,
    is_revisited,
    period_of,
    plan_visits,
)
from yongquan.merchants.tasks.store import DoneVisit, WaitingTask
from yongquan.merchants.views import facts_of_stores
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing

ACTOR = "plan"


@dataclass(frozen=True, slots=True)
class Planned:
    """What a plan did: tasks that are new, tasks that were handed out, and those that nobody could take."""

    period: str
    new: int
    handed_out: int
    waiting: int


async def plan_tasks(database: Database, sealing: Sealing, *, now: datetime, period: str | None = None) -> Planned:
    """Write the tasks of a month down (this one, else `period`) and hand out what nobody has.

    One transaction; two at the same time write the same tasks once. Raises `NoGrids`, `BadInput`.
    """
    today = business_day(now)
    wanted = period or period_of(today)
    days_of(wanted)
    async with database.transaction() as connection:
        if await version_on(connection, today) is None:
            raise NoGrids(f"no version of the grids is in force on {today}")
        visits = plan_visits(await store.shops_to_plan(connection), wanted, today)
        done = await store.done_visits(connection, _month_before(wanted))
        new = [*visits, *_again(done, wanted, today), *_trainings(done, wanted, today)]
        grids = await grids_of_stores(connection, today, [task.store_id for task in new if task.store_id])
        placed = [_placed(task, grids) for task in new]
        added = await store.add_tasks(connection, placed, actor=ACTOR, now=now)
        handed_out, waiting = await hand_out(connection, sealing, now=now)
    return Planned(wanted, added, handed_out, waiting)


async def hand_out(connection: Connection, sealing: Sealing, *, now: datetime) -> tuple[int, int]:
    """Give the tasks that nobody has to the provider of their grid, and to its trained people; how many, and the rest.

    A re-visit goes to the nearest other provider. What somebody declined waits for a person.
    """
    today = business_day(now)
    waiting = await store.waiting_tasks(connection)
    at_work = [one for one in await providers(connection) if one.works_on(today)]
    version_no = await assignment_on(connection, today)
    rows = [] if version_no is None else await assigned_grids(connection, version_no)
    owner = {row.code: row.provider_id for row in rows}
    chosen = await _choose(connection, waiting, at_work, owner)
    people = await surveyors(connection, sealing)
    trained = await trained_until(connection, [p.surveyor_id for p in people if p.left_at is None], today)
    team: dict[UUID, list[UUID]] = defaultdict(list)
    for person in people:
        if person.surveyor_id in trained:
            team[person.provider_id].append(person.surveyor_id)
    loads = await store.loads_of_people(connection)
    given = _given(waiting, chosen, team, loads)
    # What a provider has and none of its people can take stays as it is.
    news = [one for one, task in zip(given, _those(waiting, chosen), strict=True) if one[2] or task.provider_id is None]
    await store.give_tasks(connection, news, actor=ACTOR, now=now)
    handed = sum(1 for one in news if one[2] is not None)
    return handed, len(waiting) - handed


@dataclass(slots=True)
class DailyPlan:
    """What the background does: this month's plan once a business day, where grids and an assignment are in force."""

    database: Database
    sealing: Sealing
    clock: Clock
    done_on: date | None = None

    async def sweep(self) -> None:
        """Plan if today has not been planned by this process."""
        now = self.clock.now()
        today = business_day(now)
        if today == self.done_on:
            return
        async with self.database.transaction() as connection:
            grids, assigned = await version_on(connection, today), await assignment_on(connection, today)
        if grids is not None and assigned is not None:
            await plan_tasks(self.database, self.sealing, now=now)
            self.done_on = today


def _month_before(period: str) -> str:
    return period_of(days_of(period)[0] - timedelta(days=1))


def _again(done: Sequence[DoneVisit], period: str, today: date) -> list[NewTask]:
    """Re-visits of some of last month's visits, for another provider."""
    return [
        NewTask(
            task_id=(task_id := named_id("task", "revisit", visit.task_id)),
            kind=TaskKind.REVISIT,
            period=period,
            store_id=visit.store_id,
            minutes=visit.minutes,
            due_day=due_day(task_id, period, today),
            not_provider=visit.provider_id,
            of_task=visit.task_id,
        )
        for visit in done
        if is_revisited(visit.task_id, period)
    ]


def _trainings(done: Sequence[DoneVisit], period: str, today: date) -> list[NewTask]:
    """Whoever was visited for the first time last month learns how to take vouchers."""
    return [
        NewTask(
            task_id=(task_id := named_id("task", "training", visit.store_id)),
            kind=TaskKind.TRAINING,
            period=period,
            store_id=visit.store_id,
            minutes=MINUTES[TaskKind.TRAINING],
            due_day=due_day(task_id, period, today),
            of_task=visit.task_id,
        )
        for visit in done
        if visit.kind is TaskKind.FIRST_VISIT
    ]


def _placed(task: NewTask, grids: Mapping[UUID, str]) -> NewTask:
    return replace(task, grid_code=grids.get(task.store_id) if task.store_id else None)


async def _choose(
    connection: Connection, waiting: Sequence[WaitingTask], at_work: Sequence[Provider], owner: Mapping[str, UUID]
) -> dict[UUID, UUID]:
    """The provider of each waiting task, where there is one."""
    active = {one.provider_id for one in at_work}
    places = await facts_of_stores(connection, [task.store_id for task in waiting if task.not_provider])
    chosen = {}
    for task in waiting:
        if task.provider_id is not None:
            chosen[task.task_id] = task.provider_id
        elif task.not_provider is not None and task.store_id in places:
            others = [one for one in at_work if one.provider_id != task.not_provider]
            place = places[task.store_id].place
            near = min(others, key=lambda o: (road_metres((o.depot_lon, o.depot_lat), place), o.name), default=None)
            if near is not None:
                chosen[task.task_id] = near.provider_id
        elif owner.get(task.grid_code or "") in active:
            chosen[task.task_id] = owner[task.grid_code or ""]
    return chosen


def _those(waiting: Sequence[WaitingTask], chosen: Mapping[UUID, UUID]) -> list[WaitingTask]:
    return [task for task in waiting if task.task_id in chosen]


def _given(
    waiting: Sequence[WaitingTask],
    chosen: Mapping[UUID, UUID],
    team: Mapping[UUID, Sequence[UUID]],
    loads: Mapping[UUID, int],
) -> list[tuple[UUID, UUID, UUID | None]]:
    """A grid's tasks of one provider go to one person, grids to whoever has least."""
    work: dict[UUID, Counter[str]] = defaultdict(Counter)
    for task in _those(waiting, chosen):
        work[chosen[task.task_id]][task.grid_code or ""] += task.minutes
    dealt = {who: deal(grids, team.get(who, ()), has=loads) for who, grids in work.items()}
    return [
        (task.task_id, who := chosen[task.task_id], dealt[who].get(task.grid_code or ""))
        for task in _those(waiting, chosen)
    ]
