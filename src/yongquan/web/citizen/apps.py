"""Which institutions' apps may act for me: seen and withdrawn here; under the sandbox, my last text message."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.store import phone_of
from yongquan.institutions.apps_store import end_link, links_of
from yongquan.kernel.ids import cell_of
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_apps(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/apps`."""
    routes = APIRouter()

    @routes.get("/apps")
    async def apps(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            links = await links_of(connection, cell, who)
            phone = await phone_of(connection, cell, who, door.sealing)
        inbox = await door.phones.last_message(phone) if door.phones and phone else None
        return render(request, "citizen/apps.html", links=links, inbox=inbox)

    @routes.post("/apps")
    async def withdraw(
        who: Annotated[UUID, Depends(sessions.page)],
        institution: Annotated[str, Form()],
        open_id: Annotated[UUID, Form()],
    ) -> Response:
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            # The pair comes back from the page; only one's own link can be ended.
            if (institution, open_id) in {
                (link.institution, link.open_id) for link in await links_of(connection, cell, who)
            }:
                await end_link(connection, cell, institution, open_id, now=door.clock.now())
        return RedirectResponse("/c/apps", status_code=303)

    return routes
