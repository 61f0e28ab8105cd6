"""The form in which a shop designs a voucher of its own: in Merchant Space, or on the mini-programme's public page."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.apply_own import enter_own, redesign_own
from yongquan.flows.own_parties import Applicant, own_for, stores_for
from yongquan.institutions.views import banks
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.own_model import BadDesign, OwnKind
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.own_form import Typed
from yongquan.web.own_words import OwnWords
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

MINI = "/m/mini/own"
NEW = "/m/own/new"
LASTS = timedelta(days=29)
KEY_MAX = 64


def make_own_design(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/own/new`, `/m/own/{id}/edit` and `/m/mini/own`."""
    routes = APIRouter()

    @routes.get("/mini/own")
    async def mini(request: Request) -> Response:
        who = sessions.seen(request)
        if who is None:
            return render(request, "merchant/own_mini.html")
        return await _form(door, request, who, MINI)

    @routes.post("/mini/own")
    async def enter_mini(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _enter(door, request, who, MINI)

    @routes.get("/own/new")
    async def new(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _form(door, request, who, NEW)

    @routes.post("/own/new")
    async def enter_new(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _enter(door, request, who, NEW)

    @routes.get("/own/{own_id}/edit")
    async def edit(request: Request, who: Annotated[UUID, Depends(sessions.page)], own_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            own = await own_for(connection, own_id, Applicant.shop(who), lock=False)
        return await _form(door, request, who, f"/m/own/{own_id}/edit", typed=Typed.of_design(own.design))

    @routes.post("/own/{own_id}/edit")
    async def change(request: Request, who: Annotated[UUID, Depends(sessions.page)], own_id: UUID) -> Response:
        typed = Typed.of_form(await request.form())
        try:
            await redesign_own(door.database, Applicant.shop(who), own_id, typed.design(), now=door.clock.now())
        except BadDesign as bad:
            return await _form(door, request, who, f"/m/own/{own_id}/edit", typed=typed, fault=bad.field)
        return RedirectResponse(f"/m/own/{own_id}", status_code=303)

    return routes


async def _form(
    door: Door, request: Request, who: UUID, action: str, *, typed: Typed | None = None, fault: str = "", key: str = ""
) -> Response:
    async with door.database.transaction() as connection:
        merchant = await stores_for(connection, who)
        known = await banks(connection)
    today = business_day(door.clock.now())
    fresh = Typed.fresh(
        today=today, until=today + LASTS, stores=list(merchant.stores), bank=known[0].code if known else ""
    )
    words = OwnWords(speech_of(request))
    facts = {
        "store": merchant,
        "banks": known,
        "kinds": list(OwnKind),
        "typed": typed or fresh,
        "own_words": words,
        "fault": fault,
        "said": words.fault(fault) if fault else "",
        "action": action,
        "key": key or fresh_id().hex,
        "is_mini": action == MINI,
    }
    return render(request, "merchant/own_design.html", facts, status=422 if fault else 200)


async def _enter(door: Door, request: Request, who: UUID, action: str) -> Response:
    sent = await request.form()
    typed, key = Typed.of_form(sent), str(sent.get("key", ""))[:KEY_MAX] or fresh_id().hex
    applicant = Applicant.shop(who, mini=action == MINI)
    try:
        design = typed.design()
        own = await enter_own(
            door.database, applicant, design, store_id=who, key=key, submit=False, now=door.clock.now()
        )
    except BadDesign as bad:
        return await _form(door, request, who, action, typed=typed, fault=bad.field, key=key)
    return RedirectResponse(f"/m/own/{own.own_id}", status_code=303)
