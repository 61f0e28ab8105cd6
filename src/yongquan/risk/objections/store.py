"""The SQL of objections. What the citizen wrote and the pictures are sealed."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.objections.model import Objection, ObjectionState

REASON = "objection_reason"
_COLUMNS = """objection_id, citizen_id, reason_sealed, entries, reports, state, answer, sent_at, due_at, answered_by,
       answered_at"""
_ADD = """
insert into risk.objection (objection_id, citizen_id, reason_sealed, entries, reports, state, sent_at, due_at)
values (%s, %s, %s, %s, %s, 'open', %s, %s) on conflict do nothing returning objection_id
"""
_ONE = f"select {_COLUMNS} from risk.objection where objection_id = %s"
_OF_CITIZEN = (
    f"select {_COLUMNS} from risk.objection where citizen_id = %s order by sent_at desc, objection_id limit 20"
)
_LISTED = f"select {_COLUMNS} from risk.objection order by (state = 'open') desc, sent_at desc, objection_id limit 200"
_ANSWER = """
update risk.objection set state = %s, answer = %s, answered_by = %s, answered_at = %s where objection_id = %s
"""
_PHOTO = """
insert into risk.objection_photo (photo_id, objection_id, sha256, sealed) values (%s, %s, %s, %s)
on conflict do nothing
"""
_PHOTOS = "select photo_id, objection_id from risk.objection_photo where objection_id = any (%s) order by photo_id"
_PICTURE = "select objection_id, sealed from risk.objection_photo where photo_id = %s"


async def add_objection(connection: Connection, new: Objection, sealing: Sealing) -> bool:
    """Keep an objection; False if the citizen has one that is open, or it was kept before."""
    row = [
        *(new.objection_id, new.citizen_id, sealing.seal(new.reason, what=REASON)),
        *(list(new.entries), list(new.reports), new.sent_at, new.due_at),
    ]
    return await (await connection.execute(_ADD, row)).fetchone() is not None


async def objection_of(
    connection: Connection, objection_id: UUID, sealing: Sealing, *, lock: bool = False
) -> Objection | None:
    """One objection; with `lock`, nobody else answers it until the commit."""
    query = (_ONE + (" for update" if lock else "")).encode()
    row = await (await connection.execute(query, [objection_id])).fetchone()
    return _objection(row, sealing) if row else None


async def objections_of(connection: Connection, citizen_id: UUID, sealing: Sealing) -> list[Objection]:
    """What a citizen objected to, the latest first."""
    return [_objection(row, sealing) for row in await (await connection.execute(_OF_CITIZEN, [citizen_id])).fetchall()]


async def objections_listed(connection: Connection, sealing: Sealing) -> list[Objection]:
    """Objections, those that wait first, the latest first."""
    return [_objection(row, sealing) for row in await (await connection.execute(_LISTED)).fetchall()]


async def answer_objection(
    connection: Connection, objection_id: UUID, state: ObjectionState, *, answer: str, by: str, now: datetime
) -> None:
    """Write the answer; the caller has locked the objection and found it open."""
    await connection.execute(_ANSWER, [state.value, answer, by, now, objection_id])


async def add_objection_photo(
    connection: Connection, photo_id: UUID, objection_id: UUID, *, sha256: bytes, sealed: bytes
) -> None:
    """Keep a picture of an objection; the same one once."""
    await connection.execute(_PHOTO, [photo_id, objection_id, sha256, sealed])


async def objection_photos(connection: Connection, objections: Sequence[UUID]) -> dict[UUID, list[UUID]]:
    """The pictures of some objections, by objection."""
    found: dict[UUID, list[UUID]] = {}
    for photo_id, objection_id in await (await connection.execute(_PHOTOS, [list(objections)])).fetchall():
        found.setdefault(objection_id, []).append(photo_id)
    return found


async def objection_picture(connection: Connection, photo_id: UUID) -> tuple[UUID, bytes] | None:
    """The objection of a picture, and its sealed content."""
    row = await (await connection.execute(_PICTURE, [photo_id])).fetchone()
    return (row[0], bytes(row[1])) if row else None


def _objection(row: Sequence[Any], sealing: Sealing) -> Objection:
    reason = sealing.open(bytes(row[2]), what=REASON)
    return Objection(row[0], row[1], reason, tuple(row[3]), tuple(row[4]), ObjectionState(row[5]), *row[6:])
