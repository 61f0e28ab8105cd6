"""A record of a visit comes in late, in parts and twice, and is one record; staff send it back and accept it."""

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

import pytest
from field_people import PLACE, STAFF, add_shop, person_of, provider_in
from PIL import Image

from yongquan.flows.recruit_provider import ProviderDesk
from yongquan.flows.survey_shops import BrokenPhoto, OtherOffset, SurveyDesk
from yongquan.flows.work_tasks import Asked, TaskDesk
from yongquan.kernel.ids import named_id
from yongquan.merchants.applications.photos import NotAPhoto
from yongquan.merchants.surveys.model import (
    OtherRevision,
    PhotoClaim,
    Position,
    SurveyState,
    SurveyStep,
    UnknownSurvey,
    Visit,
)
from yongquan.merchants.surveys.store import picture_of, survey_of
from yongquan.merchants.tasks.model import TaskKind, TaskState
from yongquan.merchants.tasks.store import task_of
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing

NOW = datetime(2022, 2, 21, 2, tzinfo=UTC)
SEALING = Sealing(Keys(b"t" * 32, b"s" * 32, b"i" * 32))


def picture(shade: int) -> bytes:
    written = io.BytesIO()
    image = Image.linear_gradient("L").resize((300, 200)).point(lambda x: (x * shade) % 256)
    image.save(written, "JPEG")
    return written.getvalue()


@dataclass
class World:
    """A surveyor, another one, a shop, and the desk that takes records."""

    database: Database
    desk: SurveyDesk
    tasks: TaskDesk
    shop: UUID
    me: UUID
    other: UUID

    def visit(self, content: bytes, *, number: int = 1, task_id: UUID | None = None) -> Visit:
        claim = PhotoClaim(named_id("photo", number), "front", len(content), hashlib.sha256(content).digest())
        return Visit(
            survey_id=named_id("survey", number),
            revision=1,
            task_id=task_id,
            store_id=self.shop,
            answers={"status": "open", "sign_name": "店1"},
            position=Position(*PLACE, 8.0),
            photos=[claim],
            captured_at=NOW,
            body_hash=hashlib.sha256(str(number).encode()).digest(),
        )

    async def send_photo(self, visit: Visit, content: bytes, *, piece: int = 1000) -> SurveyState:
        state = SurveyState.RECEIVING
        for start in range(0, len(content), piece):
            receipt = await self.desk.add_part(
                self.me, visit.photos[0].photo_id, at_byte=start, content=content[start : start + piece], now=NOW
            )
            state = receipt.survey.state
        return state

    async def task_in_hand(self) -> UUID:
        task_id = await self.tasks.ask(STAFF, Asked("1", TaskKind.INSPECTION, self.shop, "看一看"), now=NOW)
        await self.tasks.assign(STAFF, task_id, self.me, now=NOW)
        return task_id

    async def task_state(self, task_id: UUID) -> TaskState:
        async with self.database.transaction() as connection:
            task = await task_of(connection, task_id)
        assert task is not None
        return task.state


@pytest.fixture
def lived(fresh_database: str) -> Callable[[Callable[[World], Awaitable[None]]], None]:
    """Lets a story happen to a world of its own."""

    def live(story: Callable[[World], Awaitable[None]]) -> None:
        async def run() -> None:
            async with opened(fresh_database) as database:
                await provider_in(ProviderDesk(database, SEALING), 1, now=NOW)
                shop = await add_shop(database, now=NOW)
                desk, tasks = SurveyDesk(database, SEALING), TaskDesk(database, SEALING)
                await story(World(database, desk, tasks, shop, person_of(1, 1), person_of(1, 2)))

        asyncio.run(run())

    return live


Lived = Callable[[Callable[[World], Awaitable[None]]], None]


def test_record_sent_in_parts_and_twice_is_one_and_ends_its_task(lived: Lived) -> None:
    async def story(world: World) -> None:
        task_id = await world.task_in_hand()
        content = picture(3)
        visit = world.visit(content, task_id=task_id)

        await world.desk.take(world.me, visit, now=NOW)
        await world.desk.take(world.me, visit, now=NOW)
        ended = await world.send_photo(visit, content)
        repeated = await world.send_photo(visit, content)
        again = await world.desk.take(world.me, visit, now=NOW)

        assert ended is repeated is again.survey.state is SurveyState.SUBMITTED
        assert again.survey.flags == []
        assert await world.task_state(task_id) is TaskState.DONE

    lived(story)


def test_another_content_under_the_same_id_is_refused(lived: Lived) -> None:
    async def story(world: World) -> None:
        visit = world.visit(picture(3))
        await world.desk.take(world.me, visit, now=NOW)

        with pytest.raises(OtherRevision):
            await world.desk.take(world.me, replace(visit, body_hash=bytes(32)), now=NOW)
        with pytest.raises(UnknownSurvey):
            await world.desk.take(world.other, visit, now=NOW)

    lived(story)


def test_photo_goes_on_where_it_ended_and_is_checked_whole(lived: Lived) -> None:
    async def story(world: World) -> None:
        content = picture(3)
        visit = world.visit(content)
        photo_id = visit.photos[0].photo_id
        await world.desk.take(world.me, visit, now=NOW)
        await world.desk.add_part(world.me, photo_id, at_byte=0, content=content[:500], now=NOW)

        with pytest.raises(OtherOffset):
            await world.desk.add_part(world.me, photo_id, at_byte=900, content=content[900:], now=NOW)
        with pytest.raises(BrokenPhoto):
            await world.desk.add_part(world.me, photo_id, at_byte=500, content=bytes(len(content) - 500), now=NOW)
        assert (await world.desk.photo(world.me, photo_id)).received == 0
        assert await world.send_photo(visit, content) is SurveyState.SUBMITTED
        async with world.database.transaction() as connection:
            sealed = await picture_of(connection, photo_id)
        assert sealed is not None
        assert SEALING.open_bytes(sealed, what="survey photo")[:2] == b"\xff\xd8"

    lived(story)


def test_bytes_that_are_no_picture_start_again(lived: Lived) -> None:
    async def story(world: World) -> None:
        visit = world.visit(b"no picture at all")
        await world.desk.take(world.me, visit, now=NOW)

        with pytest.raises(NotAPhoto):
            await world.send_photo(visit, b"no picture at all")

        assert (await world.desk.photo(world.me, visit.photos[0].photo_id)).received == 0

    lived(story)


def test_photo_of_another_shops_record_is_found(lived: Lived) -> None:
    async def story(world: World) -> None:
        content = picture(3)
        first = world.visit(content)
        await world.desk.take(world.me, first, now=NOW)
        await world.send_photo(first, content)
        second_shop = await add_shop(world.database, now=NOW, number=2)
        second = replace(world.visit(content, number=2), store_id=second_shop, answers={"status": "open"})

        await world.desk.take(world.me, second, now=NOW)
        await world.send_photo(second, content)

        async with world.database.transaction() as connection:
            found = await survey_of(connection, second.survey_id)
        assert found is not None
        assert found.flags == ["photo_seen_before"]

    lived(story)


def test_record_sent_back_is_mended_not_sent_anew(lived: Lived) -> None:
    async def story(world: World) -> None:
        task_id = await world.task_in_hand()
        content = picture(3)
        visit = world.visit(content, task_id=task_id)
        await world.desk.take(world.me, visit, now=NOW)
        await world.send_photo(visit, content)

        await world.desk.decide(STAFF, visit.survey_id, SurveyStep.RETURN, "门头没拍全", now=NOW)
        assert await world.task_state(task_id) is TaskState.RETURNED
        mended = replace(visit, revision=2, answers={"status": "open", "note": "已重看"}, body_hash=bytes(32))
        receipt = await world.desk.take(world.me, mended, now=NOW)
        assert (receipt.survey.state, receipt.survey.revision) == (SurveyState.SUBMITTED, 2)
        assert await world.task_state(task_id) is TaskState.DONE
        await world.desk.decide(STAFF, visit.survey_id, SurveyStep.ACCEPT, "", now=NOW)

        assert await world.task_state(task_id) is TaskState.CHECKED

    lived(story)


def test_record_of_a_task_that_went_elsewhere_is_kept(lived: Lived) -> None:
    async def story(world: World) -> None:
        task_id = await world.task_in_hand()
        await world.tasks.assign(STAFF, task_id, world.other, now=NOW)
        content = picture(3)
        visit = world.visit(content, task_id=task_id)

        await world.desk.take(world.me, visit, now=NOW)

        assert await world.send_photo(visit, content) is SurveyState.SUBMITTED
        async with world.database.transaction() as connection:
            found = await survey_of(connection, visit.survey_id)
        assert found is not None
        assert found.flags == ["task_elsewhere"]

    lived(story)
