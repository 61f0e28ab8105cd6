"""A citizen verifies name and social-security card, for the rounds that ask for them."""

import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.identity import verified_citizen
from yongquan.flows.verify_identity import IdentityDesk
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import cell_of
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

Name = Annotated[str, Form(min_length=1, max_length=64)]
Back = Annotated[str, Form(max_length=200)]


@dataclass(frozen=True, slots=True)
class IdentityPages:
    """The page as it stands, and what became of a form."""

    door: Door
    desk: IdentityDesk

    async def show(self, request: Request, who: UUID, back: str, status: int = 200, **facts: str) -> Response:
        """The page, with what was typed and the error, if any."""
        door = self.door
        async with door.database.transaction() as connection:
            verified = await verified_citizen(connection, cell_of(who, door.cells), who, door.sealing)
        typed = {"name": "", "number": "", "card_no": "", "error": "", "demo_card": "", **facts}
        shown = {"verified": verified, "back": _inside(back), "is_demo": door.phones is not None, **typed}
        return render(request, "citizen/identity.html", shown, status=status)

    async def end(self, request: Request, who: UUID, back: str, work: Awaitable[None], **typed: str) -> Response:
        """Do the work of a form, and show why it was refused."""
        try:
            await work
        except Refusal as refusal:
            said = Words(speech_of(request)).problems().get(refusal.code, refusal.code)
            return await self.show(request, who, back, status=422, error=said, **typed)
        return RedirectResponse(f"/c/identity?back={_inside(back)}", status_code=303)

    def pace(self, who: UUID) -> None:
        """Raises `Refused` for whoever asks too fast."""
        if not self.door.limit.allows(who.hex, time.monotonic()):
            raise Refused("too_many_requests")


def make_identity(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/identity`: name and identity number, then the social-security card."""
    routes = APIRouter()
    desk = IdentityDesk(door.database, door.links, door.sealing, door.cells)
    pages = IdentityPages(door, desk)

    @routes.get("/identity")
    async def ask(request: Request, who: Annotated[UUID, Depends(sessions.page)], back: str = "") -> Response:
        return await pages.show(request, who, back)

    @routes.post("/identity")
    async def verify(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        name: Name,
        number: Annotated[str, Form(max_length=30)],
        back: Back = "",
    ) -> Response:
        pages.pace(who)
        work = desk.verify_name(who, name=name.strip(), number=number, now=door.clock.now())
        return await pages.end(request, who, back, work, name=name, number=number)

    @routes.post("/identity/card")
    async def bind(
        request: Request,
        who: Annotated[UUID, Depends(sessions.script)],
        card_no: Annotated[str, Form(max_length=30)],
        back: Back = "",
    ) -> Response:
        pages.pace(who)
        work = desk.verify_social_card(who, card_no=card_no, now=door.clock.now())
        return await pages.end(request, who, back, work, card_no=card_no)

    @routes.post("/identity/demo")
    async def demo(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], name: Name, back: Back = ""
    ) -> Response:
        """An invented person of this name, in the sandbox's register and in the form."""
        if door.phones is None:
            raise Refused("forbidden", "invented persons exist in the sandbox only")
        pages.pace(who)
        person = await desk.enter_demo_person(name.strip())
        card = person.social_card_no or ""
        return await pages.show(request, who, back, name=person.name, number=person.id_no, demo_card=card)

    return routes


def _inside(back: str) -> str:
    """A page of ours to go back to, else nothing."""
    return back if back.startswith("/c/") and "//" not in back and back.isprintable() else ""
