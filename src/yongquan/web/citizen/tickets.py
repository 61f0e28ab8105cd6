"""A voucher as a page shows it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.vouchers.catalogue import TypeOffer
from yongquan.vouchers.usability import WhyNot, why_not_at
from yongquan.vouchers.views import WalletRow
from yongquan.web.door import Door
from yongquan.web.words import Words


@dataclass(frozen=True, slots=True)
class Ticket:
    """A voucher with its type, as a page shows it; `trouble` is why it cannot be used now, in words."""

    row: WalletRow
    type: TypeOffer
    trouble: str | None


async def types_by_id(door: Door, type_ids: Sequence[UUID]) -> dict[UUID, TypeOffer]:
    """Voucher types from memory, or from the database where memory lacks them."""
    missing = door.catalogue.missing(id_.hex for id_ in set(type_ids))
    if missing:
        async with door.database.transaction() as connection:
            await door.catalogue.load_types(connection, missing)
    found = {id_: door.catalogue.type(id_.hex) for id_ in set(type_ids)}
    return {id_: type_ for id_, type_ in found.items() if type_ is not None}


def ticket_of(row: WalletRow, type_: TypeOffer, words: Words, *, now: datetime) -> Ticket:
    """What a page says of one voucher."""
    trouble = None
    closed = why_not_at(type_.rules.use, now=now)
    if row.state == "held" and not type_.rules.campaign_active:
        trouble = words.why_not(WhyNot.PAUSED)
    elif row.state != "held":
        trouble = words.voucher_state(row.state)
    elif closed is not None:
        trouble = words.why_not(closed)
    return Ticket(row, type_, trouble)
