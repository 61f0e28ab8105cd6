"""The payer's word: a till asks for a large amount by pay code, the phone says yes or no while it counts down."""

from collections.abc import Awaitable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import store_of
from yongquan.payments.asking import AskedState
from yongquan.payments.model import Payment, PaymentRefused
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_confirming(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/confirm/{payment_id}`."""
    routes = APIRouter()
    payers = door.payments.payers

    @routes.get("/confirm/{payment_id}")
    async def asked(request: Request, who: Annotated[UUID, Depends(sessions.page)], payment_id: UUID) -> Response:
        found, now = await payers.find(cell_of(payment_id, door.cells), payment_id), door.clock.now()
        if found is None or found.citizen_id != who:
            return render(request, "citizen/missing.html", status=404)
        standing = found.standing(now=now)
        if standing in {AskedState.AGREED, AskedState.BEGUN}:
            return RedirectResponse(f"/c/payments/{payment_id}", status_code=303)
        async with door.database.transaction() as connection:
            store = await store_of(connection, found.store_id)
        clock = {
            "now_ms": int(now.timestamp() * 1000),
            "ends_ms": int(found.expires_at.timestamp() * 1000),
            "rate": round((door.clock.in_real_seconds(1) - now).total_seconds(), 2),
        }
        return render(request, "citizen/confirm.html", clock, asked=found, standing=standing.value, store=store)

    @routes.post("/confirm/{payment_id}/yes")
    async def yes(who: Annotated[UUID, Depends(sessions.page)], payment_id: UUID) -> Response:
        return await _said(payment_id, payers.agree(payment_id, who))

    @routes.post("/confirm/{payment_id}/no")
    async def no(who: Annotated[UUID, Depends(sessions.page)], payment_id: UUID) -> Response:
        return await _said(payment_id, payers.deny(payment_id, who))

    return routes


async def _said(payment_id: UUID, word: Awaitable[Payment]) -> Response:
    try:
        await word
    except PaymentRefused:
        return RedirectResponse("/c/pay-code", status_code=303)
    return RedirectResponse(f"/c/confirm/{payment_id}", status_code=303)
