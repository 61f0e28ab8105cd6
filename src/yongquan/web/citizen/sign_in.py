"""Signing in by phone and one-time code; under the sandbox the text message is shown on the page."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.flows.give_vouchers import deliver_gifts
from yongquan.kernel.errors import Outage
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Holder
from yongquan.web.door import Door
from yongquan.web.language import is_inside
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

SESSION_LASTS = timedelta(hours=12)


def make_sign_in(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/sign-in`: ask for the phone, send a code, take it back."""
    routes = APIRouter()
    desk = SignInDesk(door.database, door.sealing, door.phones, door.cells) if door.phones else None

    def desk_or_outage() -> SignInDesk:
        if desk is None:
            raise Outage("no SMS gateway is connected")
        return desk

    async def code_page(request: Request, phone: str, back: str, error: str = "") -> Response:
        inbox = await door.phones.last_message(phone) if door.phones else None
        facts = {"phone": phone, "back": back, "error": error, "inbox": inbox}
        return render(request, "citizen/sign_in_code.html", facts, status=422 if error else 200)

    @routes.get("/sign-in")
    async def ask_phone(request: Request, back: str = "/c/rounds") -> Response:
        return render(request, "citizen/sign_in.html", back=back, phone="", error="")

    @routes.post("/sign-in")
    async def send_code(
        request: Request, phone: Annotated[str, Form()], back: Annotated[str, Form()] = "/c/rounds"
    ) -> Response:
        number = "".join(phone.split())
        try:
            await desk_or_outage().send_code(number, now=wall_now())
        except NotAPhone:
            return render(request, "citizen/sign_in.html", status=422, back=back, phone=phone, error="not_a_phone")
        except TooManyCodes:
            return await code_page(request, number, back, "too_many_codes")
        return await code_page(request, number, back)

    @routes.post("/sign-in/code")
    async def take_code(
        request: Request,
        phone: Annotated[str, Form()],
        code: Annotated[str, Form()],
        back: Annotated[str, Form()] = "/c/rounds",
    ) -> Response:
        now = wall_now()
        try:
            citizen_id = await desk_or_outage().confirm(phone, code, now=now)
        except (WrongCode, NotAPhone):
            return await code_page(request, phone, back, "wrong_code")
        await deliver_gifts(
            door.database, door.sealing, phone=phone, citizen_id=citizen_id, cells=door.cells, now=door.clock.now()
        )
        answer = RedirectResponse(back if is_inside(back) else "/c/rounds", status_code=303)
        token = door.tokens.issue(Holder.CITIZEN, citizen_id, expires_at=now + SESSION_LASTS)
        sessions.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    @routes.post("/sign-out")
    async def sign_out() -> Response:
        answer = RedirectResponse("/c/rounds", status_code=303)
        sessions.close(answer)
        return answer

    return routes
