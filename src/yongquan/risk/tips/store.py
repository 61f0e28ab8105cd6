"""The SQL of tips. What was told, of whom, and the sender's contact are sealed; of a receipt only an index is kept."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.tips.model import NewTip, Tip, TipOutcome, TipState

RECEIPT = "tip_receipt"
_COLUMNS = """tip_id, subject_kind, subject_sealed, told_sealed, contact_sealed, citizen_id, store_id, state, case_id,
       outcome, answer, sent_at, taken_by, ended_at"""
_ADD = """
insert into risk.tip (tip_id, receipt_index, key, subject_kind, subject_sealed, told_sealed, contact_sealed, citizen_id,
                      state, sent_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'received', %s) on conflict (key) do nothing returning tip_id
"""
_PHOTO = """
insert into risk.tip_photo (photo_id, tip_id, sha256, media_type, sealed) values (%s, %s, %s, %s, %s)
on conflict do nothing
"""
_PHOTOS = "select photo_id, sha256, media_type from risk.tip_photo where tip_id = %s order by photo_id"
_PICTURE = "select media_type, sealed from risk.tip_photo where tip_id = %s and photo_id = %s"
_ONE = f"select {_COLUMNS} from risk.tip where tip_id = %s"
_BY_RECEIPT = f"select {_COLUMNS} from risk.tip where receipt_index = %s"
_OF_CITIZEN = f"select {_COLUMNS} from risk.tip where citizen_id = %s order by sent_at desc limit 20"
_OF_CASE = f"select {_COLUMNS} from risk.tip where case_id = %s order by sent_at"
_LISTED = f"""
select {_COLUMNS} from risk.tip where (%(state)s::text is null or state = %(state)s)
 order by (state = 'closed'), sent_at desc limit 200
"""
_COUNTS = "select state, count(*) from risk.tip group by state"
_MOVE = """
update risk.tip set state = %(state)s, case_id = coalesce(%(case)s, case_id), outcome = %(outcome)s,
                    answer = %(answer)s, taken_by = %(by)s, store_id = coalesce(%(store)s, store_id),
                    ended_at = case when %(state)s = 'closed' then %(now)s::timestamptz end
 where tip_id = %(tip)s
"""
_CLOSE_OF_CASE = """
update risk.tip set state = 'closed', outcome = %s, answer = %s, ended_at = %s where case_id = %s and state = 'in_case'
"""


async def add_tip(
    connection: Connection,
    tip_id: UUID,
    tip: NewTip,
    *,
    receipt: str,
    key: UUID,
    citizen_id: UUID | None,
    sealing: Sealing,
    now: datetime,
) -> bool:
    """Keep a tip; False if one was sent under this key already."""
    values = [
        tip_id,
        sealing.index(receipt, what=RECEIPT),
        key,
        tip.kind,
        sealing.seal(tip.subject, what="tip_subject"),
        sealing.seal(tip.told, what="tip_told"),
        sealing.seal(tip.contact, what="tip_contact") if tip.contact else None,
        citizen_id,
        now,
    ]
    return await (await connection.execute(_ADD, values)).fetchone() is not None


async def add_photo(
    connection: Connection, photo_id: UUID, tip_id: UUID, *, sha256: bytes, media_type: str, sealed: bytes
) -> None:
    """Keep a photo of a tip; the same picture once."""
    await connection.execute(_PHOTO, [photo_id, tip_id, sha256, media_type, sealed])


async def photos_of(connection: Connection, tip_id: UUID) -> list[tuple[UUID, bytes, str]]:
    """A tip's photos: id, SHA-256, media type."""
    return list(await (await connection.execute(_PHOTOS, [tip_id])).fetchall())


async def sealed_picture(connection: Connection, tip_id: UUID, photo_id: UUID) -> tuple[str, bytes] | None:
    """A photo's media type and its sealed content."""
    row = await (await connection.execute(_PICTURE, [tip_id, photo_id])).fetchone()
    return (row[0], bytes(row[1])) if row else None


async def tip_of(connection: Connection, tip_id: UUID, sealing: Sealing, *, lock: bool = False) -> Tip | None:
    """One tip; with `lock`, nobody else moves it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [tip_id])).fetchone()
    return _tip(row, sealing) if row else None


async def tip_by_receipt(connection: Connection, receipt: str, sealing: Sealing) -> Tip | None:
    """The tip of a receipt number."""
    index = sealing.index(receipt, what=RECEIPT)
    row = await (await connection.execute(_BY_RECEIPT, [index])).fetchone()
    return _tip(row, sealing) if row else None


async def tips_listed(connection: Connection, sealing: Sealing, *, state: str | None = None) -> list[Tip]:
    """Tips, those that are not closed first, the latest first."""
    return [_tip(row, sealing) for row in await (await connection.execute(_LISTED, {"state": state})).fetchall()]


async def tips_of_citizen(connection: Connection, citizen_id: UUID, sealing: Sealing) -> list[Tip]:
    """What a citizen told while signed in."""
    return [_tip(row, sealing) for row in await (await connection.execute(_OF_CITIZEN, [citizen_id])).fetchall()]


async def tips_of_case(connection: Connection, case_id: UUID, sealing: Sealing) -> list[Tip]:
    """The tips that went into a case."""
    return [_tip(row, sealing) for row in await (await connection.execute(_OF_CASE, [case_id])).fetchall()]


async def tip_counts(connection: Connection) -> dict[str, int]:
    """How many tips there are in each state."""
    return dict(await (await connection.execute(_COUNTS)).fetchall())


async def move_tip(
    connection: Connection,
    tip: Tip,
    to: TipState,
    *,
    by: str,
    now: datetime,
    case_id: UUID | None = None,
    store_id: UUID | None = None,
    outcome: TipOutcome | None = None,
    answer: str = "",
) -> None:
    """Move a tip; the caller has checked the move."""
    values: dict[str, object] = {"tip": tip.tip_id, "state": to.value, "by": by, "now": now, "case": case_id}
    values |= {"outcome": outcome.value if outcome else None, "answer": answer, "store": store_id}
    await connection.execute(_MOVE, values)


async def close_tips_of_case(
    connection: Connection, case_id: UUID, outcome: TipOutcome, *, answer: str, now: datetime
) -> None:
    """The case is closed: whoever told is told."""
    await connection.execute(_CLOSE_OF_CASE, [outcome.value, answer, now, case_id])


def _tip(row: Sequence[Any], sealing: Sealing) -> Tip:
    subject = sealing.open(bytes(row[2]), what="tip_subject")
    told = sealing.open(bytes(row[3]), what="tip_told")
    contact = sealing.open(bytes(row[4]), what="tip_contact") if row[4] else ""
    named = dict(zip([field.name for field in fields(Tip)], row, strict=True))
    named |= {"subject": subject, "told": told, "contact": contact, "state": TipState(row[7])}
    return Tip(**{**named, "outcome": TipOutcome(row[9]) if row[9] else None})
