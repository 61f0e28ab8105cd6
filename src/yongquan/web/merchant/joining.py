"""Sign-up for campaigns on a shop's phone: each condition, whether it is met, and what to do."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response

from yongquan.flows.join_campaign import CallForShop, calls_for_shop, join_campaign, withdraw_from_campaign
from yongquan.flows.space_parties import NotInSpace
from yongquan.risk.announcements.store import in_force
from yongquan.web.merchant.store_pages import Space, posted


def make_joining(space: Space) -> APIRouter:
    """`/m/campaigns`."""
    routes = APIRouter()
    door, sessions = space.door, space.sessions

    async def calls(who: UUID, only: UUID | None = None) -> list[CallForShop]:
        async with door.database.transaction() as connection:
            return list(await calls_for_shop(connection, who, now=door.clock.now(), only=only))

    async def page(request: Request, who: UUID, call_id: UUID, error: str = "", done: str = "") -> Response:
        found = await calls(who, call_id)
        if not found:
            raise NotInSpace
        async with door.database.transaction() as connection:
            announcement = await in_force(connection)
        facts = {"one": found[0], "done": done, "announcement": announcement}
        return await space.show(request, who, "campaign.html", facts, error=error)

    @routes.get("/campaigns")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await space.show(request, who, "campaigns.html", {"calls": await calls(who)})

    @routes.get("/campaigns/{call_id}")
    async def one(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], call_id: UUID, done: str = ""
    ) -> Response:
        return await page(request, who, call_id, done=done)

    @routes.post("/campaigns/{call_id}")
    async def act(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        call_id: UUID,
        to: Annotated[Literal["joined", "withdrawn"], Form()],
        announcement: Annotated[int, Form()] = 0,
    ) -> Response:
        now = door.clock.now()
        return await posted(
            join_campaign(door.database, who, call_id, accepts=announcement, now=now)
            if to == "joined"
            else withdraw_from_campaign(door.database, who, call_id, now=now),
            f"/m/campaigns/{call_id}?done={to}",
            lambda _, error: page(request, who, call_id, error),
        )

    return routes
