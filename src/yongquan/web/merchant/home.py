"""Merchant Space's first page: what needs doing; and what was paid, what is held and why."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.read_space import home_of, money_of_shop
from yongquan.web.merchant.store_pages import Space


def make_home(space: Space) -> APIRouter:
    """`/m/home` and `/m/money`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    @routes.get("/home")
    async def home(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            facts = await home_of(connection, who, now=door.clock.now())
        return await space.show(request, who, "home.html", {"home": facts})

    @routes.get("/money")
    async def money(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            days, holds = await money_of_shop(connection, who)
        return await space.show(request, who, "money.html", {"days": days, "holds": holds})

    return routes
