"""Durable stories: multi-step work that DBOS Transact resumes at the killed step, in the same PostgreSQL.

A story is told once for a key; asking again gives the same answer. One process at a time executes: it holds the lease,
an advisory lock that the server lets go when the holder's session ends (at once after a kill, after the keepalives
where a machine vanished). Whoever gets the lease next recovers what was under way. Other processes ask and wait.
DBOS runs without its conductor and telemetry, in a schema of its own, in threads of its own, and only once a story is
asked for: a process that asks for none never loads it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import psycopg
import structlog
from psycopg.conninfo import make_conninfo

from yongquan.plumbing.db import Connection

if TYPE_CHECKING:
    from yongquan.plumbing.dbos_engine import DbosEngine

LEASE_LOCK = 0x79_71_00_05
LOOK_S = 0.25

log = structlog.get_logger(__name__)


Work: TypeAlias = Callable[[], Coroutine[Any, Any, str]]


class Teller(Protocol):
    """What a story is told with."""

    async def step(self, name: str, work: Work) -> str:
        """Do the work once; when the story is resumed, the recorded answer stands in for it."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Sleep; a resumed story sleeps what was left."""
        ...


Story: TypeAlias = Callable[[Teller, str], Awaitable[str]]
"""A story gets its teller and one argument, and ends with an answer. Its steps must come in the same order."""


class StoryFailed(Exception):
    """A story raised: a bug, whose message DBOS kept."""


class Durable:
    """Tells stories; `learn` them before anything else."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._stories: dict[str, Story] = {}
        self._lease: Connection | None = None
        self._engine: DbosEngine | None = None
        self._busy = asyncio.Lock()
        self._telling = 0

    def learn(self, name: str, story: Story) -> None:
        """Make a story known under its name."""
        self._stories[name] = story

    async def tell(self, name: str, key: str, argument: str, *, patience_s: float) -> str | None:
        """The answer of the story told under `key`; None if it has none after `patience_s`: it goes on behind.

        Raises `StoryFailed` if it ended in an error; `Outage` while the database does not answer.
        """
        self._telling += 1
        try:
            return await self._tell(name, key, argument, deadline=time.monotonic() + patience_s)
        finally:
            self._telling -= 1

    @contextmanager
    def kept_busy(self) -> Iterator[None]:
        """Keep `rest` from letting go between the tellings of the block."""
        self._telling += 1
        try:
            yield
        finally:
            self._telling -= 1

    async def rest(self) -> None:
        """Let everything go unless a story is being waited for here; the next one takes it up again."""
        if self._telling == 0:
            await self.close()

    async def hold_lease(self) -> bool:
        """Take the lease if it is free and begin to execute; stop executing if it was lost."""
        async with self._busy:
            if self._lease is not None:
                try:
                    await self._lease.execute("select 1")
                except psycopg.OperationalError:
                    log.warning("lease_lost")
                    await self._let_go()
                else:
                    return True
            return await self._take_lease()

    async def close(self) -> None:
        """Stop executing and let the lease go; a story under way stays pending for the next holder. Repeat at will."""
        async with self._busy:
            await self._let_go()
            if self._engine is not None:
                await asyncio.to_thread(self._engine.forget)
                self._engine = None

    async def _take_lease(self) -> bool:
        conninfo = make_conninfo(self._conninfo, keepalives_idle=10, keepalives_interval=5, keepalives_count=3)
        connection = await psycopg.AsyncConnection.connect(conninfo, autocommit=True)
        row = await (await connection.execute("select pg_try_advisory_lock(%s)", [LEASE_LOCK])).fetchone()
        if not (row and row[0]):
            await connection.close()
            return False
        self._lease = connection
        try:
            # In a thread without an event loop, so that DBOS uses a loop of its own and never blocks this one.
            await asyncio.to_thread(self._known_engine().launch, self._stories)
        except BaseException:
            await self._let_go()
            raise
        return True

    async def _let_go(self) -> None:
        if self._lease is not None:
            await asyncio.to_thread(self._known_engine().stop)
            await self._lease.close()
            self._lease = None

    def _known_engine(self) -> "DbosEngine":
        if self._engine is None:
            # DBOS takes a second to import; a command that tells no story does not wait for it.
            from yongquan.plumbing.dbos_engine import DbosEngine  # noqa: PLC0415

            self._engine = DbosEngine(self._conninfo)
        return self._engine

    async def _tell(self, name: str, key: str, argument: str, *, deadline: float) -> str | None:
        asked = False
        while True:
            await self.hold_lease()
            asked = asked or await asyncio.to_thread(self._known_engine().ask, name, key, argument)
            if asked:
                answer = await asyncio.to_thread(self._known_engine().answer, key)
                if answer is not None:
                    return answer
            if time.monotonic() >= deadline:
                return None
            await asyncio.sleep(LOOK_S)
