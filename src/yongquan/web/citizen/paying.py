"""Paying at a store's code: the amount, the best vouchers for it, what is left to pay."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.quote_payment import quote_payment
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import store_of
from yongquan.payments.views import cards_of
from yongquan.vouchers.usability import StoreFacts
from yongquan.web.api.fen import BIGGEST_FEN
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.scripts import PAY_WORDS
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


class QuoteRequest(BaseModel):
    """An amount at a store."""

    store_id: UUID
    amount_fen: int = Field(gt=0, le=BIGGEST_FEN)


def make_paying(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/pay?store=..`, with what its script asks."""
    routes = APIRouter()

    @routes.get("/pay")
    async def pay(request: Request, who: Annotated[UUID, Depends(sessions.page)], store: UUID) -> Response:
        async with door.database.transaction() as connection:
            found = await store_of(connection, store)
            cards = await cards_of(connection, cell_of(who, door.cells), who)
            names = await parties(connection)
        if found is None:
            return render(request, "citizen/missing.html", status=404)
        speech = speech_of(request)
        sentences = {**Words(speech).problems(), **said(speech, PAY_WORDS)}
        return render(request, "citizen/pay.html", store=found, cards=cards, names=names, sentences=sentences)

    @routes.post("/pay/quote")
    async def quoted(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], asked: QuoteRequest
    ) -> dict[str, object]:
        async with door.database.transaction() as connection:
            store = await store_of(connection, asked.store_id)
        if store is None:
            raise Refused("not_found", "no such store")
        now = door.clock.now()
        quote = await quote_payment(
            door.database,
            door.catalogue,
            cells=door.cells,
            citizen_id=who,
            store=StoreFacts(
                store.industry,
                store.adcode,
                store.hardship,
                groups=frozenset(store.groups),
                place=(store.lon, store.lat),
                merchant=store.licence_no,
                now=now,
            ),
            amount_fen=asked.amount_fen,
            now=now,
        )
        speech = speech_of(request)
        chosen = [
            {
                "voucher_id": c.voucher.voucher_id,
                "name": speech.name_of(c.voucher.type),
                "discount_fen": c.discount_fen,
            }
            for c in quote.selection.chosen
        ]
        words = Words(speech)
        unusable = [
            {"name": speech.name_of(v.type), "reason": why, "text": words.why_not(why)} for v, why in quote.unusable
        ]
        return {"payable_fen": quote.selection.payable_fen, "vouchers": chosen, "unusable": unusable}

    return routes
