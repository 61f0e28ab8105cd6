"""Plates whose parking is paid as the car drives out: which, and with which instrument."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.plates_store import COLORS, PlateService, close_plate, open_plate, plates_of, read_plate
from yongquan.payments.views import cards_of
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

HOME = "/c/plates"


def make_plates(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/plates`."""
    routes = APIRouter()

    async def page(request: Request, who: UUID, *, error: str = "", typed: str = "", color: str = "") -> Response:
        async with door.database.transaction() as connection:
            cards = await cards_of(connection, cell_of(who, door.cells), who)
            plates = await plates_of(connection, door.sealing, who)
            names = await parties(connection)
        facts = {"cards": cards, "names": names, "error": error, "typed": typed, "color": color, "colors": COLORS}
        by_id = {card.instrument_id: card for card in cards}
        return render(request, "citizen/plates.html", facts, plates=plates, by_id=by_id, status=409 if error else 200)

    @routes.get("/plates")
    async def listed(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        return await page(request, who)

    @routes.post("/plates")
    async def add(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        number: Annotated[str, Form(max_length=20)],
        color: Annotated[str, Form(max_length=10)],
        card: Annotated[UUID, Form()],
    ) -> Response:
        plate = read_plate(number, color)
        if plate is None:
            return await page(request, who, error="bad_plate", typed=number, color=color)
        async with door.database.transaction() as connection:
            own = {one.instrument_id for one in await cards_of(connection, cell_of(who, door.cells), who)}
            service = PlateService(who, card, door.clock.now())
            opened = card in own and await open_plate(connection, door.sealing, plate, service)
        if not opened:
            return await page(request, who, error="taken", typed=number, color=color)
        return RedirectResponse(HOME, status_code=303)

    @routes.post("/plates/close")
    async def close(
        who: Annotated[UUID, Depends(sessions.page)],
        number: Annotated[str, Form(max_length=20)],
        color: Annotated[str, Form(max_length=10)],
    ) -> Response:
        plate = read_plate(number, color)
        if plate is not None:
            async with door.database.transaction() as connection:
                await close_plate(connection, door.sealing, plate, who)
        return RedirectResponse(HOME, status_code=303)

    return routes
