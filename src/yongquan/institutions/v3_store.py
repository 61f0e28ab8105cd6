"""The SQL of the v3 shape: a merchant's own request numbers, its names of citizens, where its callbacks go."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Json

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.db import Connection

_LOCK = "select pg_advisory_xact_lock(20016, hashtext(%s))"
_FIND = "select body_hash, answer from institutions.v3_request where mchid = %s and kind = %s and request_no = %s"
_KEEP = """
insert into institutions.v3_request (mchid, kind, request_no, body_hash, answer) values (%s, %s, %s, %s, %s)
"""
_RESERVE = """
insert into institutions.v3_request (mchid, kind, request_no, body_hash, answer) values (%s, %s, %s, %s, '{}')
on conflict do nothing
"""
_CONFIRM = """
insert into institutions.v3_request (mchid, kind, request_no, body_hash, answer) values (%s, %s, %s, %s, %s)
on conflict (mchid, kind, request_no) do update set answer = excluded.answer
 where v3_request.body_hash = excluded.body_hash
"""
_RELEASE = """
delete from institutions.v3_request
 where mchid = %s and kind = %s and request_no = %s and body_hash = %s and answer::text = '{}'
"""
_OPEN_ID = "select open_id from institutions.v3_openid where institution = %s and openid = %s"
_NAME_OF = "select openid from institutions.v3_openid where institution = %s and open_id = %s order by openid limit 1"
_NAME = """
insert into institutions.v3_openid (institution, openid, open_id) values (%s, %s, %s) on conflict do nothing
"""
_SET_CALLBACK = """
insert into institutions.v3_callback (mchid, family, notify_url, is_on, changed_at) values (%s, %s, %s, %s, %s)
on conflict (mchid, family) do update
   set notify_url = excluded.notify_url, is_on = excluded.is_on, changed_at = excluded.changed_at
"""
_CALLBACK = """
select mchid, family, notify_url, is_on, changed_at from institutions.v3_callback where mchid = %s and family = %s
"""
_CALLBACKS = "select mchid, notify_url from institutions.v3_callback where family = %s and is_on and mchid = any (%s)"
URL_MAX = 256


class RequestNoUsed(Refusal):
    """The merchant used this number for another request."""

    code = "request_no_used"


@dataclass(frozen=True, slots=True)
class Callback:
    """Where a merchant wants the events of a family (favor, busifavor)."""

    mchid: str
    family: str
    notify_url: str
    is_on: bool
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Numbered:
    """A write under a merchant's own number; `kind` keeps the numbers of different calls apart."""

    mchid: str
    kind: str
    number: str
    body: bytes

    @property
    def body_hash(self) -> bytes:
        return hashlib.blake2b(self.body, digest_size=16).digest()


async def answer_before(connection: Connection, request: Numbered) -> dict[str, object] | None:
    """What was answered under this number, None for a new one; others with it wait for the caller's commit.

    Raises `RequestNoUsed` if it was used for another body.
    """
    r = request
    await connection.execute(_LOCK, [f"{r.mchid}\n{r.kind}\n{r.number}"])
    kept = await (await connection.execute(_FIND, [r.mchid, r.kind, r.number])).fetchone()
    if kept is None:
        return None
    if kept[0] != r.body_hash:
        raise RequestNoUsed(f"{r.number} was used for another request")
    answer: dict[str, object] = kept[1]
    return answer


async def keep_answer(connection: Connection, request: Numbered, answer: dict[str, object]) -> dict[str, object]:
    """Keep what is answered, for good; returns it."""
    r = request
    await connection.execute(_KEEP, [r.mchid, r.kind, r.number, r.body_hash, Json(answer)])
    return answer


async def reserve_number(connection: Connection, request: Numbered) -> None:
    """Take a number for work that has commits of its own. Raises `RequestNoUsed` if another request has it."""
    r = request
    await connection.execute(_RESERVE, [r.mchid, r.kind, r.number, r.body_hash])
    kept = await (await connection.execute(_FIND, [r.mchid, r.kind, r.number])).fetchone()
    if kept is not None and kept[0] != r.body_hash:
        raise RequestNoUsed(f"{r.number} was used for another request")


async def confirm_number(connection: Connection, request: Numbered, answer: dict[str, object]) -> None:
    """The work under a reserved number was done: the number is its own for good."""
    r = request
    await connection.execute(_CONFIRM, [r.mchid, r.kind, r.number, r.body_hash, Json(answer)])


async def release_number(connection: Connection, request: Numbered) -> None:
    """The work under a reserved number was refused: a corrected request may have it."""
    r = request
    await connection.execute(_RELEASE, [r.mchid, r.kind, r.number, r.body_hash])


async def open_id_of_name(connection: Connection, institution: str, openid: str) -> UUID | None:
    """The open id behind a merchant's own name for a citizen."""
    row = await (await connection.execute(_OPEN_ID, [institution, openid])).fetchone()
    return row[0] if row else None


async def name_of_open_id(connection: Connection, institution: str, open_id: UUID) -> str | None:
    """A merchant's own name for the citizen of an open id, if it gave one."""
    row = await (await connection.execute(_NAME_OF, [institution, open_id])).fetchone()
    return row[0] if row else None


async def name_open_id(connection: Connection, institution: str, openid: str, open_id: UUID) -> None:
    """Remember a merchant's own name for a citizen."""
    await connection.execute(_NAME, [institution, openid, open_id])


async def set_callback(connection: Connection, callback: Callback) -> None:
    """Say where a merchant's events go. Raises `BadInput` for what is no web address."""
    if not callback.notify_url.startswith(("http://", "https://")) or len(callback.notify_url) > URL_MAX:
        raise BadInput(f"notify_url: give https://host/path of at most {URL_MAX} characters")
    c = callback
    await connection.execute(_SET_CALLBACK, [c.mchid, c.family, c.notify_url, c.is_on, c.changed_at])


async def callback_of(connection: Connection, mchid: str, family: str) -> Callback | None:
    """Where a merchant's events of a family go."""
    row = await (await connection.execute(_CALLBACK, [mchid, family])).fetchone()
    return Callback(*row) if row else None


async def callbacks_on(connection: Connection, mchids: Sequence[str], family: str) -> dict[str, str]:
    """The addresses of those merchants that want to be told."""
    return dict(await (await connection.execute(_CALLBACKS, [family, list(mchids)])).fetchall())
