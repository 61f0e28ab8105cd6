"""What comes in from outside: tips of the public, appeals of shops and citizens, requests of authorities."""

from datetime import date
from typing import Annotated, Literal
from urllib.parse import quote
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.answer_request import BadRequest, RequestDesk
from yongquan.flows.appeal_hold import AppealDesk
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.hold_merchant import HOLD_ROLES
from yongquan.flows.take_tip import TipDesk, sealed_as
from yongquan.merchants.views import facts_of_stores, stores_named
from yongquan.payments.hold_appeals import appeal_photos, appeals_of
from yongquan.payments.holds import holds_listed
from yongquan.risk.cases.store import cases_listed
from yongquan.risk.requests.store import NewRequest, Officer, exports_of, request_of, requests_listed
from yongquan.risk.tips import store as tips
from yongquan.risk.tips.model import TipOutcome, TipState
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id, show_picture
from yongquan.web.console.risk_cases import words_of
from yongquan.web.console.risk_objections import objection_facts

TYPED = ("number", "authority", "basis", "name1", "badge1", "name2", "badge2", "stores", "citizens", "from_day")


def make_risk_inbox(desk: Desk) -> APIRouter:
    """`/console/risk/tips`, `/console/risk/appeals`, `/console/risk/requests`."""
    routes = desk_routes()
    _add_tips(routes, desk)
    _add_tip_steps(routes, desk)
    _add_appeals(routes, desk)
    _add_requests(routes, desk)
    _add_request_steps(routes, desk)
    return routes


def _add_tips(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/risk/tips")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], state: str = "") -> Response:
        _require_whole_city(visitor)
        wanted = state if state in set(TipState) else None
        async with door.database.transaction() as connection:
            found = await tips.tips_listed(connection, door.sealing, state=wanted)
            counts = await tips.tip_counts(connection)
        facts = {"tips": found, "counts": counts, "state": wanted or ""}
        return desk.show(request, visitor, "risk_tips.html", facts | words_of(request, visitor))

    @routes.get("/risk/tips/{tip}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], tip: str, shop: str = "", done: str = ""
    ) -> Response:
        _require_whole_city(visitor)
        async with door.database.transaction() as connection:
            found = await tips.tip_of(connection, known_id(tip), door.sealing)
            if found is None:
                raise Missing
            photos = await tips.photos_of(connection, found.tip_id)
            name = shop.strip() or (found.subject if found.kind == "shop" else "")
            shops = await stores_named(connection, name[:60]) if name else []
            cases = [case for case in await cases_listed(connection) if case.state.value != "closed"]
            actors = await names_of(connection, [found.taken_by or ""], door.sealing)
        facts = {"tip": found, "photos": photos, "shop": name, "found": shops, "cases": cases, "actors": actors}
        return desk.show(request, visitor, "risk_tip.html", facts | {"done": done} | words_of(request, visitor))

    @routes.get("/risk/tips/{tip}/photos/{photo}")
    async def picture(visitor: Annotated[Visitor, Depends(desk.visitor)], tip: str, photo: str) -> Response:
        _require_whole_city(visitor)
        tip_id = known_id(tip)
        async with door.database.transaction() as connection:
            kept = await tips.sealed_picture(connection, tip_id, known_id(photo))
        if kept is None:
            raise Missing
        return show_picture(door.sealing.open_bytes(kept[1], what=sealed_as(tip_id)))


def _add_tip_steps(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    tip_desk = TipDesk(door.database, door.sealing)

    @routes.post("/risk/tips/{tip}")
    async def step(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        tip: str,
        what: Annotated[Literal["look", "merge", "close"], Form()],
        into: Annotated[str, Form()] = "",
        outcome: Annotated[TipOutcome, Form()] = TipOutcome.UNPROVEN,
        answer: Annotated[str, Form()] = "",
    ) -> Response:
        tip_id, staff, now = known_id(tip), visitor.staff, door.clock.now()
        if what == "look":
            await tip_desk.look(staff, tip_id, now=now)
        elif what == "close":
            await tip_desk.close(staff, tip_id, outcome, answer.strip(), now=now)
        else:
            kind, _, value = into.partition(":")
            case_id = known_id(value) if kind == "case" else None
            store_id = known_id(value) if kind == "store" else None
            merged = await tip_desk.merge(staff, tip_id, case_id=case_id, store_id=store_id, now=now)
            return RedirectResponse(f"{ROOT}/risk/cases/{merged}?done=tip", status_code=303)
        return RedirectResponse(f"{ROOT}/risk/tips/{tip_id}?done={what}", status_code=303)


def _add_appeals(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    appeals = AppealDesk(DayDesk(door.database, door.clock, door.links, door.cells), door.sealing)

    @routes.get("/risk/appeals")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        _require_whole_city(visitor)
        async with door.database.transaction() as connection:
            holds = {hold.hold_id: hold for hold in await holds_listed(connection)}
            found = await appeals_of(connection, list(holds))
            listed = sorted((one for some in found.values() for one in some), key=lambda one: one.sent_at, reverse=True)
            photos = await appeal_photos(connection, [one.appeal_id for one in listed])
            shops = await facts_of_stores(connection, [holds[one.hold_id].store_id for one in listed])
            actors = await names_of(connection, [one.answered_by or "" for one in listed], door.sealing)
            objections = await objection_facts(desk, connection, request, visitor)
        facts: dict[str, object] = {
            "appeals": listed,
            "holds": holds,
            "photos": photos,
            "shops": shops,
            "actors": actors,
            "done": done,
        }
        facts |= words_of(request, visitor) | {"may_work": visitor.staff.may_any(*HOLD_ROLES)} | objections
        return desk.show(request, visitor, "risk_appeals.html", facts)

    @routes.get("/risk/appeals/photos/{photo}")
    async def picture(visitor: Annotated[Visitor, Depends(desk.visitor)], photo: str) -> Response:
        _require_whole_city(visitor)
        found = await appeals.picture(known_id(photo))
        if found is None:
            raise Missing
        return show_picture(found[1])

    @routes.post("/risk/appeals/{appeal}")
    async def answer(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        appeal: str,
        what: Annotated[Literal["uphold", "refuse"], Form()],
        answer: Annotated[str, Form()],
    ) -> Response:
        appeal_id, uphold = known_id(appeal), what == "uphold"
        await appeals.answer(visitor.staff, appeal_id, uphold=uphold, answer=answer.strip(), now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/appeals?done={what}", status_code=303)


def _add_requests(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    requests = RequestDesk(door.database, door.sealing, door.cells)

    async def page(
        request: Request, visitor: Visitor, typed: dict[str, str], faults: dict[str, str], case: str = ""
    ) -> Response:
        _require_whole_city(visitor)
        async with door.database.transaction() as connection:
            found = await requests_listed(connection, door.sealing)
            cases = [one for one in await cases_listed(connection) if one.state.value != "closed"]
        facts = {"requests": found, "cases": cases, "typed": typed, "faults": faults, "chosen": case}
        status = 422 if faults else 200
        return desk.show(request, visitor, "risk_requests.html", facts | words_of(request, visitor), status=status)

    @routes.get("/risk/requests")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], case: str = "") -> Response:
        return await page(request, visitor, {}, {}, case)

    @routes.post("/risk/requests")
    async def take_in(request: Request, visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        sent = await request.form()
        typed = {name: str(sent.get(name, "")).strip() for name in (*TYPED, "until_day", "case_id")}
        try:
            request_id = await requests.take_in(visitor.staff, _read(typed), now=door.clock.now())
        except BadRequest as no:
            return await page(request, visitor, typed, no.faults, typed["case_id"])
        return RedirectResponse(f"{ROOT}/risk/requests/{request_id}", status_code=303)


def _add_request_steps(routes: APIRouter, desk: Desk) -> None:
    door = desk.door
    requests = RequestDesk(door.database, door.sealing, door.cells)

    @routes.get("/risk/requests/{wanted}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], wanted: str) -> Response:
        _require_whole_city(visitor)
        async with door.database.transaction() as connection:
            found = await request_of(connection, known_id(wanted), door.sealing)
            if found is None:
                raise Missing
            exports = await exports_of(connection, found.request_id)
            shops = await facts_of_stores(connection, found.stores)
            actors = [found.taken_by, found.decided_by or "", *(row[2] for row in exports)]
            names = await names_of(connection, actors, door.sealing)
        facts = {"wanted": found, "exports": exports, "shops": shops, "actors": names}
        return desk.show(request, visitor, "risk_request.html", facts | words_of(request, visitor))

    @routes.post("/risk/requests/{wanted}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        wanted: str,
        what: Annotated[Literal["approve", "refuse"], Form()],
        reason: Annotated[str, Form()],
    ) -> Response:
        request_id, approve = known_id(wanted), what == "approve"
        await requests.decide(visitor.staff, request_id, approve=approve, reason=reason.strip(), now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/requests/{request_id}", status_code=303)

    @routes.post("/risk/requests/{wanted}/export")
    async def export(visitor: Annotated[Visitor, Depends(desk.poster)], wanted: str) -> Response:
        made = await requests.export(visitor.staff, known_id(wanted), now=door.clock.now())
        headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(made.name)}"}
        return Response(made.content, media_type="application/zip", headers=headers | {"Cache-Control": "no-store"})


def _read(typed: dict[str, str]) -> NewRequest:
    """What the form asks for. Raises `BadRequest` for days and ids that cannot be read."""
    try:
        days = date.fromisoformat(typed["from_day"]), date.fromisoformat(typed["until_day"])
    except ValueError as error:
        raise BadRequest({"days": "missing"}) from error
    try:
        stores, citizens = (tuple(UUID(one) for one in typed[name].split()) for name in ("stores", "citizens"))
    except ValueError as error:
        raise BadRequest({"parties": "unknown"}) from error
    return NewRequest(
        number=typed["number"],
        authority=typed["authority"],
        legal_basis=typed["basis"],
        officers=(Officer(typed["name1"], typed["badge1"]), Officer(typed["name2"], typed["badge2"])),
        stores=stores,
        citizens=citizens,
        from_day=days[0],
        until_day=days[1],
        case_id=known_id(typed["case_id"]) if typed["case_id"] else None,
    )


def _require_whole_city(visitor: Visitor) -> None:
    if visitor.places is not None:
        raise Missing
