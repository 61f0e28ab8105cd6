"""Receipts and the history of payments: who paid what, what the store gets and when."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from yongquan.institutions.views import parties
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import StoreRow, store_of
from yongquan.payments.guests_store import guests_of
from yongquan.payments.refund_views import fates_of, refunds_of
from yongquan.payments.store import payment_of
from yongquan.payments.views import PAGE, card_of_payment, history_of, paid_out_at
from yongquan.web.citizen.tickets import types_by_id
from yongquan.web.door import Door
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions


def make_receipts(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/payments` and `/c/payments/{payment_id}`."""
    routes = APIRouter()

    @routes.get("/payments")
    async def history(
        request: Request, who: Annotated[UUID, Depends(sessions.page)], before: datetime | None = None
    ) -> Response:
        async with door.database.transaction() as connection:
            rows = await history_of(connection, cell_of(who, door.cells), who, before=before)
            stores: dict[UUID, StoreRow | None] = {}
            for store_id in {row.store_id for row in rows}:
                stores[store_id] = await store_of(connection, store_id)
        older = rows[-1].begun_at if len(rows) == PAGE else None
        return render(request, "citizen/payments.html", payments=rows, stores=stores, older=older)

    @routes.get("/payments/{payment_id}")
    async def receipt(request: Request, who: Annotated[UUID, Depends(sessions.page)], payment_id: UUID) -> Response:
        cell = cell_of(payment_id, door.cells)
        async with door.database.transaction() as connection:
            payment = await payment_of(connection, cell, payment_id)
            owners = {who, *(guest for _, guest in await guests_of(connection, who))}
            if payment is None or payment.citizen_id not in owners:
                return render(request, "citizen/missing.html", status=404)
            store = await store_of(connection, payment.store_id)
            card = await card_of_payment(connection, cell, payment_id)
            paid_out = await paid_out_at(connection, payment.settlement_date, payment.store_id)
            names = await parties(connection)
            refunds = await refunds_of(connection, cell, payment_id)
        types = await types_by_id(door, [share.type_id for share in payment.shares])
        facts: dict[str, object] = {"refunds": refunds, "fates": fates_of(refunds)}
        facts |= {"payment": payment, "store": store, "card": card, "paid_out": paid_out, "names": names}
        return render(request, "citizen/receipt.html", facts, types=types)

    return routes
