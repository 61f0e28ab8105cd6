"""Shops' own vouchers at the desk: one queue for five channels, the decision, the free listing, the bureau's form."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.apply_own import decide_on_own, enter_own, forecast_own, list_own_voucher
from yongquan.flows.own_money import read_own_money
from yongquan.flows.own_parties import DESK_ROLES, Applicant, stores_for
from yongquan.institutions.views import banks, parties
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff.views import names_of
from yongquan.vouchers.own_model import BadDesign, Channel, OwnKind, OwnState, OwnVoucher
from yongquan.vouchers.own_store import own_for_desk, own_of, running_states
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.own_form import Typed
from yongquan.web.own_words import OwnWords, run_of

LASTS = timedelta(days=29)


def make_console_own(desk: Desk) -> APIRouter:
    """`/console/own`."""
    routes = desk_routes()
    for make in (_add_form, _add_pages, _add_acts):
        make(routes, desk)
    return routes


def _add_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/own")
    async def queue(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], channel: str = ""
    ) -> Response:
        now = door.clock.now()
        wanted = channel if channel in set(Channel) else None
        async with door.database.transaction() as connection:
            owns = await own_for_desk(connection, places=visitor.places, channel=wanted)
            runs = await running_states(connection, owns)
        facts = {
            "owns": owns,
            "runs": {own.own_id: run_of(own, runs, now) for own in owns},
            "channels": list(Channel),
            "channel": wanted or "",
            "may_enter": visitor.staff.may_any(*DESK_ROLES) or visitor.places is not None,
        }
        return desk.show(request, visitor, "own.html", facts | _words(request))

    @routes.get("/own/{own}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], own: str) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            found = await _seen(connection, visitor, own)
            merchant = await stores_for(connection, found.store_id)
            history = await audit_page(connection, subject=f"own_voucher:{found.own_id}")
            runs = await running_states(connection, [found])
            facts: dict[str, object] = {
                "own": found,
                "run": run_of(found, runs, now),
                "forecast": await forecast_own(connection, found.design, merchant=found.merchant, now=now),
                "money": await read_own_money(connection, found),
                "shops": [merchant.stores[s] for s in found.design.stores if s in merchant.stores],
                "names": await parties(connection),
                "history": history,
                "actors": await names_of(connection, {row.actor for row in history}, door.sealing),
            }
        may = visitor.staff.may_any(*DESK_ROLES, adcode=found.adcode)
        waits = found.state in {OwnState.SUBMITTED, OwnState.RESUBMITTED}
        facts |= {
            "may_decide": may and waits and found.entered_by != visitor.staff.actor,
            "is_own_entry": waits and found.entered_by == visitor.staff.actor,
            "may_list": may and found.state in {OwnState.APPROVED, OwnState.PUBLISHED},
        }
        return desk.show(request, visitor, "own_one.html", facts | _words(request))


def _add_acts(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.post("/own/{own}/decision")
    async def decide(
        *,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        own: str,
        to: Annotated[Literal["approved", "rejected"], Form()],
        reason: Annotated[str, Form()] = "",
        account_no: Annotated[str, Form(max_length=64)] = "",
    ) -> Response:
        await decide_on_own(
            door.database,
            visitor.staff,
            known_id(own),
            approve=to == "approved",
            reason=reason.strip(),
            account_no=account_no,
            cells=door.cells,
            now=door.clock.now(),
        )
        return RedirectResponse(f"{ROOT}/own/{own}", status_code=303)

    @routes.post("/own/{own}/listing")
    async def list_it(
        visitor: Annotated[Visitor, Depends(desk.poster)], own: str, listed: Annotated[Literal["yes", "no"], Form()]
    ) -> Response:
        await list_own_voucher(
            door.database, visitor.staff, known_id(own), listed=listed == "yes", now=door.clock.now()
        )
        desk.forget()
        return RedirectResponse(f"{ROOT}/own/{own}", status_code=303)


def _add_form(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    async def form(
        request: Request, visitor: Visitor, store: str, *, typed: Typed | None = None, fault: str = "", key: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            merchant = await stores_for(connection, known_id(store)) if store else None
            known = await banks(connection)
        today = business_day(door.clock.now())
        fresh = Typed.fresh(
            today=today,
            until=today + LASTS,
            stores=list(merchant.stores) if merchant else (),
            bank=known[0].code if known else "",
        )
        facts = {
            "merchant": merchant,
            "store": store,
            "typed": typed or fresh,
            "banks": known,
            "kinds": list(OwnKind),
            "key": key or fresh_id().hex,
            "fault": fault,
        }
        return desk.show(request, visitor, "own_new.html", facts | _words(request), status=422 if fault else 200)

    @routes.get("/own/new")
    async def new(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], store: str = "") -> Response:
        return await form(request, visitor, store.strip())

    @routes.post("/own/new")
    async def enter(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        store: Annotated[str, Form()],
        key: Annotated[str, Form(max_length=64)],
    ) -> Response:
        typed = Typed.of_form(await request.form())
        try:
            own = await enter_own(
                door.database,
                Applicant.bureau(visitor.staff),
                typed.design(),
                store_id=known_id(store),
                key=key,
                submit=True,
                now=door.clock.now(),
            )
        except BadDesign as bad:
            return await form(request, visitor, store, typed=typed, fault=bad.field, key=key)
        return RedirectResponse(f"{ROOT}/own/{own.own_id}", status_code=303)


async def _seen(connection: Connection, visitor: Visitor, own: str) -> OwnVoucher:
    found = await own_of(connection, known_id(own))
    if found is None or found.state is OwnState.DRAFT or not visitor.sees(found.adcode):
        raise Missing
    return found


def _words(request: Request) -> dict[str, object]:
    return {"own_words": OwnWords(speech_of(request))}
