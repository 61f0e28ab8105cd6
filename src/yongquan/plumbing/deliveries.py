"""The worker that brings outbox events to webhook endpoints; any number of processes may run it."""

import asyncio
import json
from datetime import timedelta

import httpx
import structlog
from cryptography.exceptions import InvalidTag

from yongquan.plumbing.clock import Clock, wall_now
from yongquan.plumbing.couriers import TIMEOUT_S, Cadence, run_courier
from yongquan.plumbing.db import Database
from yongquan.plumbing.metrics import observe_deliveries, observe_outbox_lag
from yongquan.plumbing.outbox import lag_s, trim
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.webhooks import (
    READER,
    Delivery,
    Outcome,
    fan_out,
    record,
    sign,
    take_due,
    trim_deliveries,
)

LEASE_S = 60.0
AT_ONCE = 50
KEPT_DAYS = 7
TRIM_EVERY_S = 60.0
RECEIVED = "00"
ANSWER_MAX = 4096

log = structlog.get_logger(__name__)


async def run_deliveries(database: Database, clock: Clock, stop: asyncio.Event, *, sealing: Sealing) -> None:
    """Fan out, deliver and trim until `stop` is set; an outage of the database is logged and survived."""
    await run_courier(lambda client: Courier(database, clock, sealing, client).work, stop, name="deliveries")


class Courier:
    """One worker's round: new events become deliveries, due deliveries are tried, old rows go."""

    def __init__(self, database: Database, clock: Clock, sealing: Sealing, client: httpx.AsyncClient) -> None:
        self._database = database
        self._clock = clock
        self._sealing = sealing
        self._client = client
        self._trimming = Cadence(TRIM_EVERY_S)

    async def work(self) -> bool:
        """One round; False if no delivery was due: a step of the outbox is large enough to wait for the next."""
        async with self._database.transaction() as connection:
            await fan_out(connection)
            observe_outbox_lag(await lag_s(connection, READER))
        async with self._database.transaction() as connection:
            due = await take_due(connection, limit=AT_ONCE, lease_s=LEASE_S)
        if due:
            outcomes = await asyncio.gather(*(self._deliver(delivery) for delivery in due))
            async with self._database.transaction() as connection:
                await record(connection, outcomes)
            observe_deliveries([outcome.state for outcome in outcomes])
        await self._trim()
        return bool(due)

    async def _deliver(self, delivery: Delivery) -> Outcome:
        endpoint = str(delivery.endpoint_id)
        try:
            secret = self._sealing.open(delivery.secret_sealed, what="webhook")
            return await self._post(delivery, secret)
        except InvalidTag:
            # Its secret was sealed under another key: the others' deliveries must go on.
            log.error("webhook_secret_unreadable", endpoint=endpoint)  # noqa: TRY400 - the trace says nothing more
        except (httpx.HTTPError, TimeoutError) as error:
            log.info("webhook_unanswered", endpoint=endpoint, error=type(error).__name__)
        return Outcome(delivery, None)

    async def _post(self, delivery: Delivery, secret: str) -> Outcome:
        headers = dict(sign(delivery, secret=secret, at=wall_now()))
        body = delivery.body.encode()
        # The status is the answer; a body of any size or slowness is left unread, but where its code counts.
        async with (
            asyncio.timeout(TIMEOUT_S),
            self._client.stream("POST", delivery.url, content=body, headers=headers) as answer,
        ):
            if delivery.shape != "coupon":
                return Outcome(delivery, answer.status_code)
            return Outcome(delivery, answer.status_code, await _says_received(answer))

    async def _trim(self) -> None:
        if not self._trimming.is_due():
            return
        async with self._database.transaction() as connection:
            await trim(connection, before=self._clock.now() - timedelta(days=KEPT_DAYS))
            await trim_deliveries(connection, days=KEPT_DAYS)


async def _says_received(answer: httpx.Response) -> bool:
    said = b""
    async for part in answer.aiter_bytes():
        said += part
        if len(said) > ANSWER_MAX:
            return False
    try:
        document = json.loads(said)
    except ValueError:
        return False
    return isinstance(document, dict) and document.get("code") == RECEIVED
