"""The OpenAPI file describes all of `/v1`: FastAPI's own routes, and the hot endpoints that FastAPI never sees."""

from http import HTTPStatus
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
    *("forbidden", "not_found", "unavailable"),
)
PAYMENT_CODES = (
    *("code_unknown", "code_used", "code_expired", "instrument_unknown", "store_closed", "voucher_unavailable"),
    *("voucher_not_usable", "too_many_requests", "conflicting_request", "unauthorized", "idempotency_key_missing"),
    *("bad_request", "forbidden", "lines_differ", "not_found", "unavailable"),
)
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and body again get the same answer; another body is refused.",
}
# What any operation may answer instead of its own work: told by every one, with the codes of `PROBLEMS`.
_ANY = (400, 401, 403, 404, 405, 409, 422, 429, 503)
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
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, operations in whole["paths"].items():
        if path.startswith("/v1/"):
            for operation in operations.values():
                _tell_problems(operation, is_signed=path.startswith("/v1/institutions/"))
    _split_payment(schemas)
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


def _split_payment(schemas: dict[str, Any]) -> None:
    """The two shapes of a payment: a till sends code and number, an app store and instrument."""
    shape = schemas["PaymentRequest"]
    fields = shape["properties"]
    for name, wanted in {"ByTill": ("pay_code", "order_no"), "ByApp": ("store_id", "instrument_id")}.items():
        named = {key: _named(fields[key]) if key in wanted else fields[key] for key in fields}
        required = [*shape.get("required", []), *wanted]
        schemas[f"Payment{name}"] = shape | {"title": f"Payment{name}", "properties": named, "required": required}
    schemas["PaymentRequest"] = {"anyOf": [_ref("PaymentByTill"), _ref("PaymentByApp")]}


def _named(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be null, when it may not."""
    return dict(next(one for one in field["anyOf"] if one.get("type") != "null"))


def _tell_problems(operation: dict[str, Any], *, is_signed: bool) -> None:
    """Give an operation of FastAPI our refusals instead of its own, and the bearer instead of a plain header."""
    for status in _ANY:
        content = {"application/problem+json": {"schema": _ref("Problem")}}
        operation["responses"][str(status)] = {"description": HTTPStatus(status).phrase, "content": content}
    if not is_signed:
        kept = [one for one in operation.get("parameters", []) if one["name"].lower() != "authorization"]
        operation["parameters"] = kept
        operation["security"] = [{"bearer": []}]


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
        "requestBody": {"required": body == "PaymentRequest", "content": {"application/json": {"schema": _ref(body)}}},
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
