"""Changes of owner that the register told of: each is looked at by a person, so that a successor is judged alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_OPEN = """
insert into merchants.owner_review (review_id, licence_no, was_sealed, now_sealed, changed_on, is_listed, state,
                                    opened_at)
values (%s, %s, %s, %s, %s, %s, 'open', %s) on conflict do nothing
"""
_COLUMNS = (
    "r.review_id, r.licence_no, l.name, r.was_sealed, r.now_sealed, r.changed_on, r.is_listed, r.state, r.opened_at"
)
_ONE = f"""
select {_COLUMNS} from merchants.owner_review r join merchants.licence l on l.licence_no = r.licence_no
 where r.review_id = %s
"""
_ALL_OPEN = f"""
select {_COLUMNS} from merchants.owner_review r join merchants.licence l on l.licence_no = r.licence_no
 where r.state = 'open' order by r.is_listed desc, r.opened_at, r.review_id limit %s
"""
_DECIDE = """
update merchants.owner_review set state = %s, decided_by = %s, decided_at = %s, reason = %s where review_id = %s
"""


class ReviewState(StrEnum):
    """`cleared`: the new owner is innocent of what the old one did; `kept`: the licence is treated as before."""

    OPEN = "open"
    CLEARED = "cleared"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class OwnerReview:
    """A change of owner; `is_listed`: the licence was on the yellow list when it was told."""

    review_id: UUID
    licence_no: str
    name: str
    was: str
    became: str
    changed_on: date
    is_listed: bool
    state: ReviewState
    opened_at: datetime


async def open_review(
    connection: Connection,
    review_id: UUID,
    licence_no: str,
    *,
    was: str,
    became: str,
    changed_on: date,
    is_listed: bool,
    sealing: Sealing,
    now: datetime,
) -> bool:
    """Write a change down; False if it was known."""
    names = [sealing.seal(was, what="name"), sealing.seal(became, what="name")]
    values = [review_id, licence_no, *names, changed_on, is_listed, now]
    return (await connection.execute(_OPEN, values)).rowcount == 1


async def review_of(
    connection: Connection, review_id: UUID, sealing: Sealing, *, lock: bool = False
) -> OwnerReview | None:
    """One change."""
    query = _ONE + (" for update of r" if lock else "")
    row = await (await connection.execute(query, [review_id])).fetchone()
    return _review(row, sealing) if row else None


async def open_reviews(connection: Connection, sealing: Sealing, *, limit: int = 100) -> list[OwnerReview]:
    """Changes that wait for a person, of listed licences first."""
    rows = await (await connection.execute(_ALL_OPEN, [limit])).fetchall()
    return [_review(row, sealing) for row in rows]


async def decide_review(
    connection: Connection, review_id: UUID, state: ReviewState, *, by: str, reason: str, now: datetime
) -> None:
    """Write down what was decided."""
    await connection.execute(_DECIDE, [state.value, by, now, reason, review_id])


def _review(row: Sequence[Any], sealing: Sealing) -> OwnerReview:
    names = [sealing.open(bytes(sealed), what="name") for sealed in row[3:5]]
    return OwnerReview(*[*row[:3], *names, *row[5:7], ReviewState(row[7]), row[8]])
