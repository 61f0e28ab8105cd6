"""The joint announcement in versions, and acceptances. A published version's text never changes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yongquan.plumbing.db import Connection

_COLUMNS = """version, title, body, title_en, body_en, issuers, sha256, state, written_by, written_at, published_by,
       published_at"""
_ALL = f"select {_COLUMNS} from risk.announcement order by version desc"
_IN_FORCE = f"select {_COLUMNS} from risk.announcement where state = 'published' order by version desc limit 1"
_ONE = f"select {_COLUMNS} from risk.announcement where version = %s"
_LOCK = "select pg_advisory_xact_lock(20046, 1)"
_WRITE = """
insert into risk.announcement as a (version, title, body, title_en, body_en, issuers, sha256, state, written_by,
                                    written_at)
values (%s, %s, %s, %s, %s, %s, %s, 'draft', %s, %s)
on conflict (version) do update
   set title = excluded.title, body = excluded.body, title_en = excluded.title_en, body_en = excluded.body_en,
       issuers = excluded.issuers, sha256 = excluded.sha256, written_by = excluded.written_by,
       written_at = excluded.written_at
 where a.state = 'draft'
"""
_PUBLISH = """
update risk.announcement set state = 'published', published_by = %s, published_at = %s
 where version = %s and state = 'draft'
"""
_ACCEPT = """
insert into risk.announcement_accepted (version, subject, accepted_by, accepted_at) values (%s, %s, %s, %s)
on conflict do nothing
"""
_ACCEPTED = (
    "select version, accepted_at from risk.announcement_accepted where subject = %s order by version desc limit 1"
)
_ACCEPTANCES = "select version, count(*) from risk.announcement_accepted group by version"


@dataclass(frozen=True, slots=True)
class Wording:
    """What an announcement says; the English may be empty."""

    title: str
    body: str
    issuers: str
    title_en: str = ""
    body_en: str = ""

    @property
    def sha256(self) -> bytes:
        """The hash of the whole text."""
        parts = (self.title, self.body, self.title_en, self.body_en, self.issuers)
        return hashlib.sha256("\n\n".join(parts).encode()).digest()


@dataclass(frozen=True, slots=True)
class Announcement:
    """A version."""

    version: int
    title: str
    body: str
    title_en: str
    body_en: str
    issuers: str
    sha256: bytes
    state: str
    written_by: str
    written_at: datetime
    published_by: str | None
    published_at: datetime | None


async def announcements(connection: Connection) -> list[Announcement]:
    """All versions, the latest first."""
    return [_announcement(row) for row in await (await connection.execute(_ALL)).fetchall()]


async def in_force(connection: Connection) -> Announcement | None:
    """The version that stands: the last that was published."""
    row = await (await connection.execute(_IN_FORCE)).fetchone()
    return _announcement(row) if row else None


async def announcement_of(connection: Connection, version: int) -> Announcement | None:
    """One version."""
    row = await (await connection.execute(_ONE, [version])).fetchone()
    return _announcement(row) if row else None


async def write_draft(connection: Connection, wording: Wording, *, by: str, now: datetime) -> int:
    """Write the draft that follows what is published, in place of one there is; its version. Locks the versions."""
    await connection.execute(_LOCK)
    latest = await in_force(connection)
    version = latest.version + 1 if latest else 1
    texts = [wording.title, wording.body, wording.title_en, wording.body_en, wording.issuers]
    await connection.execute(_WRITE, [version, *texts, wording.sha256, by, now])
    return version


async def publish_draft(connection: Connection, version: int, *, by: str, now: datetime) -> bool:
    """Publish a draft; False if there is none of this version."""
    await connection.execute(_LOCK)
    return (await connection.execute(_PUBLISH, [by, now, version])).rowcount == 1


async def accept(connection: Connection, version: int, subject: str, *, by: str, now: datetime) -> None:
    """Somebody accepts a version; once is enough."""
    await connection.execute(_ACCEPT, [version, subject, by, now])


async def accepted_by(connection: Connection, subject: str) -> tuple[int, datetime] | None:
    """The latest version that a subject (store:<id>, application:<id>) accepted, and when."""
    row = await (await connection.execute(_ACCEPTED, [subject])).fetchone()
    return (row[0], row[1]) if row else None


async def acceptances(connection: Connection) -> dict[int, int]:
    """How many accepted each version."""
    return dict(await (await connection.execute(_ACCEPTANCES)).fetchall())


def _announcement(row: Sequence[Any]) -> Announcement:
    return Announcement(*row)
