"""Paying: the citizen's one-time code for a till, or an amount entered at a store's code."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from yongquan.flows.quote_payment import quote_payment
from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import store_of
from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.store import payment_of
from yongquan.payments.views import cards_of, payment_by_code
from yongquan.vouchers.usability import StoreFacts
from yongquan.vouchers.views import wallet_of
from yongquan.web.api.payments import BIGGEST_FEN
from yongquan.web.api.wire import Refused
from yongquan.web.citizen.scripts import PAY_CODE_WORDS, PAY_WORDS
from yongquan.web.citizen.wallet import ticket_of, types_by_id
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import qr_code, render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


class ShownCode(BaseModel):
    """A pay code in the body of a request: a code in an address would stay in logs."""

    pay_code: str = Field(min_length=18, max_length=18)


class QuoteRequest(BaseModel):
    """An amount at a store."""

    store_id: UUID
    amount_fen: int = Field(gt=0, le=BIGGEST_FEN)


def make_paying(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/pay-code` and `/c/pay?store=..`, with what their scripts ask."""
    routes = APIRouter()

    @routes.get("/pay-code")
    async def pay_code(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], voucher: UUID | None = None
    ) -> Response:
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            cards = await cards_of(connection, cell, who)
            rows = await wallet_of(connection, cell, who, now=door.clock.now())
            names = await parties(connection)
        types, speech = await types_by_id(door, [row.type_id for row in rows]), speech_of(request)
        tickets = [ticket_of(row, types[row.type_id], Words(speech)) for row in rows if row.state == "held"]
        facts = {"cards": cards, "names": names, "tickets": [t for t in tickets if t.trouble is None]}
        sentences = said(speech, PAY_CODE_WORDS)
        return render(request, "citizen/pay_code.html", **facts, voucher=voucher, sentences=sentences)

    @routes.post("/pay-code/picture")
    async def picture(_: Annotated[UUID, Depends(sessions.script)], shown: ShownCode) -> Response:
        bucket_of_pay_code(shown.pay_code)
        return Response(qr_code(shown.pay_code), media_type="image/svg+xml", headers={"Cache-Control": "no-store"})

    @routes.post("/pay-code/outcome")
    async def outcome(who: Annotated[UUID, Depends(sessions.script)], shown: ShownCode) -> dict[str, str | None]:
        cell = cell_of(who, door.cells)
        async with door.database.transaction() as connection:
            code_hash = door.hash_code(shown.pay_code)
            payment_id = await payment_by_code(connection, cell, code_hash=code_hash, citizen_id=who)
            payment = await payment_of(connection, cell, payment_id) if payment_id else None
        return {"payment_id": str(payment_id) if payment_id else None, "state": payment.state if payment else None}

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
    async def quote(
        request: Request, who: Annotated[UUID, Depends(sessions.script)], asked: QuoteRequest
    ) -> dict[str, object]:
        async with door.database.transaction() as connection:
            store = await store_of(connection, asked.store_id)
        if store is None:
            raise Refused("not_found", "no such store")
        selection = await quote_payment(
            door.database,
            door.catalogue,
            cells=door.cells,
            citizen_id=who,
            store=StoreFacts(store.industry, store.adcode, store.hardship),
            amount_fen=asked.amount_fen,
            now=door.clock.now(),
        )
        speech = speech_of(request)
        chosen = [
            {
                "voucher_id": c.voucher.voucher_id,
                "name": speech.name_of(c.voucher.type),
                "discount_fen": c.discount_fen,
            }
            for c in selection.chosen
        ]
        return {"payable_fen": selection.payable_fen, "vouchers": chosen}

    return routes
