"""Providers at the desk: who they are, their contracts, people and training; an application entered and decided."""

from collections import Counter
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.recruit_provider import FIELD_ROLES, ProviderDecision, ProviderDesk
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.providers.assignments import AssignedGrid, assigned_grids, assignment_on
from yongquan.merchants.providers.model import PROVIDER_STEPS, NewProvider, NewSurveyor, Provider, ProviderStep
from yongquan.merchants.providers.store import contact_of, provider_of, providers, surveyors
from yongquan.merchants.providers.training import exam_records, trained_until
from yongquan.merchants.tasks.model import ENDED
from yongquan.merchants.tasks.store import count_tasks
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.field_words import FieldWords
from yongquan.web.language import speech_of


def make_providers(desk: Desk) -> APIRouter:
    """`/console/providers` and one provider's page."""
    routes = desk_routes()
    _add_list(routes, desk)
    _add_one(routes, desk)
    return routes


def _add_list(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    field = ProviderDesk(door.database, door.sealing)

    async def page(
        request: Request, visitor: Visitor, *, fault: str = "", given: dict[str, str] | None = None
    ) -> Response:
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            listed = await providers(connection)
            grids = await _grids_today(connection, today)
            people = [one for one in await surveyors(connection, door.sealing) if one.left_at is None]
            trained = await trained_until(connection, [one.surveyor_id for one in people], today)
            counts = await count_tasks(connection, today=today)
        facts = {
            "field": FieldWords(speech_of(request)),
            "providers": listed,
            "grids": Counter(row.provider_id for row in grids),
            "loads": _loads(grids),
            "people": Counter(one.provider_id for one in people),
            "trained": Counter(one.provider_id for one in people if one.surveyor_id in trained),
            "waiting": _sums([(c.provider_id, c.count) for c in counts if c.state not in ENDED]),
            "overdue": _sums([(c.provider_id, c.overdue) for c in counts]),
            "today": today,
            "may_work": visitor.staff.may_any(*FIELD_ROLES),
            "key": fresh_id().hex,
            "given": given or {},
            "fault": fault,
        }
        return desk.show(request, visitor, "providers.html", facts, status=422 if fault else 200)

    @routes.get("/providers")
    async def every(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        return await page(request, visitor)

    @routes.post("/providers")
    async def apply(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        given = {name: str(value) for name, value in (await request.form()).items()}
        try:
            made = await field.apply(visitor.staff, _new_provider(given), now=wall_now())
        except BadInput as error:
            return await page(request, visitor, fault=str(error), given=given)
        except Refusal as refusal:
            if refusal.code not in {"provider_taken", "not_a_phone"}:
                raise
            return await page(request, visitor, fault=refusal.code, given=given)
        return RedirectResponse(f"{ROOT}/providers/{made.provider_id}?done=applied", status_code=303)


def _add_one(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/providers/{provider_id}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], provider_id: str, done: str = ""
    ) -> Response:
        today = business_day(door.clock.now())
        async with door.database.transaction() as connection:
            found = await _provider(connection, known_id(provider_id))
            people = await surveyors(connection, door.sealing, provider_id=found.provider_id)
            ids = [person.surveyor_id for person in people]
            facts = {
                "field": FieldWords(speech_of(request)),
                "provider": found,
                "contact": await contact_of(connection, found.provider_id, door.sealing),
                "people": people,
                "trained": await trained_until(connection, ids, today),
                "records": await exam_records(connection, ids),
                "names": {person.surveyor_id: person.name for person in people},
                "grids": [g for g in await _grids_today(connection, today) if g.provider_id == found.provider_id],
                "steps": [step for state, step in PROVIDER_STEPS if state is found.state],
                "today": today,
                "may_work": visitor.staff.may_any(*FIELD_ROLES),
                "key": fresh_id().hex,
                "done": done,
            }
        return desk.show(request, visitor, "provider.html", facts)

    _add_changes(routes, desk)


def _add_changes(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    field = ProviderDesk(door.database, door.sealing)

    @routes.post("/providers/{provider_id}/decision")
    async def decide(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        provider_id: str,
        step: Annotated[ProviderStep, Form()],
        reason: Annotated[str, Form(max_length=400)],
        contract_from: Annotated[date | None, Form()] = None,
        contract_until: Annotated[date | None, Form()] = None,
    ) -> Response:
        contract = (contract_from, contract_until) if contract_from and contract_until else None
        decision = ProviderDecision(step, reason, contract)
        await field.decide(visitor.staff, known_id(provider_id), decision, now=wall_now())
        return _back(provider_id, "decided")

    @routes.post("/providers/{provider_id}/capacity")
    async def resize(
        visitor: Annotated[Visitor, Depends(desk.poster)], provider_id: str, hours: Annotated[int, Form()]
    ) -> Response:
        await field.resize(visitor.staff, known_id(provider_id), hours * 60, now=wall_now())
        return _back(provider_id, "resized")

    @routes.post("/providers/{provider_id}/people")
    async def take_on(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        provider_id: str,
        key: Annotated[str, Form()],
        name: Annotated[str, Form()],
        phone: Annotated[str, Form()],
        lead: Annotated[bool, Form()] = False,
    ) -> Response:
        new = NewSurveyor(
            surveyor_id=known_id(key),
            provider_id=known_id(provider_id),
            name=name,
            phone="".join(phone.split()),
            is_lead=lead,
        )
        await field.take_on(visitor.staff, new, now=wall_now())
        return _back(provider_id, "added")

    @routes.post("/providers/{provider_id}/people/{surveyor_id}/leave")
    async def leave(visitor: Annotated[Visitor, Depends(desk.poster)], provider_id: str, surveyor_id: str) -> Response:
        await field.let_go(visitor.staff, known_id(surveyor_id), now=door.clock.now())
        return _back(provider_id, "left")


async def _provider(connection: Connection, provider_id: UUID) -> Provider:
    found = await provider_of(connection, provider_id)
    if found is None:
        raise Missing
    return found


async def _grids_today(connection: Connection, today: date) -> list[AssignedGrid]:
    version_no = await assignment_on(connection, today)
    return [] if version_no is None else await assigned_grids(connection, version_no)


def _loads(grids: list[AssignedGrid]) -> Counter[UUID | None]:
    return _sums([(row.provider_id, row.minutes) for row in grids])


def _sums(pairs: list[tuple[UUID | None, int]]) -> Counter[UUID | None]:
    summed = Counter[UUID | None]()
    for key, number in pairs:
        summed[key] += number
    return summed


def _new_provider(given: dict[str, str]) -> NewProvider:
    """What the form says. Raises `BadInput` naming the field."""

    def number(field: str) -> float:
        try:
            return float(given.get(field, ""))
        except ValueError as error:
            raise BadInput(f"{field}: a number") from error

    return NewProvider(
        provider_id=known_id(given.get("key", "")),
        name=given.get("name", ""),
        licence_no=given.get("licence_no", "").strip().upper(),
        contact=given.get("contact", ""),
        phone="".join(given.get("phone", "").split()),
        capacity_minutes=round(number("capacity_hours") * 60),
        depot_address=given.get("depot_address", ""),
        depot_lon=number("depot_lon"),
        depot_lat=number("depot_lat"),
    )


def _back(provider_id: str, done: str) -> Response:
    return RedirectResponse(f"{ROOT}/providers/{known_id(provider_id)}?done={done}", status_code=303)
