"""The joint announcement at the desk: its versions, the draft, and who publishes it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.publish_announcement import AnnouncementDesk, WordingIncomplete
from yongquan.risk.announcements.store import Announcement, Wording, acceptances, announcements
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes
from yongquan.web.console.risk_cases import words_of


def make_risk_announcement(desk: Desk) -> APIRouter:
    """`/console/risk/announcement`."""
    routes = desk_routes()
    door = desk.door
    versions = AnnouncementDesk(door.database)

    async def page(
        request: Request, visitor: Visitor, *, typed: Wording | Announcement | None = None, faults: dict[str, str]
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await announcements(connection)
            counts = await acceptances(connection)
            actors = [actor for one in found for actor in (one.written_by, one.published_by) if actor]
            names = await names_of(connection, actors, door.sealing)
        typed = typed or (found[0] if found else Wording("", "", ""))
        facts = {"versions": found, "counts": counts, "actors": names, "typed": typed, "faults": faults}
        status = 422 if faults else 200
        return desk.show(request, visitor, "risk_announcement.html", facts | words_of(request, visitor), status=status)

    @routes.get("/risk/announcement")
    async def listed(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        return await page(request, visitor, faults={})

    @routes.post("/risk/announcement")
    async def write(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        *,
        title: Annotated[str, Form()] = "",
        body: Annotated[str, Form()] = "",
        issuers: Annotated[str, Form()] = "",
        title_en: Annotated[str, Form()] = "",
        body_en: Annotated[str, Form()] = "",
    ) -> Response:
        wording = Wording(*(text.strip() for text in (title, body, issuers, title_en, body_en)))
        try:
            await versions.write(visitor.staff, wording, now=door.clock.now())
        except WordingIncomplete as no:
            return await page(request, visitor, typed=wording, faults=no.faults)
        return RedirectResponse(f"{ROOT}/risk/announcement", status_code=303)

    @routes.post("/risk/announcement/{version}/publication")
    async def publish(visitor: Annotated[Visitor, Depends(desk.poster)], version: int) -> Response:
        await versions.publish(visitor.staff, version, now=door.clock.now())
        return RedirectResponse(f"{ROOT}/risk/announcement", status_code=303)

    return routes
