"""What a benchmark runs on: a database of its own that goes with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg

from yongquan.app import Platform
from yongquan.flows.prove_books import prove_books
from yongquan.plumbing.db import database_of
from yongquan.plumbing.migrate import migrate
from yongquan.plumbing.settings import Settings
from yongquan.simulation.outside_world import outside_world


@dataclass(frozen=True, slots=True)
class Scratch:
    """A folder, the settings of an installation in it, and its migrated, empty database of one cell."""

    folder: Path
    settings: Settings
    conninfo: str


@contextmanager
def scratch(*, with_sandbox: bool) -> Iterator[Scratch]:
    """An installation that lives as long as the block; `with_sandbox` runs the sandbox banks beside it."""
    with tempfile.TemporaryDirectory(prefix="yongquan-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        settings = Settings(folder, None, 1, folder / "sandbox" / "sandbox.json")
        with database_of(settings) as conninfo:
            migrate(conninfo, cells=1)
            with outside_world(settings) if with_sandbox else nullcontext():
                yield Scratch(folder, settings, conninfo)


def settle_down(conninfo: str) -> None:
    """Do now what loading left to be done, that it is not done in the middle of a measured run."""
    with psycopg.connect(conninfo, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("checkpoint")


async def books_hold(platform: Platform) -> bool:
    """Whether the ledger's proof holds."""
    connection = await platform.database.connect()
    async with connection:
        return (await prove_books(connection)).holds
