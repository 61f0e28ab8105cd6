"""The OpenAPI file describes all of `/v1`: FastAPI's own routes, and the hot endpoints that FastAPI never sees."""

from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from yongquan.web.api.hot import ClaimRequest, PackClaimed, VoucherClaimed
from yongquan.web.api.payments import PaymentOut, PaymentRequest
from yongquan.web.api.problems import PROBLEMS
from yongquan.web.api.reasons import REASONS

CLAIM_CODES = (
    *("not_open", "closed", "sold_out", "cap_reached", "not_eligible", "blocked", "wrong_place"),
    *("too_many_requests", "conflicting_request", "unauthorized", "idempotency_key_missing", "bad_request"),
    *("not_found", "unavailable"),
)
PAYMENT_CODES = (
    *("code_unknown", "code_used", "code_expired", "instrument_unknown", "store_closed", "voucher_unavailable"),
    *("voucher_not_usable", "too_many_requests", "conflicting_request", "unauthorized", "idempotency_key_missing"),
    *("bad_request", "not_found", "unavailable"),
)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and body again get the same answer; another body is refused.",
}
_ROUND = {"name": "round_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}


def describe(site: FastAPI) -> None:
    """Make the site's OpenAPI document hold the hot endpoints too."""

    def document() -> dict[str, Any]:
        if site.openapi_schema is None:
            site.openapi_schema = _whole(site)
        return site.openapi_schema

    site.openapi = document  # type: ignore[method-assign]


def _whole(site: FastAPI) -> dict[str, Any]:
    whole = get_openapi(title=site.title, version=site.version, routes=site.routes)
    hot = (ClaimRequest, VoucherClaimed, PackClaimed, PaymentRequest, PaymentOut)
    _, components = msgspec.json.schema_components(hot, ref_template="#/components/schemas/{name}")
    schemas = whole.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(components | {"Problem": _problem_schema()})
    whole["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
    whole["paths"]["/v1/rounds/{round_id}/claims"] = {
        "post": _operation(
            "Claim a voucher of a round",
            tag="claims",
            body="ClaimRequest",
            answers={"201": "VoucherClaimed"},
            codes=CLAIM_CODES,
            parameters=[_ROUND, _KEY],
        )
    }
    whole["paths"]["/v1/payments"] = {
        "post": _operation(
            "Pay at a store",
            tag="payments",
            body="PaymentRequest",
            answers={"201": "PaymentOut", "202": "PaymentOut"},
            codes=PAYMENT_CODES,
            parameters=[_KEY],
        )
    }
    return whole


def _operation(
    summary: str,
    *,
    tag: str,
    body: str,
    answers: dict[str, str],
    codes: tuple[str, ...],
    parameters: list[dict[str, object]],
) -> dict[str, Any]:
    refusals: dict[str, list[str]] = {}
    for code in codes:
        refusals.setdefault(str(PROBLEMS[code].status), []).append(code)
    responses: dict[str, Any] = {
        status: {"description": name, "content": {"application/json": {"schema": _ref(name)}}}
        for status, name in answers.items()
    }
    for status, names in refusals.items():
        schema = {"allOf": [_ref("Problem")], "properties": {"code": {"enum": names}}}
        content = {"application/problem+json": {"schema": schema}}
        responses[status] = {"description": ", ".join(names), "content": content}
    return {
        "summary": summary,
        "tags": [tag],
        "security": [{"bearer": []}],
        "parameters": parameters,
        "requestBody": {"content": {"application/json": {"schema": _ref(body)}}},
        "responses": responses,
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _problem_schema() -> dict[str, Any]:
    texts: dict[str, Any] = {name: {"type": "string"} for name in ("type", "title", "title_en", "code", "detail")}
    texts |= {name: {"type": "string"} for name in ("reason_title", "reason_title_en")}
    return {
        "type": "object",
        "required": ["type", "title", "status", "code"],
        "properties": texts | {"status": {"type": "integer"}, "reason": {"enum": sorted(REASONS)}},
    }
