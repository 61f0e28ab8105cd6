"""A task moves on, one step at a time: by the surveyor who does it, the lead of a provider, or staff."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.flows.recruit_provider import FIELD_ROLES, require_at_work
from yongquan.kernel.ids import named_id
from yongquan.merchants.grids.store import grids_of_stores
from yongquan.merchants.materials.store import end_delivery
from yongquan.merchants.providers.model import NotAtWork, Surveyor
from yongquan.merchants.providers.store import provider_of, surveyor_of
from yongquan.merchants.providers.training import require_trained
from yongquan.merchants.tasks import store
from yongquan.merchants.tasks.model import (
    NotThisProvider,
    Task,
    TaskKind,
    TaskState,
    TaskStep,
    UnknownTask,
    checked_note,
    next_task_state,
)
from yongquan.merchants.tasks.planning import MINUTES, NewTask, period_of, visits_of
from yongquan.merchants.views import store_of
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Forbidden, Staff

Facts = dict[str, Fact]
OWN_STEPS = (TaskStep.ACCEPT, TaskStep.DECLINE, TaskStep.START, TaskStep.FINISH)
STAFF_STEPS = (TaskStep.RETURN, TaskStep.CHECK, TaskStep.CANCEL, TaskStep.DECIDE)
ASKED_DUE = timedelta(days=7)
APPEAL_DUE = timedelta(days=15)


@dataclass(frozen=True, slots=True)
class Asked:
    """A task that somebody asks for by hand: what, at which shop, and why. `key` makes a repeat the same task."""

    key: str
    kind: TaskKind
    store_id: UUID
    note: str
    due_day: date | None = None


@dataclass(frozen=True, slots=True)
class TaskDesk:
    """What working on tasks needs of a running platform. Every step locks its task; `now` is the product's time."""

    database: Database
    sealing: Sealing

    async def step(self, surveyor_id: UUID, task_id: UUID, step: TaskStep, note: str = "", *, now: datetime) -> Task:
        """A surveyor accepts, declines, starts or finishes an own task; a repeat of the last step changes nothing.

        `note` is why a task is declined, or what was found. Raises `UnknownTask`, `ForbiddenTaskStep`,
        `NoteMissing`, `NotTrained`, `NotAtWork`.
        """
        if step not in OWN_STEPS:
            raise UnknownTask
        async with self.database.transaction() as connection:
            person = await require_at_work(connection, surveyor_id, self.sealing, now=now)
            return await take_step(connection, person, task_id, step, note, now=now)

    async def hand_to(self, lead_id: UUID, task_id: UUID, surveyor_id: UUID, *, now: datetime) -> None:
        """A lead gives a task of the own provider to one of its people. Raises as `assign`, and `Forbidden`."""
        async with self.database.transaction() as connection:
            lead = await require_at_work(connection, lead_id, self.sealing, now=now)
            task = await _known(connection, task_id)
            if not lead.is_lead or task.provider_id != lead.provider_id:
                raise Forbidden("only the lead of the provider hands its tasks out")
            await self._assign(connection, task, surveyor_id, actor=lead.actor, now=now)

    async def assign(self, staff: Staff, task_id: UUID, surveyor_id: UUID, *, now: datetime) -> None:
        """Staff give a task to somebody. Raises `UnknownTask`, `NotTrained`, `NotThisProvider`, `NotAtWork`."""
        async with self.database.transaction() as connection:
            task = await _known(connection, task_id)
            staff.require(*FIELD_ROLES, adcode=_adcode(task))
            await self._assign(connection, task, surveyor_id, actor=staff.actor, now=now)
            await append(connection, _entry(staff, "assigned", task, {"surveyor": str(surveyor_id)}), now=now)

    async def review(self, staff: Staff, task_id: UUID, step: TaskStep, note: str, *, now: datetime) -> None:
        """Staff check a task, send it back for mending, cancel it, or decide an appeal.

        Raises `UnknownTask`, `ForbiddenTaskStep`, `NoteMissing`, `Forbidden`.
        """
        if step not in STAFF_STEPS:
            raise UnknownTask
        async with self.database.transaction() as connection:
            await review_task(connection, staff, task_id, step, note, now=now)

    async def ask(self, staff: Staff, asked: Asked, *, now: datetime) -> UUID:
        """Staff ask for a task at a shop; the next plan hands it out. A repeat of the key changes nothing.

        Raises `UnknownTask` (no such shop, or an appeal), `NoteMissing`, `Forbidden`.
        """
        async with self.database.transaction() as connection:
            task_id = await open_task(connection, asked, actor=staff.actor, now=now)
            task = await _known(connection, task_id)
            staff.require(*FIELD_ROLES, adcode=_adcode(task))
            await append(connection, _entry(staff, "asked", task, {"kind": asked.kind.value}), now=now)
        return task_id

    async def appeal(self, lead_id: UUID, key: str, period: str, reason: str, *, now: datetime) -> UUID:
        """A lead contests the provider's pay of a month; staff decide it with a reason. A repeat changes nothing.

        Raises `NoteMissing`, `Forbidden`, `NotAtWork`.
        """
        async with self.database.transaction() as connection:
            lead = await require_at_work(connection, lead_id, self.sealing, now=now)
            if not lead.is_lead:
                raise Forbidden("only the lead of a provider contests its pay")
            new = NewTask(
                task_id=named_id("task", "appeal", lead.provider_id, key),
                kind=TaskKind.PAY_APPEAL,
                period=period,
                store_id=None,
                minutes=0,
                due_day=business_day(now) + APPEAL_DUE,
                provider_id=lead.provider_id,
                note=checked_note(TaskStep.DECIDE, reason),
            )
            await store.add_tasks(connection, [new], actor=lead.actor, now=now)
        return new.task_id

    async def _assign(
        self, connection: Connection, task: Task, surveyor_id: UUID, *, actor: str, now: datetime
    ) -> None:
        person = await surveyor_of(connection, surveyor_id, self.sealing)
        if person is None or person.left_at is not None:
            raise NotAtWork
        provider = await provider_of(connection, person.provider_id)
        if provider is None or not provider.works_on(business_day(now)):
            raise NotAtWork
        if person.provider_id == task.not_provider:
            raise NotThisProvider
        await require_trained(connection, surveyor_id, business_day(now))
        state = next_task_state(task.kind, task.state, TaskStep.ASSIGN)
        await store.move_task(
            connection,
            task,
            step=TaskStep.ASSIGN,
            state=state,
            provider_id=person.provider_id,
            surveyor_id=surveyor_id,
            actor=actor,
            note="",
            now=now,
        )


async def open_task(connection: Connection, asked: Asked, *, actor: str, now: datetime) -> UUID:
    """Write a task at a shop down, open; a repeat of the key changes nothing. Raises `UnknownTask`, `NoteMissing`."""
    shop = await store_of(connection, asked.store_id)
    if shop is None or asked.kind is TaskKind.PAY_APPEAL:
        raise UnknownTask
    today = business_day(now)
    grids = await grids_of_stores(connection, today, [asked.store_id])
    _, minutes = visits_of(shop.industry, hardship=shop.hardship)
    new = NewTask(
        task_id=named_id("task", "asked", asked.kind, asked.store_id, asked.key),
        kind=asked.kind,
        period=period_of(today),
        store_id=asked.store_id,
        minutes=MINUTES.get(asked.kind, minutes),
        due_day=asked.due_day or today + ASKED_DUE,
        grid_code=grids.get(asked.store_id),
        note=checked_note(TaskStep.ASSIGN, asked.note),
    )
    await store.add_tasks(connection, [new], actor=actor, now=now)
    return new.task_id


async def review_task(
    connection: Connection, staff: Staff, task_id: UUID, step: TaskStep, note: str, *, now: datetime
) -> None:
    """A step of staff inside a transaction. Raises as `TaskDesk.review`."""
    task = await _known(connection, task_id)
    staff.require(*FIELD_ROLES, adcode=_adcode(task))
    kept = checked_note(step, note)
    state = next_task_state(task.kind, task.state, step)
    report = kept if step is TaskStep.DECIDE else None
    await _move(connection, task, step, state, note=kept, actor=staff.actor, now=now, report=report)
    if step is TaskStep.CANCEL and task.kind is TaskKind.DELIVERY:
        await end_delivery(connection, task_id, is_delivered=False, now=now)
    facts: Facts = {"state": state.value, "reason": kept}
    await append(connection, _entry(staff, step.value, task, facts), now=now)


async def take_step(
    connection: Connection, person: Surveyor, task_id: UUID, step: TaskStep, note: str, *, now: datetime
) -> Task:
    """Move the own task of somebody at work on; the task as it is then. Raises as `TaskDesk.step`."""
    task = await _own(connection, person, task_id)
    last = (await store.events_of(connection, task_id))[-1]
    if last.step == step and last.actor == person.actor:
        return task  # a repeat
    state = next_task_state(task.kind, task.state, step)
    kept = checked_note(step, note)
    if step in {TaskStep.ACCEPT, TaskStep.START}:
        await require_trained(connection, person.surveyor_id, business_day(now))
    report = kept if step is TaskStep.FINISH else None
    await _move(connection, task, step, state, note=kept, actor=person.actor, now=now, report=report)
    if step is TaskStep.FINISH and task.kind is TaskKind.DELIVERY:
        await end_delivery(connection, task_id, is_delivered=True, now=now)
    return await _known(connection, task_id)


async def _own(connection: Connection, person: Surveyor, task_id: UUID) -> Task:
    """A surveyor's own task; one that was declined just now is nobody's, and still known to who declined it."""
    task = await store.task_of(connection, task_id, lock=True)
    if task is None:
        raise UnknownTask
    if task.surveyor_id != person.surveyor_id:
        last = (await store.events_of(connection, task_id))[-1]
        if last.actor != person.actor:
            raise UnknownTask
    return task


async def _known(connection: Connection, task_id: UUID) -> Task:
    task = await store.task_of(connection, task_id, lock=True)
    if task is None:
        raise UnknownTask
    return task


async def _move(
    connection: Connection,
    task: Task,
    step: TaskStep,
    state: TaskState,
    *,
    note: str,
    actor: str,
    now: datetime,
    report: str | None = None,
) -> None:
    is_free = step is TaskStep.DECLINE
    await store.move_task(
        connection,
        task,
        step=step,
        state=state,
        provider_id=None if is_free else task.provider_id,
        surveyor_id=None if is_free else task.surveyor_id,
        actor=actor,
        note=note,
        report=report,
        now=now,
    )


def _adcode(task: Task) -> str | None:
    return task.grid_code[:6] if task.grid_code else None


def _entry(staff: Staff, act: str, task: Task, after: Facts) -> AuditEntry:
    before: Facts = {"state": task.state.value}
    return AuditEntry(
        actor=staff.actor, action=f"tasks.{act}", subject=f"task:{task.task_id}", before=before, after=after
    )
