"""`/v1/institutions/rounds/{round_id}/registrations`: a bank's app signs its citizens up for a draw."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.institutions.apps import App
from yongquan.vouchers.draw_store import DrawRow
from yongquan.web.api.registrations import Key, RegistrationRequest, sign_ups_of
from yongquan.web.door import Door


class AppRegistrationRequest(RegistrationRequest):
    """A citizen's own request, with `open_id`: who it is for."""

    open_id: UUID


def make_app_draws(door: Door, caller: Callable[[Request], Awaitable[App]]) -> APIRouter:
    """Registrations through institutions' apps, each noted under its own name."""
    routes = APIRouter()
    sign_ups = sign_ups_of(door)

    @routes.post("/rounds/{round_id}/registrations", status_code=201, response_model=None)
    async def register(
        app: Annotated[App, Depends(caller)],
        draw: Annotated[DrawRow, Depends(sign_ups.draw_of)],
        wanted: AppRegistrationRequest,
        key: Key,
    ) -> Response:
        """Sign a citizen up; across all apps the earliest registration stands (`already_registered`)."""
        who = await door.apps.citizen(app, wanted.open_id, active_at=door.clock.now())
        return await sign_ups.register(draw, who, wanted, key=key, platform=app.institution)

    @routes.get("/rounds/{round_id}/registrations", response_model=None)
    async def registration(
        app: Annotated[App, Depends(caller)], draw: Annotated[DrawRow, Depends(sign_ups.draw_of)], open_id: UUID
    ) -> Response:
        """The citizen's registration, whatever app it came by; `platform` says which."""
        return await sign_ups.own(draw, await door.apps.citizen(app, open_id), platform=app.institution)

    @routes.delete("/rounds/{round_id}/registrations", status_code=204, response_model=None)
    async def withdraw(
        app: Annotated[App, Depends(caller)],
        draw: Annotated[DrawRow, Depends(sign_ups.draw_of)],
        open_id: UUID,
        key: Key,
    ) -> Response:
        """Withdraw a registration that came by this app, before the close."""
        who = await door.apps.citizen(app, open_id, active_at=door.clock.now())
        return await sign_ups.withdraw(draw, who, key=key, platform=app.institution)

    return routes
