"""The SQL of citizens signing in."""

from datetime import date, datetime
from uuid import UUID

from yongquan.citizens.model import NewCitizen
from yongquan.kernel.ids import cell_of
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_PUT_CODE = """
insert into citizens.sign_in_code as c (cell, phone_index, code_hash, sent_at, day, sent_today)
values (%(cell)s, %(phone)s, %(code)s, %(now)s, %(day)s, 1)
    on conflict (cell, phone_index) do update
   set code_hash = excluded.code_hash, sent_at = excluded.sent_at, day = excluded.day, tries = 0,
       sent_today = case when c.day = excluded.day then c.sent_today + 1 else 1 end
 where c.sent_at <= %(quiet_since)s and (c.day <> excluded.day or c.sent_today < %(most)s)
"""
_TRY_CODE = """
update citizens.sign_in_code set tries = tries + 1
 where cell = %s and phone_index = %s and code_hash is not null and tries < %s and sent_at > %s
returning code_hash
"""
_SPEND_CODE = "update citizens.sign_in_code set code_hash = null where cell = %s and phone_index = %s"
_REGISTER = """
insert into citizens.citizen (cell, citizen_id, phone_index, phone_sealed, name_sealed, registered_at)
values (%s, %s, %s, %s, %s, plumbing.now()) on conflict (cell, phone_index) do nothing
"""
_FIND = "select citizen_id from citizens.citizen where cell = %s and phone_index = %s"


async def put_code(
    connection: Connection,
    *,
    cell: int,
    phone_index: bytes,
    code_hash: bytes,
    now: datetime,
    day: date,
    quiet_since: datetime,
    most: int,
) -> bool:
    """Put a fresh code in the place of the phone's last one; False if it is too soon or `most` went out on `day`."""
    facts = {
        "cell": cell,
        "phone": phone_index,
        "code": code_hash,
        "now": now,
        "day": day,
        "quiet_since": quiet_since,
        "most": most,
    }
    return (await connection.execute(_PUT_CODE, facts)).rowcount == 1


async def try_code(
    connection: Connection, *, cell: int, phone_index: bytes, tries_max: int, sent_after: datetime
) -> bytes | None:
    """Count a try and return the hash to compare; None if no code is open. Locks the phone's row."""
    row = await (await connection.execute(_TRY_CODE, [cell, phone_index, tries_max, sent_after])).fetchone()
    return row[0] if row else None


async def spend_code(connection: Connection, *, cell: int, phone_index: bytes) -> None:
    """A code works once."""
    await connection.execute(_SPEND_CODE, [cell, phone_index])


async def find_or_register(connection: Connection, fresh: NewCitizen, sealing: Sealing, *, cells: int) -> UUID:
    """The citizen with this phone, registered as `fresh` if nobody has it."""
    cell, index = cell_of(fresh.citizen_id, cells), sealing.index(fresh.phone, what="phone")
    found = await (await connection.execute(_FIND, [cell, index])).fetchone()
    if found is None:
        phone, name = sealing.seal(fresh.phone, what="phone"), sealing.seal(fresh.name, what="name")
        await connection.execute(_REGISTER, [cell, fresh.citizen_id, index, phone, name])
        found = await (await connection.execute(_FIND, [cell, index])).fetchone()
    if found is None:
        raise LookupError("a citizen that was just registered is not there")
    return UUID(str(found[0]))
