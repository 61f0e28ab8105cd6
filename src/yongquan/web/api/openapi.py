"""The OpenAPI file describes all of `/v1`: FastAPI's own routes, and the hot endpoints that FastAPI never sees.

Names, summaries and examples are in `operations.yaml`; shapes that handlers encode themselves in `answers.py`.
"""

from http import HTTPStatus
from typing import Any

import msgspec
from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from yongquan.web.api.answers import ANSWERS
from yongquan.web.api.callbacks import PAYLOADS, webhooks
from yongquan.web.api.hot import ClaimRequest, PackClaimed, VoucherClaimed
from yongquan.web.api.operations import ALTERNATIVES, read_told
from yongquan.web.api.payments import PaymentOut, PaymentRequest
from yongquan.web.api.problems import PROBLEMS, problem_body
from yongquan.web.api.reasons import REASONS
from yongquan.web.api.wire import CODE_MAX, STEP_UP_ABOUT

CLAIM_CODES = (
    *("not_open", "closed", "sold_out", "cap_reached", "not_eligible", "blocked", "wrong_place"),
    *("too_many_requests", "conflicting_request", "unauthorized", "idempotency_key_missing", "bad_request"),
    *("forbidden", "not_found", "unavailable"),
)
PAYMENT_CODES = (
    *("code_unknown", "code_used", "code_expired", "instrument_unknown", "store_closed", "voucher_unavailable"),
    *("voucher_not_usable", "too_many_requests", "conflicting_request", "unauthorized", "idempotency_key_missing"),
    *("bad_request", "forbidden", "lines_differ", "not_found", "unavailable", "tap_refused", "code_malformed"),
    *("over_payment_limit", "over_day_limit", "risk_refused", "risk_delayed", "step_up_required", "wrong_code"),
    "risk_unavailable",
)
_ABOUT = """\
The platform on which a city runs its consumption vouchers and the local payments around them.

Amounts are whole fen, times are UTC. Errors are `application/problem+json` (RFC 9457) with a stable `code` and a \
sentence in Chinese and English. Every write may be repeated: under the same `Idempotency-Key`, or the caller's own \
number in the body (`order_no`, `refund_no`), the same request gets the same answer and acts once. 503 means that the \
outcome is unknown: repeat with the same key. Short recipes are in `docs/how-to.md`.\
"""
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "schema": {"type": "string", "minLength": 1, "maxLength": 255},
    "description": "The same key and body again get the same answer; another body is refused.",
}
_STEP_UP = {
    "name": "Step-Up-Code",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": CODE_MAX, "default": ""},
    "description": STEP_UP_ABOUT,
}
_SIGNATURE = (
    "HTTP Message Signatures (RFC 9421), ed25519, one signature: headers `Signature-Input` and `Signature` over "
    "`@method`, `@authority`, `@path`, `@query`, and over `content-digest` (header `Content-Digest`, RFC 9530, "
    "sha-256) where there is a body; parameters `created`, `keyid` and a fresh `nonce` of 16 to 64 characters."
)
_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "The token of a citizen or of a store."},
    "signature": {"type": "apiKey", "in": "header", "name": "Signature", "description": _SIGNATURE},
}
# What any operation may answer instead of its own work: told by every one, with the codes of `PROBLEMS`.
_ANY = (400, 401, 403, 404, 405, 409, 422, 429, 503)
_ROUND = {"name": "round_id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}
_OPEN_ID = {"type": "string", "format": "uuid", "description": "Whom it is for, as the signing app knows the citizen."}
_SIGNED = ("/v1/institutions/", "/v1/risk/")
_HOT = (ClaimRequest, VoucherClaimed, PackClaimed, PaymentRequest, PaymentOut)


def describe(site: FastAPI) -> None:
    """Make the site's OpenAPI document hold the hot endpoints too."""

    def document() -> dict[str, Any]:
        if site.openapi_schema is None:
            site.openapi_schema = _whole(site)
        return site.openapi_schema

    site.openapi = document  # type: ignore[method-assign]


def _whole(site: FastAPI) -> dict[str, Any]:
    told = read_told()
    whole = get_openapi(
        title=site.title,
        version=site.version,
        description=_ABOUT,
        routes=site.routes,
        servers=[{"url": "/", "description": "this server"}],
        tags=[{"name": name, "description": text} for name, text in told.tags.items()],
    )
    components = whole.setdefault("components", {})
    components["schemas"] = _schemas(components.get("schemas", {}))
    components["securitySchemes"] = _SCHEMES
    components["responses"] = {_problem_name(status): _problem_response(status) for status in _ANY}
    for path, operations in whole["paths"].items():
        if path.startswith("/v1/"):
            for operation in operations.values():
                _tell_problems(operation, is_signed=path.startswith(_SIGNED))
    _take_app_claim(whole["paths"])
    whole["paths"] |= _hot_paths()
    for path, operations in whole["paths"].items():
        for method, operation in operations.items():
            told.apply(method, path, operation)
    whole["webhooks"] = webhooks(told.examples)
    return whole


def _schemas(routed: dict[str, Any]) -> dict[str, Any]:
    _, ours = msgspec.json.schema_components((*_HOT, *ANSWERS, *PAYLOADS), ref_template="#/components/schemas/{name}")
    schemas = routed | {name: schema for name, schema in ours.items() if name not in routed}
    schemas["Problem"] = _problem_schema()
    for name in ("HTTPValidationError", "ValidationError", "OpenId"):
        schemas.pop(name, None)
    claim = schemas["ClaimRequest"]
    named = {"open_id": _OPEN_ID} | claim["properties"]
    schemas["AppClaimRequest"] = claim | {"title": "AppClaimRequest", "properties": named, "required": ["open_id"]}
    _split_payment(schemas)
    for name, parts in ALTERNATIVES.items():
        schemas[name] = {"anyOf": [_ref(part) for part in parts]}
    return schemas


def _split_payment(schemas: dict[str, Any]) -> None:
    """The shapes of a payment: a till sends code and number, an app store and instrument, a bank's the citizen too."""
    shape = schemas["PaymentRequest"]
    fields = {"open_id": _OPEN_ID} | shape["properties"]
    shapes = {
        "ByTill": ("pay_code", "order_no"),
        "ByApp": ("store_id", "instrument_id"),
        "ByInstitution": ("open_id", "store_id", "instrument_id"),
    }
    for name, wanted in shapes.items():
        named = {key: _named(field) if key in wanted else field for key, field in fields.items()}
        if "open_id" not in wanted:
            del named["open_id"]
        required = [*shape.get("required", []), *wanted]
        schemas[f"Payment{name}"] = shape | {"title": f"Payment{name}", "properties": named, "required": required}


def _named(field: dict[str, Any]) -> dict[str, Any]:
    """A field that may be null, when it may not."""
    if "anyOf" not in field:
        return field
    return dict(next(one for one in field["anyOf"] if one.get("type") != "null"))


def _tell_problems(operation: dict[str, Any], *, is_signed: bool) -> None:
    """Give an operation of FastAPI our refusals instead of its own, and its security instead of a plain header."""
    for status in _ANY:
        operation["responses"][str(status)] = {"$ref": f"#/components/responses/{_problem_name(status)}"}
    kept = [one for one in operation.get("parameters", []) if one["name"].lower() != "authorization"]
    is_open = not is_signed and len(kept) == len(operation.get("parameters", []))
    if kept:
        operation["parameters"] = kept
    else:
        operation.pop("parameters", None)
    operation["security"] = [] if is_open else [{"signature": []}] if is_signed else [{"bearer": []}]


def _take_app_claim(paths: dict[str, Any]) -> None:
    """An app's claim is read by its handler: FastAPI knows only the open id in it."""
    body = paths["/v1/institutions/rounds/{round_id}/claims"]["post"]["requestBody"]
    body["content"]["application/json"]["schema"] = _ref("AppClaimRequest")


def _hot_paths() -> dict[str, Any]:
    claim = _operation("claims", "ClaimRequest", {"201": "Claimed"}, CLAIM_CODES, [_ROUND, _KEY])
    paid = {"201": "PaymentOut", "202": "PaymentOut"}
    payment = _operation("payments", "PaymentRequest", paid, PAYMENT_CODES, [_KEY, _STEP_UP])
    payment["security"].append({"signature": []})
    return {"/v1/rounds/{round_id}/claims": {"post": claim}, "/v1/payments": {"post": payment}}


def _operation(
    tag: str,
    body: str,
    answers: dict[str, str],
    codes: tuple[str, ...],
    parameters: list[dict[str, object]],
) -> dict[str, Any]:
    refusals: dict[int, list[str]] = {}
    for code in codes:
        refusals.setdefault(PROBLEMS[code].status, []).append(code)
    responses: dict[str, Any] = {
        status: {"description": name, "content": {"application/json": {"schema": _ref(name)}}}
        for status, name in answers.items()
    }
    for status, names in refusals.items():
        schema = {"allOf": [_ref("Problem")], "properties": {"code": {"enum": names}}}
        responses[str(status)] = _problem_content(", ".join(names), names[0], schema)
    return {
        "tags": [tag],
        "security": [{"bearer": []}],
        "parameters": parameters,
        "requestBody": {"required": body == "PaymentRequest", "content": {"application/json": {"schema": _ref(body)}}},
        "responses": responses,
    }


def _problem_name(status: int) -> str:
    return HTTPStatus(status).phrase.replace(" ", "")


def _problem_response(status: int) -> dict[str, Any]:
    code = next(code for code, problem in reversed(PROBLEMS.items()) if problem.status == status)
    return _problem_content(HTTPStatus(status).phrase, code, _ref("Problem"))


def _problem_content(description: str, code: str, schema: dict[str, Any]) -> dict[str, Any]:
    example = {code: {"value": msgspec.json.decode(problem_body(code))}}
    return {
        "description": description,
        "content": {"application/problem+json": {"schema": schema, "examples": example}},
    }


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _problem_schema() -> dict[str, Any]:
    texts: dict[str, Any] = {name: {"type": "string"} for name in ("type", "title", "title_en", "code", "detail")}
    texts |= {name: {"type": "string"} for name in ("reason_title", "reason_title_en")}
    return {
        "type": "object",
        "description": "Why a request was refused (RFC 9457): `code` is stable, the sentences are for people.",
        "required": ["type", "title", "status", "code"],
        "properties": texts | {"status": {"type": "integer"}, "reason": {"enum": sorted(REASONS)}},
    }
