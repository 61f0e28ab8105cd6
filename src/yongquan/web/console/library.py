"""The merchant library at the desk: search, a shop with every value and its origin, its story, and the split."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.curate_library import split_merge
from yongquan.flows.import_merchants import LIBRARY_ROLES
from yongquan.flows.screen_library import Library
from yongquan.merchants.library import curating, store, views
from yongquan.merchants.library.model import KeptRow
from yongquan.merchants.library.survivorship import Shown, shown_values
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.web.console.desk import ROOT, Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.console.library_words import VERDICTS, LibraryWords
from yongquan.web.language import speech_of

QUERY_MAX = 100


def library_of(desk: Desk) -> Library:
    """The library of a running platform."""
    return Library(desk.door.database, desk.door.sealing, desk.door.regions)


def require_library(visitor: Visitor) -> None:
    """Whoever sees owners' names and phones of every shop of the city has a role for it. Raises `Forbidden`."""
    visitor.staff.require(*LIBRARY_ROLES)


def make_library(desk: Desk) -> APIRouter:
    """`/console/library` and a shop's page."""
    routes = desk_routes()
    library = library_of(desk)

    @routes.get("/library")
    async def search(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], q: str = "", verdict: str = ""
    ) -> Response:
        require_library(visitor)
        text = q.strip()[:QUERY_MAX]
        async with library.database.transaction() as connection:
            counts = await views.counts(connection)
            found: Sequence[UUID] = ()
            if text:
                found = await views.search(connection, text, library.sealing)
            elif verdict in VERDICTS:
                found = await views.with_verdict(connection, verdict)
            shops = await _lines(library, connection, found)
        facts = {"counts": counts, "shops": shops, "q": text, "verdict": verdict, "verdicts": list(VERDICTS),
                 "found_max": views.FOUND_MAX, "said": LibraryWords(speech_of(request))}  # fmt: skip
        return desk.show(request, visitor, "library.html", facts)

    @routes.get("/library/shops/{shop}")
    async def one_shop(
        request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], shop: str, done: str = ""
    ) -> Response:
        require_library(visitor)
        async with library.database.transaction() as connection:
            standing = await curating.standing_in(connection, known_id(shop))
            if standing is None:
                raise Missing
            if standing != known_id(shop):
                return RedirectResponse(f"{ROOT}/library/shops/{standing}", status_code=303)
            facts = await _shop(library, connection, standing)
        facts |= {"done": done, "said": LibraryWords(speech_of(request))}
        return desk.show(request, visitor, "library_shop.html", facts)

    @routes.post("/library/merges/{merge}/split")
    async def split(
        visitor: Annotated[Visitor, Depends(desk.poster)], merge: str, why: Annotated[str, Form()] = ""
    ) -> Response:
        back = await split_merge(library, visitor.staff, known_id(merge), why=why.strip(), now=desk.door.clock.now())
        return RedirectResponse(f"{ROOT}/library/shops/{back}?done=split", status_code=303)

    return routes


async def _lines(library: Library, connection: Connection, found: Sequence[UUID]) -> list[dict[str, object]]:
    """What a list of shops shows of each: the surviving values, how many lists, the score."""
    cards = await views.shop_cards(connection, found)
    rows: dict[UUID, list[KeptRow]] = {shop: [] for shop in found}
    for kept in await store.rows_of_shops(connection, found, library.sealing):
        rows[kept.shop_id].append(kept)
    return [
        {"card": cards[shop], "shown": by_column(shown_values(own)), "sources": sorted({row.source for row in own}),
         "rows": len(own)}
        for shop, own in rows.items()
        if own
    ]  # fmt: skip


def by_column(shown: Sequence[Shown]) -> dict[str, Shown]:
    """The shown values by their columns."""
    return {one.column: one for one in shown}


async def _shop(library: Library, connection: Connection, shop_id: UUID) -> dict[str, object]:
    cards = await views.shop_cards(connection, [shop_id])
    rows = await store.rows_of_shops(connection, [shop_id], library.sealing)
    merges = await views.merges_into(connection, shop_id)
    actors = {one.merge.made_by for one in merges} | {one.undone_by for one in merges if one.undone_by}
    return {
        "card": cards[shop_id],
        "values": shown_values(rows),
        "rows": rows,
        "origins": await views.origins(connection, [row.row_id for row in rows]),
        "merges": merges,
        "actors": await names_of(connection, actors, library.sealing),
    }
