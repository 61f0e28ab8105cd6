"""Pay by phone: this citizen's phones, provisioning one with the bank's code, limits, loss and end."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.store import phone_of
from yongquan.flows.bind_instrument import NotBound
from yongquan.flows.pay_by_phone import Provisioned
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.phone_tokens import TokenState
from yongquan.payments.views import cards_of
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions

HOME = "/c/phone-pay"
PHONE_PAY_WORDS = {
    "here": "这部手机",
    "bad_request": "收款机的请求不完整，请重新取得",
    "tapped": "应答已生成，请交给收款机",
}


def make_phone_pay(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/phone-pay` and what is done with a token."""
    routes = APIRouter()
    for make in (_make_list, _make_code, _make_deeds):
        routes.include_router(make(door, sessions))
    return routes


def _make_list(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.get("/phone-pay")
    async def phones(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _home(request, door, who)

    @routes.post("/phone-pay")
    async def begin(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        card: Annotated[UUID, Form()],
        device: Annotated[str, Form(min_length=1, max_length=32)],
    ) -> Response:
        try:
            token = await door.phone_pay.begin(who, card, device=device.strip() or "-")
        except NotBound as no:
            return await _home(request, door, who, error=no.reason)
        return RedirectResponse(f"{HOME}/{token}/code", status_code=303)

    return routes


def _make_code(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    async def code_page(request: Request, who: UUID, token: UUID, error: str = "") -> Response:
        found = await door.phone_pay.find(who, token)
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            phone = await phone_of(connection, cell, who, door.sealing) or ""
            cards = await cards_of(connection, cell, who)
        card = next((c for c in cards if c.instrument_id == found.instrument_id), None)
        inbox = None
        if door.phones is not None and card is not None:
            async with door.links.client(card.issuer) as bank:
                inbox = await bank.last_text(phone)
        facts = {"phone": found, "tail": phone[-4:], "inbox": inbox, "error": error}
        return render(request, "citizen/phone_pay_code.html", facts, status=409 if error else 200)

    @routes.get("/phone-pay/{token}/code")
    async def ask_code(request: Request, who: Annotated[UUID, Depends(sessions.page)], token: UUID) -> Response:
        if (await door.phone_pay.find(who, token)).state in {TokenState.ACTIVE, TokenState.DELETED}:
            return RedirectResponse(HOME, status_code=303)  # no code is awaited: the page was loaded again
        return await code_page(request, who, token)

    @routes.post("/phone-pay/{token}/code")
    async def confirm(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        token: UUID,
        code: Annotated[str, Form(pattern=r"^\d{6}$")],
    ) -> Response:
        try:
            given = await door.phone_pay.confirm(who, token, code)
        except NotBound as no:
            return await code_page(request, who, token, no.reason)
        return await _home(request, door, who, given=given)

    return routes


def _make_deeds(door: Door, sessions: Sessions) -> APIRouter:
    routes = APIRouter()

    @routes.post("/phone-pay/{token}/{deed}")
    async def do(
        who: Annotated[UUID, Depends(sessions.page)], token: UUID, deed: Literal["suspend", "delete", "resume"]
    ) -> Response:
        if deed == "resume":
            await door.phone_pay.ask_code(who, token)
            return RedirectResponse(f"{HOME}/{token}/code", status_code=303)
        to = TokenState.SUSPENDED if deed == "suspend" else TokenState.DELETED
        await door.phone_pay.move(who, token, to)
        return RedirectResponse(HOME, status_code=303)

    @routes.post("/phone-pay/{token}/at-most/set")
    async def limit(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        token: UUID,
        payment_yuan: Annotated[int, Form(ge=1, le=1_000_000)],
        day_yuan: Annotated[int, Form(ge=1, le=1_000_000)],
    ) -> Response:
        try:
            await door.phone_pay.limit(who, token, payment_fen=payment_yuan * 100, day_fen=day_yuan * 100)
        except NotBound as no:
            return await _home(request, door, who, error=no.reason)
        return RedirectResponse(HOME, status_code=303)

    return routes


async def _home(
    request: Request, door: Door, who: UUID, *, error: str = "", given: Provisioned | None = None
) -> Response:
    async with door.database.transaction() as connection:
        cards = await cards_of(connection, cell_of(who, door.cells), who)
        names = await parties(connection)
    facts = {
        "phones": await door.phone_pay.of(who),
        "cards": cards,
        "by_id": {card.instrument_id: card for card in cards},
        "names": names,
        "error": error,
        "given": given,
        "sentences": said(speech_of(request), PHONE_PAY_WORDS),
    }
    answer = render(request, "citizen/phone_pay.html", facts, status=409 if error else 200)
    answer.headers["Cache-Control"] = "no-store"
    return answer
