"""Appeals of shops against holds: their words and sealed pictures, and the answer."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection

_COLUMNS = "appeal_id, hold_id, body, state, answer, sent_at, due_at, answered_by, answered_at"
_ADD = """
insert into payments.hold_appeal (appeal_id, hold_id, body, state, sent_at, due_at) values (%s, %s, %s, 'open', %s, %s)
on conflict do nothing returning appeal_id
"""
_OF_HOLDS = f"""
select {_COLUMNS} from payments.hold_appeal where hold_id = any (%s) order by sent_at desc, appeal_id
"""
_ONE = f"select {_COLUMNS} from payments.hold_appeal where appeal_id = %s"
_ANSWER = """
update payments.hold_appeal set state = %s, answer = %s, answered_by = %s, answered_at = %s where appeal_id = %s
"""
_PHOTO = """
insert into payments.hold_appeal_photo (photo_id, appeal_id, sha256, sealed) values (%s, %s, %s, %s)
on conflict do nothing
"""
_PHOTOS = "select photo_id, appeal_id from payments.hold_appeal_photo where appeal_id = any (%s) order by photo_id"
_PICTURE = "select appeal_id, sealed from payments.hold_appeal_photo where photo_id = %s"


@dataclass(frozen=True, slots=True)
class Appeal:
    """An appeal as it stands; `state` is open, upheld or refused."""

    appeal_id: UUID
    hold_id: UUID
    body: str
    state: str
    answer: str
    sent_at: datetime
    due_at: datetime
    answered_by: str | None
    answered_at: datetime | None


async def add_appeal(
    connection: Connection, appeal_id: UUID, hold_id: UUID, *, body: str, due_at: datetime, now: datetime
) -> bool:
    """Keep an appeal; False if this one is here, or another is open."""
    values = [appeal_id, hold_id, body, now, due_at]
    return await (await connection.execute(_ADD, values)).fetchone() is not None


async def appeals_of(connection: Connection, hold_ids: Sequence[UUID]) -> dict[UUID, list[Appeal]]:
    """The appeals against some holds, by hold, the latest first."""
    found: dict[UUID, list[Appeal]] = {}
    for row in await (await connection.execute(_OF_HOLDS, [list(hold_ids)])).fetchall():
        found.setdefault(row[1], []).append(_appeal(row))
    return found


async def appeal_of(connection: Connection, appeal_id: UUID, *, lock: bool = False) -> Appeal | None:
    """One appeal; with `lock`, nobody else answers it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [appeal_id])).fetchone()
    return _appeal(row) if row else None


async def answer_appeal(
    connection: Connection, appeal_id: UUID, *, uphold: bool, answer: str, by: str, now: datetime
) -> None:
    """Write the answer; the caller has checked who answers."""
    await connection.execute(_ANSWER, ["upheld" if uphold else "refused", answer, by, now, appeal_id])


async def add_appeal_photo(
    connection: Connection, photo_id: UUID, appeal_id: UUID, *, sha256: bytes, sealed: bytes
) -> None:
    """Keep a picture of an appeal, once."""
    await connection.execute(_PHOTO, [photo_id, appeal_id, sha256, sealed])


async def appeal_photos(connection: Connection, appeal_ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The pictures of some appeals, by appeal."""
    found: dict[UUID, list[UUID]] = {}
    for photo_id, appeal_id in await (await connection.execute(_PHOTOS, [list(appeal_ids)])).fetchall():
        found.setdefault(appeal_id, []).append(photo_id)
    return found


async def appeal_picture(connection: Connection, photo_id: UUID) -> tuple[UUID, bytes] | None:
    """The appeal of a picture, and its sealed content."""
    row = await (await connection.execute(_PICTURE, [photo_id])).fetchone()
    return (row[0], bytes(row[1])) if row else None


def _appeal(row: Sequence[Any]) -> Appeal:
    return Appeal(*row)
