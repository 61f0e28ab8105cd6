"""What every page of the cashier shows and lets happen: the order, its token, who may hold the page in a frame."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse
from markupsafe import Markup

from yongquan.flows.serve_cashier import Visit, standing
from yongquan.payments.model import PaymentRefused
from yongquan.plumbing.tokens import Holder
from yongquan.web.door import Door
from yongquan.web.language import speech_of
from yongquan.web.pages import SECURITY_HEADERS, qr_code, render
from yongquan.web.sessions import Sessions

CSP = "Content-Security-Policy"
# Refusals that the result page tells better than the page of the choices.
RESULT_TELLS = {"attempt_under_way", "order_paid", "order_closed"}
CASHIER_WORDS = {
    "days": "%s 天",
    "leaving": "%s 秒后自动返回商户",
    "pay": "确认付款 %s 元",
    "pay_nothing": "确认付款",
    "paying": "付款中…",
    "saved": "已减 ¥%s",
    "quoting": "正在计算优惠…",
    "lost": "网络中断，优惠暂时算不出来",
}


def cashier_sessions(door: Door) -> Sessions:
    """The citizen's session at cashiers: apart from the citizen's own pages, which no frame may hold."""
    return Sessions(door.tokens, Holder.CITIZEN, cookie="yq_cashier", root="/cashier", is_framed=True)


async def visit_of(door: Door, order_id: UUID, token: str) -> Visit | None:
    """The order behind an address, None if there is none or the token is wrong."""
    try:
        return await door.cashier.visit(order_id, token)
    except PaymentRefused:
        return None


def show(
    request: Request,
    door: Door,
    template: str,
    visit: Visit,
    facts: Mapping[str, object],
    *,
    status: int = 200,
    posts_to: str | None = None,
) -> HTMLResponse:
    """A page about an order; `posts_to` is the address of another site that a form of it may be sent to."""
    now = door.clock.now()
    common: dict[str, Any] = {
        "order": visit.order,
        "store": visit.store,
        "standing": standing(visit.order),
        "token": door.cashier.token(visit.order.order_id),
        "root": f"/cashier/{visit.order.order_id}",
        "origins": list(visit.origins),
        "now_ms": _ms(now.timestamp()),
        "rate": round((door.clock.in_real_seconds(1) - now).total_seconds(), 2),
        "ends_ms": _ms(visit.order.expires_at.timestamp()),
        "days": speech_of(request).say(CASHIER_WORDS["days"]),
        "leaving": speech_of(request).say(CASHIER_WORDS["leaving"]),
    }
    page = render(request, f"cashier/{template}", {**common, **facts}, status=status)
    page.headers[CSP] = _policy(visit, posts_to)
    return page


def order_picture(request: Request, door: Door, visit: Visit) -> Markup:
    """The QR code of the order's address for a citizen who is signed in on the own phone."""
    path, _, query = door.cashier.path(visit.order.order_id).partition("?")
    return qr_code(f"{request.base_url.replace(path=f'/c{path}')}?{query}")


def missing(request: Request) -> HTMLResponse:
    """There is no such order, or the address is not whole."""
    return render(request, "cashier/missing.html", status=404)


def go_to(door: Door, visit: Visit, page: str = "") -> RedirectResponse:
    """On to another page of the same order."""
    order_id = visit.order.order_id
    return RedirectResponse(f"/cashier/{order_id}{page}?t={door.cashier.token(order_id)}", status_code=303)


def _policy(visit: Visit, posts_to: str | None) -> str:
    policy = SECURITY_HEADERS[CSP]
    if visit.origins:
        policy = policy.replace("frame-ancestors 'none'", f"frame-ancestors {' '.join(visit.origins)}")
    if posts_to:
        site = urlsplit(posts_to)
        policy = policy.replace("form-action 'self'", f"form-action 'self' {site.scheme}://{site.netloc}")
    return policy


def _ms(seconds: float) -> int:
    return int(seconds * 1000)
