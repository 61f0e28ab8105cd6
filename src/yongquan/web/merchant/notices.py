"""Notices for a shop: the list, one of them, and its read receipt."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.space_parties import NotInSpace, reader_of
from yongquan.merchants.publications.model import Kind
from yongquan.merchants.publications.store import mark_read, readable
from yongquan.web.merchant.store_pages import Space


def make_notices(space: Space) -> APIRouter:
    """`/m/notices`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    @routes.get("/notices")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            reader = await reader_of(connection, who, now=door.clock.now())
            notices = await readable(connection, Kind.NOTICE, reader)
        return await space.show(request, who, "notices.html", {"notices": notices})

    @routes.get("/notices/{notice}")
    async def one(request: Request, who: Annotated[UUID, Depends(sessions.page)], notice: UUID) -> Response:
        now = door.clock.now()
        async with door.database.transaction() as connection:
            reader = await reader_of(connection, who, now=now)
            found = await readable(connection, Kind.NOTICE, reader, only=notice)
            if not found:
                raise NotInSpace
            await mark_read(connection, notice, who, now=now)
        return await space.show(request, who, "notice.html", {"notice": found[0][0]})

    return routes
