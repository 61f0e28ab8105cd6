"""What the raw ASGI endpoints share: headers in, bodies in, answers out."""

from typing import Annotated

import msgspec
from starlette.types import Receive, Scope, Send

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.tokens import Bearer, Holder, Tokens
from yongquan.web.api.problems import PROBLEMS, problem_body

BODY_MAX = 64 * 1024
CODE_MAX = 16
STEP_UP_ABOUT = "The one-time code that risk asked for (`step_up_required`): the same request again, with it."
JSON = ((b"content-type", b"application/json"),)
_PROBLEM = (b"content-type", b"application/problem+json")

Headers = tuple[tuple[bytes, bytes], ...]
Answer = tuple[int, Headers, bytes]


class Location(msgspec.Struct):
    """Where the citizen's phone says it is: WGS-84 degrees."""

    lon: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    lat: Annotated[float, msgspec.Meta(ge=-90, le=90)]


class Refused(Exception):
    """A request that stops here, with the problem's code and what to do about it."""

    def __init__(self, code: str, detail: str = "", *, reason: str = "") -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.reason = reason


def bearer_of(tokens: Tokens, authorization: bytes) -> Bearer:
    """Who an Authorization header says is calling. Raises `Refused`."""
    is_bearer = authorization[:7].lower() == b"bearer "
    bearer = tokens.read(authorization[7:], now=wall_now().timestamp()) if is_bearer else None
    if bearer is None:
        raise Refused("unauthorized")
    return bearer


def read_headers(scope: Scope, tokens: Tokens, *holders: Holder) -> tuple[Bearer, bytes]:
    """The bearer and the idempotency key of a write. Raises `Refused`."""
    token = key = b""
    for name, value in scope["headers"]:
        if name == b"authorization":
            token = value
        elif name == b"idempotency-key":
            key = value
    bearer = bearer_of(tokens, token)
    if bearer.holder not in holders:
        raise Refused("forbidden")
    if not 1 <= len(key) <= 255:
        raise Refused("idempotency_key_missing")
    return bearer, key


async def read_body(receive: Receive) -> bytes:
    """The whole request body, 64 KiB at most. Raises `Refused`."""
    message = await receive()
    body: bytes = message.get("body", b"")
    while message.get("more_body"):
        message = await receive()
        body += message.get("body", b"")
        if len(body) > BODY_MAX:
            raise Refused("too_large")
    return body


async def send_answer(send: Send, answer: Answer) -> None:
    """Send one whole response."""
    status, headers, body = answer
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *headers]})
    await send({"type": "http.response.body", "body": body})


def problem(code: str, detail: str = "", *, reason: str = "", retry_after_s: int | None = None) -> Answer:
    """An RFC 9457 answer for a code of `PROBLEMS`, with a finer reason of `REASONS` if there is one."""
    known = PROBLEMS[code]
    later = () if retry_after_s is None else ((b"retry-after", str(retry_after_s).encode()),)
    return known.status, (_PROBLEM, *known.headers, *later), problem_body(code, detail, reason=reason)


def retry_after_of(refusal: Refusal) -> int | None:
    """When a refusal says to come again, in seconds."""
    seconds = refusal.facts.get("retry_after_s")
    return seconds if isinstance(seconds, int) else None
