"""Objections of citizens at the desk, on the page of appeals: what stood against them, their words, the decision."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.store import phones_of
from yongquan.flows.list_party import LIST_ROLES
from yongquan.flows.object_to_risk import ObjectionDesk
from yongquan.plumbing.db import Connection
from yongquan.risk.lists.record import EntryRecord
from yongquan.risk.lists.store import records_named
from yongquan.risk.objections.store import objection_photos, objections_listed
from yongquan.risk.verification.objected_store import reports_named
from yongquan.staff.views import names_of
from yongquan.web import objection_words
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id, show_picture
from yongquan.web.language import speech_of
from yongquan.web.objection_words import ObjectionWords
from yongquan.web.risk_words import RiskWords


def make_risk_objections(desk: Desk) -> APIRouter:
    """What is posted from `/console/risk/appeals` about objections, and their pictures."""
    routes = desk_routes()
    objections = ObjectionDesk(desk.door.lists)

    @routes.get("/risk/objections/photos/{photo}")
    async def picture(visitor: Annotated[Visitor, Depends(desk.visitor)], photo: str) -> Response:
        if visitor.places is not None:
            raise Missing
        found = await objections.picture(known_id(photo))
        if found is None:
            raise Missing
        return show_picture(found)

    @routes.post("/risk/objections/{objection}")
    async def answer(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        objection: str,
        what: Annotated[Literal["uphold", "refuse"], Form()],
        answer: Annotated[str, Form()],
    ) -> Response:
        objection_id, uphold, now = known_id(objection), what == "uphold", desk.door.clock.now()
        await objections.answer(visitor.staff, objection_id, uphold=uphold, answer=answer.strip(), now=now)
        return RedirectResponse(f"{ROOT}/risk/appeals?done={what}#o{objection_id}", status_code=303)

    return routes


async def objection_facts(desk: Desk, connection: Connection, request: Request, visitor: Visitor) -> dict[str, object]:
    """What the page of appeals shows of objections."""
    sealing, said = desk.door.sealing, speech_of(request)
    found = await objections_listed(connection, sealing)
    entries = await records_named(connection, [one for objection in found for one in objection.entries])
    return {
        "objections": found,
        "entries": entries,
        "reports": await reports_named(connection, [one for objection in found for one in objection.reports]),
        "objection_photos": await objection_photos(connection, [one.objection_id for one in found]),
        "phones": await phones_of(connection, [one.citizen_id for one in found], sealing, cells=desk.door.cells),
        "objectors_actors": await names_of(connection, [one.answered_by or "" for one in found], sealing),
        "own": {one.objection_id for one in found if _is_own(visitor, one.entries, entries)},
        "may_decide": visitor.staff.may_any(*LIST_ROLES),
        "said": ObjectionWords(said),
        "objection_words": objection_words,
        "risk_words": RiskWords(said),
    }


def _is_own(visitor: Visitor, named: Sequence[UUID], entries: Mapping[UUID, EntryRecord]) -> bool:
    """Whether this visitor proposed or approved one of the listings."""
    mine = {entry_id for entry_id, one in entries.items() if visitor.staff.actor in {one.proposed_by, one.decided_by}}
    return bool(mine & set(named))
