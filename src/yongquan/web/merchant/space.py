"""Merchant Space (商户空间): a shop's manager signs in by phone and one-time code, sees stores and applications."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.sign_in import SignInDesk
from yongquan.flows.man_till import NotManager, TillDesk
from yongquan.flows.onboard_merchant import TooManyDrafts
from yongquan.kernel.errors import Refusal
from yongquan.merchants.applications.store import applications_of
from yongquan.merchants.cashiers import stores_manned_by
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.tokens import Holder
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.merchant.space_words import SpaceWords
from yongquan.web.pages import render
from yongquan.web.phone_sign_in import SESSION_LASTS, Entry, make_phone_sign_in
from yongquan.web.sessions import Sessions

ROOT = "/m/space"
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

    _add_cashiers(routes, door, sessions)
    return routes


def _add_cashiers(routes: APIRouter, door: Door, sessions: Sessions) -> None:
    desk = TillDesk(door.database, door.sealing, door.cells)

    async def page(request: Request, who: UUID, store_id: UUID, *, fault: str = "", phone: str = "") -> Response:
        try:
            store, people = await desk.people(who, store_id)
        except NotManager:
            return render(request, "merchant/space_missing.html", status=404)
        facts = {
            "store": store,
            "people": people,
            "fault": SpaceWords(speech_of(request)).cashier_fault(fault) if fault else "",
            "phone": phone,
        }
        return render(request, "merchant/cashiers.html", facts, status=422 if fault else 200)

    @routes.get("/stores/{store_id}/cashiers")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)], store_id: UUID) -> Response:
        return await page(request, who, store_id)

    @routes.post("/stores/{store_id}/cashiers")
    async def let_in(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        store_id: UUID,
        phone: Annotated[str, Form(max_length=32)] = "",
    ) -> Response:
        try:
            await desk.let_in(who, store_id, phone, now=door.clock.now())
        except NotManager:
            return render(request, "merchant/space_missing.html", status=404)
        except Refusal as refusal:
            return await page(request, who, store_id, fault=refusal.code, phone=phone)
        return RedirectResponse(f"{ROOT}/stores/{store_id}/cashiers", status_code=303)

    @routes.post("/stores/{store_id}/cashiers/{cashier}/end")
    async def take_out(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], store_id: UUID, cashier: UUID
    ) -> Response:
        try:
            await desk.take_out(who, store_id, cashier, now=door.clock.now())
        except NotManager:
            return render(request, "merchant/space_missing.html", status=404)
        return RedirectResponse(f"{ROOT}/stores/{store_id}/cashiers", status_code=303)


def make_space_sign_in(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/space/sign-in`."""

    def show(request: Request, template: str, facts: Mapping[str, object], status: int) -> Response:
        return render(request, f"merchant/{template}", facts, status=status)

    async def prove(desk: SignInDesk, phone: str, code: str, now: datetime) -> UUID:
        return await desk.confirm(phone, code, now=now)

    entry = Entry(
        show,
        prove,
        home=ROOT,
        left=f"{ROOT}/sign-in",
        ask_page="space_sign_in.html",
        code_page="space_sign_in_code.html",
    )
    return make_phone_sign_in(door, sessions, entry, APIRouter(prefix="/space"))
