"""Signing in at the cashier by phone and one-time code: its own session, since the page may stand in a frame."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.flows.serve_cashier import Visit
from yongquan.kernel.errors import Outage
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Holder
from yongquan.web.cashier.showing import go_to, missing, show, visit_of
from yongquan.web.door import Door
from yongquan.web.phone_sign_in import SESSION_LASTS
from yongquan.web.sessions import Sessions


def make_signing_in(door: Door, sessions: Sessions) -> APIRouter:
    """Ask for the phone, send a code, take it back; and leave."""
    routes = APIRouter()
    desk = SignInDesk(door.database, door.sealing, door.phones, door.cells) if door.phones else None

    def desk_or_outage() -> SignInDesk:
        if desk is None:
            raise Outage("no SMS gateway is connected")
        return desk

    async def code_page(request: Request, visit: Visit, phone: str, error: str = "") -> Response:
        inbox = await door.phones.last_message(phone) if door.phones else None
        facts = {"phone": phone, "error": error, "inbox": inbox}
        return show(request, door, "code.html", visit, facts, status=422 if error else 200)

    @routes.post("/{order_id}/phone")
    async def send_code(request: Request, order_id: UUID, phone: Annotated[str, Form()], t: str = "") -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        number = "".join(phone.split())
        try:
            await desk_or_outage().send_code(number, now=wall_now())
        except NotAPhone:
            return show(request, door, "phone.html", visit, {"phone": phone, "error": "not_a_phone"}, status=422)
        except TooManyCodes:
            return await code_page(request, visit, number, "too_many_codes")
        return await code_page(request, visit, number)

    @routes.post("/{order_id}/code")
    async def take_code(
        request: Request, order_id: UUID, phone: Annotated[str, Form()], code: Annotated[str, Form()], t: str = ""
    ) -> Response:
        visit, now = await visit_of(door, order_id, t), wall_now()
        if visit is None:
            return missing(request)
        try:
            citizen_id = await desk_or_outage().confirm(phone, code, now=now)
        except (WrongCode, NotAPhone):
            return await code_page(request, visit, phone, "wrong_code")
        answer = go_to(door, visit)
        token = door.tokens.issue(Holder.CITIZEN, citizen_id, expires_at=now + SESSION_LASTS)
        sessions.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    @routes.post("/{order_id}/leave")
    async def leave(request: Request, order_id: UUID, t: str = "") -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        answer = go_to(door, visit)
        sessions.close(answer)
        return answer

    return routes
