"""Giving vouchers: lists of citizens, and pushes to lists, segments and those whose vouchers expired."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.import_list import LIST_ROLES
from yongquan.flows.push_vouchers import count_push, draft_push, start_push, stop_push
from yongquan.institutions.views import parties
from yongquan.kernel.errors import BadInput
from yongquan.vouchers.model import RoundMode
from yongquan.vouchers.ways.audience import Audience, read_audience
from yongquan.vouchers.ways.lists_store import lists_for_desk
from yongquan.vouchers.ways.pushes import offered_types, progress_of, push_of, pushes_for_desk
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.words import INDUSTRIES


class PushForm:
    """What the form of a new push says; blanks are no rule."""

    def __init__(
        self,
        *,
        name: Annotated[str, Form(max_length=60)],
        type_id: Annotated[UUID, Form()],
        kind: Annotated[Literal["list", "segment", "expired"], Form()],
        list_id: Annotated[str, Form()] = "",
        expired_round: Annotated[str, Form()] = "",
        districts: Annotated[list[str] | None, Form()] = None,
        card_issuers: Annotated[list[str] | None, Form()] = None,
        industries: Annotated[list[str] | None, Form()] = None,
        age_from: Annotated[str, Form()] = "",
        age_to: Annotated[str, Form()] = "",
        registered_since: Annotated[str, Form()] = "",
        paid_days: Annotated[str, Form()] = "",
        payments_min: Annotated[str, Form()] = "",
        amount_min_yuan: Annotated[str, Form()] = "",
        held_days: Annotated[str, Form()] = "",
        claimed_min: Annotated[str, Form()] = "",
        expired_min: Annotated[str, Form()] = "",
        redeemed: Annotated[Literal["", "never", "some"], Form()] = "",
    ) -> None:
        self.name, self.type_id = name.strip(), type_id
        paid = {
            "days": _number(paid_days),
            "payments_min": _number(payments_min),
            "amount_min_fen": _times_hundred(_number(amount_min_yuan)),
            "industries": industries or None,
        }
        held = {
            "days": _number(held_days),
            "claimed_min": _number(claimed_min),
            "expired_min": _number(expired_min),
            "redeemed_max": 0 if redeemed == "never" else None,
            "redeemed_min": 1 if redeemed == "some" else None,
        }
        segment: dict[str, object] = {
            "kind": "segment",
            "districts": districts or None,
            "age_from": _number(age_from),
            "age_to": _number(age_to),
            "card_issuers": card_issuers or None,
            "registered_since": _day(registered_since),
            "paid": _with_days(paid),
            "vouchers": _with_days(held),
        }
        documents: dict[str, dict[str, object]] = {
            "list": {"kind": "list", "list_id": list_id},
            "expired": {"kind": "expired", "round_id": expired_round},
            "segment": segment,
        }
        self.document = documents[kind]

    def audience(self) -> Audience:
        """The audience of the form. Raises `BadInput`."""
        return read_audience(json.dumps(self.document))


def make_ways(desk: Desk) -> APIRouter:
    """`/console/ways`: lists and pushes."""
    routes = APIRouter()
    for make in (_make_drafts, _make_pushes):
        routes.include_router(make(desk))
    return routes


def _make_drafts(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/ways")
    async def front(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        async with door.database.transaction() as connection:
            listed = await pushes_for_desk(connection, places=visitor.places)
            progress = {push.push_id: await progress_of(connection, push.push_id) for push in listed[:30]}
            lists = await lists_for_desk(connection, places=visitor.places)
        facts = {"pushes": listed[:30], "progress": progress, "lists": lists}
        return desk.show(request, visitor, "ways.html", facts)

    @routes.get("/ways/pushes/new")
    async def new_push(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            facts: dict[str, object] = {
                "types": await offered_types(connection, *RoundMode, places=visitor.places, now=now),
                "lists": await lists_for_desk(connection, places=visitor.places),
                "names": await parties(connection),
            }
        rounds = await desk.rounds.get(visitor.places)
        facts["expired_rounds"] = [r for r in rounds if r.expired]
        facts["industries"] = INDUSTRIES
        return desk.show(request, visitor, "ways_push_new.html", facts)

    @routes.post("/ways/pushes")
    async def draft(
        visitor: Annotated[Visitor, Depends(desk.poster)], form: Annotated[PushForm, Depends()]
    ) -> Response:
        now = door.clock.now()
        push_id = await draft_push(
            door.database,
            name=form.name,
            type_id=form.type_id,
            audience=form.audience(),
            staff=visitor.staff,
            now=now,
        )
        await count_push(door.database, push_id, staff=visitor.staff, cells=door.cells, now=now)
        return RedirectResponse(f"{ROOT}/ways/pushes/{push_id}", status_code=303)

    return routes


def _make_pushes(desk: Desk) -> APIRouter:
    routes = desk_routes()
    door = desk.door

    @routes.get("/ways/pushes/{push}")
    async def one_push(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], push: str) -> Response:
        return await show_push(request, visitor, push, "ways_push.html")

    @routes.get("/ways/pushes/{push}/progress")
    async def live(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], push: str) -> Response:
        return await show_push(request, visitor, push, "ways_push_live.html")

    async def show_push(request: Request, visitor: Visitor, push: str, template: str) -> Response:
        async with door.database.transaction() as connection:
            found = await push_of(connection, known_id(push))
            if found is None or not visitor.sees(found.adcode):
                raise Missing
            progress = await progress_of(connection, found.push_id)
        may = visitor.staff.may_any(*LIST_ROLES, adcode=found.adcode)
        return desk.show(request, visitor, template, {"push": found, "progress": progress, "may_send": may})

    @routes.post("/ways/pushes/{push}/{step}")
    async def step_on(
        visitor: Annotated[Visitor, Depends(desk.poster)], push: str, step: Literal["count", "start", "stop"]
    ) -> Response:
        push_id, now, staff = known_id(push), door.clock.now(), visitor.staff
        if step == "count":
            await count_push(door.database, push_id, staff=staff, cells=door.cells, now=now)
        elif step == "start":
            await start_push(door.database, push_id, staff=staff, cells=door.cells, now=now)
        else:
            await stop_push(door.database, push_id, staff=staff, now=now)
        return RedirectResponse(f"{ROOT}/ways/pushes/{push_id}", status_code=303)

    return routes


def _number(said: str) -> int | None:
    text = said.strip()
    if not text:
        return None
    if not text.isdecimal():
        raise BadInput(f"{text!r} is not a whole number")
    return int(text)


def _day(said: str) -> str | None:
    if not said.strip():
        return None
    try:
        return date.fromisoformat(said.strip()).isoformat()
    except ValueError as error:
        raise BadInput(f"{said!r} is not a day") from error


def _times_hundred(yuan: int | None) -> int | None:
    return None if yuan is None else yuan * 100


def _with_days(rules: Mapping[str, object]) -> dict[str, object] | None:
    """Rules about the last so many days; 30 days if only the rules are given, nothing if neither is."""
    given = {key: value for key, value in rules.items() if value is not None}
    if given.keys() <= {"days"}:
        return None
    return {"days": 30, **given}
