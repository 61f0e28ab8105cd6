"""Paying with another card: its number, holder and phone, then the code that its bank texted. No account is needed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response

from yongquan.flows.bind_instrument import NotBound
from yongquan.flows.serve_cashier import Visit, standing
from yongquan.kernel.errors import Refusal
from yongquan.payments.guests_store import GuestCard
from yongquan.web.cashier.paying import why_unusable
from yongquan.web.cashier.showing import RESULT_TELLS, go_to, missing, order_picture, show, visit_of
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.sessions import Sessions


def make_guests(door: Door, _: Sessions) -> APIRouter:
    """`/cashier/{order_id}/card` and `/cashier/{order_id}/card/code`."""
    routes = APIRouter()

    @routes.get("/{order_id}/card")
    async def ask(request: Request, order_id: UUID, t: str = "") -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        return _form(request, door, visit) if _is_open(visit) else go_to(door, visit, "/result")

    @routes.post("/{order_id}/card")
    async def begin(
        request: Request,
        order_id: UUID,
        *,
        pan: Annotated[str, Form(max_length=30)],
        holder: Annotated[str, Form(max_length=64)],
        phone: Annotated[str, Form(pattern=r"^1\d{10}$")],
        t: str = "",
    ) -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        if not _is_open(visit):
            return go_to(door, visit, "/result")
        number = "".join(pan.split())
        try:
            card = await door.guests.begin(order_id, pan=number, holder=holder.strip(), phone=phone)
        except NotBound as no:
            return _form(request, door, visit, error=no.reason)
        return await _code_page(request, door, visit, card, phone)

    @routes.post("/{order_id}/card/code")
    async def pay(
        request: Request,
        order_id: UUID,
        *,
        card: Annotated[UUID, Form()],
        phone: Annotated[str, Form(pattern=r"^1\d{10}$")],
        code: Annotated[str, Form(max_length=8)],
        t: str = "",
    ) -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        try:
            proven = await door.guests.prove(order_id, card, code.strip())
        except NotBound as no:
            if no.reason != "wrong_code":
                return _form(request, door, visit, error=no.reason)
            return await _code_page(request, door, visit, await door.guests.find(order_id, card), phone, is_wrong=True)
        try:
            await door.cashier.pay_by_card(visit, proven)
        except Refusal as no:
            if getattr(no, "reason", "") not in RESULT_TELLS:
                return _form(request, door, visit, sentence=why_unusable(no, speech_of(request)))
        return go_to(door, visit, "/result")

    return routes


def _form(request: Request, door: Door, visit: Visit, *, error: str = "", sentence: str = "") -> Response:
    facts = {"error": error, "sentence": sentence, "picture": order_picture(request, door, visit)}
    return show(request, door, "card.html", visit, facts, status=422 if error or sentence else 200)


async def _code_page(
    request: Request, door: Door, visit: Visit, card: GuestCard, phone: str, *, is_wrong: bool = False
) -> Response:
    inbox = await door.guests.inbox(card.issuer, phone) if door.phones and phone.endswith(card.phone_tail) else None
    facts = {
        "card": card,
        "phone": phone,
        "is_wrong": is_wrong,
        "inbox": inbox,
        "picture": order_picture(request, door, visit),
    }
    return show(request, door, "card_code.html", visit, facts, status=422 if is_wrong else 200)


def _is_open(visit: Visit) -> bool:
    return standing(visit.order) in {"open", "unpaid"}
