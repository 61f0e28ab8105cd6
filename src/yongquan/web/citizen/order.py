"""A merchant's order on the citizen's phone: what it is, the best vouchers for it, paying it, what became of it."""

from dataclasses import replace
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import RedirectResponse

from yongquan.flows.quote_payment import Quote, facts_of, quote_payment
from yongquan.flows.trade_by_v3 import payer_of
from yongquan.institutions.views import parties
from yongquan.kernel.errors import Outage, Refusal
from yongquan.kernel.ids import cell_of
from yongquan.merchants.views import StoreRow, store_of
from yongquan.payments.model import PaymentRefused
from yongquan.payments.orders import PAID, PAYABLE, AttemptState, OrderState, TradeOrder
from yongquan.payments.views import cards_of
from yongquan.vouchers.model import Direction
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import render
from yongquan.web.sessions import Sessions
from yongquan.web.step_up import asks_for_code, step_up_inbox
from yongquan.web.words import Words

WAITS = frozenset({OrderState.PENDING, OrderState.UNKNOWN})
CHANGED = frozenset({"voucher_unavailable", "voucher_not_usable"})
PREPAY_PREFIX = "wx"


def make_order(door: Door, sessions: Sessions) -> APIRouter:
    """`/c/orders/{order}`, the order's id or a prepay_id: shown, paid."""
    routes = APIRouter()

    @routes.get("/orders/{name}")
    async def show(request: Request, who: Annotated[UUID, Depends(sessions.page)], name: str) -> Response:
        order = await _order(door, name)
        if order is None:
            return render(request, "citizen/missing.html", status=404)
        return await _page(door, request, who, order)

    @routes.post("/orders/{name}")
    async def pay(
        request: Request,
        who: Annotated[UUID, Depends(sessions.page)],
        name: str,
        *,
        card: Annotated[UUID, Form()],
        voucher: Annotated[list[UUID] | None, Form()] = None,
        code: Annotated[str, Form(max_length=8)] = "",
    ) -> Response:
        order = await _order(door, name)
        if order is None:
            return render(request, "citizen/missing.html", status=404)
        # Money moves: no other site's form may ask for it.
        own_page = request.headers.get("sec-fetch-site", "same-origin") == "same-origin"
        if not own_page or not _may_pay(order, who):
            return await _page(door, request, who, order, status=403)
        try:
            payer = payer_of(order, who, card, tuple(voucher or ()))
            await door.orders.pay(order.order_id, replace(payer, step_up_code=code.strip()))
        except Refusal as no:
            reason = getattr(no, "reason", no.code)
            if reason in {"order_paid", "attempt_under_way"}:
                return RedirectResponse(f"/c/orders/{name}", status_code=303)
            order = await door.orders.order(order.order_id)
            asks_code = asks_for_code(no)
            return await _page(
                door, request, who, order, trouble=_sentence(request, reason), asks_code=asks_code, status=422
            )
        except Outage:
            return await _page(door, request, who, order, trouble=_sentence(request, "unavailable"), status=503)
        return RedirectResponse(f"/c/orders/{name}", status_code=303)

    return routes


async def _order(door: Door, name: str) -> TradeOrder | None:
    try:
        return await door.orders.order(UUID(name.removeprefix(PREPAY_PREFIX)))
    except (ValueError, PaymentRefused):
        return None


def _may_pay(order: TradeOrder, who: UUID) -> bool:
    return order.facts.get("payer", str(who)) == str(who)


async def _page(
    door: Door,
    request: Request,
    who: UUID,
    order: TradeOrder,
    *,
    trouble: str = "",
    asks_code: bool = False,
    status: int = 200,
) -> Response:
    now, cell = door.clock.now(), cell_of(who, door.cells)
    async with door.database.transaction() as connection:
        store = await store_of(connection, order.store_id)
        cards = await cards_of(connection, cell, who)
        names = await parties(connection)
    if store is None:
        return render(request, "citizen/missing.html", status=404)
    is_open = order.state in PAYABLE and order.expires_at > now and _may_pay(order, who)
    attempts = await door.orders.attempts(order.order_id)
    failed = order.state is OrderState.FAILED and attempts and attempts[-1].state is AttemptState.FAILED
    facts: dict[str, object] = {
        "order": order,
        "name": request.path_params["name"],
        "store": store,
        "cards": cards,
        "names": names,
        "is_open": is_open,
        "is_paid": order.state in PAID,
        "waits": order.state in WAITS,
        "is_mine": _may_pay(order, who),
        "receipt": await _receipt(door, order, who),
        "quote": await _quote(door, who, order, store) if is_open and cards else None,
        "asks_code": asks_code,
        "inbox": await step_up_inbox(door, who) if asks_code else None,
        "trouble": trouble or (Words(speech_of(request)).declined(attempts[-1].reason) if failed else ""),
    }
    return render(request, "citizen/order.html", facts, status=status)


async def _quote(door: Door, who: UUID, order: TradeOrder, store: StoreRow) -> Quote:
    now = door.clock.now()
    payer = payer_of(order, who, order.order_id)
    return await quote_payment(
        door.database,
        door.catalogue,
        cells=door.cells,
        citizen_id=who,
        store=facts_of(store, now=now),
        amount_fen=order.amount_fen,
        now=now,
        direction=Direction.ONLINE if payer.is_online else Direction.CITIZEN_SCANS,
        lines=payer.lines,
    )


async def _receipt(door: Door, order: TradeOrder, who: UUID) -> UUID | None:
    """The payment, if it was this citizen's."""
    if order.payment_id is None:
        return None
    payment = await door.payments.payment(cell_of(order.payment_id, door.cells), order.payment_id)
    return payment.payment_id if payment.citizen_id == who else None


def _sentence(request: Request, reason: str) -> str:
    speech = speech_of(request)
    if reason in CHANGED:
        return speech.say("可用的消费券有变化，请重新确认")
    problems = Words(speech).problems()
    return problems.get(reason, problems["unavailable"])
