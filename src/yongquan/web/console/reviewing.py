"""Applications with proof at the desk: the queue, one application, its documents, the decision."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.apply_with_proof import answers_of, proof_place
from yongquan.flows.review_application import REASONS, Verdict, decide_application, take_application
from yongquan.kernel.money import yuan
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.vouchers.ways import applications, card_payments
from yongquan.vouchers.ways.applications import Application, ApplicationState
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.pages import SECURITY_HEADERS


def make_reviewing(desk: Desk) -> APIRouter:
    """`/console/applications`."""
    routes = APIRouter()
    for make in (_make_pages, _make_decisions, _make_paying):
        routes.include_router(make(desk))
    return routes


def _make_pages(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/applications")
    async def queue(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            waiting = await applications.queue(connection, places=visitor.places)
            done = await applications.decided(connection, places=visitor.places)
            unpaid = await card_payments.unpaid(connection, places=visitor.places)
            holders = {one.held_by for one in waiting if one.held_by}
            names = await names_of(connection, holders, door.sealing)
        return desk.show(
            request, visitor, "applications.html", {"waiting": waiting, "done": done, "actors": names, "unpaid": unpaid}
        )

    @routes.get("/applications/{application}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], application: str) -> Response:
        facts = await _facts(desk, visitor, application)
        return desk.show(request, visitor, "application.html", facts)

    @routes.get("/applications/{application}/proofs/{name}")
    async def proof(visitor: Annotated[Visitor, Depends(desk.visitor)], application: str, name: str) -> Response:
        async with door.database.transaction() as connection:
            found = await _found_by(connection, visitor, application)
            proofs = {one.name: one for one in await applications.proofs_of(connection, found)}
        holds = found.held_until is not None and found.held_until > door.clock.now()
        if name not in proofs or found.held_by != visitor.staff.actor or not holds:
            raise Missing
        content = door.sealing.open_bytes(proofs[name].sealed, what=proof_place(found.application_id, name))
        kind = "attachment" if proofs[name].media_type == "application/pdf" else "inline"
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store", "Content-Disposition": f'{kind}; filename="{name}"'}
        return Response(content, media_type=proofs[name].media_type, headers=headers)

    return routes


def _make_decisions(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.post("/applications/{application}/take")
    async def take(visitor: Annotated[Visitor, Depends(desk.poster)], application: str) -> Response:
        await take_application(door.database, known_id(application), staff=visitor.staff, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/applications/{application}", status_code=303)

    @routes.post("/applications/{application}/decision")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        application: str,
        to: Annotated[Literal["approved", "returned", "refused"], Form()],
        reason: Annotated[str, Form()] = "",
        note: Annotated[str, Form()] = "",
    ) -> Response:
        verdict = Verdict(ApplicationState(to), None if to == "approved" else reason, note.strip())
        await decide_application(
            door.database,
            door.sealing,
            known_id(application),
            verdict,
            staff=visitor.staff,
            cells=door.cells,
            now=door.clock.now(),
        )
        await door.card_payments.pay(known_id(application))
        return RedirectResponse(f"{ROOT}/applications", status_code=303)

    return routes


def _make_paying(desk: Desk) -> APIRouter:
    routes = desk_routes()
    payments = desk.door.card_payments

    @routes.post("/applications/{application}/payment")
    async def steer(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        application: str,
        to: Annotated[Literal["again", "given_up"], Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        if to == "again":
            await payments.pay_again(visitor.staff, known_id(application))
        else:
            await payments.give_up(visitor.staff, known_id(application), reason=reason.strip())
        return RedirectResponse(f"{ROOT}/applications/{application}", status_code=303)

    return routes


async def _found_by(connection: Connection, visitor: Visitor, application: str) -> Application:
    found = await applications.application_of(connection, known_id(application))
    if found is None or not visitor.sees(found.adcode):
        raise Missing
    return found


async def _facts(desk: Desk, visitor: Visitor, application: str) -> dict[str, object]:
    door = desk.door
    now = door.clock.now()
    async with door.database.transaction() as connection:
        found = await _found_by(connection, visitor, application)
        (form,) = await applications.open_forms(connection, round_id=found.round_id)
        alike = await applications.alike(connection, found.application_id)
        proofs = await applications.proofs_of(connection, found)
        payment = await card_payments.card_payment_of(connection, found.application_id)
        history = await audit_page(connection, subject=f"application:{found.application_id}")
        actors = await names_of(connection, {row.actor for row in history}, door.sealing)
    # Personal documents are open to whoever has taken the application, and while they have it.
    holds = found.held_by == visitor.staff.actor and found.held_until is not None and found.held_until > now
    answers = answers_of(found, door.sealing) if holds else {}
    shown = {
        f.name: yuan(int(answers[f.name])) if f.kind == "amount" else answers[f.name]
        for f in form.form.fields
        if f.name in answers
    }
    return {
        "one": found,
        "form": form,
        "alike": alike,
        "payment": payment,
        "stuck": payment is not None and payment.state in card_payments.STUCK,
        "proofs": proofs if holds else [],
        "answers": shown,
        "holds": holds,
        "history": history,
        "actors": actors,
        "reasons": REASONS,
        "held_by_another": not holds and found.held_until is not None and found.held_until > now,
    }
