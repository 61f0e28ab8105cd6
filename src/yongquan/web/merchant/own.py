"""A shop's own vouchers on its phone: the list, one of them with its forecast, money and acts."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.apply_own import forecast_own, submit_own, withdraw_own
from yongquan.flows.own_money import prepay_in_sandbox, read_own_money
from yongquan.flows.own_parties import Applicant, own_for, stores_for
from yongquan.flows.run_own import publish_own, steer_own, stop_own
from yongquan.institutions.views import parties
from yongquan.kernel.errors import Refusal
from yongquan.vouchers.model import RoundState
from yongquan.vouchers.own_model import BadDesign
from yongquan.vouchers.own_store import own_of_merchant, running_states
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.own_words import OwnWords, page_address, run_of
from yongquan.web.pages import qr_code, render
from yongquan.web.sessions import Sessions

Act = Literal["submit", "withdraw", "publish", "pause", "resume", "stop", "prepay"]


def make_own(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/own`."""
    routes = APIRouter()

    @routes.get("/own")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            merchant = await stores_for(connection, who)
            owns = await own_of_merchant(connection, merchant.merchant)
            runs = await running_states(connection, owns)
        now = door.clock.now()
        facts = {
            "store": merchant,
            "owns": owns,
            "own_words": OwnWords(speech_of(request)),
            "runs": {own.own_id: run_of(own, runs, now) for own in owns},
        }
        return render(request, "merchant/own.html", facts)

    @routes.get("/own/{own_id}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], own_id: UUID) -> Response:
        return await _page(door, request, who, own_id)

    @routes.get("/own/{own_id}/{act}")
    async def back(own_id: UUID, act: Act) -> Response:  # noqa: ARG001 - the language switch comes back to a form's path
        return RedirectResponse(f"/m/own/{own_id}", status_code=303)

    @routes.post("/own/{own_id}/{act}")
    async def do(request: Request, who: Annotated[UUID, Depends(sessions.page)], own_id: UUID, act: Act) -> Response:
        try:
            await _act(door, Applicant.shop(who), own_id, act)
        except BadDesign as bad:
            return await _page(door, request, who, own_id, error="bad_request", field=bad.field)
        except Refusal as refusal:
            if refusal.code == "not_found":
                raise
            return await _page(door, request, who, own_id, error=refusal.code)
        return RedirectResponse(f"/m/own/{own_id}", status_code=303)

    return routes


async def _page(door: Door, request: Request, who: UUID, own_id: UUID, *, error: str = "", field: str = "") -> Response:
    now, words = door.clock.now(), OwnWords(speech_of(request))
    async with door.database.transaction() as connection:
        merchant = await stores_for(connection, who)
        own = await own_for(connection, own_id, Applicant.shop(who), lock=False)
        forecast = await forecast_own(connection, own.design, merchant=own.merchant, now=now)
        money = await read_own_money(connection, own)
        runs = await running_states(connection, [own])
        names = await parties(connection)
    said = words.fault(field) if field else words.problem(error)
    address = page_address(request, own)
    facts = {
        "store": merchant,
        "own": own,
        "own_words": words,
        "forecast": forecast,
        "money": money,
        "run": run_of(own, runs, now),
        "claimed": runs[own.campaign_id][3] if own.campaign_id in runs else 0,
        "names": names,
        "address": address,
        "picture": qr_code(f"{address}/claim") if own.campaign_id else None,
        "in_sandbox": door.phones is not None,
        "error": said if error else "",
    }
    return render(request, "merchant/own_one.html", facts, status=422 if error else 200)


async def _act(door: Door, who: Applicant, own_id: UUID, act: Act) -> None:
    database, now = door.database, door.clock.now()
    match act:
        case "submit":
            await submit_own(database, who, own_id, now=now)
        case "withdraw":
            await withdraw_own(database, who, own_id, now=now)
        case "publish":
            await publish_own(database, who, own_id, cells=door.cells, now=now)
        case "pause":
            await steer_own(database, who, own_id, RoundState.PAUSED, now=now)
        case "resume":
            await steer_own(database, who, own_id, RoundState.PUBLISHED, now=now)
        case "stop":
            await stop_own(database, who, own_id, now=now)
        case "prepay" if door.phones is not None:
            await prepay_in_sandbox(database, door.links, who, own_id, now=now)
        case _:
            raise LookupError("a page without the sandbox offers no bank transfer")
