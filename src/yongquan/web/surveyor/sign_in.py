"""A surveyor signs in by phone and one-time code; under the sandbox the text message is shown on the page."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.flows.recruit_provider import PURPOSE
from yongquan.kernel.errors import Outage
from yongquan.merchants.providers.model import NotASurveyor
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Holder
from yongquan.web.language import is_inside
from yongquan.web.surveyor.entrance import Entrance, phone_routes

SESSION_LASTS = timedelta(hours=12)
HOME = "/p/tasks"


def make_sign_in(entrance: Entrance) -> APIRouter:
    """`/p/sign-in`: ask for the phone, send a code, take it back."""
    routes = phone_routes()
    door = entrance.door
    desk = SignInDesk(door.database, door.sealing, door.phones, door.cells) if door.phones else None

    def desk_or_outage() -> SignInDesk:
        if desk is None:
            raise Outage("no SMS gateway is connected")
        return desk

    async def code_page(request: Request, phone: str, back: str, error: str = "") -> Response:
        inbox = await door.phones.last_message(phone) if door.phones else None
        facts = {"phone": phone, "back": back, "error": error, "inbox": inbox}
        return entrance.show(request, None, "sign_in_code.html", facts, status=422 if error else 200)

    @routes.get("/sign-in")
    async def ask_phone(request: Request, back: str = HOME) -> Response:
        return _phone_page(entrance, request, "", back)

    @routes.post("/sign-in")
    async def send_code(
        request: Request, phone: Annotated[str, Form()], back: Annotated[str, Form()] = HOME
    ) -> Response:
        number = "".join(phone.split())
        try:
            await desk_or_outage().send_code(number, now=wall_now(), purpose=PURPOSE, asks="走访员登录")
        except NotAPhone:
            return _phone_page(entrance, request, phone, back, "not_a_phone")
        except TooManyCodes:
            return await code_page(request, number, back, "too_many_codes")
        return await code_page(request, number, back)

    @routes.post("/sign-in/code")
    async def take_code(
        request: Request,
        phone: Annotated[str, Form()],
        code: Annotated[str, Form()],
        back: Annotated[str, Form()] = HOME,
    ) -> Response:
        now = wall_now()
        try:
            person = await entrance.providers.sign_in(desk_or_outage(), phone, code, now=now)
        except (WrongCode, NotAPhone):
            return await code_page(request, phone, back, "wrong_code")
        except NotASurveyor as refusal:
            return _phone_page(entrance, request, phone, back, refusal.code)
        answer = RedirectResponse(back if is_inside(back) and back.startswith("/p") else HOME, status_code=303)
        token = door.tokens.issue(Holder.SURVEYOR, person.surveyor_id, expires_at=now + SESSION_LASTS)
        entrance.sessions.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    @routes.post("/sign-out")
    async def sign_out() -> Response:
        answer = RedirectResponse("/p/sign-in", status_code=303)
        entrance.sessions.close(answer)
        return answer

    return routes


def _phone_page(entrance: Entrance, request: Request, phone: str, back: str, error: str = "") -> Response:
    facts = {"back": back, "phone": phone, "error": error}
    return entrance.show(request, None, "sign_in.html", facts, status=422 if error else 200)
