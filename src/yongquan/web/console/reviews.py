"""Shops that ask to come in, at the desk: the queue with its service level, one case, its photos, the decision."""

from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.decide_merchant import NOTE_MAX, REVIEW_ROLES, Verdict
from yongquan.flows.review_merchants import approve_bulk, case_of, preview_bulk, step
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.merchants.applications.model import QUEUED, REASONS, Application, State
from yongquan.merchants.applications.store import application_of, photo_of
from yongquan.merchants.applications.views import queue
from yongquan.merchants.reviews.store import service_level
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.pages import SECURITY_HEADERS
from yongquan.web.review_words import FIELDS, ReviewWords

LEVEL_OVER = timedelta(days=30)
HOME = f"{ROOT}/reviews"


def make_reviews(desk: Desk) -> APIRouter:
    """`/console/reviews`."""
    routes = desk_routes()
    for make in (_add_queue, _add_bulk, _add_case, _add_acts):
        make(routes, desk)
    return routes


def _add_queue(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/reviews")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            waiting = await queue(connection, states=QUEUED, places=visitor.places)
            level = await service_level(connection, since=now - LEVEL_OVER, places=visitor.places)
            names = await names_of(connection, {one.claimed_by for one in waiting if one.claimed_by}, door.sealing)
        facts = {
            "waiting": waiting,
            "overdue": sum(1 for one in waiting if one.due_at is not None and one.due_at < now),
            "level": level,
            "actors": names,
            "done": done,
            "review_words": ReviewWords(speech_of(request)),
        }
        return desk.show(request, visitor, "reviews.html", facts)

    @routes.get("/reviews/step")
    @routes.get("/reviews/bulk")
    async def back() -> Response:  # the language switch comes back to a form's path
        return RedirectResponse(HOME, status_code=303)

    @routes.post("/reviews/step")
    async def move(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        after: Annotated[UUID | None, Form()] = None,
        to: Annotated[Literal["next", "previous"], Form()] = "next",
    ) -> Response:
        return await _go_on(desk, visitor, after=after, backwards=to == "previous")


def _add_bulk(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/reviews/bulk")
    async def bulk(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        act: Annotated[Literal["preview", "approve"], Form()] = "preview",
        application: Annotated[list[UUID] | None, Form()] = None,
    ) -> Response:
        chosen = application or []
        if not chosen:
            return RedirectResponse(f"{HOME}?done=none", status_code=303)
        async with door.database.transaction() as connection:
            rows = await preview_bulk(connection, door.merchant_review, visitor.staff, chosen)
        facts: dict[str, object] = {"rows": rows, "outcome": {}, "review_words": ReviewWords(speech_of(request))}
        if act == "approve":
            facts["outcome"] = await approve_bulk(door.merchant_review, visitor.staff, chosen)
        return desk.show(request, visitor, "reviews_bulk.html", facts)


def _add_case(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/reviews/{application}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], application: str, fault: str = ""
    ) -> Response:
        return await _show(desk, request, visitor, application, fault="" if fault != "reason" else fault)

    @routes.get("/reviews/{application}/photos/{photo}")
    async def photo(visitor: Annotated[Visitor, Depends(desk.visitor)], application: str, photo: str) -> Response:
        async with door.database.transaction() as connection:
            found = await _seen(connection, visitor, application)
            if not found.is_held_by(visitor.staff.actor, now=door.clock.now()):
                raise Missing
            kept = await photo_of(connection, found.application_id, known_id(photo), door.sealing)
        if kept is None:
            raise Missing
        headers = {**SECURITY_HEADERS, "Cache-Control": "no-store"}
        return Response(kept[1], media_type=kept[0], headers=headers)


def _add_acts(routes: APIRouter, desk: Desk) -> None:
    review = desk.door.merchant_review

    @routes.get("/reviews/{application}/{act}")
    async def back(application: str, act: str) -> Response:  # noqa: ARG001 - the language switch comes back here
        return RedirectResponse(f"{HOME}/{known_id(application)}", status_code=303)

    @routes.post("/reviews/{application}/take")
    async def take(visitor: Annotated[Visitor, Depends(desk.poster)], application: str) -> Response:
        await review.claim(visitor.staff, known_id(application))
        return RedirectResponse(f"{HOME}/{known_id(application)}", status_code=303)

    @routes.post("/reviews/{application}/release")
    async def release(visitor: Annotated[Visitor, Depends(desk.poster)], application: str) -> Response:
        await review.release(visitor.staff, known_id(application))
        return RedirectResponse(HOME, status_code=303)

    @routes.post("/reviews/{application}/decision")
    async def decide(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        application: str,
        to: Annotated[Literal["approved", "rejected", "stopped"], Form()],
        reason: Annotated[str, Form()] = "",
        note: Annotated[str, Form(max_length=5_000)] = "",
    ) -> Response:
        id_ = known_id(application)
        try:
            verdict = Verdict(State(to), "" if to == "approved" else reason, note.strip())
        except BadInput:
            fault = "note" if len(note.strip()) > NOTE_MAX else "reason"
            return await _show(desk, request, visitor, application, fault=fault, typed={"reason": reason, "note": note})
        await review.decide(visitor.staff, id_, verdict)
        return await _go_on(desk, visitor, after=id_, backwards=False)


async def _go_on(desk: Desk, visitor: Visitor, *, after: UUID | None, backwards: bool) -> Response:
    following = await step(
        desk.door.merchant_review, visitor.staff, after=after, backwards=backwards, places=visitor.places
    )
    return RedirectResponse(f"{HOME}/{following}" if following else f"{HOME}?done=all", status_code=303)


async def _show(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    application: str,
    *,
    fault: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    door, now = desk.door, desk.door.clock.now()
    async with door.database.transaction() as connection:
        found = await _seen(connection, visitor, application)
        case = await case_of(connection, found, door.sealing)
        history = await audit_page(connection, subject=f"merchant_application:{found.application_id}")
        actors = {row.actor for row in history} | {one.actor for one in case.decisions} | {found.claimed_by or ""}
        facts: dict[str, object] = {
            "case": case,
            "one": found,
            "history": history,
            "actors": await names_of(connection, actors, door.sealing),
            "names": await parties(connection),
            "place_in_queue": await _place(connection, visitor, found),
        }
    may = visitor.staff.may_any(*REVIEW_ROLES, adcode=found.adcode)
    holds = found.is_held_by(visitor.staff.actor, now=now)
    facts |= {
        "holds": holds,
        "may_take": may and found.state in QUEUED,
        "held_by_another": not holds and found.claimed_until is not None and found.claimed_until > now,
        "is_first_by_me": found.state is State.SECOND_REVIEW and found.first_by == visitor.staff.actor,
        "reasons": REASONS,
        "review_fields": list(FIELDS),
        "fault": fault,
        "typed": {"reason": "", "note": ""} | (typed or {}),
        "review_words": ReviewWords(speech_of(request)),
    }
    return desk.show(request, visitor, "review.html", facts, status=422 if fault else 200)


async def _place(connection: Connection, visitor: Visitor, found: Application) -> tuple[int, int]:
    """Which one of how many it is in the queue; 0 if it is not in it."""
    waiting = [one.application_id for one in await queue(connection, states=QUEUED, places=visitor.places)]
    at = waiting.index(found.application_id) + 1 if found.application_id in waiting else 0
    return at, len(waiting)


async def _seen(connection: Connection, visitor: Visitor, application: str) -> Application:
    found = await application_of(connection, known_id(application))
    if found is None or found.state is State.DRAFT or not visitor.sees(found.adcode):
        raise Missing
    return found
