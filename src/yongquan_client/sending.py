"""Sending calls, with or without waiting for others: the same retries, the same reading of answers."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TypeVar

import httpx
import msgspec

from yongquan_client.calls import Call
from yongquan_client.errors import Outage, Refused

TIMEOUT_S = 20.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a call that may be repeated is tried again after an outage, with the same key, and after what wait."""

    times: int = 3
    first_wait_s: float = 0.3
    grows: float = 3.0

    def waits(self, call: Call[T]) -> Iterator[float]:
        """Seconds to wait before each further try; none for a call that must not be repeated."""
        yield from (self.first_wait_s * self.grows**turn for turn in range(self.times if call.repeats else 0))


class Client:
    """Sends calls and waits for their answers. Close it, or use it in `with`."""

    def __init__(
        self, base_url: str, auth: httpx.Auth, *, timeout_s: float = TIMEOUT_S, retries: Retries | None = None
    ) -> None:
        self._http = httpx.Client(base_url=base_url, auth=auth, timeout=timeout_s, trust_env=False)
        self._retries = retries or Retries()

    def send(self, call: Call[T]) -> T:
        """The answer to a call. Raises `Refused`, or `Outage` when the last try had no answer either."""
        waits = self._retries.waits(call)
        while True:
            try:
                return _read(call, self._http.send(_request(self._http, call)))
            except (httpx.TransportError, Outage) as outage:
                wait_s = next(waits, None)
                if wait_s is None:
                    raise Outage(f"{call.method} {call.path}: {outage}") from outage
            time.sleep(wait_s)

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class AsyncClient:
    """`Client` for asyncio. Close it, or use it in `async with`."""

    def __init__(
        self, base_url: str, auth: httpx.Auth, *, timeout_s: float = TIMEOUT_S, retries: Retries | None = None
    ) -> None:
        self._http = httpx.AsyncClient(base_url=base_url, auth=auth, timeout=timeout_s, trust_env=False)
        self._retries = retries or Retries()

    async def send(self, call: Call[T]) -> T:
        """The answer to a call. Raises `Refused`, or `Outage` when the last try had no answer either."""
        waits = self._retries.waits(call)
        while True:
            try:
                return _read(call, await self._http.send(_request(self._http, call)))
            except (httpx.TransportError, Outage) as outage:
                wait_s = next(waits, None)
                if wait_s is None:
                    raise Outage(f"{call.method} {call.path}: {outage}") from outage
            await asyncio.sleep(wait_s)

    async def close(self) -> None:
        await self._http.aclose()

    async def __aenter__(self) -> "AsyncClient":
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()


def _request(http: httpx.Client | httpx.AsyncClient, call: Call[T]) -> httpx.Request:
    named = {"Idempotency-Key": call.key, "Step-Up-Code": call.step_up_code}
    headers = {name: value for name, value in named.items() if value}
    query = {name: str(value) for name, value in call.query.items()}
    return http.build_request(call.method, call.path, params=query or None, json=call.body, headers=headers)


def _read(call: Call[T], answer: httpx.Response) -> T:
    if answer.is_success:
        return msgspec.json.decode(answer.content or b"null", type=call.answer)
    try:
        said = msgspec.json.decode(answer.content, type=dict)
    except msgspec.DecodeError:
        said = {}
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR or "code" not in said:
        raise Outage(f"HTTP {answer.status_code} {said.get('detail', '')}")
    texts = {name: str(said.get(name, "")) for name in ("title", "title_en", "detail", "reason")}
    raise Refused(answer.status_code, str(said["code"]), **texts)
