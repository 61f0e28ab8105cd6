"""The payments room's SQL for cards that are typed at the cashier, by whoever has no account."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_ASK = """
insert into payments.guest_card (cell, code_id, order_id, citizen_id, instrument_id, issuer, phone_tail, asked_at,
                                 expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FIND = """
select code_id, order_id, citizen_id, instrument_id, issuer, phone_tail, expires_at from payments.guest_card
 where cell = %s and code_id = %s and order_id = %s
"""
_COUNT = "select count(*) from payments.guest_card where cell = %s and order_id = %s"
_LOCK_ORDER = "select pg_advisory_xact_lock(hashtextextended(%s::text, 31))"
_HAND_OVER = """
update payments.instrument set state = 'unbound', handed_to = %s
 where cell = %s and instrument_id = %s
"""
_GUESTS = "select cell, citizen_id from payments.instrument where handed_to = %s"


@dataclass(frozen=True, slots=True)
class GuestCard:
    """A card that is to pay an order once its bank says that the code is right."""

    code_id: UUID
    order_id: UUID
    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    phone_tail: str
    expires_at: datetime


async def count_guest_cards(connection: Connection, cell: int, order_id: UUID) -> int:
    """How many cards were tried at an order; keeps others from trying one until the commit."""
    await connection.execute(_LOCK_ORDER, [order_id])
    row = await (await connection.execute(_COUNT, [cell, order_id])).fetchone()
    return int(row[0]) if row else 0


async def insert_guest_card(connection: Connection, cell: int, card: GuestCard, *, now: datetime) -> None:
    """Write a card before its code is texted."""
    values = [cell, card.code_id, card.order_id, card.citizen_id, card.instrument_id, card.issuer, card.phone_tail]
    await connection.execute(_ASK, [*values, now, card.expires_at])


async def guest_card_of(connection: Connection, cell: int, code_id: UUID, order_id: UUID) -> GuestCard | None:
    """A card typed for this order."""
    row = await (await connection.execute(_FIND, [cell, code_id, order_id])).fetchone()
    return None if row is None else GuestCard(*row)


async def hand_over(connection: Connection, cell: int, guest_instrument_id: UUID, citizen_id: UUID) -> None:
    """Give a guest's card to the citizen who bound it; nothing happens if there was no such guest."""
    await connection.execute(_HAND_OVER, [citizen_id, cell, guest_instrument_id])


async def guests_of(connection: Connection, citizen_id: UUID) -> list[tuple[int, UUID]]:
    """The guests, cell and id, whose cards became a citizen's; asks every cell."""
    return [(row[0], row[1]) for row in await (await connection.execute(_GUESTS, [citizen_id])).fetchall()]
