"""What couriers share: rounds of work until told to stop, one try over HTTP, and house-keeping now and then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import httpx
import psycopg
import structlog

IDLE_S: Final = 0.5
TIMEOUT_S: Final = 10.0

log = structlog.get_logger(__name__)
Round = Callable[[], Awaitable[bool]]


async def run_courier(make_round: Callable[[httpx.AsyncClient], Round], stop: asyncio.Event, *, name: str) -> None:
    """Work in rounds until `stop` is set; a round that was not busy is followed by a pause.

    An outage of the database is logged as `<name>_outage` and survived.
    """
    # Where a message goes is ours to say, not the environment's: no proxies from it, no redirects.
    async with httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False) as client:
        work = make_round(client)
        while not stop.is_set():
            try:
                busy = await work()
            except psycopg.OperationalError as error:
                log.warning(f"{name}_outage", error=str(error))
                busy = False
            if not busy:
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), IDLE_S)


async def post_for_status(client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    """The status a receiver answers with; a body of any size or slowness is left unread."""
    async with (
        asyncio.timeout(TIMEOUT_S),
        client.stream("POST", url, content=body, headers=dict(headers)) as answer,
    ):
        return answer.status_code


@dataclass(slots=True)
class Cadence:
    """Says when something is to be done again, `every_s` seconds after it was said last."""

    every_s: float
    _due_at: float = field(default=0.0)

    def is_due(self) -> bool:
        """Whether it is time; then the next time is set."""
        now = asyncio.get_running_loop().time()
        if now < self._due_at:
            return False
        self._due_at = now + self.every_s
        return True
