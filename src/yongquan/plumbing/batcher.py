"""The one primitive behind every fast write: callers wait while one SQL call commits for all of them.

`await batcher.submit(item)` returns after the commit of the batch that held the item. One drain task a kind and
cell holds its own connection, takes what is waiting (up to a limit, one item a subject), makes one SQL call and
resolves each caller. Outcomes are values, never exceptions; after an unexpected error the items run again one by
one, so that one bad item cannot fail its batch-mates.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Generic, TypeVar

import psycopg
import structlog
from psycopg.errors import DeadlockDetected

from yongquan.kernel.errors import Outage
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.metrics import observe_batch

Item = TypeVar("Item")
Result = TypeVar("Result")

DEADLOCKS_MAX = 5

log = structlog.get_logger(__name__)


class QueueFull(Outage):
    """More callers wait than the batcher may hold: try again in a moment."""


@dataclass(frozen=True, slots=True)
class BatchKind(Generic[Item, Result]):
    """What a batcher runs: `run` makes one SQL call and gives one result an item, in order.

    Items of one `subject` never share a batch. `limit` items at most go into one call, `waiting_max` may wait.
    """

    name: str
    run: Callable[[Connection, Sequence[Item]], Awaitable[Sequence[Result]]]
    subject: Callable[[Item], Hashable]
    limit: int = 500
    waiting_max: int = 20_000


class Batcher(Generic[Item, Result]):
    """Drains one kind of work; `drains` connections take turns so that the server never waits for us."""

    def __init__(self, database: Database, kind: BatchKind[Item, Result], *, drains: int = 1) -> None:
        self._database = database
        self._kind = kind
        self._waiting: deque[tuple[Item, asyncio.Future[Result]]] = deque()
        self._arrived = asyncio.Event()
        self._closing = False
        self._tasks = [asyncio.create_task(self._drain(), name=f"{kind.name}-{n}") for n in range(drains)]

    async def submit(self, item: Item) -> Result:
        """The item's outcome, after its commit. Raises `QueueFull`, or `Outage` if the database is away."""
        if self._closing or len(self._waiting) >= self._kind.waiting_max:
            raise QueueFull(f"{self._kind.name} is busy: try again in a second")
        done: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        self._arrived.set()
        return await done

    async def close(self) -> None:
        """Finish what is waiting, then stop."""
        self._closing = True
        self._arrived.set()
        await asyncio.gather(*self._tasks)

    async def _drain(self) -> None:
        connection: Connection | None = None
        try:
            while True:
                # No await between looking at the queue and clearing the event: an item cannot be stranded.
                if not self._waiting:
                    if self._closing:
                        return
                    self._arrived.clear()
                    await self._arrived.wait()
                    continue
                batch = self._take()
                connection = await self._run_batch(connection, batch)
        finally:
            if connection is not None:
                await connection.close()

    def _take(self) -> list[tuple[Item, asyncio.Future[Result]]]:
        batch: list[tuple[Item, asyncio.Future[Result]]] = []
        put_back: list[tuple[Item, asyncio.Future[Result]]] = []
        subjects: set[Hashable] = set()
        while self._waiting and len(batch) < self._kind.limit:
            entry = self._waiting.popleft()
            if entry[1].cancelled():
                continue
            subject = self._kind.subject(entry[0])
            if subject in subjects:
                put_back.append(entry)
            else:
                subjects.add(subject)
                batch.append(entry)
        self._waiting.extendleft(reversed(put_back))
        return batch

    async def _run_undisturbed(self, connection: Connection, items: Sequence[Item]) -> Sequence[Result]:
        # A deadlock is undone whole by the database, which picks one of the two: that one simply runs again.
        for _ in range(DEADLOCKS_MAX):
            try:
                return await self._kind.run(connection, items)
            except DeadlockDetected:
                log.info("batch_deadlocked", kind=self._kind.name, items=len(items))
        return await self._kind.run(connection, items)

    async def _run_batch(
        self, connection: Connection | None, batch: list[tuple[Item, asyncio.Future[Result]]]
    ) -> Connection | None:
        try:
            if connection is None or connection.closed:
                connection = await self._database.connect()
            started = time.perf_counter()
            results = await self._run_undisturbed(connection, [item for item, _ in batch])
            observe_batch(self._kind.name, items=len(batch), seconds=time.perf_counter() - started)
        except psycopg.OperationalError as error:
            log.warning("batch_outage", kind=self._kind.name, items=len(batch), error=str(error))
            _fail(batch, Outage("the database did not answer: repeat the request with the same key"))
            if connection is not None:
                with suppress(psycopg.Error):
                    await connection.close()
            return None
        except Exception as error:
            log.exception("batch_failed", kind=self._kind.name, items=len(batch))
            if len(batch) == 1:
                _fail(batch, error)
                return connection
            for entry in batch:
                connection = await self._run_batch(connection, [entry])
            return connection
        for (_, done), result in zip(batch, results, strict=True):
            if not done.done():
                done.set_result(result)
        return connection


def _fail(batch: list[tuple[Item, asyncio.Future[Result]]], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)
