"""A call's shops at the desk: who is in it, a bureau's nominations, and what would be left out."""

from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.nominate_shops import decide_nomination, preview_candidates, propose_shops
from yongquan.flows.space_parties import BadField
from yongquan.merchants.enrolment.store import calls_of, candidates, enrolments_of_call, known_of_stores, nominations_of
from yongquan.merchants.publications.store import publication_of
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.space import may_publish, space_words
from yongquan.web.words import INDUSTRIES

ENROLLED_SHOWN = 100
PART_MAX = 40


def make_calls(desk: Desk) -> APIRouter:
    """`/console/calls/<id>`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/calls/{call}")
    async def shown(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.visitor)],
        call: str,
        district: str = "",
        industry: str = "",
        part: Annotated[str, Query(max_length=PART_MAX)] = "",
    ) -> Response:
        wanted = (district, industry if industry in INDUSTRIES else "", part.strip())
        return await _page(desk, request, visitor, call, wanted)

    @routes.post("/calls/{call}")
    async def propose(
        *,
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        call: str,
        district: Annotated[str, Form()],
        key: Annotated[str, Form(max_length=64)],
        reason: Annotated[str, Form(max_length=1_000)] = "",
        store: Annotated[Sequence[UUID], Form()] = (),
    ) -> Response:
        id_ = known_id(call)
        try:
            await propose_shops(
                door.database,
                visitor.staff,
                id_,
                store,
                adcode=district,
                reason=reason,
                key=key,
                now=door.clock.now(),
            )
        except BadField as fault:
            return await _page(
                desk, request, visitor, call, (district, "", ""), fault=fault, reason=reason, chosen=store
            )
        return RedirectResponse(f"{ROOT}/calls/{id_}", status_code=303)

    _add_decision(routes, desk)
    return routes


def _add_decision(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/calls/{call}/nominations/{nomination}")
    async def back(call: str, nomination: str) -> Response:  # noqa: ARG001 - the language switch comes back here
        return RedirectResponse(f"{ROOT}/calls/{known_id(call)}", status_code=303)

    @routes.post("/calls/{call}/nominations/{nomination}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        call: str,
        nomination: str,
        to: Annotated[Literal["approved", "refused"], Form()],
    ) -> Response:
        await decide_nomination(
            door.database, visitor.staff, known_id(nomination), approve=to == "approved", now=door.clock.now()
        )
        return RedirectResponse(f"{ROOT}/calls/{known_id(call)}", status_code=303)


async def _page(
    desk: Desk,
    request: Request,
    visitor: Visitor,
    call_text: str,
    wanted: tuple[str, str, str],
    *,
    fault: BadField | None = None,
    reason: str = "",
    chosen: Sequence[UUID] = (),
) -> Response:
    door, now, call_id = desk.door, desk.door.clock.now(), known_id(call_text)
    divisions = [d for d in door.regions.divisions if may_publish(visitor, d.adcode)]
    district, industry, part = wanted
    known_places = [d.adcode for d in divisions]
    district = district if district in known_places else next(iter(known_places), "")
    async with door.database.transaction() as connection:
        publication = await publication_of(connection, call_id)
        call = (await calls_of(connection, [call_id])).get(call_id)
        if publication is None or call is None:
            raise Missing
        found = await candidates(connection, call_id, adcode=district, industry=industry, part=part)
        words = await space_words(desk, connection, request)
        enrolled = await enrolments_of_call(connection, call_id, limit=ENROLLED_SHOWN)
        seen = await nominations_of(connection, call_id, places=visitor.places)
        named = {one.store_id for one in enrolled} | {store for one in seen for store in one.stores}
        facts: dict[str, object] = {
            "publication": publication,
            "call": call,
            "candidates": await preview_candidates(connection, call, found, now=now),
            "enrolled": [one for one in enrolled if one.state.value == "joined"],
            "nominations": seen,
            "shops": {store: row[0] for store, row in (await known_of_stores(connection, list(named))).items()},
            "previews": {
                one.nomination_id: await preview_candidates(connection, call, one.stores, now=now)
                for one in seen
                if one.state.value == "proposed"
            },
            "actors": await names_of(connection, {one.proposed_by for one in seen}, door.sealing),
        }
    facts |= {
        "space_words": words,
        "districts": divisions,
        "wanted": {"district": district, "industry": industry, "part": part},
        "industries": list(INDUSTRIES),
        "faults": {fault.field: words.fault(fault.why)} if fault else {},
        "typed": {"reason": reason, "chosen": set(chosen)},
        "key": fresh_id().hex,
        "may_nominate": bool(divisions) and publication.state.value == "published",
    }
    return desk.show(request, visitor, "call.html", facts, status=422 if fault else 200)
