"""The payments room's SQL for a citizen's cards as transfers need them: whose, where, and which one receives."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection

_CARD = """
select issuer, pan_sealed, pan_tail from payments.instrument
 where cell = %s and instrument_id = %s and citizen_id = %s and state = 'bound'
"""
_RECEIVER = """
select i.issuer, i.pan_sealed, i.pan_tail
  from payments.instrument i left join payments.receiving_account r on r.cell = i.cell and r.citizen_id = i.citizen_id
 where i.cell = %s and i.citizen_id = %s and i.state = 'bound'
   and (r.citizen_id is null or r.instrument_id = i.instrument_id)
 order by i.bound_at, i.instrument_id limit 1
"""
_CHOSEN = "select instrument_id from payments.receiving_account where cell = %s and citizen_id = %s"
_CHOOSE = """
insert into payments.receiving_account (cell, citizen_id, instrument_id) values (%s, %s, %s)
on conflict (cell, citizen_id) do update set instrument_id = excluded.instrument_id
"""


@dataclass(frozen=True, slots=True)
class SealedCard:
    """A bound card or wallet with its number sealed."""

    issuer: str
    pan_sealed: bytes
    tail: str


async def card_of(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID) -> SealedCard | None:
    """A citizen's own bound card."""
    row = await (await connection.execute(_CARD, [cell, instrument_id, citizen_id])).fetchone()
    return None if row is None else SealedCard(*row)


async def receiver_of(connection: Connection, cell: int, citizen_id: UUID) -> SealedCard | None:
    """Where money sent to a citizen's phone goes; None if nowhere."""
    row = await (await connection.execute(_RECEIVER, [cell, citizen_id])).fetchone()
    return None if row is None else SealedCard(*row)


async def chosen_receiver(connection: Connection, cell: int, citizen_id: UUID) -> tuple[bool, UUID | None]:
    """Whether a citizen chose, and the card chosen (None: not to be found by phone)."""
    row = await (await connection.execute(_CHOSEN, [cell, citizen_id])).fetchone()
    return (False, None) if row is None else (True, row[0])


async def choose_receiver(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID | None) -> None:
    """Let money sent to the phone go to this card, or (None) not be sent at all."""
    await connection.execute(_CHOOSE, [cell, citizen_id, instrument_id])
