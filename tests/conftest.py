"""What every test of a store or a flow stands on: one real PostgreSQL a session, a fresh database a test."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from yongquan.plumbing.embedded import EmbeddedPostgres
from yongquan.plumbing.migrate import migrate

_numbers = count(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys go last: the browser's driver keeps an event loop in this thread, and others start their own."""
    items.sort(key=lambda item: "journeys" in item.path.parts)


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """A server's conninfo: `YONGQUAN_TEST_DATABASE_URL` if set, else an embedded PostgreSQL of this session."""
    given = os.environ.get("YONGQUAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="yq-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the server runs as a system account that must pass through
        server = EmbeddedPostgres(Path(folder))
        try:
            conninfo = server.open()
            # What must survive a crash is tested in tests/faults, on servers of their own; here fsync is only slow.
            with psycopg.connect(conninfo, autocommit=True) as admin:
                admin.execute("alter system set fsync = off")
                admin.execute("select pg_reload_conf()")
            yield conninfo
        finally:
            server.stop_now()


@pytest.fixture(scope="session")
def migrated_template(database_url: str) -> Iterator[str]:
    """The name of a migrated database that nobody is connected to, to be copied."""
    name = f"yq_template_{os.getpid()}"
    with _created(database_url, name, template=None):
        migrate(make_conninfo(database_url, dbname=name), cells=1)
        yield name


@pytest.fixture
def fresh_database(database_url: str, migrated_template: str) -> Iterator[str]:
    """The conninfo of a migrated, empty database of one cell, for one test."""
    name = f"yq_test_{os.getpid()}_{next(_numbers)}"
    with _created(database_url, name, template=migrated_template):
        yield make_conninfo(database_url, dbname=name)


@pytest.fixture(scope="module")
def module_database(database_url: str, migrated_template: str) -> Iterator[str]:
    """Like `fresh_database`, shared by the tests of one module: each must keep to ids of its own."""
    name = f"yq_module_{os.getpid()}_{next(_numbers)}"
    with _created(database_url, name, template=migrated_template):
        yield make_conninfo(database_url, dbname=name)


@contextmanager
def _created(database_url: str, name: str, *, template: str | None) -> Iterator[None]:
    copied = f" template {template}" if template else ""
    with psycopg.connect(make_conninfo(database_url, dbname="postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name}{copied}".encode())
        try:
            yield
        finally:
            admin.execute(f"drop database if exists {name} with (force)".encode())
