"""The gateway in the shape of UnionPay ACP 5.1.0: merchants' existing clients call it with only the host changed."""

from collections.abc import Awaitable, Callable, Mapping
from html import escape

import structlog
from fastapi import APIRouter, Request, Response
from starlette.responses import HTMLResponse, RedirectResponse

from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.kernel.errors import Outage, Refusal
from yongquan.payments.model import PaymentRefused
from yongquan.web.dialects.acp import asking, batching, collecting, giving_back, holding, opening, paying
from yongquan.web.dialects.acp.calls import Call, Flow, Services
from yongquan.web.dialects.acp.edge import Edge
from yongquan.web.dialects.acp.fields import COMMON, require_fields
from yongquan.web.door import Door
from yongquan.web.pages import SECURITY_HEADERS

FAMILIES = (paying, holding, giving_back, asking, opening, collecting, batching)
FLOWS: tuple[Flow, ...] = tuple(flow for family in FAMILIES for flow in family.FLOWS)
ENDPOINTS = ("frontTransReq", "backTransReq", "queryTrans", "batchTrans", "appTransReq", "cardTransReq")

log = structlog.get_logger(__name__)


def make_acp(door: Door) -> APIRouter:
    """`/gateway/api/*.do`, and the same under `/jiaofei/api`, where bills are paid."""
    routes, services = APIRouter(), door.acp
    edge = Edge(door.database, door.sealing, services.signer, services.desk.is_sandboxed)
    for prefix, names in (("/gateway/api", (*ENDPOINTS, "qrcBackTransReq")), ("/jiaofei/api", ENDPOINTS)):
        for name in names:
            routes.add_api_route(f"{prefix}/{name}.do", _endpoint(edge, services, name), methods=["POST"])
    return routes


def _endpoint(edge: Edge, services: Services, name: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        fields: Mapping[str, str] = {}
        secret: str | None = None
        try:
            fields = await edge.read(request)
            asked = await edge.check(fields)
            secret = edge.secret_of(asked.merchant)
            flow = flow_of(fields, name)
            call = Call(services, asked, name, str(request.base_url).rstrip("/"))
            reply = await flow.handle(call)
            if reply.goes_to:
                return _send_on(request, reply.goes_to)
        except (Refusal, Outage) as trouble:
            code, message = _said(trouble)
            if is_browser(request):
                return _told_person(message)
            return edge.answer(fields, code, {}, secret=secret, message=message)
        return edge.answer(fields, reply.code, reply.said, secret=secret)

    return endpoint


def flow_of(fields: Mapping[str, str], endpoint: str) -> Flow:
    """The row of the flow table that serves a request. Raises `AcpRefused` 13 or 10."""
    require_fields(fields, COMMON)
    kind = fields["txnType"], fields["txnSubType"]
    rows = [flow for flow in FLOWS if flow.kind == kind and endpoint in flow.endpoints]
    if not rows:
        raise AcpRefused(codes.FORMAT, "txnType")
    rows = [flow for flow in rows if fields["bizType"] in flow.biz_types]
    if not rows:
        raise AcpRefused(codes.FORMAT, "bizType")
    require_fields(fields, rows[0].required)
    return rows[0]


def is_browser(request: Request) -> bool:
    """Whether a person looks at the answer: a server's client follows the redirect or reads the text."""
    said = request.headers
    return "text/html" in said.get("accept", "") and "mozilla/" in said.get("user-agent", "").lower()


def _said(trouble: Refusal | Outage) -> tuple[str, str]:
    if isinstance(trouble, AcpRefused):
        return trouble.resp_code, str(trouble)
    if isinstance(trouble, Outage):
        log.info("acp_outage", why=str(trouble))
        return codes.BUSY, codes.message(codes.BUSY)
    reason = trouble.reason if isinstance(trouble, PaymentRefused) else trouble.code
    code = codes.of_refusal(reason)
    # The message of a value that cannot be read is its field's name.
    return code, codes.message(code, str(trouble) if code == codes.FORMAT else "")


def _send_on(request: Request, where: str) -> Response:
    if not is_browser(request):
        return RedirectResponse(where, status_code=302)
    link = escape(where, quote=True)
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><meta http-equiv="refresh" content="0; url={link}">'
        f'<title>收银台 Cashier</title><p><a href="{link}">前往收银台 Go to the cashier</a></p></html>',
        headers=SECURITY_HEADERS,
    )


def _told_person(message: str) -> Response:
    return HTMLResponse(
        f'<!doctype html><html lang="zh-CN"><meta charset="utf-8"><title>无法支付 Cannot be paid</title>'
        f"<h1>无法支付</h1><p>{escape(message)}</p><p>请返回商户页面。Please go back to the merchant.</p></html>",
        status_code=400,
        headers=SECURITY_HEADERS,
    )


__all__ = ["make_acp"]
