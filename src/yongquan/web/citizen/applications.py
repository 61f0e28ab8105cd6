"""A citizen applies with proof: what can be applied for, the form, the state, and sending again what was returned."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.flows.apply_with_proof import Filled, answers_of, apply, apply_again, own_application
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.kernel.money import yuan
from yongquan.vouchers.ways.application_form import UPLOAD_MAX, WrongAnswers
from yongquan.vouchers.ways.applications import Application, OpenForm, applications_of, open_forms
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


def make_applications(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/applications` and what is below it."""
    routes = APIRouter()
    for make in (_make_new, _make_own):
        routes.include_router(make(door, sessions))
    return routes


def _make_new(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/applications")
    async def mine(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            forms = await open_forms(connection, now=now)
            own = await applications_of(connection, cell_of(who, door.cells), who)
        applied = {one.round_id for one in own}
        facts = {"forms": [f for f in forms if f.is_open(now) and f.round_id not in applied], "own": own}
        return render(request, "citizen/applications.html", facts)

    @routes.get("/applications/new/{round_id}")
    async def ask(request: Request, _: Annotated[UUID, Depends(sessions.page)], round_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            forms = await open_forms(connection, round_id=round_id)
        if not forms:
            return render(request, "citizen/missing.html", status=404)
        return _show_form(request, forms[0])

    @routes.post("/applications/new/{round_id}")
    async def send(request: Request, who: Annotated[UUID, Depends(sessions.page)], round_id: UUID) -> Response:
        filled, now = await _read(request), door.clock.now()
        async with door.database.transaction() as connection:
            forms = await open_forms(connection, round_id=round_id)
        if not forms:
            return render(request, "citizen/missing.html", status=404)
        facts = {"round_id": round_id, "citizen_id": who}
        try:
            id_ = await apply(door.database, door.sealing, filled, **facts, cells=door.cells, now=now)
        except Refusal as no:
            return _show_form(request, forms[0], texts=filled.texts, no=no)
        return RedirectResponse(f"/c/applications/{id_}", status_code=303)

    return routes


def _make_own(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/applications/{application_id}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        try:
            async with door.database.transaction() as connection:
                found = await own_application(connection, application_id, who)
                (form,) = await open_forms(connection, round_id=found.round_id)
        except Refusal:
            return render(request, "citizen/missing.html", status=404)
        answers = {
            field.name: yuan(int(said)) if field.kind == "amount" else said
            for field in form.form.fields
            if (said := answers_of(found, door.sealing).get(field.name)) is not None
        }
        if found.state == "returned":
            return _show_form(request, form, found=found, texts=answers)
        return render(request, "citizen/application.html", found=found, form=form, answers=answers)

    @routes.post("/applications/{application_id}")
    async def again(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        filled, now = await _read(request), door.clock.now()
        async with door.database.transaction() as connection:
            found = await own_application(connection, application_id, who)
            (form,) = await open_forms(connection, round_id=found.round_id)
        facts = {"application_id": application_id, "citizen_id": who}
        try:
            await apply_again(door.database, door.sealing, filled, **facts, now=now)
        except Refusal as no:
            return _show_form(request, form, found=found, texts=filled.texts, no=no)
        return RedirectResponse(f"/c/applications/{application_id}", status_code=303)

    return routes


async def _read(request: Request) -> Filled:
    async with request.form(max_files=10, max_part_size=UPLOAD_MAX) as sent:
        uploads = {name: await part.read(UPLOAD_MAX + 1) for name, part in sent.items() if isinstance(part, UploadFile)}
        texts = {name: part for name, part in sent.items() if isinstance(part, str)}
    return Filled(texts, {name: content for name, content in uploads.items() if content})


def _show_form(
    request: Request,
    form: OpenForm,
    *,
    found: Application | None = None,
    texts: object = None,
    no: Refusal | None = None,
) -> Response:
    problems = Words(speech_of(request)).problems()
    facts = {
        "form": form,
        "found": found,
        "texts": texts or {},
        "wrong": no.fields if isinstance(no, WrongAnswers) else {},
        "error": problems.get(no.code, no.code) if no and not isinstance(no, WrongAnswers) else "",
    }
    return render(request, "citizen/application_form.html", facts, status=422 if no else 200)
