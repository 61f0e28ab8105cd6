"""What people call a party, and the lasting value it has in events: citizens by phone, cards and devices by token."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from stdnum import luhn

from yongquan.citizens.store import find_by_phones, phones_of
from yongquan.merchants.identity.model import NotACode, read_code
from yongquan.payments.vault import Vault
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity

_PHONE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)


@dataclass(frozen=True, slots=True)
class BadValue:
    """Why a value names nobody."""

    why: str


def card_token(pan: str, sealing: Sealing) -> str:
    """A card in events and on lists: its blind index."""
    return Vault(sealing).index(pan).hex()


def device_token(device_id: str, sealing: Sealing) -> str:
    """A device in events and on lists: the keyed hash of the name it has for itself."""
    return sealing.index(device_id, what="device").hex()


def cashier_value(store_id: UUID, cashier: str) -> str:
    """A cashier in events and on lists: the store, and how its till calls the person."""
    return f"{store_id.hex}/{cashier}"


async def resolve_values(
    connection: Connection, said: Sequence[tuple[Entity, str]], sealing: Sealing, *, cells: int
) -> list[str | BadValue]:
    """The lasting value of each, in order."""
    phones = [value for party, value in said if party is Entity.CITIZEN and _PHONE.fullmatch(value)]
    ids = [id_ for party, value in said if party is Entity.CITIZEN and (id_ := _uuid(value)) is not None]
    by_phone = await find_by_phones(connection, phones, sealing, cells=cells) if phones else {}
    known = await phones_of(connection, ids, sealing, cells=cells) if ids else {}
    return [_value(party, value, by_phone, set(known), sealing) for party, value in said]


def _value(party: Entity, said: str, by_phone: dict[str, UUID], known: set[UUID], sealing: Sealing) -> str | BadValue:
    id_ = _uuid(said)
    match party:
        case Entity.CITIZEN:
            found = by_phone.get(said) or (id_ if id_ in known else None)
            return str(found) if found else BadValue("no citizen has this phone or id")
        case Entity.CARD:
            if _TOKEN.fullmatch(said):
                return said
            number = said.replace(" ", "")
            if not 12 <= len(number) <= 19 or not luhn.is_valid(number):
                return BadValue("neither a card number nor a token of 32 hex digits")
            return card_token(number, sealing)
        case Entity.DEVICE:
            return said if _TOKEN.fullmatch(said) else device_token(said, sealing)
        case Entity.STORE:
            return str(id_) if id_ else BadValue("a store is named by its id")
        case Entity.LICENCE:
            return _licence(said)
        case _:
            return said


def _licence(said: str) -> str | BadValue:
    try:
        return read_code(said)
    except NotACode:
        return BadValue("a licence has 18 signs, the last one checks the others")


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
