"""The payments room's SQL for limits of instruments (held by payments.beyond_limits in migrations/hot)."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_OWN = """
select payment_fen, day_fen, no_code_fen from payments.instrument
 where cell = %s and citizen_id = %s and instrument_id = %s and state = 'bound'
"""
_SET_OWN = """
update payments.instrument set payment_fen = %s, day_fen = %s, no_code_fen = %s
 where cell = %s and citizen_id = %s and instrument_id = %s and state = 'bound'
"""
_ISSUERS = "select payment_fen, day_fen, no_code_fen from payments.issuer_limit where issuer = %s"
_SET_ISSUERS = """
insert into payments.issuer_limit (issuer, payment_fen, day_fen, no_code_fen, set_at) values (%s, %s, %s, %s, %s)
on conflict (issuer) do update
   set payment_fen = excluded.payment_fen, day_fen = excluded.day_fen, no_code_fen = excluded.no_code_fen,
       set_at = excluded.set_at
"""


@dataclass(frozen=True, slots=True)
class InstrumentLimits:
    """What an instrument may pay at once, in a business day, and by code without asking; in fen, None is any."""

    payment_fen: int | None = None
    day_fen: int | None = None
    no_code_fen: int | None = None


async def own_limits(
    connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID
) -> InstrumentLimits | None:
    """The limits that a citizen set for an instrument; None if it is not the citizen's."""
    row = await (await connection.execute(_OWN, [cell, citizen_id, instrument_id])).fetchone()
    return None if row is None else InstrumentLimits(*row)


async def set_own_limits(
    connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID, limits: InstrumentLimits
) -> bool:
    """Set them; False if the instrument is not the citizen's."""
    values = [limits.payment_fen, limits.day_fen, limits.no_code_fen, cell, citizen_id, instrument_id]
    return (await connection.execute(_SET_OWN, values)).rowcount == 1


async def issuer_limits(connection: Connection, issuer: str) -> InstrumentLimits:
    """The limits that an issuer set for all its instruments."""
    row = await (await connection.execute(_ISSUERS, [issuer])).fetchone()
    return InstrumentLimits(*row) if row else InstrumentLimits()


async def set_issuer_limits(connection: Connection, issuer: str, limits: InstrumentLimits, *, now: datetime) -> None:
    """Set them."""
    values = [issuer, limits.payment_fen, limits.day_fen, limits.no_code_fen, now]
    await connection.execute(_SET_ISSUERS, values)
