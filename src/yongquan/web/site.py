"""Everything that is not hot: a plain FastAPI application."""

from dataclasses import fields
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.exceptions import HTTPException
from starlette.routing import Match

from yongquan.institutions.apps import QuotaExceeded
from yongquan.kernel.errors import Outage, Refusal
from yongquan.payments.model import PaymentRefused
from yongquan.web.api.cashier import make_cashier_api
from yongquan.web.api.conditions import make_conditions
from yongquan.web.api.institutions import make_institutions
from yongquan.web.api.native import make_native
from yongquan.web.api.openapi import describe
from yongquan.web.api.own_vouchers import make_own_vouchers
from yongquan.web.api.pool import make_pool_api
from yongquan.web.api.quota_headers import quota_headers
from yongquan.web.api.reminders import make_reminders_api
from yongquan.web.api.risk import make_risk_api
from yongquan.web.api.ways import make_ways
from yongquan.web.api.wire import Answer, Refused, problem, retry_after_of
from yongquan.web.cashier import make_cashier
from yongquan.web.citizen import make_citizen
from yongquan.web.console import make_console
from yongquan.web.dialects.acp.gate import make_acp
from yongquan.web.dialects.acp.opening_pages import make_opening_pages
from yongquan.web.dialects.acp.pages import make_acp_pages
from yongquan.web.dialects.coupon_platform import make_coupon_platform
from yongquan.web.dialects.wechat_v3 import make_wechat_v3
from yongquan.web.door import Door
from yongquan.web.draw_effects import make_draw_effects
from yongquan.web.draws import make_draws
from yongquan.web.language import make_language_switch
from yongquan.web.merchant import make_merchant
from yongquan.web.surveyor import make_surveyor
from yongquan.web.tips import make_tips

SWAGGER = "/static/vendor/swagger-ui-5.35.0"


def make_site(door: Door) -> FastAPI:
    """The site's routes around an open platform."""
    site = make_api(door)
    site.include_router(make_coupon_platform(door), include_in_schema=False)
    site.include_router(make_wechat_v3(door, door.v3_seal), include_in_schema=False)
    site.include_router(make_acp(door), include_in_schema=False)
    site.include_router(make_acp_pages(door), include_in_schema=False)
    site.include_router(make_opening_pages(door), include_in_schema=False)
    site.include_router(make_language_switch(), include_in_schema=False)
    site.include_router(make_citizen(door), include_in_schema=False)
    site.include_router(make_tips(door), include_in_schema=False)
    site.include_router(make_merchant(door), include_in_schema=False)
    site.include_router(make_surveyor(door), include_in_schema=False)
    site.include_router(make_cashier(door), include_in_schema=False)
    site.include_router(make_console(door), include_in_schema=False)
    site.include_router(make_draws(door), include_in_schema=False)
    site.include_router(make_draw_effects(door), include_in_schema=False)
    schemas = StaticFiles(packages=[("yongquan.web", "static/schemas")])
    site.mount("/schemas", schemas, name="schemas")
    site.mount("/static", StaticFiles(packages=[("yongquan.web", "static")]), name="static")

    @site.get("/", include_in_schema=False)
    async def front() -> Response:
        return RedirectResponse("/c/")

    @site.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=site.title,
            swagger_js_url=f"{SWAGGER}/swagger-ui-bundle.js",
            swagger_css_url=f"{SWAGGER}/swagger-ui.css",
            swagger_favicon_url="data:,",
        )

    return site


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document alone: of routes around a door that leads nowhere, since nobody calls them."""
    nowhere: dict[str, Any] = {part.name: None for part in fields(Door)}
    return make_api(Door(**nowhere)).openapi()


def make_api(door: Door) -> FastAPI:
    """What the OpenAPI document tells."""
    site = FastAPI(title="Yongquan 涌泉", version="0.1.0", docs_url=None, redoc_url=None)
    _tell_refusals(site)
    describe(site)
    for make in (
        make_native,
        make_ways,
        make_conditions,
        make_reminders_api,
        make_institutions,
        make_own_vouchers,
        make_cashier_api,
        make_pool_api,
        make_risk_api,
    ):
        site.include_router(make(door))

    @site.get("/healthz", tags=["operations"])
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @site.get("/readyz", tags=["operations"])
    async def readyz() -> dict[str, str]:
        async with door.database.transaction() as connection:
            await connection.execute("select 1")
        return {"status": "ready"}

    @site.get("/metrics", tags=["operations"])
    async def metrics() -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return site


def _tell_refusals(site: FastAPI) -> None:
    """The one place where refusals and outages become HTTP."""

    @site.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return _response(problem(error.code, error.detail, reason=error.reason))

    @site.exception_handler(PaymentRefused)
    async def payment_refused(_: Request, error: PaymentRefused) -> Response:
        return _response(problem(error.reason, str(error), retry_after_s=retry_after_of(error)))

    @site.exception_handler(Refusal)
    async def refusal(_: Request, error: Refusal) -> Response:
        answer = _response(problem(error.code, str(error)))
        if isinstance(error, QuotaExceeded):
            answer.headers.update(quota_headers(error))
        return answer

    @site.exception_handler(Outage)
    async def outage(_: Request, error: Outage) -> Response:
        return _response(problem("unavailable", str(error)))

    @site.exception_handler(RequestValidationError)
    async def malformed(_: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if first["loc"] == ("header", "idempotency-key"):
            return _response(problem("idempotency_key_missing"))
        return _response(problem("bad_request", f"{'.'.join(str(p) for p in first['loc'])}: {first['msg']}"))

    @site.exception_handler(HTTPException)
    async def not_served(request: Request, error: HTTPException) -> Response:
        if not request.url.path.startswith("/v1/"):
            return await http_exception_handler(request, error)
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            known = [route for route in site.routes if route.matches(request.scope)[0] is not Match.NONE]
            allowed = {method for route in known for method in getattr(route, "methods", None) or ()}
            answer = _response(problem("method_not_allowed"))
            answer.headers["allow"] = ", ".join(sorted(allowed))
            return answer
        if error.status_code == HTTPStatus.NOT_FOUND:
            return _response(problem("not_found"))
        return _response(problem("bad_request", str(error.detail)))


def _response(answer: Answer) -> Response:
    status, headers, body = answer
    return Response(body, status, headers={name.decode(): value.decode() for name, value in headers})
