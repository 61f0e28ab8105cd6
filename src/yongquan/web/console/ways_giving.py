"""Code batches, gift quotas and rehearsals at the desk."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.store import phones_of
from yongquan.flows.generate_codes import stop_codes
from yongquan.flows.give_vouchers import allow_gifts
from yongquan.flows.rehearse_round import end_rehearsal, rehearse_round, report_of
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import apps
from yongquan.institutions.views import parties
from yongquan.merchants.views import StoreRow, store_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways import rehearsals
from yongquan.vouchers.ways.codes_store import batches_for_desk
from yongquan.vouchers.ways.gifts import quotas
from yongquan.vouchers.ways.lists_store import lists_for_desk
from yongquan.vouchers.ways.pushes import offered_types
from yongquan.web.console.codes import DESK_MAX, make_codes_form, types_for_codes
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id

QUIET_SHOWN = 50


def make_giving(desk: Desk) -> APIRouter:
    """`/console/ways/codes`, `/console/ways/gifts` and `/console/ways/rehearsals`."""
    routes = APIRouter()
    for make in (_make_codes, make_codes_form, _make_gifts, _make_rehearsals):
        routes.include_router(make(desk))
    return routes


def _make_codes(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/ways/codes")
    async def codes(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            listed = await batches_for_desk(connection, places=visitor.places)
        types = await types_for_codes(desk, visitor)
        facts = {"batches": listed, "types": types, "most": DESK_MAX, "making": fresh_id()}
        return desk.show(request, visitor, "ways_codes.html", facts)

    @routes.post("/ways/codes/{batch}/stop")
    async def stop(
        visitor: Annotated[Visitor, Depends(desk.poster)], batch: str, reason: Annotated[str, Form()]
    ) -> Response:
        now = door.clock.now()
        await stop_codes(door.database, known_id(batch), staff=visitor.staff, reason=reason.strip(), now=now)
        return RedirectResponse(f"{ROOT}/ways/codes", status_code=303)

    return routes


def _make_gifts(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/ways/gifts")
    async def gifts(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            listed = await quotas(connection, places=visitor.places)
            names = await parties(connection)
            types = await offered_types(connection, RoundMode.GIFT, places=visitor.places, now=now)
            stores = {
                quota.giver: await store_of(connection, UUID(quota.giver.removeprefix("store:")))
                for quota in listed
                if quota.giver.startswith("store:")
            }
            givers = await apps(connection)
        shown: dict[str, StoreRow | App | None] = {quota.giver: stores.get(quota.giver) for quota in listed}
        shown |= {f"institution:{app.institution}": app for app in givers}
        facts = {"quotas": listed, "names": names, "types": types, "stores": shown, "apps": givers}
        return desk.show(request, visitor, "ways_gifts.html", facts)

    @routes.post("/ways/gifts")
    async def allow(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        type_id: Annotated[UUID, Form()],
        quota: Annotated[int, Form()],
        waits_days: Annotated[int, Form()],
        store_id: Annotated[str, Form()] = "",
        institution: Annotated[str, Form()] = "",
    ) -> Response:
        async with door.database.transaction() as connection:
            giver = await _giver(connection, store_id=store_id.strip(), institution=institution)
        await allow_gifts(
            door.database,
            type_id=type_id,
            giver=giver,
            quota=quota,
            waits_days=waits_days,
            staff=visitor.staff,
            now=door.clock.now(),
        )
        return RedirectResponse(f"{ROOT}/ways/gifts", status_code=303)

    return routes


async def _giver(connection: Connection, *, store_id: str, institution: str) -> str:
    if institution in {app.institution for app in await apps(connection)}:
        return f"institution:{institution}"
    if institution or await store_of(connection, known_id(store_id)) is None:
        raise Missing
    return f"store:{known_id(store_id)}"


def _make_rehearsals(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/ways/rehearsals")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            held = await rehearsals.rehearsals(connection, places=visitor.places)
            lists = await lists_for_desk(connection, places=visitor.places)
        copies = {one.round_id for one in held}
        rounds = [r for r in await desk.rounds.get(visitor.places) if r.closes_at > now and r.round_id not in copies]
        facts = {"rehearsals": held, "lists": lists, "rounds": rounds}
        return desk.show(request, visitor, "ways_rehearsals.html", facts)

    @routes.post("/ways/rehearsals")
    async def rehearse(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        round_id: Annotated[UUID, Form()],
        list_id: Annotated[UUID, Form()],
        stock: Annotated[int, Form()],
        minutes: Annotated[int, Form()],
    ) -> Response:
        copy = await rehearse_round(
            door.database,
            round_id,
            list_id=list_id,
            stock=stock,
            minutes=minutes,
            staff=visitor.staff,
            cells=door.cells,
            now=door.clock.now(),
        )
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/ways/rehearsals/{copy}", status_code=303)

    @routes.get("/ways/rehearsals/{copy}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], copy: str) -> Response:
        async with door.database.transaction() as connection:
            found = await rehearsals.rehearsals(connection, places=visitor.places, round_id=known_id(copy))
            if not found:
                raise Missing
            report = found[0].report or await report_of(connection, found[0])
            quiet = await rehearsals.quiet_testers(connection, found[0], limit=QUIET_SHOWN)
            phones = await phones_of(connection, quiet, door.sealing, cells=door.cells)
        facts = {"rehearsal": found[0], "report": report, "quiet": list(phones.values())}
        return desk.show(request, visitor, "ways_rehearsal.html", facts)

    @routes.post("/ways/rehearsals/{copy}/end")
    async def end(visitor: Annotated[Visitor, Depends(desk.poster)], copy: str) -> Response:
        now = door.clock.now()
        await end_rehearsal(door.database, known_id(copy), staff=visitor.staff, cells=door.cells, now=now)
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/ways/rehearsals/{copy}", status_code=303)

    return routes
