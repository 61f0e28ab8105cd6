"""The page of a shop's own voucher, open to everybody, and the claim page behind its code."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.own_parties import stores_for
from yongquan.vouchers.own_model import OwnState
from yongquan.vouchers.own_store import own_by_code, running_states
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.own_words import OwnWords, page_address, run_of
from yongquan.web.pages import qr_code, render
from yongquan.web.sessions import Sessions


def make_own_page(door: Door, _: Sessions) -> APIRouter:
    """`/c/own/{code}`; `/c/own?code=` finds one by the code on a poster."""
    routes = APIRouter()

    @routes.get("/own")
    async def find(request: Request, code: str = "") -> Response:
        typed = "".join(code.split()).lower()[:64]
        if not typed:
            return render(request, "citizen/own_code.html", typed="", is_unknown=False)
        async with door.database.transaction() as connection:
            own = await own_by_code(connection, typed)
        if own is None or own.state is not OwnState.PUBLISHED:
            return render(request, "citizen/own_code.html", status=404, typed=code, is_unknown=True)
        return RedirectResponse(f"/c/own/{own.code}", status_code=303)

    @routes.get("/own/{code}")
    async def show(request: Request, code: str) -> Response:
        async with door.database.transaction() as connection:
            own = await own_by_code(connection, code)
            if own is None or own.state is not OwnState.PUBLISHED:
                return render(request, "citizen/missing.html", status=404)
            merchant = await stores_for(connection, own.store_id)
            runs = await running_states(connection, [own])
        address = page_address(request, own)
        facts = {
            "own": own,
            "own_words": OwnWords(speech_of(request)),
            "shops": [merchant.stores[store] for store in own.design.stores if store in merchant.stores],
            "run": run_of(own, runs, door.clock.now()),
            "address": address,
            "picture": qr_code(f"{address}/claim"),
        }
        return render(request, "citizen/own.html", facts)

    @routes.get("/own/{code}/claim")
    async def claim(request: Request, code: str) -> Response:
        async with door.database.transaction() as connection:
            own = await own_by_code(connection, code)
        if own is None or own.round_id is None:
            return render(request, "citizen/missing.html", status=404)
        return RedirectResponse(f"/c/rounds/{own.round_id}", status_code=303)

    return routes
