"""What became of it: paid; not paid, try again; not known yet, which keeps asking. Then back to the merchant."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from yongquan.flows.serve_cashier import Visit, standing
from yongquan.payments.model import Payment, PaymentRefused
from yongquan.payments.orders import AttemptState
from yongquan.web.api.wire import Refused
from yongquan.web.cashier.showing import go_to, missing, show, visit_of
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words


def make_result(door: Door, _: Sessions) -> APIRouter:
    """`/cashier/{order_id}/result`, and `/state` for scripts."""
    routes = APIRouter()

    @routes.get("/{order_id}/result")
    async def result(request: Request, order_id: UUID, t: str = "") -> Response:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            return missing(request)
        if standing(visit.order) == "open":
            return go_to(door, visit)
        back = await door.cashier.way_back(visit.order)
        facts = {
            "back": back,
            "payment": await _payment(door, visit),
            "why": await _why(door, visit, request) if standing(visit.order) == "unpaid" else "",
            "is_over": visit.order.expires_at <= door.clock.now(),
        }
        return show(request, door, "result.html", visit, facts, posts_to=back.url if back and back.fields else None)

    @routes.get("/{order_id}/state")
    async def state(order_id: UUID, answer: Response, t: str = "") -> dict[str, object]:
        visit = await visit_of(door, order_id, t)
        if visit is None:
            raise Refused("not_found", "no such order")
        answer.headers["Cache-Control"] = "no-store"
        return {"standing": standing(visit.order), "attempts": visit.order.attempts}

    return routes


async def _payment(door: Door, visit: Visit) -> Payment | None:
    payment_id = visit.order.payment_id
    if payment_id is None:
        return None
    try:
        return await door.payments.payment(door.cashier.cell_of(payment_id), payment_id)
    except PaymentRefused:
        return None


async def _why(door: Door, visit: Visit, request: Request) -> str:
    words = Words(speech_of(request))
    attempts = await door.orders.attempts(visit.order.order_id)
    failed = [a for a in attempts if a.state in {AttemptState.FAILED, AttemptState.REVERSED}]
    reason = failed[-1].reason if failed else ""
    return words.problems().get(reason) or words.declined(reason)
