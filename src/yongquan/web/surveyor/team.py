"""The own page of whoever visits shops; a lead also hands out the provider's tasks and contests its pay."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.providers.model import NotASurveyor, Surveyor
from yongquan.merchants.providers.store import surveyors
from yongquan.merchants.providers.training import trained_until
from yongquan.merchants.tasks.model import TaskKind, TaskState, UnknownTask
from yongquan.merchants.tasks.planning import days_of, period_of
from yongquan.merchants.tasks.store import TaskFilter, tasks_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Forbidden
from yongquan.web.surveyor.entrance import Entrance, known_id, phone_routes

HANDED = (TaskState.ASSIGNED, TaskState.ACCEPTED, TaskState.RETURNED)


def make_team(entrance: Entrance) -> APIRouter:
    """`/p/me`, and for leads `/p/team` and `/p/appeals`."""
    routes = phone_routes()
    door = entrance.door

    @routes.get("/me")
    async def me(request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)]) -> Response:
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            until = (await trained_until(connection, [who.surveyor_id], today)).get(who.surveyor_id)
        return entrance.show(request, who, "me.html", {"until": until})

    @routes.get("/team")
    async def team(
        request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)], done: str = "", error: str = ""
    ) -> Response:
        today = business_day(_require_lead(entrance, who))
        async with door.database.transaction() as connection:
            people = await surveyors(connection, door.sealing, provider_id=who.provider_id)
            at_work = [person for person in people if person.left_at is None]
            trained = await trained_until(connection, [person.surveyor_id for person in at_work], today)
            listed = await tasks_of(connection, TaskFilter(provider_id=who.provider_id, states=HANDED))
        facts = {
            "people": at_work,
            "trained": trained,
            "tasks": listed,
            "names": {person.surveyor_id: person.name for person in people},
            "loads": {
                person.surveyor_id: sum(task.minutes for task in listed if task.surveyor_id == person.surveyor_id)
                for person in at_work
            },
            "today": today,
            "done": done,
            "error": error,
        }
        return entrance.show(request, who, "team.html", facts)

    @routes.post("/team")
    async def hand(
        who: Annotated[Surveyor, Depends(entrance.surveyor)],
        task: Annotated[str, Form()],
        to: Annotated[str, Form()],
    ) -> Response:
        task_id, surveyor_id = known_id(task), known_id(to)
        if task_id is None:
            raise UnknownTask
        if surveyor_id is None:
            raise NotASurveyor
        try:
            await entrance.tasks.hand_to(who.surveyor_id, task_id, surveyor_id, now=door.clock.now())
        except Refusal as refusal:
            return RedirectResponse(f"/p/team?error={refusal.code}", status_code=303)
        return RedirectResponse("/p/team?done=handed", status_code=303)

    _add_appeals(routes, entrance)
    return routes


def _add_appeals(routes: APIRouter, entrance: Entrance) -> None:
    door = entrance.door

    async def page(request: Request, who: Surveyor, *, error: str = "", note: str = "", done: str = "") -> Response:
        now = _require_lead(entrance, who)
        wanted = TaskFilter(provider_id=who.provider_id, kind=TaskKind.PAY_APPEAL)
        async with door.database.transaction() as connection:
            listed = await tasks_of(connection, wanted)
        facts = {
            "appeals": listed[::-1],
            "key": fresh_id().hex,
            "period": period_of(business_day(now)),
            "note": note,
            "error": error,
            "done": done,
        }
        return entrance.show(request, who, "appeals.html", facts, status=422 if error else 200)

    @routes.get("/appeals")
    async def appeals(
        request: Request, who: Annotated[Surveyor, Depends(entrance.surveyor)], done: str = ""
    ) -> Response:
        return await page(request, who, done=done)

    @routes.post("/appeals")
    async def appeal(
        *,
        request: Request,
        who: Annotated[Surveyor, Depends(entrance.surveyor)],
        key: Annotated[str, Form(max_length=64)],
        period: Annotated[str, Form(max_length=7)],
        note: Annotated[str, Form(max_length=2000)] = "",
    ) -> Response:
        try:
            days_of(period)
            await entrance.tasks.appeal(who.surveyor_id, key, period, note, now=door.clock.now())
        except BadInput:
            return await page(request, who, error="bad_request", note=note)
        except Refusal as refusal:
            return await page(request, who, error=refusal.code, note=note)
        return RedirectResponse("/p/appeals?done=sent", status_code=303)


def _require_lead(entrance: Entrance, who: Surveyor) -> datetime:
    if not who.is_lead:
        raise Forbidden("only the lead of a provider sees this")
    return entrance.door.clock.now()
