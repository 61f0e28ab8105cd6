"""Tasks at the desk: the board by provider and grid, what is overdue, one task with what may be done about it."""

from collections import Counter
from collections.abc import Callable
from typing import Annotated, TypeVar

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.plan_tasks import plan_tasks
from yongquan.flows.recruit_provider import FIELD_ROLES
from yongquan.flows.work_tasks import STAFF_STEPS, Asked, TaskDesk
from yongquan.merchants.providers.store import providers, surveyors
from yongquan.merchants.providers.training import trained_until
from yongquan.merchants.tasks.model import APPEAL_STEPS, TASK_STEPS, Task, TaskKind, TaskState, TaskStep
from yongquan.merchants.tasks.planning import days_of, period_of
from yongquan.merchants.tasks.store import TaskCount, TaskFilter, count_tasks, events_of, task_of, tasks_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.field_words import FieldWords
from yongquan.web.language import speech_of

SHOWN = 200
K = TypeVar("K")


def make_tasks(desk: Desk) -> APIRouter:
    """`/console/tasks` and one task's page."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/tasks")
    async def board(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        provider: str = "",
        grid: str = "",
        state: str = "",
        kind: str = "",
        overdue: bool = False,
        done: str = "",
    ) -> Response:
        today = business_day(door.clock.now())
        wanted = TaskFilter(
            provider_id=known_id(provider) if provider else None,
            grid_code=grid or None,
            kind=TaskKind(kind) if kind in set(TaskKind) else None,
            states=(TaskState(state),) if state in set(TaskState) else None,
            overdue_on=today if overdue else None,
            places=visitor.places,
        )
        async with door.database.transaction() as connection:
            counts = await count_tasks(connection, today=today, places=visitor.places)
            listed = await tasks_of(connection, wanted, limit=SHOWN)
            companies = {one.provider_id: one.name for one in await providers(connection)}
        facts = {
            "field": FieldWords(speech_of(request)),
            "tasks": listed,
            "companies": companies,
            "states": list(TaskState),
            "kinds": list(TaskKind),
            "by_provider": _table(counts, lambda count: count.provider_id),
            "by_grid": _table(counts, lambda count: count.grid_code),
            "chosen": {"provider": provider, "grid": grid, "state": state, "kind": kind, "overdue": overdue},
            "today": today,
            "period": period_of(today),
            "shown": SHOWN,
            "may_work": visitor.staff.may_any(*FIELD_ROLES),
            "done": done,
        }
        return desk.show(request, visitor, "tasks.html", facts)

    @routes.post("/tasks/plan")
    async def plan(visitor: Annotated[Visitor, Depends(desk.poster)], period: Annotated[str, Form()]) -> Response:
        visitor.staff.require(*FIELD_ROLES)
        days_of(period)
        planned = await plan_tasks(door.database, door.sealing, now=door.clock.now(), period=period)
        return RedirectResponse(f"{ROOT}/tasks?done={planned.new}-{planned.handed_out}", status_code=303)

    _add_one(routes, desk)
    return routes


def _add_one(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/tasks/{task_id}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], task_id: str, done: str = ""
    ) -> Response:
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            task = await task_of(connection, known_id(task_id))
            if task is None or not visitor.sees(task.grid_code[:6] if task.grid_code else None):
                raise Missing
            events = await events_of(connection, task.task_id)
            people = [one for one in await surveyors(connection, door.sealing) if one.left_at is None]
            trained = await trained_until(connection, [one.surveyor_id for one in people], today)
            names = await names_of(connection, [event.actor for event in events], door.sealing)
        actors = names | {person.actor: person.name for person in people}
        facts = {
            "field": FieldWords(speech_of(request)),
            "task": task,
            "events": events,
            "actors": actors,
            "people": [p for p in people if p.surveyor_id in trained and p.provider_id != task.not_provider],
            "steps": [step for step in STAFF_STEPS if _fits(task, step)],
            "may_assign": (task.state, TaskStep.ASSIGN) in TASK_STEPS and task.kind is not TaskKind.PAY_APPEAL,
            "today": today,
            "may_work": visitor.staff.may_any(*FIELD_ROLES, adcode=task.grid_code[:6] if task.grid_code else None),
            "key": fresh_id().hex,
            "done": done,
        }
        return desk.show(request, visitor, "task.html", facts)

    _add_steps(routes, desk)


def _add_steps(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    field = TaskDesk(door.database, door.sealing)

    @routes.post("/tasks/{task_id}/assign")
    async def assign(
        visitor: Annotated[Visitor, Depends(desk.poster)], task_id: str, to: Annotated[str, Form()]
    ) -> Response:
        await field.assign(visitor.staff, known_id(task_id), known_id(to), now=door.clock.now())
        return RedirectResponse(f"{ROOT}/tasks/{known_id(task_id)}?done=assign", status_code=303)

    @routes.post("/tasks/{task_id}/review")
    async def review(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        task_id: str,
        step: Annotated[TaskStep, Form()],
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        await field.review(visitor.staff, known_id(task_id), step, note, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/tasks/{known_id(task_id)}?done={step}", status_code=303)

    @routes.post("/tasks/{task_id}/again")
    async def again(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        task_id: str,
        key: Annotated[str, Form(max_length=64)],
        kind: Annotated[TaskKind, Form()],
        note: Annotated[str, Form(max_length=500)] = "",
    ) -> Response:
        async with door.database.transaction() as connection:
            task = await task_of(connection, known_id(task_id))
        if task is None or task.store_id is None:
            raise Missing
        asked = await field.ask(visitor.staff, Asked(key, kind, task.store_id, note), now=door.clock.now())
        return RedirectResponse(f"{ROOT}/tasks/{asked}?done=plan", status_code=303)


def _fits(task: Task, step: TaskStep) -> bool:
    is_appeal = task.kind is TaskKind.PAY_APPEAL
    return (task.state, step) in TASK_STEPS and (step in APPEAL_STEPS if is_appeal else step is not TaskStep.DECIDE)


def _table(counts: list[TaskCount], key: Callable[[TaskCount], K]) -> dict[K, Counter[str]]:
    """How many in each state, and overdue, for each key, the most overdue first."""
    rows: dict[K, Counter[str]] = {}
    for count in counts:
        row = rows.setdefault(key(count), Counter())
        row[count.state] += count.count
        row["overdue"] += count.overdue
        row["minutes"] += count.minutes
    return dict(sorted(rows.items(), key=lambda item: (-item[1]["overdue"], str(item[0]))))
