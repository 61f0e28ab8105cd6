"""The payments room's SQL for a citizen's own instruments: binding, default, unbinding."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.plumbing.db import Connection

BINDING_LASTS = timedelta(minutes=10)
_ASK = """
insert into payments.binding (cell, binding_id, citizen_id, issuer, pan_sealed, phone_tail, state, asked_at, expires_at)
values (%s, %s, %s, %s, %s, %s, 'asked', %s, %s)
"""
_FIND = """
select issuer, pan_sealed, phone_tail, state, instrument_id, expires_at from payments.binding
 where cell = %s and binding_id = %s and citizen_id = %s
"""
_BOUND = """
update payments.binding set state = 'bound', instrument_id = %s
 where cell = %s and binding_id = %s and state = 'asked'
"""
_GIVE_UP = """
update payments.binding set state = 'given_up' where cell = %s and binding_id = %s and state = 'asked'
"""
_OWN = """
select instrument_id from payments.instrument
 where cell = %s and citizen_id = %s and pan_index = %s and state = 'bound' limit 1
"""
# Held against each other: two bindings of one card by one citizen at once make one instrument.
_LOCK = "select pg_advisory_xact_lock(hashtextextended(%s::text, 22))"
_NO_DEFAULT = "update payments.instrument set is_default = false where cell = %s and citizen_id = %s and is_default"
_DEFAULT = """
update payments.instrument set is_default = true
 where cell = %s and citizen_id = %s and instrument_id = %s and state = 'bound'
"""
_IN_USE = """
select exists (select from payments.preauth
                where instrument_id = %(instrument)s and state in ('asking', 'unknown', 'held'))
    or exists (select from payments.payment where cell = %(cell)s and citizen_id = %(citizen)s
                  and instrument_id = %(instrument)s and state in ('charging', 'unknown', 'refunding'))
"""
_SEALED = """
select issuer, pan_sealed from payments.instrument
 where cell = %s and citizen_id = %s and instrument_id = %s and state = 'bound'
"""
_UNBIND = """
update payments.instrument set state = 'unbound', is_default = false
 where cell = %s and citizen_id = %s and instrument_id = %s and state = 'bound'
"""


@dataclass(frozen=True, slots=True)
class Binding:
    """A card that a citizen is binding."""

    issuer: str
    pan_sealed: bytes
    phone_tail: str
    state: str
    instrument_id: UUID | None
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewBinding:
    """What is known when the issuer is asked."""

    binding_id: UUID
    citizen_id: UUID
    issuer: str
    pan_sealed: bytes
    phone_tail: str


async def insert_binding(connection: Connection, cell: int, new: NewBinding, *, now: datetime) -> None:
    """Write a binding before its code is texted."""
    values = [cell, new.binding_id, new.citizen_id, new.issuer, new.pan_sealed, new.phone_tail, now]
    await connection.execute(_ASK, [*values, now + BINDING_LASTS])


async def binding_of(connection: Connection, cell: int, binding_id: UUID, citizen_id: UUID) -> Binding | None:
    """A citizen's binding."""
    row = await (await connection.execute(_FIND, [cell, binding_id, citizen_id])).fetchone()
    return None if row is None else Binding(*row)


async def end_binding(connection: Connection, cell: int, binding_id: UUID, instrument_id: UUID | None) -> None:
    """Note the instrument that a binding made, or (None) that nothing comes of it."""
    if instrument_id is None:
        await connection.execute(_GIVE_UP, [cell, binding_id])
    else:
        await connection.execute(_BOUND, [instrument_id, cell, binding_id])


async def lock_wallet(connection: Connection, citizen_id: UUID) -> None:
    """Keep others from changing a citizen's instruments until the commit."""
    await connection.execute(_LOCK, [citizen_id])


async def own_instrument(connection: Connection, cell: int, citizen_id: UUID, pan_index: bytes) -> UUID | None:
    """The citizen's instrument of this card, if it is bound."""
    row = await (await connection.execute(_OWN, [cell, citizen_id, pan_index])).fetchone()
    return None if row is None else row[0]


async def sealed_card_of(
    connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID
) -> tuple[str, bytes] | None:
    """Issuer and sealed number of a citizen's bound card."""
    row = await (await connection.execute(_SEALED, [cell, citizen_id, instrument_id])).fetchone()
    return None if row is None else (row[0], bytes(row[1]))


async def make_default(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID) -> bool:
    """Offer this instrument first; False if it is not the citizen's."""
    await connection.execute(_NO_DEFAULT, [cell, citizen_id])
    return (await connection.execute(_DEFAULT, [cell, citizen_id, instrument_id])).rowcount == 1


async def is_in_use(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID) -> bool:
    """Whether money is held on the instrument, or a payment or refund with it has not ended."""
    values = {"cell": cell, "citizen": citizen_id, "instrument": instrument_id}
    row = await (await connection.execute(_IN_USE, values)).fetchone()
    return row is not None and bool(row[0])


async def unbind(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID) -> bool:
    """Take an instrument out of use; False if it is not the citizen's. What was paid with it can still be refunded."""
    return (await connection.execute(_UNBIND, [cell, citizen_id, instrument_id])).rowcount == 1
