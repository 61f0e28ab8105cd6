"""A city's grids are assigned to providers, and a month's tasks planned and handed out."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from field_people import CONTRACT, STAFF, add_shop, person_of, provider_in, staff

from yongquan.app import load_regions
from yongquan.flows.assign_providers import (
    DecidedAssignment,
    NoGrids,
    NoProviders,
    OwnAssignment,
    WhatIf,
    decide_assignment,
    keep_proposal,
    propose,
)
from yongquan.flows.plan_tasks import Planned, plan_tasks
from yongquan.flows.recruit_provider import ProviderDesk
from yongquan.flows.work_tasks import TaskDesk
from yongquan.kernel.errors import BadInput
from yongquan.merchants.providers.assigning import CapacityShort
from yongquan.merchants.providers.assignments import assigned_grids, assignment_on
from yongquan.merchants.tasks.model import NotThisProvider, Task, TaskKind, TaskState, TaskStep
from yongquan.merchants.tasks.planning import NewTask
from yongquan.merchants.tasks.store import TaskFilter, add_tasks, tasks_of
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.city_grids import open_grids

NOW = datetime(2022, 2, 3, 2, tzinfo=UTC)
TODAY = date(2022, 2, 3)
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
MAKER, CHECKER = staff(1), staff(2)
WEST, EAST = (121.4, 29.9), (121.9, 29.8)


@dataclass
class World:
    """Three providers with trained people, 60 shops, grids in force."""

    database: Database
    desk: ProviderDesk
    tasks: TaskDesk
    providers: list[UUID]
    shops: list[UUID]

    async def assign(self, day: date = TODAY, *, now: datetime = NOW) -> int:
        proposal = await propose(self.database, day)
        number = await keep_proposal(
            self.database, proposal, day, reason="首次分派", actor=MAKER.actor, now=now, real_now=now
        )
        await decide_assignment(self.database, CHECKER, number, approve=True, now=now, real_now=now)
        return number

    async def plan(self, now: datetime = NOW, period: str | None = None) -> Planned:
        return await plan_tasks(self.database, SEALING, now=now, period=period)

    async def listed(self, wanted: TaskFilter | None = None) -> list[Task]:
        async with self.database.transaction() as connection:
            return await tasks_of(connection, wanted or TaskFilter())


@pytest.fixture
def lived(fresh_database: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Lets a story happen to a world of its own."""

    def live(story: Callable[[World], Awaitable[None]]) -> None:
        async def run() -> None:
            async with opened(fresh_database) as database:
                desk = ProviderDesk(database, SEALING)
                made = [
                    await provider_in(desk, n, now=NOW, place=place) for n, place in enumerate((WEST, EAST, WEST), 1)
                ]
                for one in made:
                    await desk.resize(STAFF, one.provider_id, 15_000, now=NOW)
                shops = [
                    await add_shop(database, now=NOW, number=n, place=(121.54 + n % 8 * 0.01, 29.87 + n // 8 * 0.005))
                    for n in range(1, 61)
                ]
                await open_grids(database, load_regions(), seed=1, now=NOW)
                ids = [one.provider_id for one in made]
                await story(World(database, desk, TaskDesk(database, SEALING), ids, shops))

        asyncio.run(run())

    return live


def test_a_version_is_decided_by_another_and_dated(lived: Callable[[Callable[[World], Awaitable[None]]], None]) -> None:
    async def story(world: World) -> None:
        proposal = await propose(world.database, TODAY)
        number = await keep_proposal(
            world.database, proposal, TODAY, reason="首次分派", actor=MAKER.actor, now=NOW, real_now=NOW
        )
        with pytest.raises(OwnAssignment):
            await decide_assignment(world.database, MAKER, number, approve=True, now=NOW, real_now=NOW)
        await decide_assignment(world.database, CHECKER, number, approve=True, now=NOW, real_now=NOW)
        with pytest.raises(DecidedAssignment):
            await decide_assignment(world.database, CHECKER, number, approve=False, now=NOW, real_now=NOW)

        async with world.database.transaction() as connection:
            assert await assignment_on(connection, TODAY) == number
            assert await assignment_on(connection, TODAY - timedelta(days=1)) is None
            rows = await assigned_grids(connection, number)
        assert {row.code: row.provider_id for row in rows} == {k: v.provider_id for k, v in proposal.given.items()}
        with pytest.raises(BadInput):
            await world.assign()
        await world.assign(TODAY + timedelta(days=1))

    lived(story)


def test_trying_changes_saves_nothing_and_keeps_what_need_not_move(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        await world.assign()
        later = TODAY + timedelta(days=1)

        same = await propose(world.database, later)
        without = await propose(world.database, later, WhatIf({world.providers[2]: 0, world.providers[0]: 40_000}))
        fixed = next(code for code, one in same.given.items() if one.provider_id == world.providers[1])
        pinned = await propose(world.database, later, WhatIf(fixed={fixed: world.providers[0]}))

        assert same.changes == 0
        assert world.providers[2] not in {one.provider_id for one in without.given.values()}
        kept = [code for code, one in same.given.items() if one.provider_id == world.providers[1]]
        assert sum(without.given[code].provider_id == world.providers[1] for code in kept) >= len(kept) - 2
        assert pinned.given[fixed].provider_id == world.providers[0]
        with pytest.raises(CapacityShort):
            await propose(world.database, later, WhatIf(dict.fromkeys(world.providers, 100)))
        with pytest.raises(NoProviders):
            await propose(world.database, CONTRACT[1] + timedelta(days=1))
        with pytest.raises(NoGrids):
            await propose(world.database, TODAY - timedelta(days=30))

    lived(story)


def test_a_months_tasks_are_planned_once_and_reach_trained_people(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        await world.assign()
        first = await world.plan()
        again = await world.plan()

        tasks = await world.listed()
        assert first.new == len(tasks) == first.handed_out > 10
        assert (again.new, again.handed_out, again.waiting) == (0, 0, 0)
        assert {task.kind for task in tasks} == {TaskKind.FIRST_VISIT}
        assert {task.state for task in tasks} == {TaskState.ASSIGNED}
        # A grid's tasks are one person's.
        people = {(task.grid_code, task.provider_id): task.surveyor_id for task in tasks}
        assert {(t.grid_code, t.provider_id, t.surveyor_id) for t in tasks} == {(*k, v) for k, v in people.items()}

    lived(story)


def test_next_month_brings_inspections_trainings_and_revisits_by_others(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        await world.assign()
        await world.plan()
        february = await world.listed()
        for task in february:
            assert task.surveyor_id is not None
            for step in (TaskStep.ACCEPT, TaskStep.START, TaskStep.FINISH):
                await world.tasks.step(task.surveyor_id, task.task_id, step, "都好", now=NOW)

        await world.plan(datetime(2022, 3, 1, 2, tzinfo=UTC))

        march = [task for task in await world.listed() if task.period == "2022-03"]
        kinds = Counter(task.kind for task in march)
        assert kinds[TaskKind.TRAINING] == len(february)
        assert kinds[TaskKind.INSPECTION] > 0
        visited = {task.store_id for task in february}
        assert {task.kind for task in march if task.store_id not in visited} == {TaskKind.FIRST_VISIT}
        revisits = [task for task in march if task.kind is TaskKind.REVISIT]
        assert all(task.provider_id not in {None, task.not_provider} for task in revisits)

    lived(story)


def test_a_revisit_never_goes_to_the_provider_it_looks_at(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        await world.assign()
        new = NewTask(
            task_id=UUID(int=5),
            kind=TaskKind.REVISIT,
            period="2022-02",
            store_id=world.shops[0],
            minutes=20,
            due_day=TODAY,
            not_provider=world.providers[0],
        )
        async with world.database.transaction() as connection:
            await add_tasks(connection, [new], actor="test", now=NOW)

        await world.plan()
        with pytest.raises(NotThisProvider):
            await world.tasks.assign(STAFF, new.task_id, person_of(1, 1), now=NOW)

        found = next(task for task in await world.listed() if task.task_id == new.task_id)
        assert found.provider_id in world.providers[1:]

    lived(story)


def test_what_a_person_had_is_handed_out_again_when_the_person_leaves(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        await world.assign()
        await world.plan()
        who = (await world.listed())[0].surveyor_id
        assert who is not None
        had = {task.task_id for task in await world.listed(TaskFilter(surveyor_id=who))}

        await world.desk.let_go(STAFF, who, now=NOW)
        await world.plan()

        assert await world.listed(TaskFilter(surveyor_id=who)) == []
        now_with = {task.task_id: task.surveyor_id for task in await world.listed() if task.task_id in had}
        assert set(now_with) == had
        assert None not in now_with.values()

    lived(story)
