"""The phone page of a draw round: sign up with ordered wishes, wait, and check one's own result."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.flows.prove_registration import Proofs
from yongquan.vouchers.draw_plan import read_announcement
from yongquan.vouchers.draw_store import DrawRow, draw_of_round
from yongquan.vouchers.views import RoundRow
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.scripts import DRAW_WORDS
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


def make_draw_state(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/rounds/{round_id}/draw`: the draw and one's own registration, for the page's script."""
    routes = APIRouter()
    proofs = Proofs(door.database, door.sealing, door.cells)

    async def found(round_id: UUID) -> DrawRow:
        async with door.database.transaction() as connection:
            draw = await draw_of_round(connection, round_id)
        if draw is None:
            raise Refused("not_found", "this round has no draw")
        return draw

    @routes.get("/rounds/{round_id}/draw")
    async def state(request: Request, draw: Annotated[DrawRow, Depends(found)], answer: Response) -> dict[str, object]:
        answer.headers["Cache-Control"] = "no-store"
        who = sessions.seen(request)
        now = door.clock.now()
        return {
            "now_ms": int(now.timestamp() * 1000),
            "rate": round((door.clock.in_real_seconds(1) - now).total_seconds(), 2),
            "citizen": None if who is None else str(who),
            "state": draw.state,
            "opens_ms": int(draw.opens_at.timestamp() * 1000),
            "closes_ms": int(draw.closes_at.timestamp() * 1000),
            "announcement": draw.announcement,
            "commitment": draw.commitment.hex(),
            "list_hash": draw.list_hash.hex() if draw.list_hash else None,
            "beacon": draw.beacon_value,
            "secret": door.draws.revealed_secret(draw),
            "mine": None if who is None else await proofs.own_registration(draw, who),
        }

    return routes


def draw_page(door: Door, request: Request, round_: RoundRow, draw: DrawRow) -> Response:
    """The page itself, the same for everybody."""
    speech = speech_of(request)
    plan = read_announcement(draw.announcement)
    words = Words(speech)
    sentences = {**words.problems(), **words.reasons(), **said(speech, DRAW_WORDS)}
    facts = {"round": round_, "draw": draw, "plan": plan, "sentences": sentences}
    return render(request, "citizen/draw.html", facts, division=door.regions.division)
