"""Versions of the rule book: their SQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from yongquan.plumbing.db import Connection
from yongquan.risk.rules.model import RuleBook

_HEADS = "version_no, digest, is_shadow, state, reason, proposed_by, proposed_at, decided_by, decided_at"
_ALL = f"select {_HEADS}, '' from risk.rule_book order by version_no desc limit %s"
_ONE = f"select {_HEADS}, document from risk.rule_book where version_no = %s"
_IN_FORCE = """
with live as (
    select version_no, decided_at from risk.rule_book where state = 'approved' and not is_shadow
     order by decided_at desc, version_no desc limit 1
), beside as (
    select version_no from risk.rule_book r where state = 'approved' and is_shadow
       and not exists (select from live where (live.decided_at, live.version_no) > (r.decided_at, r.version_no))
     order by decided_at desc, version_no desc limit 1
)
select (select version_no from live), (select version_no from beside)
"""
_ONE_WRITER = "lock table risk.rule_book in share row exclusive mode"
_PROPOSE = """
insert into risk.rule_book (version_no, document, digest, is_shadow, state, reason, proposed_by, proposed_at)
select coalesce(max(version_no), 0) + 1, %s, %s, %s, 'proposed', %s, %s, %s from risk.rule_book
returning version_no
"""
_DECIDE = """
update risk.rule_book set state = %s, decided_by = %s, decided_at = %s where version_no = %s and state = 'proposed'
"""
VERSIONS_SHOWN: Final = 100


@dataclass(frozen=True, slots=True)
class BookVersion:
    """A version and who made it; in a list of versions `document` is empty."""

    version_no: int
    digest: str
    is_shadow: bool
    state: str
    reason: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    document: str


@dataclass(frozen=True, slots=True)
class InForce:
    """Numbers of the versions that judge: None for live is the book the product ships with."""

    live: int | None
    beside: int | None


async def book_versions(connection: Connection) -> list[BookVersion]:
    """The newest versions, without their documents."""
    rows = await (await connection.execute(_ALL, [VERSIONS_SHOWN])).fetchall()
    return [BookVersion(*row) for row in rows]


async def book_version(connection: Connection, version_no: int, *, lock: bool = False) -> BookVersion | None:
    """One version, kept from changing for this transaction if `lock`."""
    query = _ONE + (" for update" if lock else "")
    row = await (await connection.execute(query.encode(), [version_no])).fetchone()
    return BookVersion(*row) if row else None


async def books_in_force(connection: Connection) -> InForce:
    """Which versions judge now."""
    row = await (await connection.execute(_IN_FORCE)).fetchone()
    return InForce(*row) if row else InForce(None, None)


async def propose(
    connection: Connection, document: str, book: RuleBook, *, reason: str, actor: str, now: datetime
) -> int:
    """Write a version down for somebody else to decide; its number. Locks the table of versions."""
    await connection.execute(_ONE_WRITER)
    values = [document, book.digest, book.is_shadow, reason, actor, now]
    row = await (await connection.execute(_PROPOSE, values)).fetchone()
    return int(row[0]) if row else 0


async def decide(connection: Connection, version_no: int, state: str, *, actor: str, now: datetime) -> None:
    """Approve or refuse a proposed version."""
    await connection.execute(_DECIDE, [state, actor, now, version_no])
