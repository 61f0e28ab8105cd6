"""The audit log as people read it: a page at a time, the latest entry first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from yongquan.plumbing.audit import Fact
from yongquan.plumbing.db import Connection

PAGE = 50
_ENTRIES = """
select seq, at, actor, action, subject, before, after, leaf from plumbing.audit
 where (%(before)s::bigint is null or seq < %(before)s) and (%(subject)s::text is null or subject = %(subject)s)
 order by seq desc limit %(limit)s
"""
_STORY = """
select seq, at, actor, action, subject, before, after, leaf from plumbing.audit
 where subject = any (%s) order by seq desc limit %s
"""
_HEAD = "select size, root, sealed_at from plumbing.audit_head order by size desc limit 1"


@dataclass(frozen=True, slots=True)
class AuditRow:
    """An entry with its number and the hash that is its leaf."""

    seq: int
    at: datetime
    actor: str
    action: str
    subject: str
    before: Fact
    after: Fact
    leaf: bytes


@dataclass(frozen=True, slots=True)
class SealedHead:
    """The last seal: so many entries have this Merkle root."""

    size: int
    root: bytes
    sealed_at: datetime


async def audit_page(
    connection: Connection, *, before: int | None = None, subject: str | None = None
) -> list[AuditRow]:
    """`PAGE` entries before a number, or of one subject."""
    values = {"before": before, "subject": subject, "limit": PAGE}
    return [AuditRow(*row) for row in await (await connection.execute(_ENTRIES, values)).fetchall()]


async def audit_of(connection: Connection, subjects: Sequence[str], *, limit: int) -> list[AuditRow]:
    """The latest entries about any of some subjects."""
    return [AuditRow(*row) for row in await (await connection.execute(_STORY, [list(subjects), limit])).fetchall()]


async def last_head(connection: Connection) -> SealedHead | None:
    """The last seal, None while nothing was sealed."""
    row = await (await connection.execute(_HEAD)).fetchone()
    return SealedHead(*row) if row else None
