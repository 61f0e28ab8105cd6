"""A citizen applies with proof: what can be applied for, the form, the state, and sending again what was returned."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse
from starlette.datastructures import UploadFile

from yongquan.flows.apply_with_proof import (
    CARD_FIELD,
    CheckedCard,
    Filled,
    answers_of,
    apply,
    apply_again,
    own_application,
)
from yongquan.flows.pay_application import CardChoice
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.kernel.money import yuan
from yongquan.payments.payouts import PayoutRefused
from yongquan.vouchers.ways.application_form import UPLOAD_MAX, Benefit, WrongAnswers
from yongquan.vouchers.ways.applications import Application, OpenForm, applications_of, open_forms
from yongquan.vouchers.ways.card_payments import STUCK, card_payment_of, card_tail_of
from yongquan.web.bank_words import bank_word
from yongquan.web.citizen.banking import own_cards
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

# With a dash, as no field of a form is named so.
TO_CARD, TO_NUMBER, ANOTHER = "to-card", "to-number", "another"


def make_applications(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/applications` and what is below it."""
    routes = APIRouter()
    for make in (_make_new, _make_own, _make_paid):
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
    async def ask(request: Request, who: Annotated[UUID, Depends(sessions.page)], round_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            forms = await open_forms(connection, round_id=round_id)
        if not forms:
            return render(request, "citizen/missing.html", status=404)
        return await _show_form(request, door, who, forms[0])

    @routes.post("/applications/new/{round_id}")
    async def send(request: Request, who: Annotated[UUID, Depends(sessions.page)], round_id: UUID) -> Response:
        filled, now = await _read(request), door.clock.now()
        async with door.database.transaction() as connection:
            forms = await open_forms(connection, round_id=round_id)
        if not forms:
            return render(request, "citizen/missing.html", status=404)
        facts = {"round_id": round_id, "citizen_id": who}
        try:
            filled = await _with_card(door, who, forms[0], filled)
            id_ = await apply(door.database, door.sealing, filled, **facts, cells=door.cells, now=now)
        except Refusal as no:
            return await _show_form(request, door, who, forms[0], texts=filled.texts, no=no)
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
                payment = await card_payment_of(connection, application_id)
                tail = await card_tail_of(connection, found.cell, application_id)
        except Refusal:
            return render(request, "citizen/missing.html", status=404)
        answers = {
            field.name: yuan(int(said)) if field.kind == "amount" else said
            for field in form.form.fields
            if (said := answers_of(found, door.sealing).get(field.name)) is not None
        }
        if found.state == "returned":
            return await _show_form(request, door, who, form, found=found, texts=answers)
        facts = {"found": found, "form": form, "answers": answers, "payment": payment, "tail": tail}
        if payment is not None and payment.state in STUCK:
            facts |= await _cards(door, who) | {"error": ""}
        return render(request, "citizen/application.html", facts)

    @routes.post("/applications/{application_id}")
    async def again(request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID) -> Response:
        filled, now = await _read(request), door.clock.now()
        async with door.database.transaction() as connection:
            found = await own_application(connection, application_id, who)
            (form,) = await open_forms(connection, round_id=found.round_id)
        facts = {"application_id": application_id, "citizen_id": who}
        try:
            filled = await _with_card(door, who, form, filled)
            await apply_again(door.database, door.sealing, filled, **facts, now=now)
        except Refusal as no:
            return await _show_form(request, door, who, form, found=found, texts=filled.texts, no=no)
        return RedirectResponse(f"/c/applications/{application_id}", status_code=303)

    return routes


def _make_paid(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/applications/{application_id}/card")
    async def pay_to_another(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], application_id: UUID
    ) -> Response:
        choice = _choice((await _read(request)).texts)
        here = f"/c/applications/{application_id}"
        async with door.database.transaction() as connection:
            found = await own_application(connection, application_id, who)
            (form,) = await open_forms(connection, round_id=found.round_id)
            payment = await card_payment_of(connection, application_id)
        if choice is None:
            return RedirectResponse(here, status_code=303)
        try:
            await door.card_payments.pay_to_another(who, application_id, choice)
        except PayoutRefused as no:
            facts = {"found": found, "form": form, "answers": {}, "payment": payment, "tail": None}
            facts |= await _cards(door, who) | {"error": bank_word(speech_of(request), "reason", no.reason)}
            return render(request, "citizen/application.html", facts, status=422)
        return RedirectResponse(here, status_code=303)

    return routes


async def _with_card(door: Door, who: UUID, form: OpenForm, filled: Filled) -> Filled:
    """What was sent with its card, if the form pays to one and one was named. Raises `PayoutRefused`."""
    choice = _choice(filled.texts) if form.form.benefit is Benefit.CARD else None
    card: CheckedCard | None = None if choice is None else await door.card_payments.check(who, choice)
    return replace(filled, card=card)


def _choice(texts: Mapping[str, str]) -> CardChoice | None:
    chosen, number = texts.get(TO_CARD, ANOTHER), texts.get(TO_NUMBER, "").strip()
    if chosen == ANOTHER:
        return CardChoice(number) if number else None
    try:
        return CardChoice(instrument_id=UUID(chosen))
    except ValueError:
        return None


async def _cards(door: Door, who: UUID) -> dict[str, object]:
    cards, names = await own_cards(door, who)
    return {"cards": cards, "names": names}


async def _read(request: Request) -> Filled:
    async with request.form(max_files=10, max_part_size=UPLOAD_MAX) as sent:
        uploads = {name: await part.read(UPLOAD_MAX + 1) for name, part in sent.items() if isinstance(part, UploadFile)}
        texts = {name: part for name, part in sent.items() if isinstance(part, str)}
    return Filled(texts, {name: content for name, content in uploads.items() if content})


async def _show_form(
    request: Request,
    door: Door,
    who: UUID,
    form: OpenForm,
    *,
    found: Application | None = None,
    texts: object = None,
    no: Refusal | None = None,
) -> Response:
    said = speech_of(request)
    problems = Words(said).problems()
    wrong = dict(no.fields) if isinstance(no, WrongAnswers) else {}
    error = problems.get(no.code, no.code) if no and not isinstance(no, WrongAnswers) else ""
    facts: dict[str, object] = {
        "form": form,
        "found": found,
        "texts": texts or {},
        "wrong": wrong,
        "error": bank_word(said, "reason", no.reason) if isinstance(no, PayoutRefused) else error,
        "card_missing": wrong.get(CARD_FIELD),
    }
    if form.form.benefit is Benefit.CARD:
        facts |= await _cards(door, who)
    return render(request, "citizen/application_form.html", facts, status=422 if no else 200)
