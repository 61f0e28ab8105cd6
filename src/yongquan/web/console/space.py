"""What is published to shops: the lists by kind, one publication, its second pair of eyes, who has read it."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.publish_to_merchants import decide_publication, submit_publication, withdraw_publication
from yongquan.flows.space_parties import SPACE_ROLES, BadField
from yongquan.institutions.views import parties
from yongquan.merchants.enrolment.store import calls_of
from yongquan.merchants.grids.store import drawing_of, stores_in_grid, version_on
from yongquan.merchants.publications.model import Audience, Kind, Publication, PublicationState
from yongquan.merchants.publications.store import publication_of, publications, read_counts, stores_reached
from yongquan.plumbing.audit_pages import audit_page
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.vouchers.callable import callable_campaigns, types_bound
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.shop_words import ShopWords


def make_space(desk: Desk) -> APIRouter:
    """`/console/space`."""
    routes = desk_routes()
    for make in (_make_pages, _make_acts):
        make(routes, desk)
    return routes


async def space_words(desk: Desk, connection: Connection, request: Request) -> ShopWords:
    """The desk's language for Merchant Space."""
    return ShopWords(speech_of(request), desk.door.regions.division, await parties(connection))


def may_publish(visitor: Visitor, adcode: str | None) -> bool:
    """Whether this person writes and publishes for a division (None: the whole city)."""
    return visitor.staff.may_any(*SPACE_ROLES, adcode=adcode)


def may_write(visitor: Visitor) -> bool:
    """Whether this person writes for any place at all."""
    return any(grant.role in SPACE_ROLES and grant.institution is None for grant in visitor.staff.grants)


def _make_pages(routes: APIRouter, desk: Desk) -> None:
    door = desk.door

    @routes.get("/space")
    async def listed(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], kind: Kind = Kind.NOTICE
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await publications(connection, kind, places=visitor.places)
            counts = await read_counts(connection, [one.publication_id for one in found])
            names = await names_of(connection, {one.drafted_by for one in found}, door.sealing)
            words = await space_words(desk, connection, request)
        facts = {"publications": found, "kind": kind, "kinds": list(Kind), "reads": counts, "actors": names}
        return desk.show(
            request, visitor, "space.html", facts | {"space_words": words, "may_write": may_write(visitor)}
        )

    @routes.get("/space/{publication}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], publication: str, fault: str = ""
    ) -> Response:
        return await show_publication(desk, request, visitor, publication, fault=fault)


async def show_publication(
    desk: Desk, request: Request, visitor: Visitor, publication: str, *, fault: str = "", reason: str = ""
) -> Response:
    """One publication with its readers, its call and its story. Raises `Missing`."""
    door = desk.door
    async with door.database.transaction() as connection:
        found = await publication_of(connection, known_id(publication))
        if found is None or not visitor.sees(found.adcode):
            raise Missing
        history = await audit_page(connection, subject=f"publication:{found.publication_id}")
        actors = {row.actor for row in history} | {found.drafted_by, found.decided_by or ""}
        facts: dict[str, object] = {
            "one": found,
            "history": history,
            "actors": await names_of(connection, actors, door.sealing),
            "space_words": await space_words(desk, connection, request),
            "reads": (await read_counts(connection, [found.publication_id])).get(found.publication_id, 0),
            "reached": await _reached(desk, connection, found),
        }
        call = (await calls_of(connection, [found.publication_id])).get(found.publication_id)
        if call is not None:
            facts["campaign"] = (await callable_campaigns(connection, [call.plan.campaign_id])).get(
                call.plan.campaign_id
            )
            facts["bound"] = await types_bound(connection, call.plan.campaign_id, call.plan.group_code)
    may = may_publish(visitor, found.adcode)
    is_own = found.drafted_by == visitor.staff.actor
    facts |= {
        "call": call,
        "may_change": may and found.state in {PublicationState.DRAFT, PublicationState.RETURNED},
        "may_decide": may and found.state is PublicationState.SUBMITTED and not is_own,
        "is_own_entry": may and found.state is PublicationState.SUBMITTED and is_own,
        "may_withdraw": may and found.state is not PublicationState.WITHDRAWN,
        "fault": fault,
        "reason": reason,
    }
    return desk.show(request, visitor, "space_one.html", facts, status=422 if fault else 200)


def _make_acts(routes: APIRouter, desk: Desk) -> None:
    database, clock = desk.door.database, desk.door.clock

    @routes.get("/space/{publication}/act")
    async def back(publication: str) -> Response:  # the language switch comes back to a form's path
        return RedirectResponse(f"{ROOT}/space/{known_id(publication)}", status_code=303)

    @routes.post("/space/{publication}/act")
    async def act(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        publication: str,
        to: Annotated[Literal["submitted", "published", "returned", "withdrawn"], Form()],
        reason: Annotated[str, Form(max_length=1_000)] = "",
    ) -> Response:
        id_, staff, now = known_id(publication), visitor.staff, clock.now()
        try:
            if to == "submitted":
                await submit_publication(database, staff, id_, now=now)
            elif to == "withdrawn":
                await withdraw_publication(database, staff, id_, reason=reason, now=now)
            else:
                await decide_publication(database, staff, id_, publish=to == "published", reason=reason, now=now)
        except BadField as bad:
            return await show_publication(desk, request, visitor, publication, fault=bad.why, reason=reason)
        return RedirectResponse(f"{ROOT}/space/{id_}", status_code=303)


async def _reached(desk: Desk, connection: Connection, found: Publication) -> int:
    """How many shops it is for."""
    if found.reach.audience is not Audience.GRID:
        return await stores_reached(connection, found.reach)
    version_no = await version_on(connection, business_day(desk.door.clock.now()))
    if version_no is None:
        return 0
    adcode = found.reach.value.split("-", maxsplit=1)[0]
    drawing, _ = await drawing_of(connection, version_no, adcode=adcode)
    return len(await stores_in_grid(connection, drawing, found.reach.value))
