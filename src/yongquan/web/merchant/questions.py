"""Questions and answers on a shop's phone: search what was answered for all, ask, appeal against a hold."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response

from yongquan.flows.answer_question import ask_question
from yongquan.flows.space_parties import BadField, reader_of
from yongquan.merchants.publications.model import Kind
from yongquan.merchants.publications.store import readable
from yongquan.merchants.questions.model import Topic
from yongquan.merchants.questions.searching import search_answers
from yongquan.merchants.questions.store import mark_answers_seen, questions_of_store
from yongquan.payments.holds import holds_listed
from yongquan.web.merchant.store_pages import TYPED_MAX, Space, posted

SEARCHED_MAX = 100


def make_questions(space: Space) -> APIRouter:
    """`/m/questions`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    async def page(
        request: Request,
        who: UUID,
        *,
        search: str = "",
        hold: UUID | None = None,
        fault: BadField | None = None,
        error: str = "",
        typed: dict[str, str] | None = None,
    ) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            reader = await reader_of(connection, who, now=now)
            answers = [one for one, _ in await readable(connection, Kind.ANSWER, reader)]
            mine = await questions_of_store(connection, who)
            holds = {one.hold_id: one for one in await holds_listed(connection, store_id=who)}
            await mark_answers_seen(connection, who, now=now)
        facts = {
            "answers": search_answers(answers, search),
            "searched": search,
            "mine": mine,
            "topics": [topic for topic in Topic if topic is not Topic.APPEAL],
            "hold": holds.get(hold) if hold else None,
        }
        return await space.show(request, who, "questions.html", facts, fault=fault, error=error, typed=typed)

    @routes.get("/questions")
    async def listed(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        q: Annotated[str, Query(max_length=SEARCHED_MAX)] = "",
        hold: UUID | None = None,
    ) -> Response:
        return await page(request, who, search=q.strip(), hold=hold)

    @routes.post("/questions")
    async def ask(
        *,
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        topic: Annotated[Topic, Form()],
        key: Annotated[str, Form(max_length=64)],
        body: Annotated[str, Form(max_length=TYPED_MAX)] = "",
        hold: Annotated[UUID | None, Form()] = None,
    ) -> Response:
        typed = {"key": key, "body": body, "topic": topic.value}
        asking = ask_question(door.database, who, topic=topic, body=body, hold_id=hold, key=key, now=door.clock.now())
        return await posted(
            asking,
            "/m/questions#mine",
            lambda fault, error: page(request, who, hold=hold, fault=fault, error=error, typed=typed),
        )

    return routes
