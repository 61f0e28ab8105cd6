"""Reversals that are stored before they are sent, and sent again until they are answered."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.institutions.connectors.card_messages import MessageStamp
from yongquan.plumbing.db import Connection, Database

_KEEP = """
insert into payments.reversal (cell, subject_id, issuer, stan, sent_at, kept_at)
values (%(cell)s, %(subject)s, %(issuer)s, %(stan)s, %(sent_at)s, %(now)s) on conflict do nothing
"""
_TRY = """
update payments.reversal set tries = tries + 1
 where cell = %s and subject_id = %s and answered_at is null returning stan, sent_at, tries
"""
_ANSWERED = "update payments.reversal set answered_at = %s where cell = %s and subject_id = %s and answered_at is null"
_WAITING = "select issuer, count(*), min(kept_at) from payments.reversal where answered_at is null group by issuer"


@dataclass(frozen=True, slots=True)
class KeptReversal:
    """A reversal to be sent now; `is_repeat`: it was sent before, so that it goes as 0421."""

    stamp: MessageStamp
    is_repeat: bool


@dataclass(frozen=True, slots=True)
class WaitingReversals:
    """How many reversals an issuer has not answered, and since when the oldest is kept."""

    issuer: str
    count: int
    oldest_at: datetime


async def kept_reversal(database: Database, cell: int, subject_id: UUID) -> KeptReversal | None:
    """The reversal that is kept for a payment or a hold and not answered, counted as tried once more."""
    async with database.transaction() as connection:
        return await _try(connection, cell, subject_id)


async def keep_reversal(
    database: Database, cell: int, subject_id: UUID, *, issuer: str, stan: int, now: datetime
) -> KeptReversal:
    """Store a reversal before it is sent; one that is there already keeps its own stamp."""
    sent_at = now.replace(microsecond=0)
    values = {"cell": cell, "subject": subject_id, "issuer": issuer, "stan": stan, "sent_at": sent_at, "now": now}
    async with database.transaction() as connection:
        await connection.execute(_KEEP, values)
        return await _try(connection, cell, subject_id) or KeptReversal(MessageStamp(sent_at=sent_at, stan=stan), True)


async def reversal_answered(database: Database, cell: int, subject_id: UUID, *, now: datetime) -> None:
    """Note that the issuer answered, so that the reversal is not sent again."""
    async with database.transaction() as connection:
        await connection.execute(_ANSWERED, [now, cell, subject_id])


async def waiting_reversals(connection: Connection) -> list[WaitingReversals]:
    """What is still to be answered, by issuer."""
    rows = await (await connection.execute(_WAITING)).fetchall()
    return [WaitingReversals(*row) for row in sorted(rows)]


async def _try(connection: Connection, cell: int, subject_id: UUID) -> KeptReversal | None:
    row = await (await connection.execute(_TRY, [cell, subject_id])).fetchone()
    return None if row is None else KeptReversal(MessageStamp(sent_at=row[1], stan=row[0]), row[2] > 1)
