"""Who a citizen is: an identity number that was verified, sealed, with a blind index so that it serves one citizen."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from stdnum.iso7064 import mod_11_2

from yongquan.citizens.store import note_real_name, note_social_card
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_from, cell_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

TRIES_A_DAY: Final = 5
_ID_NO = re.compile(r"[0-9]{17}[0-9X]")
_CARD_NO = re.compile(r"[A-Z0-9]{9}")
_TRY = """
insert into citizens.identity_try (cell, citizen_id, day, tries) values (%s, %s, %s, 1)
on conflict (cell, citizen_id, day) do update set tries = identity_try.tries + 1 returning tries
"""
_HOLD = (
    "insert into citizens.identity_holder (cell, number_index, citizen_id) values (%s, %s, %s) on conflict do nothing"
)
_HOLDER = "select citizen_id from citizens.identity_holder where cell = %s and number_index = %s"
_SAVE = """
insert into citizens.identity (cell, citizen_id, number_sealed, number_index, verified_at) values (%s, %s, %s, %s, %s)
on conflict do nothing
"""
_READ = """
select i.number_sealed, c.name_sealed, i.verified_at, i.card_sealed, i.card_at
  from citizens.identity i join citizens.citizen c on c.cell = i.cell and c.citizen_id = i.citizen_id
 where i.cell = %s and i.citizen_id = %s
"""
_SAVE_CARD = """
update citizens.identity set card_sealed = %s, card_at = %s where cell = %s and citizen_id = %s and card_at is null
"""


class NotAnIdentity(Refusal):
    """The number is no identity number: its check digit, date or place is wrong."""

    code = "not_an_identity"


class NotASocialCard(Refusal):
    """The text is no number of a social-security card."""

    code = "not_a_social_card"


class IdentityDiffers(Refusal):
    """The register knows nobody of this number and name, or another card."""

    code = "identity_differs"


class IdentityTaken(Refusal):
    """The number was verified by another citizen, or this citizen by another number."""

    code = "identity_taken"


class TooManyTries(Refusal):
    """The register was asked too often today."""

    code = "too_many_tries"


@dataclass(frozen=True, slots=True)
class Verified:
    """A verified citizen as the own page tells it: name and numbers are masked."""

    number: str
    name: str
    verified_at: datetime
    card: str | None
    card_at: datetime | None


def checked_number(text: str) -> tuple[str, date]:
    """An identity number of 18 signs in its one form, and the date of birth in it (GB 11643). Raises `NotAnIdentity`.

    The division in it is left to the register: people keep numbers of divisions that are no more.
    """
    number, asks = text.strip().upper(), "an identity number has 17 digits with a date of birth, and a check sign"
    if not _ID_NO.fullmatch(number) or not mod_11_2.is_valid(number):
        raise NotAnIdentity(asks)
    try:
        return number, date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError as error:
        raise NotAnIdentity(asks) from error


def checked_card(text: str) -> str:
    """A social-security card's nine signs. Raises `NotASocialCard`."""
    number = text.strip().upper()
    if not _CARD_NO.fullmatch(number):
        raise NotASocialCard("a social-security card's number has nine letters and digits")
    return number


async def count_try(connection: Connection, cell: int, citizen_id: UUID, *, day: date) -> None:
    """Count a question to the register. Raises `TooManyTries`."""
    row = await (await connection.execute(_TRY, [cell, citizen_id, day])).fetchone()
    if row is None or row[0] > TRIES_A_DAY:
        raise TooManyTries(f"more than {TRIES_A_DAY} tries today")


async def save_identity(
    connection: Connection,
    citizen_id: UUID,
    sealing: Sealing,
    *,
    number: str,
    name: str,
    born_on: date,
    cells: int,
    now: datetime,
) -> None:
    """Keep a verified identity; the same again changes nothing. Raises `IdentityTaken`."""
    index = sealing.index(number, what="identity")
    cell, home = cell_of(citizen_id, cells), bucket_from(index) % cells
    await connection.execute(_HOLD, [home, index, citizen_id])
    holder = await (await connection.execute(_HOLDER, [home, index])).fetchone()
    if holder is None or holder[0] != citizen_id:
        raise IdentityTaken("this identity was verified by another account")
    values = [cell, citizen_id, sealing.seal(number, what="identity"), index, now]
    if (await connection.execute(_SAVE, values)).rowcount == 1:
        await note_real_name(connection, cell, citizen_id, sealing, name=name, born_on=born_on, now=now)
    elif await identity_of(connection, cell, citizen_id, sealing) != number:
        raise IdentityTaken("this account was verified by another identity")


async def holder_of_identity(connection: Connection, number: str, sealing: Sealing, *, cells: int) -> UUID | None:
    """The citizen who verified this identity number."""
    index = sealing.index(number, what="identity")
    row = await (await connection.execute(_HOLDER, [bucket_from(index) % cells, index])).fetchone()
    return row[0] if row else None


async def identity_of(connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing) -> str | None:
    """A citizen's verified identity number, None before that."""
    row = await (await connection.execute(_READ, [cell, citizen_id])).fetchone()
    return sealing.open(bytes(row[0]), what="identity") if row else None


async def save_social_card(
    connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing, *, number: str, now: datetime
) -> None:
    """Keep a social-security card of a verified citizen; the first one stands."""
    await connection.execute(_SAVE_CARD, [sealing.seal(number, what="social card"), now, cell, citizen_id])
    await note_social_card(connection, cell, citizen_id, now=now)


async def verified_citizen(connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing) -> Verified | None:
    """What the own page shows; None before the name was verified here."""
    row = await (await connection.execute(_READ, [cell, citizen_id])).fetchone()
    if row is None:
        return None
    number, name = sealing.open(bytes(row[0]), what="identity"), sealing.open(bytes(row[1]), what="name")
    card = sealing.open(bytes(row[3]), what="social card") if row[3] else None
    return Verified(
        number=f"{number[:4]}{'*' * 12}{number[-2:]}",
        name=f"{'*' * (len(name) - 1)}{name[-1:]}",
        verified_at=row[2],
        card=card and f"{card[:1]}{'*' * 6}{card[-2:]}",
        card_at=row[4],
    )
