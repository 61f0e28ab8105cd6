"""Pausing, resuming and ending campaigns and rounds, each with a reason."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.steer_campaign import Wish, steer_campaign, steer_round
from yongquan.plumbing.clock import wall_now
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes, known_id

Move = Literal["paused", "stopped", "published", "ended"]
RoundMove = Literal["paused", "published", "ended"]


def make_steering(desk: Desk) -> APIRouter:
    """`/console/campaigns/<id>/state` and `/console/rounds/<id>/state`."""
    routes = desk_routes()
    database = desk.door.database

    @routes.post("/campaigns/{campaign}/state")
    async def steer(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        campaign: str,
        to: Annotated[Move, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        campaign_id = known_id(campaign)
        await steer_campaign(database, campaign_id, Wish(visitor.staff, to, reason.strip()), now=wall_now())
        desk.forget()
        return RedirectResponse(f"{ROOT}/campaigns/{campaign_id}?done={to}", status_code=303)

    @routes.post("/rounds/{round_}/state")
    async def steer_one_round(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        round_: str,
        to: Annotated[RoundMove, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        wish = Wish(visitor.staff, to, reason.strip())
        campaign_id = await steer_round(database, known_id(round_), wish, now=wall_now())
        desk.forget()
        return RedirectResponse(f"{ROOT}/campaigns/{campaign_id}?done={to}", status_code=303)

    return routes
