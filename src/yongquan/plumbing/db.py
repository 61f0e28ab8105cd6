"""PostgreSQL as the rooms see it: one pool for short work, a connection of its own for each drain task."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import TypeAlias

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool

from yongquan.plumbing.embedded import EmbeddedPostgres
from yongquan.plumbing.settings import Settings

Connection: TypeAlias = AsyncConnection[TupleRow]


class Database:
    """An open database: `transaction()` for short work, `connect()` for a connection to keep."""

    def __init__(self, conninfo: str, *, pool_size: int = 8) -> None:
        self.conninfo = conninfo
        self._pool = AsyncConnectionPool(conninfo, min_size=1, max_size=pool_size, open=False, name="yongquan")

    async def open(self) -> None:
        await self._pool.open(wait=True, timeout=30)

    async def close(self) -> None:
        await self._pool.close()

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """A connection in a transaction that commits at the end, or rolls back if anything is raised."""
        async with self._pool.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def apart(self) -> AsyncIterator[Connection]:
        """A transaction on a connection of its own, for steps that may run in another event loop than the pool's."""
        connection = await self.connect()
        try:
            async with connection.transaction():
                yield connection
        finally:
            await connection.close()

    async def connect(self) -> Connection:
        """A connection outside the pool, in autocommit mode; the caller closes it."""
        return await AsyncConnection.connect(self.conninfo, autocommit=True)


@contextmanager
def database_of(settings: Settings) -> Iterator[str]:
    """The conninfo of the database the settings name; the embedded server runs at least as long as the block."""
    if settings.database_url:
        yield settings.database_url
        return
    server = EmbeddedPostgres(settings.data_dir)
    try:
        yield server.open()
    finally:
        server.close()


@asynccontextmanager
async def opened(conninfo: str, *, pool_size: int = 8) -> AsyncIterator[Database]:
    """A `Database` that is closed at the end of the block."""
    database = Database(conninfo, pool_size=pool_size)
    await database.open()
    try:
        yield database
    finally:
        await database.close()
