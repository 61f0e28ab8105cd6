"""Apply ledger operations from a file to an empty book, by the production SQL with every account guarded.

The book is the session's temporary schema, so nothing is left behind, however the run ends. Time starts at 0 and
moves only by `advance_seconds`. Each line is one batch and one commit.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import psycopg

from yongquan.ledger import store
from yongquan.ledger.model import AccountFlags
from yongquan.ledger.replay_lines import Advance, CreateAccounts, CreateTransfers, LookupAccounts, LookupTransfers, read_operations
from yongquan.plumbing.migrate import sql_of

_BOOK = ("0002_ledger.sql", "hot/20_ledger_post.sql", "hot/21_ledger_engine.sql", "hot/22_ledger_books.sql")
_DAWN = datetime(1970, 1, 1, tzinfo=UTC)
_CELL = 0


def replay_lines(conninfo: str, path: Path) -> Iterator[str]:
    """One JSON line of results for each operation of the file, in order.

    Raises `BadInput` naming file, line and field; what came before it has been answered by then.
    """
    with psycopg.connect(conninfo, autocommit=True, application_name="yongquan-replay") as connection:
        book = _Book(connection)
        for operation in read_operations(path):
            yield book.apply(operation)


class _Book:
    """An empty book in the session's temporary schema, and its clock."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._now = _DAWN
        connection.execute("set synchronous_commit = off")
        with connection.transaction():
            for name in _BOOK:
                connection.execute(_scratch(sql_of(name)).encode())

    def apply(self, operation: CreateAccounts | CreateTransfers | LookupAccounts | LookupTransfers | Advance) -> str:
        match operation:
            case CreateAccounts():
                return self._results(store.CREATE_ACCOUNTS, operation.parameters(_CELL, self._now))
            case CreateTransfers():
                return self._results(store.CREATE_TRANSFERS, operation.parameters(_CELL, self._now))
            case LookupAccounts(ids):
                return self._accounts(ids)
            case LookupTransfers(ids):
                return self._transfers(ids)
            case Advance(seconds):
                return self._advance(seconds)
