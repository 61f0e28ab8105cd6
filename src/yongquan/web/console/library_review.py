"""Near-matches at the desk: two shops side by side, decided by a key."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.curate_library import decide_pair, take_pair
from yongquan.merchants.library import curating, store, views
from yongquan.merchants.library.model import NearState
from yongquan.merchants.library.survivorship import TRUST, shown_values
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes, known_id
from yongquan.web.console.library import by_column, library_of, require_library
from yongquan.web.console.library_words import LibraryWords
from yongquan.web.language import speech_of


def make_library_review(desk: Desk) -> APIRouter:
    """`/console/library/review`."""
    routes = desk_routes()
    library = library_of(desk)

    @routes.get("/library/review")
    async def review(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], done: str = "") -> Response:
        require_library(visitor)
        async with library.database.transaction() as connection:
            waiting = await curating.waiting(connection)
        facts = {"waiting": waiting, "pair": None, "done": done, "said": LibraryWords(speech_of(request))}
        return desk.show(request, visitor, "library_review.html", facts)

    @routes.post("/library/review/next")
    async def take(visitor: Annotated[Visitor, Depends(desk.poster)]) -> Response:
        return await _next(visitor, "")

    async def _next(visitor: Visitor, done: str) -> Response:
        pair = await take_pair(library, visitor.staff, now=desk.door.clock.now())
        to = f"/{pair.near.near_id}" if pair else ""
        return RedirectResponse(f"{ROOT}/library/review{to}?done={done}", status_code=303)

    @routes.get("/library/review/{near}")
    async def one(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], near: str, done: str = ""
    ) -> Response:
        require_library(visitor)
        async with library.database.transaction() as connection:
            pair = await curating.pair_of(connection, known_id(near))
            waiting = await curating.waiting(connection)
            if pair is None or pair.claimed_by != visitor.staff.actor:
                return RedirectResponse(f"{ROOT}/library/review", status_code=303)
            sides = [pair.one_shop, pair.other_shop]
            rows = await store.rows_of_shops(connection, sides, library.sealing)
            cards = await views.shop_cards(connection, sides)
        shown = {shop: by_column(shown_values([row for row in rows if row.shop_id == shop])) for shop in sides}
        lists = {shop: sorted({row.source for row in rows if row.shop_id == shop}) for shop in sides}
        facts = {"waiting": waiting, "pair": pair, "sides": sides, "shown": shown, "cards": cards, "lists": lists,
                 "columns": list(TRUST), "done": done, "said": LibraryWords(speech_of(request))}  # fmt: skip
        return desk.show(request, visitor, "library_review.html", facts)

    @routes.post("/library/review/{near}")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)], near: str, state: Annotated[NearState, Form()]
    ) -> Response:
        near_id: UUID = known_id(near)
        await decide_pair(library, visitor.staff, near_id, state, now=desk.door.clock.now())
        return await _next(visitor, state.value)

    return routes
