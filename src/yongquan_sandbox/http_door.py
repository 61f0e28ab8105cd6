"""The institution's signed HTTP door: a raw ASGI application over a table of routes."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from yongquan_sandbox.seals import Answer, Request, Seal

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
BODY_BYTES_MAX: Final = 64 * 1024 * 1024
OPEN_PATH: Final = "/healthz"


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose signature held: what follows the route's name, its query and its body."""

    tail: str
    query: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """A status and a value to be sent as JSON. `is_lost`: the work is done, but the caller never hears of it."""

    status: int
    value: object = field(default_factory=dict)
    is_lost: bool = False


Handler = Callable[[Call], Awaitable[Reply]]
Routes = dict[tuple[str, str], Handler]


class Door:
    """Refuses what the network did not sign (401), finds the route, signs every answer."""

    def __init__(self, *, routes: Routes, seal: Seal) -> None:
        self._routes = routes
        self._seal = seal

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one HTTP request (ASGI 3)."""
        if scope["type"] != "http":
            return
        request, body = _request(scope), await _read_body(receive)
        accepted = body is not None and self._seal.accepts(request, body)
        if body is None:
            reply = Reply(413, {"code": "body_too_large"})
        elif accepted or scope["path"] == OPEN_PATH:
            reply = await self._reply(scope, body)
        else:
            reply = Reply(401, {"code": "invalid_signature"})
        if reply.is_lost:
            # As a gateway on the way would answer: nothing of it is signed.
            await send({"type": "http.response.start", "status": 504, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        content = msgspec.json.encode(reply.value)
        answer = Answer(reply.status, request, {"Content-Type": "application/json"})
        self._seal.sign(answer, content, accepted=accepted)
        headers = [(name.lower().encode(), value.encode()) for name, value in answer.headers.items()]
        headers.append((b"content-length", str(len(content)).encode()))
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _reply(self, scope: Scope, body: bytes) -> Reply:
        path: str = scope["path"].removeprefix("/")
        name, _, tail = path.partition("/")
        exact = self._routes.get((scope["method"], path))
        handler = exact or self._routes.get((scope["method"], f"{name}/{{}}"))
        if handler is None:
            return Reply(404, {"code": "not_found"})
        query = dict(parse_qsl(scope["query_string"].decode("ascii", "replace")))
        try:
            return await handler(Call(tail, query, body))
        except (msgspec.DecodeError, msgspec.ValidationError) as problem:
            return Reply(400, {"code": "bad_input", "detail": str(problem)})


def _request(scope: Scope) -> Request:
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    target = scope["raw_path"].decode("latin-1")
    query = scope["query_string"].decode("latin-1")
    url = f"{scope['scheme']}://{headers.get('host', 'unknown')}{target}"
    return Request(scope["method"], f"{url}?{query}" if query else url, headers)


async def _read_body(receive: Receive) -> bytes | None:
    parts, size = [], 0
    while True:
        event = await receive()
        parts.append(event.get("body", b""))
        size += len(parts[-1])
        if size > BODY_BYTES_MAX:
            return None
        if event["type"] == "http.disconnect" or not event.get("more_body"):
            return b"".join(parts)
