"""Rounds: the list, and the page with the claim button, which is a static page whose script calls the API."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.vouchers.draw_store import draw_of_round, draws_of_rounds
from yongquan.vouchers.views import RoundRow, claimed_in_round, round_for_screen, rounds_for_screen
from yongquan.vouchers.ways.packs import packs_of
from yongquan.vouchers.ways.rehearsals import may_see
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.draws import draw_page
from yongquan.web.citizen.scripts import BUTTON_WORDS
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.terms_words import TermsWords, places_and_shops
from yongquan.web.words import Words

ENDED_FOR = timedelta(days=7)


def make_rounds(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/rounds` and `/c/rounds/{round_id}`; anybody may look, only a citizen can claim."""
    routes = APIRouter()

    async def found(request: Request, round_id: UUID) -> RoundRow | None:
        return await _found(door, round_id, sessions.seen(request))

    @routes.get("/rounds")
    async def rounds(request: Request) -> Response:
        now, who = door.clock.now(), sessions.seen(request)
        async with door.database.transaction() as connection:
            cell = cell_of(who, door.cells) if who else 0
            since = now - ENDED_FOR
            rows = await rounds_for_screen(connection, now=now, ended_since=since, cell=cell, citizen_id=who)
            draws = await draws_of_rounds(connection, [row.round_id for row in rows])
        facts = {"groups": _grouped(rows, now), "clock": _clock(door), "citizen": who, "draws": draws, "now": now}
        facts["days"] = speech_of(request).say(BUTTON_WORDS["days"])
        return render(request, "citizen/rounds.html", facts, division=door.regions.division)

    @routes.get("/rounds/{round_id}")
    async def one(request: Request, round_: Annotated[RoundRow | None, Depends(found)]) -> Response:
        if round_ is None:
            return render(request, "citizen/missing.html", status=404)
        # The same for every citizen: what is one's own comes by `state`, so the page could be served by a cache.
        speech = speech_of(request)
        async with door.database.transaction() as connection:
            draw = await draw_of_round(connection, round_.round_id)
            names = await parties(connection)
            pack = (await packs_of(connection, [round_.round_id])).get(round_.round_id)
            known = await places_and_shops(connection)
        if draw is not None:
            return draw_page(door, request, round_, draw)
        terms = TermsWords(speech, door.regions.division, {**names, **known})
        sentences = {**Words(speech).problems(), **Words(speech).reasons(), **said(speech, BUTTON_WORDS)}
        facts = {"round": round_, "names": names, "sentences": sentences, "terms": terms, "pack": pack}
        return render(request, "citizen/round.html", facts, division=door.regions.division)

    @routes.get("/rounds/{round_id}/state")
    async def state(
        request: Request, round_: Annotated[RoundRow | None, Depends(found)], answer: Response
    ) -> dict[str, object]:
        if round_ is None:
            raise Refused("not_found", "no such round")
        answer.headers["Cache-Control"] = "no-store"
        who = sessions.seen(request)
        mine: dict[UUID, int] = {}
        if who is not None:
            async with door.database.transaction() as connection:
                mine = await claimed_in_round(connection, cell_of(who, door.cells), who, round_.round_id)
        own = {"citizen": None if who is None else who.hex[-12:], "mine": sum(mine.values())}
        return {**_clock(door), **own, **_state(round_)}

    return routes


def _state(round_: RoundRow) -> dict[str, object]:
    """What the claim button of a round needs to know."""
    conditions = round_.terms.conditions
    return {
        "opens_ms": _ms(round_.opens_at),
        "closes_ms": _ms(round_.closes_at),
        "daily": [str(clock) for clock in conditions.daily] if conditions.daily else None,
        "paused": round_.is_paused,
        "needs_place": round_.needs_place,
        "needs_device": conditions.one_citizen_a_device is not None,
        "cap": round_.terms.caps.per_round,
        "remaining": {str(t.type_id): t.remaining for t in round_.types},
    }


def _grouped(rounds: Sequence[RoundRow], now: datetime) -> dict[str, list[RoundRow]]:
    """Rounds that offer something, by what a citizen can do: claim, wait, or look."""
    offered = [r for r in rounds if r.types]
    return {
        "open": [r for r in offered if r.opens_at <= now < r.closes_at],
        "coming": [r for r in offered if now < r.opens_at],
        "ended": [r for r in offered if r.closes_at <= now],
    }


def _clock(door: Door) -> dict[str, object]:
    """The server's time for a page's script, and how fast it runs (the sandbox may hurry)."""
    now = door.clock.now()
    return {"now_ms": _ms(now), "rate": round((door.clock.in_real_seconds(1) - now).total_seconds(), 2)}


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


async def _found(door: Door, round_id: UUID, who: UUID | None) -> RoundRow | None:
    async with door.database.transaction() as connection:
        if not await may_see(connection, round_id, cell_of(who, door.cells) if who else 0, who):
            return None
        return await round_for_screen(connection, round_id)
