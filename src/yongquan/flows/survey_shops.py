"""A visit's record comes in from a phone, whenever that has a network again, and staff look at it.

Record first, then its photos in parts; with the last byte it is submitted and its task is done. Every call may be
repeated: the phone made the ids.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.recruit_provider import FIELD_ROLES, require_at_work
from yongquan.flows.work_tasks import review_task, take_step
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.applications.photos import redraw
from yongquan.merchants.grids.store import grids_of_stores
from yongquan.merchants.providers.model import Surveyor
from yongquan.merchants.roads import great_circle_m
from yongquan.merchants.surveys import store
from yongquan.merchants.surveys.model import (
    OtherRevision,
    PhotoClaim,
    Position,
    ReasonMissing,
    Shop,
    SurveyState,
    SurveyStep,
    UnknownSurvey,
    Visit,
    flags_of,
    next_survey_state,
)
from yongquan.merchants.surveys.photos import look_of
from yongquan.merchants.surveys.store import Photo, Survey
from yongquan.merchants.tasks.model import IN_HAND, NOTE_MAX, Task, TaskState, TaskStep
from yongquan.merchants.tasks.store import task_of
from yongquan.merchants.views import store_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Staff

SEALED_AS = "survey photo"


class OtherOffset(Refusal):
    """The part does not begin where the last one ended: ask how much came, go on from there."""

    code = "other_offset"


class BrokenPhoto(Refusal):
    """The bytes are not those that were announced: send the photo again from its start."""

    code = "broken_photo"


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is here of a record after a call."""

    survey: Survey
    photos: list[Photo]


@dataclass(frozen=True, slots=True)
class SurveyDesk:
    """What records of visits need of a running platform; `now` is the product's time."""

    database: Database
    sealing: Sealing

    async def take(self, surveyor_id: UUID, visit: Visit, *, now: datetime) -> Receipt:
        """Take a revision in; a repeat is answered as before.

        Raises `OtherRevision`, `UnknownSurvey`, `ForbiddenSurveyStep`, `NotAtWork`, `BadInput` for an unknown shop.
        """
        async with self.database.transaction() as connection:
            person = await require_at_work(connection, surveyor_id, self.sealing, now=now)
            known = await store.survey_of(connection, visit.survey_id, lock=True)
            if known is not None and known.surveyor_id != surveyor_id:
                raise UnknownSurvey
            if known is None or visit.revision > known.revision:
                await self._write(connection, person, known, visit, now=now)
            elif visit.revision < known.revision or known.body_hash != visit.body_hash:
                raise OtherRevision
            await self._complete(connection, person, visit.survey_id, now=now)
            return await _receipt(connection, visit.survey_id)

    async def add_part(
        self, surveyor_id: UUID, photo_id: UUID, *, at_byte: int, content: bytes, now: datetime
    ) -> Receipt:
        """The next bytes of a photo; bytes that are here already change nothing.

        Raises `UnknownSurvey`, `OtherOffset`, `BrokenPhoto`, `NotAPhoto` (start the photo again), `NotAtWork`.
        """
        async with self.database.transaction() as connection:
            person = await require_at_work(connection, surveyor_id, self.sealing, now=now)
            photo, survey = await _own_photo(connection, surveyor_id, photo_id)
            if at_byte + len(content) <= photo.received:
                return await _receipt(connection, survey.survey_id)
            if at_byte != photo.received or at_byte + len(content) > photo.size:
                raise OtherOffset(f"{photo.received} of {photo.size} bytes have come")
            await store.add_part(connection, photo, content)
            is_last = at_byte + len(content) == photo.size
            fault = await self._keep(connection, photo, survey, now=now) if is_last else None
            if fault is None:
                await self._complete(connection, person, survey.survey_id, now=now)
                return await _receipt(connection, survey.survey_id)
        raise fault  # after the commit that forgets the bytes

    async def photo(self, surveyor_id: UUID, photo_id: UUID) -> Photo:
        """How much of an own photo has come. Raises `UnknownSurvey`."""
        async with self.database.transaction() as connection:
            return (await _own_photo(connection, surveyor_id, photo_id))[0]

    async def decide(self, staff: Staff, survey_id: UUID, step: SurveyStep, reason: str, *, now: datetime) -> None:
        """Staff accept a record, or send it back with a reason; its task goes along.

        Raises `UnknownSurvey`, `ForbiddenSurveyStep`, `ReasonMissing`, `Forbidden`.
        """
        kept = reason.strip()
        if len(kept) > NOTE_MAX or (step is SurveyStep.RETURN and not kept):
            raise ReasonMissing
        async with self.database.transaction() as connection:
            survey = await store.survey_of(connection, survey_id, lock=True)
            if survey is None or step not in {SurveyStep.ACCEPT, SurveyStep.RETURN}:
                raise UnknownSurvey
            staff.require(*FIELD_ROLES, adcode=survey.grid_code[:6] if survey.grid_code else None)
            state = next_survey_state(survey.state, step)
            await store.move_survey(connection, survey, state, flags=survey.flags, by=staff.actor, reason=kept, now=now)
            entry = AuditEntry(
                actor=staff.actor,
                action=f"surveys.{step.value}",
                subject=f"survey:{survey_id}",
                before={"state": survey.state.value},
                after={"state": state.value, "reason": kept},
            )
            await append(connection, entry, now=now)
            task = await task_of(connection, survey.task_id) if survey.task_id else None
            if task is not None and task.state is TaskState.DONE:
                then = TaskStep.CHECK if step is SurveyStep.ACCEPT else TaskStep.RETURN
                await review_task(connection, staff, task.task_id, then, kept, now=now)

    async def _write(
        self, connection: Connection, person: Surveyor, known: Survey | None, visit: Visit, *, now: datetime
    ) -> None:
        if visit.revision != (known.revision if known else 0) + 1:
            raise OtherRevision
        shop = await store_of(connection, visit.store_id) if visit.store_id else None
        if visit.store_id and shop is None:
            raise BadInput(f"store_id: there is no store {visit.store_id}")
        for photo in await store.photos_of(connection, [one.photo_id for one in visit.photos]):
            if photo.survey_id != visit.survey_id or _claimed(visit, photo.photo_id).sha256 != photo.sha256:
                raise OtherRevision
        if known is None:
            grids = await grids_of_stores(connection, business_day(now), [visit.store_id] if visit.store_id else [])
            grid_code = grids.get(visit.store_id) if visit.store_id else None
            await store.add_survey(connection, visit, person.surveyor_id, grid_code=grid_code, now=now)
        else:
            state = next_survey_state(known.state, SurveyStep.REVISE)
            await store.revise(connection, visit, state, now=now)
        at = visit.position
        distance_m = great_circle_m((at.lon, at.lat), (shop.lon, shop.lat)) if at and shop else None
        await store.add_revision(connection, visit, distance_m=distance_m, now=now)

    async def _keep(self, connection: Connection, photo: Photo, survey: Survey, *, now: datetime) -> Refusal | None:
        """Keep a photo whose last byte came; what is wrong with it, after its bytes were forgotten."""
        content = await store.parts_of(connection, photo.photo_id)
        fault: Refusal | None = None
        if hashlib.sha256(content).digest() != photo.sha256:
            fault = BrokenPhoto("the photo's SHA-256 is another than announced")
        else:
            try:
                jpeg = redraw(content).content
            except Refusal as refusal:
                fault = refusal
        if fault is not None:
            await store.start_again(connection, photo.photo_id)
            return fault
        sealed = self.sealing.seal_bytes(jpeg, what=SEALED_AS)
        await store.keep_whole(connection, photo, sealed, look_of(jpeg), store_id=survey.store_id, now=now)
        return None

    async def _complete(self, connection: Connection, person: Surveyor, survey_id: UUID, *, now: datetime) -> None:
        """Submit a record whose photos are all here, and finish its task."""
        survey = await store.survey_of(connection, survey_id, lock=True)
        if survey is None or survey.state is not SurveyState.RECEIVING:
            return
        photos = await store.photos_of(connection, survey.photos)
        if any(photo.whole_at is None for photo in photos):
            return
        shop = await store_of(connection, survey.store_id) if survey.store_id else None
        known = Shop(shop.name, shop.lon, shop.lat) if shop else None
        flags = flags_of(_as_visit(survey, photos), known, received_at=survey.received_at)
        if any(photo.same_as for photo in photos):
            flags.append("photo_seen_before")
        if not await _finish_task(connection, person, survey, now=now):
            flags.append("task_elsewhere")
        state = next_survey_state(survey.state, SurveyStep.COMPLETE)
        await store.move_survey(connection, survey, state, flags=flags, by="", reason="", now=now)


async def _finish_task(connection: Connection, person: Surveyor, survey: Survey, *, now: datetime) -> bool:
    """Take the record's task to its end; False if it is no longer this person's or cannot go on: nothing is lost."""
    if survey.task_id is None:
        return True
    task = await task_of(connection, survey.task_id, lock=True)
    if task is None or task.surveyor_id != person.surveyor_id:
        return False
    try:
        for step in _steps_to_done(task):
            await take_step(connection, person, task.task_id, step, f"走访记录 {survey.survey_id}", now=now)
    except Refusal:
        return False
    return task.state in {*IN_HAND, TaskState.ASSIGNED, TaskState.DONE}


def _steps_to_done(task: Task) -> list[TaskStep]:
    begun = {TaskState.UNDER_WAY: 2, TaskState.ACCEPTED: 1, TaskState.RETURNED: 1, TaskState.ASSIGNED: 0}
    return [TaskStep.ACCEPT, TaskStep.START, TaskStep.FINISH][begun.get(task.state, 3) :]


async def _receipt(connection: Connection, survey_id: UUID) -> Receipt:
    survey = await store.survey_of(connection, survey_id)
    if survey is None:
        raise UnknownSurvey
    return Receipt(survey, await store.photos_of(connection, survey.photos))


async def _own_photo(connection: Connection, surveyor_id: UUID, photo_id: UUID) -> tuple[Photo, Survey]:
    photo = await store.photo_of(connection, photo_id, lock=True)
    survey = await store.survey_of(connection, photo.survey_id, lock=True) if photo else None
    if photo is None or survey is None or survey.surveyor_id != surveyor_id:
        raise UnknownSurvey
    return photo, survey


def _claimed(visit: Visit, photo_id: UUID) -> PhotoClaim:
    return next(photo for photo in visit.photos if photo.photo_id == photo_id)


def _as_visit(survey: Survey, photos: list[Photo]) -> Visit:
    at = None
    if survey.lon is not None and survey.lat is not None:
        at = Position(survey.lon, survey.lat, survey.accuracy_m or 0.0)
    claims = [PhotoClaim(photo.photo_id, photo.kind, photo.size, photo.sha256) for photo in photos]
    return Visit(
        survey_id=survey.survey_id,
        revision=survey.revision,
        task_id=survey.task_id,
        store_id=survey.store_id,
        answers=survey.answers,
        position=at,
        photos=claims,
        captured_at=survey.captured_at,
        body_hash=survey.body_hash,
    )
