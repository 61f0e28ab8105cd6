"""Opening a card on a page of ours: the payer gives the number and the code, the merchant hears of it."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from yongquan.flows.open_acp_card import SANDBOX_CODE, say_token
from yongquan.flows.trade_by_acp import AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.transactions import Transaction, transaction_by_query_id
from yongquan.institutions.gateway import ACP, merchant_of
from yongquan.payments.model import PaymentRefused
from yongquan.web.dialects.acp.pages import go_back
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render

OPENING = "79"


def make_opening_pages(door: Door) -> APIRouter:
    """`/gateway/open/{query_id}` and the way back from it."""
    routes = APIRouter()

    @routes.get("/gateway/open/{query_id}")
    async def show(request: Request, query_id: str) -> Response:
        transaction = await _opening(door, query_id)
        if transaction.resp_code is not None:
            return RedirectResponse(f"/gateway/opened/{query_id}", 303)
        return _ask(request, query_id)

    @routes.post("/gateway/open/{query_id}")
    async def enter(
        request: Request, query_id: str, card: Annotated[str, Form()], code: Annotated[str, Form()]
    ) -> Response:
        transaction = await _opening(door, query_id)
        if transaction.resp_code is None:
            try:
                await _open(door, transaction, card.replace(" ", ""), code.strip())
            except AcpRefused as no:
                return _ask(request, query_id, trouble=codes.TEXTS[no.resp_code])
        return RedirectResponse(f"/gateway/opened/{query_id}", 303)

    @routes.get("/gateway/opened/{query_id}")
    async def opened(request: Request, query_id: str) -> Response:
        transaction = await _opening(door, query_id)
        title = "银行卡已开通" if transaction.resp_code == codes.OK else "银行卡未开通"
        return await go_back(door, request, transaction, title=title)

    return routes


async def _open(door: Door, transaction: Transaction, pan: str, code: str) -> None:
    services = door.acp
    if not services.desk.is_sandboxed:
        raise AcpRefused(codes.NO_SMS)
    if code != SANDBOX_CODE:
        raise AcpRefused(codes.ONE_TIME_CODE)
    async with door.database.transaction() as connection:
        merchant = await merchant_of(connection, ACP, transaction.mer_id)
    if merchant is None:
        raise AcpRefused(codes.MERCHANT)
    numbers = {"merId": transaction.mer_id, "orderId": transaction.order_id, "txnTime": transaction.txn_time}
    asked = Asked(merchant, {**transaction.request, **numbers, "bizType": transaction.biz_type, "accNo": pan})
    card = await services.cards.open(asked, await services.cards.named(asked), code_needed=False)
    await services.desk.end(transaction, codes.OK, {"activateStatus": "1", "tokenPayData": say_token(card)})


async def _opening(door: Door, query_id: str) -> Transaction:
    async with door.database.transaction() as connection:
        found = await transaction_by_query_id(connection, query_id)
    if found is None or found.txn_type != OPENING or found.channel != "front":
        raise PaymentRefused("not_found", "no such opening")
    return found


def _ask(request: Request, query_id: str, *, trouble: str = "") -> Response:
    said = speech_of(request).say(trouble) if trouble else ""
    return render(request, "acp/open.html", status=422 if trouble else 200, query_id=query_id, trouble=said)
