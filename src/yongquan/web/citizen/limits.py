"""What a bound card may pay: at once, in a day, and by code without being asked; set by its holder."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.limits_store import InstrumentLimits
from yongquan.payments.views import cards_of
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions

Yuan = Annotated[str, Form(pattern=r"^[0-9]{0,7}$")]


def make_limits(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/cards/{instrument}/limits`."""
    routes = APIRouter()

    @routes.get("/cards/{instrument}/limits")
    async def limits(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], instrument: UUID, done: str = ""
    ) -> Response:
        async with door.database.transaction() as connection:
            cards = await cards_of(connection, cell_of(who, door.cells), who)
            names = await parties(connection)
        card = next((c for c in cards if c.instrument_id == instrument), None)
        if card is None:
            raise Refused("not_found", "no such card")
        facts = {
            "card": card,
            "names": names,
            "own": await door.limits.own(who, instrument),
            "issuers": await door.limits.of_issuer(card.issuer),
            "done": done,
        }
        return render(request, "citizen/limits.html", facts)

    @routes.post("/cards/{instrument}/limits")
    async def set_limits(
        who: Annotated[UUID, Depends(sessions.page)],
        instrument: UUID,
        payment: Yuan = "",
        day: Yuan = "",
        no_code: Yuan = "",
    ) -> Response:
        wanted = InstrumentLimits(_fen(payment) or None, _fen(day) or None, _fen(no_code))
        await door.limits.set_own(who, instrument, wanted)
        return RedirectResponse(f"/c/cards/{instrument}/limits?done=yes", status_code=303)

    return routes


def _fen(yuan: str) -> int | None:
    return int(yuan) * 100 if yuan else None
