"""My page: bound cards (masked), and under the sandbox a fresh card at a demo bank."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.citizens.identity import verified_citizen
from yongquan.citizens.store import is_willing, set_willing
from yongquan.flows.bind_demo_card import bind_demo_card, demo_banks
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.views import cards_of
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

CARDS_MAX = 10


def make_cards(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/me` and `/c/cards`."""
    routes = APIRouter()

    @routes.get("/me")
    async def me(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        async with door.database.transaction() as connection:
            cards = await cards_of(connection, cell_of(who, door.cells), who)
            willing = await is_willing(connection, cell_of(who, door.cells), who)
            verified = await verified_citizen(connection, cell_of(who, door.cells), who, door.sealing)
        return render(request, "citizen/me.html", cards=len(cards), willing=willing, verified=verified)

    @routes.post("/willing")
    async def be_willing(
        who: Annotated[UUID, Depends(sessions.page)], to: Annotated[Literal["yes", "no"], Form()]
    ) -> Response:
        async with door.database.transaction() as connection:
            cell, now = cell_of(who, door.cells), door.clock.now()
            await set_willing(connection, cell, who, willing=to == "yes", now=now)
        return RedirectResponse("/c/me", status_code=303)

    @routes.get("/cards")
    async def cards(request: Request, who: Annotated[UUID, Depends(sessions.page)], refused: str = "") -> Response:
        async with door.database.transaction() as connection:
            rows = await cards_of(connection, cell_of(who, door.cells), who)
            names = await parties(connection)
        banks = demo_banks(door.links) if door.phones and len(rows) < CARDS_MAX else []
        return render(request, "citizen/cards.html", cards=rows, names=names, banks=banks, refused=refused)

    @routes.post("/cards")
    async def bind(who: Annotated[UUID, Depends(sessions.page)], bank: Annotated[str, Form()]) -> Response:
        if door.phones is None:
            raise Refused("forbidden", "cards of the demo banks exist in the sandbox only")
        async with door.database.transaction() as connection:
            if len(await cards_of(connection, cell_of(who, door.cells), who)) >= CARDS_MAX:
                raise Refused("forbidden", f"at most {CARDS_MAX} cards")
        await bind_demo_card(
            door.database,
            door.links,
            door.sealing,
            cells=door.cells,
            citizen_id=who,
            bank=bank,
            now=door.clock.now(),
        )
        return RedirectResponse("/c/cards", status_code=303)

    return routes
