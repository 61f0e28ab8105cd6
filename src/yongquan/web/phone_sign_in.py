"""Signing in by phone and one-time code, for all who have a phone's pages; the sandbox shows the text message."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.kernel.errors import Outage, Refusal
from yongquan.plumbing.clock import wall_now
from yongquan.web.door import Door
from yongquan.web.language import is_inside
from yongquan.web.sessions import Sessions

SESSION_LASTS = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Entry:
    """One kind of people's way in.

    `show` renders the page that asks for the phone or the one that asks for the code; `prove` says whose code it is
    (`now` is real time) and may refuse; `home` is where one comes to, `left` where one is after signing out.
    """

    show: Callable[[Request, str, Mapping[str, object], int], Response]
    prove: Callable[[SignInDesk, str, str, datetime], Awaitable[UUID]]
    home: str
    left: str
    ask_page: str
    code_page: str
    purpose: str = ""
    asks: str = ""


def make_phone_sign_in(door: Door, sessions: Sessions, entry: Entry, routes: APIRouter) -> APIRouter:
    """`sign-in` and `sign-out` on these routes: ask for the phone, send a code, take it back; and leave."""

    def phone_page(request: Request, phone: str, back: str, error: str = "") -> Response:
        facts = {"phone": phone, "back": back, "error": error}
        return entry.show(request, entry.ask_page, facts, 422 if error else 200)

    async def code_page(request: Request, phone: str, back: str, error: str = "") -> Response:
        inbox = await door.phones.last_message(phone) if door.phones else None
        facts = {"phone": phone, "back": back, "error": error, "inbox": inbox}
        return entry.show(request, entry.code_page, facts, 422 if error else 200)

    @routes.get("/sign-in")
    async def ask_phone(request: Request, back: str = entry.home) -> Response:
        return phone_page(request, "", back)

    @routes.post("/sign-in")
    async def send_code(
        request: Request, phone: Annotated[str, Form()], back: Annotated[str, Form()] = entry.home
    ) -> Response:
        number = "".join(phone.split())
        try:
            await _desk_of(door).send_code(number, now=wall_now(), purpose=entry.purpose, asks=entry.asks)
        except NotAPhone:
            return phone_page(request, phone, back, "not_a_phone")
        except TooManyCodes:
            return await code_page(request, number, back, "too_many_codes")
        return await code_page(request, number, back)

    @routes.post("/sign-in/code")
    async def take_code(
        request: Request,
        phone: Annotated[str, Form()],
        code: Annotated[str, Form()],
        back: Annotated[str, Form()] = entry.home,
    ) -> Response:
        now = wall_now()
        try:
            who = await entry.prove(_desk_of(door), phone, code, now)
        except (WrongCode, NotAPhone):
            return await code_page(request, phone, back, "wrong_code")
        except Refusal as refusal:
            return phone_page(request, phone, back, refusal.code)
        answer = RedirectResponse(back if is_inside(back) else entry.home, status_code=303)
        token = door.tokens.issue(sessions.holder, who, expires_at=now + SESSION_LASTS)
        sessions.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    @routes.post("/sign-out")
    async def sign_out() -> Response:
        answer = RedirectResponse(entry.left, status_code=303)
        sessions.close(answer)
        return answer

    return routes


def _desk_of(door: Door) -> SignInDesk:
    if door.phones is None:
        raise Outage("no SMS gateway is connected")
    return SignInDesk(door.database, door.sealing, door.phones, door.cells)
