"""The citizens room's SQL. Phones and names are sealed before they get here."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.citizens.model import NewCitizen
from yongquan.kernel.ids import bucket_from, cell_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_COPY = """
copy citizens.citizen (cell, citizen_id, phone_index, phone_sealed, name_sealed, born_on, home_adcode,
                       card_issuers, registered_at, card_bins, bank_since, real_name_at, social_card_at) from stdin
"""
# The first card of an issuer says since when somebody is its customer here; later ones leave that alone.
_NOTE_CARD = """
update citizens.citizen
   set card_issuers = case when %(issuer)s = any (card_issuers) then card_issuers
                           else card_issuers || %(issuer)s::text end,
       card_bins = case when %(bin)s = any (card_bins || ''::text) then card_bins else card_bins || %(bin)s::text end,
       bank_since = jsonb_build_object(%(issuer)s::text, %(now)s::timestamptz) || bank_since
 where cell = %(cell)s and citizen_id = %(citizen)s
"""
_BY_PHONES = """
select c.phone_index, c.citizen_id from unnest(%s::int[], %s::bytea[]) as u(cell, phone_index)
  join citizens.citizen c on c.cell = u.cell and c.phone_index = u.phone_index
"""
_PHONES_OF = """
select c.citizen_id, c.phone_sealed from unnest(%s::int[], %s::uuid[]) as u(cell, citizen_id)
  join citizens.citizen c on c.cell = u.cell and c.citizen_id = u.citizen_id
"""
_REGISTERED = """
select c.citizen_id, c.registered_at from unnest(%s::smallint[], %s::uuid[]) as u(cell, citizen_id)
  join citizens.citizen c on c.cell = u.cell and c.citizen_id = u.citizen_id
"""
_PERSONS_OF = """
select c.citizen_id, c.name_sealed, c.phone_sealed from unnest(%s::int[], %s::uuid[]) as u(cell, citizen_id)
  join citizens.citizen c on c.cell = u.cell and c.citizen_id = u.citizen_id
"""
_OPTED_OUT = "select 1 from citizens.push_opt_out where cell = %s and citizen_id = %s"
_OPT_OUT = "insert into citizens.push_opt_out (cell, citizen_id, since) values (%s, %s, %s) on conflict do nothing"
_OPT_IN = "delete from citizens.push_opt_out where cell = %s and citizen_id = %s"
_NOTE_REAL_NAME = """
update citizens.citizen set name_sealed = %s, real_name_at = %s, born_on = coalesce(%s, born_on)
 where cell = %s and citizen_id = %s
"""
_NOTE_SOCIAL_CARD = """
update citizens.citizen set social_card_at = coalesce(social_card_at, %s) where cell = %s and citizen_id = %s
"""
_SET_BLOCKED = """
update citizens.citizen c set state = case when u.blocked then 'blocked' else 'active' end
  from unnest(%s::int[], %s::uuid[], %s::boolean[]) as u(cell, citizen_id, blocked)
 where c.cell = u.cell and c.citizen_id = u.citizen_id
   and c.state <> case when u.blocked then 'blocked' else 'active' end
"""
BIN_DIGITS = 8
_NAME = "select name_sealed from citizens.citizen where cell = %s and citizen_id = %s"
_PHONE = "select phone_sealed from citizens.citizen where cell = %s and citizen_id = %s"
_RENAME = "update citizens.citizen set name_sealed = %s where cell = %s and citizen_id = %s"


async def register_many(
    connection: Connection, citizens: Iterable[NewCitizen], sealing: Sealing, *, cells: int, now: datetime
) -> None:
    """Write new citizens in bulk. Raises `psycopg.errors.UniqueViolation` if a phone is known already."""
    async with connection.cursor().copy(_COPY) as copy:
        for c in citizens:
            await copy.write_row(
                (
                    cell_of(c.citizen_id, cells),
                    c.citizen_id,
                    sealing.index(c.phone, what="phone"),
                    sealing.seal(c.phone, what="phone"),
                    sealing.seal(c.name, what="name"),
                    c.born_on,
                    c.home_adcode,
                    list(c.card_issuers),
                    now,
                    list(c.card_bins),
                    Jsonb({issuer: now.isoformat() for issuer in c.card_issuers}),
                    now if c.has_real_name else None,
                    now if c.has_social_card else None,
                )
            )


async def note_card(
    connection: Connection, cell: int, citizen_id: UUID, *, issuer: str, pan: str, now: datetime
) -> None:
    """Remember a bound card for rounds that ask for one: its issuer, its first eight digits, since when.

    A bank account (its name is no number) has no such digits.
    """
    values = {
        "cell": cell,
        "citizen": citizen_id,
        "issuer": issuer,
        "bin": pan[:BIN_DIGITS] if pan.isdecimal() else "",
        "now": now,
    }
    await connection.execute(_NOTE_CARD, values)


async def note_real_name(
    connection: Connection,
    cell: int,
    citizen_id: UUID,
    sealing: Sealing,
    *,
    name: str,
    born_on: date | None,
    now: datetime,
) -> None:
    """Keep a name that was verified against an identity, with the date of birth if it came too."""
    sealed = sealing.seal(name, what="name")
    await connection.execute(_NOTE_REAL_NAME, [sealed, now, born_on, cell, citizen_id])


async def note_social_card(connection: Connection, cell: int, citizen_id: UUID, *, now: datetime) -> None:
    """Remember that a social-security card was bound; the first time counts."""
    await connection.execute(_NOTE_SOCIAL_CARD, [now, cell, citizen_id])


async def find_by_phones(
    connection: Connection, phones: Sequence[str], sealing: Sealing, *, cells: int
) -> dict[str, UUID]:
    """The citizens who have these phones; unknown phones are left out."""
    indexes = {sealing.index(phone, what="phone"): phone for phone in phones}
    places = [bucket_from(index) % cells for index in indexes]
    rows = await (await connection.execute(_BY_PHONES, [places, list(indexes)])).fetchall()
    return {indexes[bytes(row[0])]: row[1] for row in rows}


async def phones_of(
    connection: Connection, citizens: Sequence[UUID], sealing: Sealing, *, cells: int
) -> dict[UUID, str]:
    """The phones of these citizens, masked in the middle; unknown ids are left out."""
    places = [cell_of(citizen_id, cells) for citizen_id in citizens]
    rows = await (await connection.execute(_PHONES_OF, [places, list(citizens)])).fetchall()
    opened = {row[0]: sealing.open(bytes(row[1]), what="phone") for row in rows}
    return {citizen_id: f"{phone[:3]}****{phone[-4:]}" for citizen_id, phone in opened.items()}


async def registered_of(connection: Connection, citizens: Sequence[UUID], *, cells: int) -> dict[UUID, datetime]:
    """Since when each of these citizens has an account."""
    places = [cell_of(citizen_id, cells) for citizen_id in citizens]
    rows = await (await connection.execute(_REGISTERED, [places, list(citizens)], prepare=True)).fetchall()
    return {row[0]: row[1] for row in rows}


async def set_blocked(
    connection: Connection, citizens: Sequence[UUID], blocked: Sequence[bool], *, cells: Sequence[int]
) -> None:
    """Say of each whether campaigns shut the citizen out; `blocked` and `cells` run in step."""
    await connection.execute(_SET_BLOCKED, [list(cells), list(citizens), list(blocked)])


async def persons_of(
    connection: Connection, citizens: Sequence[UUID], sealing: Sealing, *, cells: int
) -> dict[UUID, tuple[str, str]]:
    """The names and phones of these citizens, unmasked: for authorities with an approved request only."""
    places = [cell_of(citizen_id, cells) for citizen_id in citizens]
    rows = await (await connection.execute(_PERSONS_OF, [places, list(citizens)])).fetchall()
    return {row[0]: (sealing.open(row[1], what="name"), sealing.open(row[2], what="phone")) for row in rows}


async def is_willing(connection: Connection, cell: int, citizen_id: UUID) -> bool:
    """Whether a citizen takes vouchers that were not asked for."""
    return await (await connection.execute(_OPTED_OUT, [cell, citizen_id])).fetchone() is None


async def set_willing(connection: Connection, cell: int, citizen_id: UUID, *, willing: bool, now: datetime) -> None:
    """Remember whether a citizen takes vouchers that were not asked for."""
    if willing:
        await connection.execute(_OPT_IN, [cell, citizen_id])
    else:
        await connection.execute(_OPT_OUT, [cell, citizen_id, now])


async def count_citizens(connection: Connection) -> int:
    """How many citizens are registered and active; asks every cell."""
    row = await (await connection.execute("select count(*) from citizens.citizen where state = 'active'")).fetchone()
    return int(row[0]) if row else 0


async def name_of(connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing) -> str | None:
    """A citizen's name as it was registered, None for nobody."""
    row = await (await connection.execute(_NAME, [cell, citizen_id])).fetchone()
    return sealing.open(row[0], what="name") if row else None


async def phone_of(connection: Connection, cell: int, citizen_id: UUID, sealing: Sealing) -> str | None:
    """A citizen's phone, None for nobody."""
    row = await (await connection.execute(_PHONE, [cell, citizen_id])).fetchone()
    return sealing.open(row[0], what="phone") if row else None


async def rename(connection: Connection, cell: int, citizen_id: UUID, name: str, sealing: Sealing) -> None:
    """Write a citizen's real name down."""
    await connection.execute(_RENAME, [sealing.seal(name, what="name"), cell, citizen_id])
