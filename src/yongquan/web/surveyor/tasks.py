"""A surveyor's tasks: what waits for an answer, what is in hand, what was done; one task with its steps."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.kernel.errors import Refusal
from yongquan.merchants.providers.model import Surveyor
from yongquan.merchants.providers.training import trained_until
from yongquan.merchants.tasks.model import IN_HAND, TASK_STEPS, TaskState, TaskStep, UnknownTask
from yongquan.merchants.tasks.store import TaskFilter, events_of, task_of, tasks_of
from yongquan.plumbing.clock import business_day
from yongquan.web.surveyor.entrance import Entrance, known_id, phone_routes

TABS = {
    "hand": IN_HAND,
    "new": (TaskState.ASSIGNED,),
    "done": (TaskState.DONE, TaskState.CHECKED),
}
OFFERED = (TaskStep.ACCEPT, TaskStep.START, TaskStep.FINISH, TaskStep.DECLINE)


def make_tasks(entrance: Entrance) -> APIRouter:
    """`/p/tasks`."""
    routes = phone_routes()
    door = entrance.door

    @routes.get("/tasks")
    async def tasks(
        request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)], tab: str = "hand"
    ) -> Response:
        chosen = tab if tab in TABS else "hand"
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            listed = {
                name: await tasks_of(connection, TaskFilter(surveyor_id=who.surveyor_id, states=states))
                for name, states in TABS.items()
            }
            trained = await trained_until(connection, [who.surveyor_id], today)
        facts = {
            "tab": chosen,
            "tasks": listed[chosen] if chosen != "done" else listed[chosen][::-1],
            "counts": {name: len(found) for name, found in listed.items()},
            "today": today,
            "trained": trained.get(who.surveyor_id),
        }
        return entrance.show(request, who, "tasks.html", facts)

    _add_one(routes, entrance)
    return routes


def _add_one(routes: APIRouter, entrance: Entrance) -> None:
    door = entrance.door

    async def page(
        request: Request, who: Surveyor, task_id: UUID, *, error: str = "", note: str = "", done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            task = await task_of(connection, task_id)
            events = await events_of(connection, task_id)
        if task is None or task.surveyor_id != who.surveyor_id:
            raise UnknownTask
        steps = [step for step in OFFERED if (task.state, step) in TASK_STEPS]
        facts = {
            "task": task,
            "events": events,
            "steps": steps,
            "today": business_day(door.clock.now()),
            "error": error,
            "note": note,
            "done": done,
        }
        return entrance.show(request, who, "task.html", facts, status=422 if error else 200)

    @routes.get("/tasks/{task_id}")
    async def one(
        request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)], task_id: str, done: str = ""
    ) -> Response:
        return await page(request, who, _task_id(task_id), done=done)

    @routes.post("/tasks/{task_id}/{step}")
    async def move(
        *,
        request: Request,
        who: Annotated[Surveyor, Depends(entrance.surveyor)],
        task_id: str,
        step: str,
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        if step not in OFFERED:
            raise UnknownTask
        wanted = _task_id(task_id)
        try:
            await entrance.tasks.step(who.surveyor_id, wanted, TaskStep(step), note, now=door.clock.now())
        except UnknownTask:
            raise
        except Refusal as refusal:
            return await page(request, who, wanted, error=refusal.code, note=note)
        if step == TaskStep.DECLINE:
            return RedirectResponse("/p/tasks?tab=new", status_code=303)
        return RedirectResponse(f"/p/tasks/{wanted}?done={step}", status_code=303)


def _task_id(text: str) -> UUID:
    found = known_id(text)
    if found is None:
        raise UnknownTask
    return found
