"""A provider is recruited, its people learn, and a task goes from hand to hand."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from field_people import STAFF, add_shop, person_of, provider_in, staff

from yongquan.flows.recruit_provider import OwnApplication, ProviderDecision, ProviderDesk
from yongquan.flows.work_tasks import Asked, TaskDesk
from yongquan.kernel.errors import BadInput
from yongquan.kernel.ids import named_id
from yongquan.merchants.providers.course import QUESTIONS
from yongquan.merchants.providers.model import (
    NewSurveyor,
    NotAtWork,
    Provider,
    ProviderState,
    ProviderStep,
    SurveyorTaken,
)
from yongquan.merchants.providers.store import provider_of
from yongquan.merchants.providers.training import NotTrained, TooManyTests
from yongquan.merchants.tasks.model import (
    ForbiddenTaskStep,
    NoteMissing,
    Task,
    TaskKind,
    TaskState,
    TaskStep,
    UnknownTask,
)
from yongquan.merchants.tasks.store import events_of, task_of
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Forbidden

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))
RIGHT = [question.right for question in QUESTIONS]
MAKER, CHECKER = staff(1), staff(2)


@dataclass
class World:
    """Two providers with two people each, and a shop."""

    database: Database
    desk: ProviderDesk
    tasks: TaskDesk
    providers: list[Provider]
    shop: UUID

    async def ask(self, key: str = "1", **more: object) -> UUID:
        return await self.tasks.ask(STAFF, Asked(key, TaskKind.INSPECTION, self.shop, "看一看", **more), now=NOW)  # type: ignore[arg-type]

    async def step(self, who: UUID, task: UUID, step: TaskStep, note: str = "") -> Task:
        return await self.tasks.step(who, task, step, note, now=NOW)

    async def task(self, task_id: UUID) -> Task:
        async with self.database.transaction() as connection:
            found = await task_of(connection, task_id)
        assert found is not None
        return found

    async def steps(self, task_id: UUID) -> list[str]:
        async with self.database.transaction() as connection:
            return [event.step for event in await events_of(connection, task_id)]


@pytest.fixture
def lived(fresh_database: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Lets a story happen to a world of its own."""

    def live(story: Callable[[World], Awaitable[None]]) -> None:
        async def run() -> None:
            async with opened(fresh_database) as database:
                desk, tasks = ProviderDesk(database, SEALING), TaskDesk(database, SEALING)
                made = [await provider_in(desk, n, now=NOW) for n in (1, 2)]
                await story(World(database, desk, tasks, made, await add_shop(database, now=NOW)))

        asyncio.run(run())

    return live


def test_an_application_is_decided_by_somebody_else(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        new = await provider_in(world.desk, 9, now=NOW, approved=False)
        contract = (date(2022, 3, 1), date(2022, 12, 31))
        decision = ProviderDecision(ProviderStep.APPROVE, "资质齐全", contract)

        with pytest.raises(OwnApplication):
            await world.desk.decide(MAKER, new.provider_id, decision, now=NOW)
        with pytest.raises(BadInput):
            await world.desk.decide(CHECKER, new.provider_id, ProviderDecision(ProviderStep.APPROVE, "好"), now=NOW)
        await world.desk.decide(CHECKER, new.provider_id, decision, now=NOW)

        async with world.database.transaction() as connection:
            found = await provider_of(connection, new.provider_id)
        assert found is not None
        assert found.state is ProviderState.ACTIVE
        assert (found.works_on(date(2022, 2, 28)), found.works_on(date(2022, 3, 1))) == (False, True)
        # Who entered the application may suspend it later.
        await world.desk.decide(MAKER, new.provider_id, ProviderDecision(ProviderStep.SUSPEND, "整改"), now=NOW)

    lived(story)


def test_a_task_is_done_mended_and_checked(lived: Callable[[Callable[[World], Awaitable[None]]], None]) -> None:
    async def story(world: World) -> None:
        ann, task = person_of(1, 1), await world.ask()
        assert await world.ask() == task
        await world.tasks.assign(STAFF, task, ann, now=NOW)

        for step, note in ((TaskStep.ACCEPT, ""), (TaskStep.START, ""), (TaskStep.FINISH, "门头已换")):
            await world.step(ann, task, step, note)
            await world.step(ann, task, step, note)
        assert (await world.task(task)).report == "门头已换"
        with pytest.raises(NoteMissing):
            await world.tasks.review(STAFF, task, TaskStep.RETURN, "", now=NOW)
        await world.tasks.review(STAFF, task, TaskStep.RETURN, "照片不清", now=NOW)
        await world.step(ann, task, TaskStep.START)
        await world.step(ann, task, TaskStep.FINISH, "重拍")
        await world.tasks.review(STAFF, task, TaskStep.CHECK, "", now=NOW)

        done = await world.task(task)
        assert (done.state, done.report) == (TaskState.CHECKED, "重拍")
        walked = ["plan", "assign", "accept", "start", "finish", "return", "start", "finish", "check"]
        assert await world.steps(task) == walked
        with pytest.raises(ForbiddenTaskStep):
            await world.tasks.review(STAFF, task, TaskStep.CANCEL, "太晚", now=NOW)

    lived(story)


def test_a_task_is_its_surveyors_alone(lived: Callable[[Callable[[World], Awaitable[None]]], None]) -> None:
    async def story(world: World) -> None:
        ann, bob, other = person_of(1, 1), person_of(1, 2), person_of(2, 1)
        task = await world.ask()
        await world.tasks.assign(STAFF, task, ann, now=NOW)

        with pytest.raises(UnknownTask):
            await world.step(other, task, TaskStep.ACCEPT)
        with pytest.raises(Forbidden):
            await world.tasks.hand_to(other, task, other, now=NOW)
        with pytest.raises(Forbidden):
            await world.tasks.hand_to(bob, task, bob, now=NOW)
        await world.tasks.hand_to(ann, task, bob, now=NOW)
        await world.step(bob, task, TaskStep.DECLINE, "生病")
        freed = await world.task(task)
        assert (freed.state, freed.provider_id, freed.surveyor_id) == (TaskState.OPEN, None, None)

    lived(story)


def test_nobody_works_untrained_or_when_the_contract_is_over(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        new = NewSurveyor(
            surveyor_id=named_id("new"), provider_id=world.providers[0].provider_id, name="新人", phone="13700000009"
        )
        await world.desk.take_on(STAFF, new, now=NOW)
        with pytest.raises(SurveyorTaken):
            again = NewSurveyor(
                surveyor_id=named_id("b"), provider_id=new.provider_id, name="别人", phone="13700000009"
            )
            await world.desk.take_on(STAFF, again, now=NOW)
        task = await world.ask()
        with pytest.raises(NotTrained):
            await world.tasks.assign(STAFF, task, new.surveyor_id, now=NOW)

        wrong = [(answer + 1) % 3 for answer in RIGHT]
        for n in range(3):
            await world.desk.take_test(new.surveyor_id, named_id("t", n), wrong, now=NOW)
            await world.desk.take_test(new.surveyor_id, named_id("t", n), wrong, now=NOW)
        with pytest.raises(TooManyTests):
            await world.desk.take_test(new.surveyor_id, named_id("t", 9), RIGHT, now=NOW)
        later = NOW + timedelta(days=1)
        await world.desk.take_test(new.surveyor_id, named_id("t", 10), RIGHT, now=later)
        await world.tasks.assign(STAFF, task, new.surveyor_id, now=later)
        with pytest.raises(NotAtWork):
            await world.tasks.step(new.surveyor_id, task, TaskStep.ACCEPT, now=NOW + timedelta(days=400))

    lived(story)


def test_a_pay_appeal_is_opened_by_a_lead_and_decided_by_staff(
    lived: Callable[[Callable[[World], Awaitable[None]]], None],
) -> None:
    async def story(world: World) -> None:
        lead, other = person_of(1, 1), person_of(1, 2)
        with pytest.raises(Forbidden):
            await world.tasks.appeal(other, "1", "2022-01", "少算了", now=NOW)
        appeal = await world.tasks.appeal(lead, "1", "2022-01", "少算了两家店", now=NOW)
        assert await world.tasks.appeal(lead, "1", "2022-01", "少算了两家店", now=NOW) == appeal

        with pytest.raises(Forbidden):
            await world.tasks.review(staff(7, "330203"), appeal, TaskStep.DECIDE, "补发", now=NOW)
        await world.tasks.review(STAFF, appeal, TaskStep.DECIDE, "属实，下月补发", now=NOW)

        decided = await world.task(appeal)
        assert (decided.state, decided.report) == (TaskState.CHECKED, "属实，下月补发")

    lived(story)
