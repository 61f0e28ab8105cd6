"""Apply ledger operations from a file to an empty book, by the production SQL with every account guarded.

The book is the session's temporary schema, so nothing is left behind, however the run ends. Time starts at 0 and
moves only by `advance_seconds`. Each line is one batch; neighbouring batches of transfers share a commit.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice
from pathlib import Path
from uuid import UUID

import msgspec
import psycopg
from psycopg.rows import TupleRow

from yongquan.ledger import store
from yongquan.ledger.model import AccountFlags, TransferFlags
from yongquan.ledger.operations import (
    Advance,
    CreateAccounts,
    CreateTransfers,
    LookupAccounts,
    LookupTransfers,
    Operation,
    flag_names,
    hex_id,
    read_operations,
    transfer_parameters,
)
from yongquan.plumbing.migrate import sql_of

_BOOK = ("0002_ledger.sql", "hot/20_ledger_post.sql", "hot/21_ledger_engine.sql", "hot/22_ledger_books.sql")
_DAWN = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_SECOND = 10**10
"""Later than 2^63 ns no transfer may expire, so a clock that stands still there cannot be told from one that runs."""
_CELL = 0
_ROWS_TOGETHER = 2000


def replay_lines(conninfo: str, path: Path) -> Iterator[str]:
    """One JSON line of results for each operation of the file, in order.

    Raises `BadInput` naming file, line and field at the first line that cannot be read.
    """
    with psycopg.connect(conninfo, autocommit=True, application_name="yongquan-replay") as connection:
        book = _Book(connection)
        for together in _neighbours(read_operations(path)):
            for answer in book.apply(together):
                yield msgspec.json.encode(answer).decode()


def _neighbours(operations: Iterable[Operation]) -> Iterator[list[Operation]]:
    """Batches of transfers that follow each other together, up to a limit; anything else alone."""
    waiting: list[Operation] = []
    rows = 0
    for operation in operations:
        if not isinstance(operation, CreateTransfers):
            if waiting:
                yield waiting
            yield [operation]
            waiting, rows = [], 0
            continue
        waiting.append(operation)
        rows += len(operation.rows)
        if rows >= _ROWS_TOGETHER:
            yield waiting
            waiting, rows = [], 0
    if waiting:
        yield waiting


class _Book:
    """An empty book in the session's temporary schema, and its clock."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._seconds = 0
        connection.execute("set synchronous_commit = off; set temp_buffers = '64MB'")
        with connection.transaction():
            for name in _BOOK:
                connection.execute(_scratch(sql_of(name)).encode())

    def apply(self, together: Sequence[Operation]) -> list[dict[str, object]]:
        """Apply neighbours (see `_neighbours`); one answer each."""
        batches = [operation for operation in together if isinstance(operation, CreateTransfers)]
        if batches:
            return self._create_transfers(batches)
        return [self._apply_alone(operation) for operation in together]

    def _create_transfers(self, batches: Sequence[CreateTransfers]) -> list[dict[str, object]]:
        parameters = transfer_parameters(batches, cell=_CELL, now=self._now)
        outcomes = iter(self._outcomes(store.CREATE_TRANSFERS, parameters))
        return [{"results": list(islice(outcomes, len(batch.rows)))} for batch in batches]

    def _apply_alone(self, operation: Operation) -> dict[str, object]:
        match operation:
            case CreateAccounts():
                parameters = operation.parameters(cell=_CELL, now=self._now)
                return {"results": self._outcomes(store.CREATE_ACCOUNTS, parameters)}
            case LookupAccounts():
                return {"accounts": [_account(row) for row in self._rows(store.LOOKUP_ACCOUNTS, operation.ids)]}
            case LookupTransfers():
                return {"transfers": [_transfer(row) for row in self._rows(store.LOOKUP_TRANSFERS, operation.ids)]}
            case Advance():
                self._seconds += operation.seconds
                self._connection.execute(_scratch(store.EXPIRE_PENDING).encode(), [_CELL, self._now])
                return {"results": []}
            case CreateTransfers():
                return self._create_transfers([operation])[0]

    @property
    def _now(self) -> datetime:
        return _DAWN + timedelta(seconds=min(self._seconds, _LAST_SECOND))

    def _outcomes(self, statement: str, parameters: Sequence[object]) -> list[str]:
        row = self._connection.execute(_scratch(statement).encode(), parameters).fetchone()
        return list(row[0]) if row else []

    def _rows(self, statement: str, ids: Sequence[int]) -> list[TupleRow]:
        named = {"cell": _CELL, "ids": [hex_id(id_) for id_ in ids]}
        return self._connection.execute(_scratch(statement).encode(), named).fetchall()


def _account(row: Sequence[int | UUID]) -> dict[str, object]:
    id_, ledger, code, flags, *balances = row
    names = ("debits_pending", "debits_posted", "credits_pending", "credits_posted")
    return {
        "id": int(id_),
        **dict(zip(names, balances, strict=True)),
        "ledger": ledger,
        "code": code,
        "flags": flag_names(AccountFlags(int(flags))),
    }


def _transfer(row: Sequence[int | UUID | None]) -> dict[str, object]:
    id_, debit, credit, amount, pending, ledger, code, flags, _ = row
    return {
        "id": int(id_ or 0),
        "debit_account_id": int(debit or 0),
        "credit_account_id": int(credit or 0),
        "amount": amount,
        "pending_id": int(pending or 0),
        "ledger": ledger,
        "code": code,
        "flags": flag_names(TransferFlags(int(flags or 0))),
    }


@cache
def _scratch(sql: str) -> str:
    """The same SQL in the session's temporary schema."""
    return re.sub(r"\bledger\.", "pg_temp.", sql.replace("create schema ledger;", ""))
