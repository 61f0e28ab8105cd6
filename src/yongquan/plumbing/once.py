"""Idempotency of ordinary writes: a success is kept under (caller, key) and said again; a refusal is not kept."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.types.json import Json

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.db import Connection

_LOCK = "select pg_advisory_xact_lock(20003, hashtext(%s))"
_FIND = "select body_hash, answer from plumbing.kept_answer where caller = %s and key = %s"
_KEEP = "insert into plumbing.kept_answer (caller, key, body_hash, answer) values (%s, %s, %s, %s)"
_FORGET = """
delete from plumbing.kept_answer
 where (caller, key) in (select caller, key from plumbing.kept_answer where kept_at < %s order by kept_at limit %s)
"""


class ConflictingRequest(Refusal):
    """This caller used the key for another body."""

    code = "conflicting_request"


@dataclass(slots=True)
class Request:
    """A write under a key: `answer` is what was said before, else None until the work is done and it is set."""

    answer: dict[str, object] | None = field(default=None)

    @property
    def is_repeat(self) -> bool:
        """Whether the work was done before."""
        return self.answer is not None


@asynccontextmanager
async def once(connection: Connection, *, caller: str, key: str, body: bytes) -> AsyncIterator[Request]:
    """Do a write once, in the caller's transaction.

    Inside the block: if `is_repeat`, return `answer`; else do the work and set `answer` (a JSON document). A second
    request under the key waits for the first one's commit. Raises `ConflictingRequest` for another body.

        async with once(connection, caller=bank, key=key, body=body) as request:
            if not request.is_repeat:
                request.answer = await open_account(..)
        return request.answer
    """
    body_hash = hashlib.blake2b(body, digest_size=16).digest()
    await connection.execute(_LOCK, [f"{caller}\n{key}"])
    kept = await (await connection.execute(_FIND, [caller, key])).fetchone()
    if kept is not None:
        if kept[0] != body_hash:
            raise ConflictingRequest(key=key)
        yield Request(kept[1])
        return
    request = Request()
    yield request
    if request.answer is not None:
        await connection.execute(_KEEP, [caller, key, body_hash, Json(request.answer)])


async def forget_answers(connection: Connection, *, before: datetime, limit: int = 10_000) -> int:
    """Delete answers kept before a moment (the server's own time), `limit` at most, and return how many."""
    return (await connection.execute(_FORGET, [before, limit])).rowcount
