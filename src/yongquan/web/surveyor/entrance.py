"""Who holds the phone: a surveyor's session, looked up at every page, and refusals that a person can read."""

from collections.abc import Callable, Coroutine, Mapping
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute

from yongquan.flows.recruit_provider import ProviderDesk
from yongquan.flows.work_tasks import TaskDesk
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.merchants.providers.model import Surveyor
from yongquan.plumbing.tokens import Holder
from yongquan.web.api.problems import PROBLEMS
from yongquan.web.door import Door
from yongquan.web.field_words import FieldWords
from yongquan.web.language import speech_of
from yongquan.web.pages import NO_FACTS, render
from yongquan.web.sessions import Sessions


class Entrance:
    """What every page of a surveyor needs of a running platform."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.sessions = Sessions(door.tokens, Holder.SURVEYOR, cookie="yq_surveyor", root="/p")
        self.providers = ProviderDesk(door.database, door.sealing)
        self.tasks = TaskDesk(door.database, door.sealing)

    async def surveyor(self, request: Request) -> Surveyor:
        """Whoever is signed in and at work today; others are led to the sign-in page, or told why not."""
        return await self.providers.at_work(self.sessions.page(request), now=self.door.clock.now())

    def show(
        self,
        request: Request,
        surveyor: Surveyor | None,
        template: str,
        facts: Mapping[str, object] = NO_FACTS,
        *,
        status: int = 200,
    ) -> Response:
        """A page of the phone."""
        more = {"surveyor": surveyor, "field": FieldWords(speech_of(request)), "now": self.door.clock.now()}
        return render(request, f"surveyor/{template}", facts, status=status, **more)


class PhoneRoute(APIRoute):
    """Refusals become pages."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()

        async def handler(request: Request) -> Response:
            try:
                return await handle(request)
            except Refusal as refusal:
                known = PROBLEMS.get(refusal.code)
                return refused(request, refusal.code, known.status if known else 409)
            except BadInput:
                return refused(request, "bad_request", 422)

        return handler


def phone_routes() -> APIRouter:
    """A router whose refusals are pages."""
    return APIRouter(route_class=PhoneRoute)


def refused(request: Request, code: str, status: int) -> Response:
    """A page that says why not."""
    field = FieldWords(speech_of(request))
    return render(request, "surveyor/refused.html", {"surveyor": None, "field": field, "code": code}, status=status)


def known_id(text: str) -> UUID | None:
    """An id out of an address or a form, None if it is none."""
    try:
        return UUID(text)
    except ValueError:
        return None
