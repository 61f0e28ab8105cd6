"""The catalogue of value-added services, a shop's requests and their answers."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.request_service import request_service, settle_request
from yongquan.flows.space_parties import BadField, NotInSpace, reader_of
from yongquan.merchants.publications.model import Kind
from yongquan.merchants.publications.store import readable
from yongquan.merchants.services.model import RequestState
from yongquan.merchants.services.store import requests_of_store
from yongquan.web.merchant.store_pages import TYPED_MAX, Space, posted


def make_services(space: Space) -> APIRouter:
    """`/m/services`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    @routes.get("/services")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await _page(space, request, who)

    @routes.get("/services/{service}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], service: UUID) -> Response:
        return await _page(space, request, who, only=service)

    @routes.post("/services/{service}")
    async def ask(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        service: UUID,
        key: Annotated[str, Form(max_length=64)],
        note: Annotated[str, Form(max_length=TYPED_MAX)] = "",
    ) -> Response:
        typed = {"key": key, "note": note}
        return await posted(
            request_service(door.database, who, service, note=note, key=key, now=door.clock.now()),
            f"/m/services/{service}",
            lambda fault, error: _page(space, request, who, only=service, fault=fault, error=error, typed=typed),
        )

    @routes.post("/services/{service}/requests/{request_id}")
    async def settle(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        service: UUID,
        request_id: UUID,
        to: Annotated[Literal["accepted", "declined", "withdrawn"], Form()],
    ) -> Response:
        return await posted(
            settle_request(door.database, who, request_id, RequestState(to), now=door.clock.now()),
            f"/m/services/{service}",
            lambda fault, error: _page(space, request, who, only=service, fault=fault, error=error),
        )

    @routes.get("/services/{service}/requests/{request_id}")
    async def back(service: UUID, request_id: UUID) -> Response:  # noqa: ARG001 - the language switch comes back here
        return RedirectResponse(f"/m/services/{service}", status_code=303)

    return routes


async def _page(
    space: Space,
    request: Request,
    who: UUID,
    *,
    only: UUID | None = None,
    fault: BadField | None = None,
    error: str = "",
    typed: dict[str, str] | None = None,
) -> Response:
    door = space.door
    async with door.database.transaction() as connection:
        reader = await reader_of(connection, who, now=door.clock.now())
        listed = [one for one, _ in await readable(connection, Kind.SERVICE, reader, only=only)]
        requests = await requests_of_store(connection, who)
    if only is not None and not listed:
        raise NotInSpace
    mine = [one for one in requests if only in {None, one.publication_id}]
    facts = {"services": listed, "requests": mine, "is_one": only is not None}
    template = "service.html" if only is not None else "services.html"
    return await space.show(request, who, template, facts, fault=fault, error=error, typed=typed)
