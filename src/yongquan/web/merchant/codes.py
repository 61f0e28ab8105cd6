"""The store's codes: its own on a card for the counter, and an order's on the till's screen."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel

from yongquan.merchants.views import StoreRow, mcc_of, store_of
from yongquan.payments.emvco import MerchantCode, make_merchant_code
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.pages import qr_code, render
from yongquan.web.sessions import Sessions


class ShownOrder(BaseModel):
    """An order to be shown as a code."""

    order_id: UUID


def make_codes(door: Door, sessions: Sessions) -> APIRouter:
    """`/m/card` to print, `/m/till/order-code` for the till's script."""
    routes = APIRouter()

    async def store_named(store_id: UUID) -> tuple[StoreRow, str]:
        async with door.database.transaction() as connection:
            found, mcc = await store_of(connection, store_id), await mcc_of(connection, store_id)
        if found is None:
            raise LookupError("a signed token names a store that is not registered")
        return found, mcc

    @routes.get("/card")
    async def card(request: Request, who: Annotated[UUID, Depends(sessions.page)]) -> Response:
        store, mcc = await store_named(who)
        code = make_merchant_code(MerchantCode(store.store_id, store.name, "", mcc))
        return render(request, "merchant/card.html", store=store, picture=qr_code(code), code=code)

    @routes.post("/till/order-code")
    async def order_code(who: Annotated[UUID, Depends(sessions.script)], shown: ShownOrder) -> Response:
        order = await door.orders.order(shown.order_id)
        store, mcc = await store_named(who)
        if order.store_id != who:
            raise Refused("not_found", "this store has no such order")
        code = MerchantCode(
            None,
            store.name,
            "",
            mcc,
            amount_fen=order.amount_fen,
            order_no=order.order_no,
            order_id=order.order_id,
            token=door.cashier.token(order.order_id),
        )
        picture = qr_code(make_merchant_code(code))
        return Response(picture, media_type="image/svg+xml", headers={"Cache-Control": "no-store"})

    return routes
