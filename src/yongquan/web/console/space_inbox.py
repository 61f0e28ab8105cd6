"""What shops ask for: questions and appeals, and requests for services, each answered at the desk."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.answer_question import answer_question
from yongquan.flows.request_service import answer_request
from yongquan.flows.space_parties import BadField
from yongquan.merchants.questions.model import Question
from yongquan.merchants.questions.store import question_of, questions_for_desk
from yongquan.merchants.services.model import RequestState, ServiceRequest
from yongquan.merchants.services.store import request_of, requests_for_desk
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.space import may_publish, space_words

TYPED_MAX = 5_000


def make_space_inbox(desk: Desk) -> APIRouter:
    """`/console/questions` and `/console/service-requests`."""
    routes = desk_routes()
    _add_list(routes, desk)
    _add_questions(routes, desk)
    _add_requests(routes, desk)
    return routes


def _add_list(routes: APIRouter, desk: Desk) -> None:
    @routes.get("/questions")
    async def inbox(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with desk.door.database.transaction() as connection:
            facts: dict[str, object] = {
                "questions": await questions_for_desk(connection, places=visitor.places),
                "requests": await requests_for_desk(connection, places=visitor.places),
                "space_words": await space_words(desk, connection, request),
            }
        return desk.show(request, visitor, "space_inbox.html", facts)


def _add_questions(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    async def page(
        request: Request, visitor: Visitor, question: str, *, fault: BadField | None = None, typed: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await question_of(connection, known_id(question))
            is_open = found is not None and found.answer is None
            facts = await _one(desk, connection, request, visitor, found, is_open=is_open, fault=fault)
        return desk.show(
            request, visitor, "space_question.html", facts | {"typed": typed}, status=422 if fault else 200
        )

    @routes.get("/questions/{question}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], question: str) -> Response:
        return await page(request, visitor, question)

    @routes.post("/questions/{question}")
    async def answer(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        question: str,
        answer: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        id_ = known_id(question)
        try:
            await answer_question(door.database, visitor.staff, id_, answer=answer, now=door.clock.now())
        except BadField as fault:
            return await page(request, visitor, question, fault=fault, typed=answer)
        return RedirectResponse(f"{ROOT}/questions/{id_}", status_code=303)


def _add_requests(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    async def page(
        request: Request, visitor: Visitor, request_id: str, *, fault: BadField | None = None, typed: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await request_of(connection, known_id(request_id))
            is_open = found is not None and found.state is RequestState.REQUESTED
            facts = await _one(desk, connection, request, visitor, found, is_open=is_open, fault=fault)
        facts["typed"] = typed
        return desk.show(request, visitor, "space_request.html", facts, status=422 if fault else 200)

    @routes.get("/service-requests/{request_id}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], request_id: str) -> Response:
        return await page(request, visitor, request_id)

    @routes.post("/service-requests/{request_id}")
    async def answer(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        request_id: str,
        to: Annotated[Literal["offered", "refused"], Form()],
        answer: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        id_ = known_id(request_id)
        try:
            await answer_request(
                door.database, visitor.staff, id_, RequestState(to), answer=answer, now=door.clock.now()
            )
        except BadField as fault:
            return await page(request, visitor, request_id, fault=fault, typed=answer)
        return RedirectResponse(f"{ROOT}/service-requests/{id_}", status_code=303)


async def _one(
    desk: Desk,
    connection: Connection,
    request: Request,
    visitor: Visitor,
    found: Question | ServiceRequest | None,
    *,
    is_open: bool,
    fault: BadField | None,
) -> dict[str, object]:
    """What the page of a question or a request shows, whether or not it has been answered."""
    if found is None or not visitor.sees(found.adcode):
        raise Missing
    words = await space_words(desk, connection, request)
    return {
        "one": found,
        "space_words": words,
        "actors": await names_of(connection, {found.answered_by or ""}, desk.door.sealing),
        "may_answer": may_publish(visitor, found.adcode) and is_open,
        "faults": {fault.field: words.fault(fault.why)} if fault else {},
    }
