"""Logs as JSON lines on stderr, each with the request's id; no token, phone, identity or card number gets in."""

import logging
import re
import sys
import time
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from structlog.contextvars import bound_contextvars, merge_contextvars
from structlog.tracebacks import ExceptionDictTransformer

from yongquan.plumbing.fresh import fresh_id

REQUEST_ID = b"x-request-id"
_REQUEST_ID_FORM = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_QUIET = frozenset({"/healthz", "/readyz", "/metrics"})
_SECRET_WORDS = ("token", "password", "secret", "authorization", "cookie", "phone", "card_number", "id_number")
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+")
# A mobile number, and 15 to 19 digits in a row (cards; an identity number may end in X).
_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:(?:\+?86)?(1[3-9])\d{5}(\d{4})|(\d{4})\d{7,11}(\d{3}[\dXx]))(?![0-9A-Za-z])")

log = structlog.get_logger(__name__)


def configure_logs(level: int = logging.INFO, *, stream: TextIO | None = None) -> None:
    """Send structlog and the standard library's loggers to `stream` (stderr), one JSON document a line."""
    shared: list[structlog.typing.Processor] = [
        merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    lines = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
            redact,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ],
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(lines)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # its lines show whole addresses


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Blank what a key names as secret, and mask phones, cards and identity numbers inside any text."""
    return {key: "***" if _is_secret(key) else _masked(value) for key, value in event.items()}


class RequestLog:
    """ASGI middleware: gives every request an id, answers with it, and logs one line when it ends."""

    def __init__(self, site: ASGIApp) -> None:
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. An `X-Request-Id` of 1 to 64 letters, digits, `._-` is kept, else one is made."""
        if scope["type"] != "http":
            await self._site(scope, receive, send)
            return
        request_id, status, started = _request_id(scope), 500, time.perf_counter()

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {**message, "headers": [*message.get("headers", []), (REQUEST_ID, request_id)]}
            await send(message)

        with bound_contextvars(request_id=request_id.decode()):
            try:
                await self._site(scope, receive, send_with_id)
            finally:
                if scope["path"] not in _QUIET:
                    # Without the query: people's numbers may stand in it.
                    took_ms = round((time.perf_counter() - started) * 1000, 1)
                    log.info("request", method=scope["method"], path=scope["path"], status=status, took_ms=took_ms)


def _request_id(scope: Scope) -> bytes:
    for name, value in scope["headers"]:
        if name == REQUEST_ID and _REQUEST_ID_FORM.fullmatch(value):
            return bytes(value)
    return fresh_id().hex.encode()


def _is_secret(key: str) -> bool:
    name = key.lower()
    return name == "pan" or any(word in name for word in _SECRET_WORDS)


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _NUMBER.sub(_keep_ends, _BEARER.sub(r"\1 ***", value))
    if isinstance(value, dict):
        return {key: "***" if _is_secret(str(key)) else _masked(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(inner) for inner in value]
    return value


def _keep_ends(number: re.Match[str]) -> str:
    first, last = (number[1], number[2]) if number[1] else (number[3], number[4])
    return f"{first}****{last}"
