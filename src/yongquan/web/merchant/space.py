"""Merchant Space (商户空间): a shop's manager signs in by phone and one-time code, sees stores and applications."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import NotAPhone, SignInDesk, TooManyCodes, WrongCode
from yongquan.flows.onboard_merchant import TooManyDrafts
from yongquan.kernel.errors import Outage
from yongquan.merchants.applications.store import applications_of
from yongquan.merchants.cashiers import stores_manned_by
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.tokens import Holder
from yongquan.web.door import Door
from yongquan.web.language import is_inside, speech_of
from yongquan.web.merchant.space_words import SpaceWords
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

ROOT = "/m/space"
SESSION_LASTS = timedelta(hours=12)
KEY_MAX = 64


def space_sessions(door: Door) -> Sessions:
    """The sessions of accounts in Merchant Space."""
    return Sessions(door.tokens, Holder.CITIZEN, cookie="yq_space", root=ROOT)


def make_space(door: Door, sessions: Sessions, tills: Sessions) -> APIRouter:
    """`/m/space`: the front page, a new application, a store's till. `tills` are the stores' sessions."""
    routes = APIRouter(prefix="/space")

    @routes.get("")
    @routes.get("/")
    async def front(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            applications = await applications_of(connection, who)
            stores = await stores_manned_by(connection, who)
        facts = {
            "applications": applications,
            "stores": stores,
            "key": fresh_id().hex,
            "space_words": SpaceWords(speech_of(request)),
        }
        return render(request, "merchant/space.html", facts)

    @routes.post("/applications")
    async def begin(who: Annotated[UUID, Depends(sessions.page)], key: Annotated[str, Form()] = "") -> Response:
        try:
            id_ = await door.onboarding.begin(who, key[:KEY_MAX] or fresh_id().hex, now=door.clock.now())
        except TooManyDrafts:
            return RedirectResponse(ROOT, status_code=303)
        return RedirectResponse(f"{ROOT}/applications/{id_}/licence", status_code=303)

    @routes.post("/stores/{store_id}/till")
    async def till(request: Request, who: Annotated[UUID, Depends(sessions.page)], store_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            manned = {store.store_id for store in await stores_manned_by(connection, who)}
        if store_id not in manned:
            return render(request, "merchant/space_missing.html", status=404)
        answer = RedirectResponse("/m/till", status_code=303)
        token = door.tokens.issue(Holder.STORE, store_id, expires_at=wall_now() + SESSION_LASTS)
        tills.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    return routes


def make_space_sign_in(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/space/sign-in`: the phone, a code, and back to where one wanted to go."""
    routes = APIRouter(prefix="/space")
    desk = SignInDesk(door.database, door.sealing, door.phones, door.cells) if door.phones else None

    def desk_or_outage() -> SignInDesk:
        if desk is None:
            raise Outage("no SMS gateway is connected")
        return desk

    async def code_page(request: Request, phone: str, back: str, error: str = "") -> Response:
        inbox = await door.phones.last_message(phone) if door.phones else None
        facts = {"phone": phone, "back": back, "error": error, "inbox": inbox}
        return render(request, "merchant/space_sign_in_code.html", facts, status=422 if error else 200)

    @routes.get("/sign-in")
    async def ask_phone(request: Request, back: str = ROOT) -> Response:
        return render(request, "merchant/space_sign_in.html", back=back, phone="", error="")

    @routes.post("/sign-in")
    async def send_code(
        request: Request, phone: Annotated[str, Form()], back: Annotated[str, Form()] = ROOT
    ) -> Response:
        number = "".join(phone.split())
        try:
            await desk_or_outage().send_code(number, now=wall_now())
        except NotAPhone:
            facts = {"back": back, "phone": phone, "error": "not_a_phone"}
            return render(request, "merchant/space_sign_in.html", facts, status=422)
        except TooManyCodes:
            return await code_page(request, number, back, "too_many_codes")
        return await code_page(request, number, back)

    @routes.post("/sign-in/code")
    async def take_code(
        request: Request,
        phone: Annotated[str, Form()],
        code: Annotated[str, Form()],
        back: Annotated[str, Form()] = ROOT,
    ) -> Response:
        now = wall_now()
        try:
            citizen_id = await desk_or_outage().confirm(phone, code, now=now)
        except (WrongCode, NotAPhone):
            return await code_page(request, phone, back, "wrong_code")
        answer = RedirectResponse(back if is_inside(back) else ROOT, status_code=303)
        token = door.tokens.issue(Holder.CITIZEN, citizen_id, expires_at=now + SESSION_LASTS)
        sessions.open(request, answer, token, lasts=SESSION_LASTS)
        return answer

    @routes.post("/sign-out")
    async def sign_out() -> Response:
        answer = RedirectResponse(f"{ROOT}/sign-in", status_code=303)
        sessions.close(answer)
        return answer

    return routes
