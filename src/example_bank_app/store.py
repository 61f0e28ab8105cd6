"""The bank's own small store: its customers, their sessions, and the events it was told. SQLite."""

import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_SCHEMA = """
create table if not exists customer (phone text primary key, name text not null, open_id text);
create table if not exists session (token text primary key, phone text not null references customer);
create table if not exists event (event_id text primary key, kind text not null, open_id text, body text not null);
"""


@dataclass(frozen=True, slots=True)
class Customer:
    """Somebody with an account at the bank; `open_id` once linked to the voucher platform."""

    phone: str
    name: str
    open_id: str | None


class Store:
    """All of it in one file."""

    def __init__(self, file: Path) -> None:
        self._file = file
        with self._connected() as database:
            database.executescript(_SCHEMA)

    def sign_in(self, phone: str, name: str) -> str:
        """A session for a customer, new or known: the token."""
        token = secrets.token_urlsafe(24)
        with self._connected() as database:
            database.execute("insert into customer (phone, name) values (?, ?) on conflict do nothing", [phone, name])
            database.execute("insert into session values (?, ?)", [token, phone])
        return token

    def customer(self, token: str) -> Customer | None:
        """Who holds a session."""
        with self._connected() as database:
            row = database.execute(
                "select c.phone, c.name, c.open_id from session s join customer c using (phone) where token = ?",
                [token],
            ).fetchone()
        return Customer(*row) if row else None

    def note_open_id(self, phone: str, open_id: str) -> None:
        """The customer is linked."""
        with self._connected() as database:
            database.execute("update customer set open_id = ? where phone = ?", [open_id, phone])

    def note_event(self, event_id: str, kind: str, open_id: str | None, body: str) -> bool:
        """Keep an event; False if it came before."""
        with self._connected() as database:
            row = [event_id, kind, open_id, body]
            return database.execute("insert into event values (?, ?, ?, ?) on conflict do nothing", row).rowcount == 1

    def events(self, open_id: str | None = None) -> list[tuple[str, str, str]]:
        """(id, kind, body) of what the bank was told, newest last."""
        with self._connected() as database:
            return database.execute(
                "select event_id, kind, body from event where ?1 is null or open_id = ?1 order by rowid", [open_id]
            ).fetchall()

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        database = sqlite3.connect(self._file, timeout=20)
        try:
            with database:
                yield database
        finally:
            database.close()
