"""The citizen's one-time code for a till: shown, drawn, and watched until somebody uses it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.model import PaymentState
from yongquan.payments.store import payment_of
from yongquan.payments.views import cards_of, payment_by_code
from yongquan.vouchers.views import wallet_of
from yongquan.web.citizen.scripts import PAY_CODE_WORDS
from yongquan.web.citizen.tickets import ticket_of, types_by_id
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import qr_code, render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


class ShownCode(BaseModel):
    """A pay code in the body of a request: a code in an address would stay in logs."""

    pay_code: str = Field(min_length=18, max_length=18)


def make_pay_code(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/pay-code`, with what its script asks."""
    routes = APIRouter()

    @routes.get("/pay-code")
    async def pay_code(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], voucher: UUID | None = None
    ) -> Response:
        cell = cell_of(who, door.cells)
        now = door.clock.now()
        async with door.database.transaction() as connection:
            cards = await cards_of(connection, cell, who)
            rows = await wallet_of(connection, cell, who, now=now)
            names = await parties(connection)
        types, speech = await types_by_id(door, [row.type_id for row in rows]), speech_of(request)
        words = Words(speech)
        tickets = [ticket_of(row, types[row.type_id], words, now=now) for row in rows if row.state == "held"]
        facts = {"cards": cards, "names": names, "tickets": [t for t in tickets if t.trouble is None]}
        sentences = said(speech, PAY_CODE_WORDS)
        return render(request, "citizen/pay_code.html", facts, voucher=voucher, sentences=sentences)

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
        if payment_id and payment is None:
            return {"payment_id": str(payment_id), "state": PaymentState.USER_PAYING}
        return {"payment_id": str(payment_id) if payment_id else None, "state": payment.state if payment else None}

    return routes
