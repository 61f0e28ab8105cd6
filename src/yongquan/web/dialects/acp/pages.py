"""What a payer's browser sees of an ACP order: a page for a card number, and the way back to the merchant.

Who has an account goes on from there to the cashier, with cards and vouchers.
"""

from dataclasses import replace
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from yongquan.flows.open_acp_card import SANDBOX_CODE
from yongquan.flows.order_desk import Payer
from yongquan.flows.read_acp_outcome import DOOR
from yongquan.flows.serve_cashier import Return
from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import Transaction, transaction_by_tn, transactions_of_orders
from yongquan.kernel.errors import Outage
from yongquan.merchants.views import store_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAID, PAYABLE, OrderKind, OrderState, TradeOrder
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import SECURITY_HEADERS, render


def make_acp_pages(door: Door) -> APIRouter:
    """`/gateway/pay/{order}`, `/gateway/app/{tn}` and `/gateway/return/{order}`."""
    routes = APIRouter()
    desk = door.acp.desk

    async def way_back(order: TradeOrder) -> Return | None:
        return Return(return_address(order.order_id))

    door.cashier.returns[DOOR] = way_back

    @routes.get("/gateway/pay/{order_id}")
    async def show(request: Request, order_id: UUID) -> Response:
        order = await desk.orders.order(order_id)
        if order.state not in PAYABLE:
            return RedirectResponse(return_address(order_id), 303)
        return await _ask(door, request, order)

    @routes.post("/gateway/pay/{order_id}")
    async def pay(
        request: Request, order_id: UUID, card: Annotated[str, Form()], code: Annotated[str, Form()]
    ) -> Response:
        order = await desk.orders.order(order_id)
        if not desk.is_sandboxed:
            return await _ask(door, request, order, trouble=codes.TEXTS[codes.NO_SMS])
        if code.strip() != SANDBOX_CODE:
            return await _ask(door, request, order, trouble=codes.TEXTS[codes.ONE_TIME_CODE])
        try:
            found = await desk.card(card.replace(" ", ""))
            order = await _take(door, order, replace(found, is_proven=True).payer())
        except AcpRefused as no:
            return await _ask(door, request, order, trouble=codes.TEXTS[no.resp_code])
        except PaymentRefused as no:
            return await _ask(door, request, order, trouble=codes.TEXTS[codes.of_refusal(no.reason)])
        except Outage:
            return RedirectResponse(return_address(order_id), 303)
        if order.state is OrderState.FAILED:
            attempts = await desk.orders.attempts(order_id)
            return await _ask(door, request, order, trouble=codes.TEXTS[codes.of_issuer(attempts[-1].reason)])
        return RedirectResponse(return_address(order_id), 303)

    @routes.get("/gateway/app/{tn}")
    async def in_app(tn: str) -> Response:
        async with door.database.transaction() as connection:
            found = await transaction_by_tn(connection, tn)
        if found is None or found.trade_order_id is None:
            raise PaymentRefused("not_found", "no such order")
        return RedirectResponse(card_page(found.trade_order_id), 303)

    @routes.get("/gateway/return/{order_id}")
    async def leave(request: Request, order_id: UUID) -> Response:
        order = await desk.orders.order(order_id)
        is_paid = order.state in {*PAID, OrderState.AUTHORISED}
        title = "支付成功" if is_paid else "订单未支付"
        return await go_back(door, request, await _transaction_of(door, order), title=title)

    return routes


async def go_back(door: Door, request: Request, transaction: Transaction | None, *, title: str) -> Response:
    """The page that sends a payer's browser on to `frontUrl` with the signed form, or says that all is done."""
    url = transaction.request.get("frontUrl", "") if transaction else ""
    fields = await door.acp.voice.fields(transaction) if transaction and url else {}
    said = speech_of(request).say(title)
    page = render(request, "acp/return.html", url=url, fields=fields, outcome=said)
    if url:
        page.headers["Content-Security-Policy"] = _may_post_to(url)
    return page


def card_page(order_id: UUID) -> str:
    """Where an ACP order is paid by card number."""
    return f"/gateway/pay/{order_id}"


def return_address(order_id: UUID) -> str:
    """Where a payer goes who is done with an ACP order: on to the merchant, with what became of it."""
    return f"/gateway/return/{order_id}"


async def _take(door: Door, order: TradeOrder, payer: Payer) -> TradeOrder:
    if order.kind is OrderKind.PREAUTH:
        return await door.acp.holds.preauths.hold(order.order_id, payer)
    return await door.orders.pay(order.order_id, payer)


async def _ask(door: Door, request: Request, order: TradeOrder, *, trouble: str = "") -> Response:
    async with door.database.transaction() as connection:
        store = await store_of(connection, order.store_id)
    said = speech_of(request)
    name = store.name if store else ""
    status = 422 if trouble else 200
    # Holds are of cards alone; who has an account may pay anything else with vouchers too.
    cashier = "" if order.kind is OrderKind.PREAUTH else door.cashier.path(order.order_id)
    told = said.say(trouble) if trouble else ""
    return render(request, "acp/pay.html", status=status, order=order, store=name, trouble=told, cashier=cashier)


async def _transaction_of(door: Door, order: TradeOrder) -> Transaction | None:
    if order.door != DOOR:
        raise PaymentRefused("not_found", "no such order")
    async with door.database.transaction() as connection:
        about = await transactions_of_orders(connection, [order.order_id])
    return next((one for one in about if one.original_id is None), None)


def _may_post_to(url: str) -> str:
    """Our policy, but for this one form's address; a merchant's `frontUrl` is checked when its order is opened."""
    parts = urlsplit(url)
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    return policy.replace("form-action 'self'", f"form-action 'self' {parts.scheme}://{parts.netloc}")
