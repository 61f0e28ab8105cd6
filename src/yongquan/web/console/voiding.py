"""Making vouchers void (those listed, or what nobody used of a round), freezing and thawing; always with a reason."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.freeze_vouchers import To, freeze_vouchers
from yongquan.flows.void_vouchers import VoidWish, void_round, void_vouchers
from yongquan.vouchers.steering import campaign_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id


async def sure(sure: Annotated[Literal["yes"], Form()]) -> str:
    """The person ticked that it is meant."""
    return sure


def make_voiding(desk: Desk) -> APIRouter:
    """`/console/campaigns/<id>/void` and `/freeze`, `/console/rounds/<id>/void`."""
    routes = desk_routes()
    door = desk.door

    @routes.post("/campaigns/{campaign}/void", dependencies=[Depends(sure)])
    async def void_listed(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        campaign: str,
        vouchers: Annotated[str, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        ids = _listed(vouchers)
        wish = VoidWish(visitor.staff, reason.strip())
        done = await void_vouchers(door.database, ids, wish, cells=door.cells, now=door.clock.now())
        desk.rounds.forget()
        return RedirectResponse(f"{ROOT}/campaigns/{known_id(campaign)}?voided={done.vouchers}", status_code=303)

    @routes.post("/campaigns/{campaign}/freeze")
    async def freeze_listed(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        campaign: str,
        vouchers: Annotated[str, Form()],
        to: Annotated[To, Form()],
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        ids = _listed(vouchers)
        wish = VoidWish(visitor.staff, reason.strip())
        moved = await freeze_vouchers(door.database, ids, wish, to=to, cells=door.cells, now=door.clock.now())
        desk.rounds.forget()
        told = "frozen" if to == "frozen" else "thawed"
        return RedirectResponse(f"{ROOT}/campaigns/{known_id(campaign)}?{told}={moved}", status_code=303)

    @routes.post("/rounds/{round_}/void", dependencies=[Depends(sure)])
    async def void_unused(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        round_: str,
        reason: Annotated[str, Form()] = "",
    ) -> Response:
        round_id = known_id(round_)
        wish = VoidWish(visitor.staff, reason.strip())
        done = await void_round(door.database, round_id, wish, cells=door.cells, now=door.clock.now())
        desk.rounds.forget()
        async with door.database.transaction() as connection:
            campaign_id = await campaign_of(connection, round_id)
        if campaign_id is None:
            raise Missing
        return RedirectResponse(f"{ROOT}/campaigns/{campaign_id}?voided={done.vouchers}", status_code=303)

    return routes


def _listed(text: str) -> set[UUID]:
    return {known_id(word) for word in text.replace(",", " ").split()}
