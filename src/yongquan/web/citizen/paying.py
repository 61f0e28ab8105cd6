"""Paying at a store's code: the amount, the best vouchers for it, what is left to pay."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.quote_payment import Quote, facts_of, quote_of, quote_payment
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import store_of
from yongquan.payments.views import card_heads_of, cards_of
from yongquan.risk.events import Entity
from yongquan.vouchers.model import Direction
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
    instrument_id: UUID | None = None


def make_paying(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/pay?store=..`, with what its script asks."""
    routes = APIRouter()

    @routes.get("/pay")
    async def pay(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        store: UUID,
        amount_fen: Annotated[int | None, Query(gt=0, le=BIGGEST_FEN)] = None,
    ) -> Response:
        async with door.database.transaction() as connection:
            found = await store_of(connection, store)
            cards = await cards_of(connection, cell_of(who, door.cells), who)
            names = await parties(connection)
        if found is None:
            return render(request, "citizen/missing.html", status=404)
        speech = speech_of(request)
        sentences = {**Words(speech).problems(), **said(speech, PAY_WORDS)}
        facts = {"cards": cards, "names": names, "sentences": sentences, "amount_fen": amount_fen}
        return render(request, "citizen/pay.html", facts, store=found)

    @routes.post("/pay/quote")
    async def quoted(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], asked: QuoteRequest
    ) -> dict[str, object]:
        quote = await _quote(door, who, asked)
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


async def _quote(door: Door, who: UUID, asked: QuoteRequest) -> Quote:
    async with door.database.transaction() as connection:
        store = await store_of(connection, asked.store_id)
        cards = {card.instrument_id: card for card in await cards_of(connection, cell_of(who, door.cells), who)}
        heads = await card_heads_of(connection, cell_of(who, door.cells), who, door.sealing)
    if store is None:
        raise Refused("not_found", "no such store")
    now = door.clock.now()
    if not _may_use_vouchers(door, who, asked.store_id):
        facts = facts_of(store, now=now)
        return quote_of([], store=facts, direction=Direction.CITIZEN_SCANS, amount_fen=asked.amount_fen)
    card = cards.get(asked.instrument_id) if asked.instrument_id else None
    return await quote_payment(
        door.database,
        door.catalogue,
        cells=door.cells,
        citizen_id=who,
        store=facts_of(
            store,
            now=now,
            issuer=card.issuer if card else None,
            card_bin=heads[card.instrument_id] if card else "",
        ),
        amount_fen=asked.amount_fen,
        now=now,
    )


def _may_use_vouchers(door: Door, who: UUID, store_id: UUID) -> bool:
    """Whether the lists leave vouchers to this citizen at this store; the payment asks again."""
    lists, now = door.risk.lists, door.clock.now()
    parties = {Entity.CITIZEN: str(who), Entity.STORE: str(store_id)}
    return all(lists.treatment(party, value, at=now).may_use_vouchers for party, value in parties.items())
