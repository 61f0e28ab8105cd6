"""The staff room's SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.staff.model import Role, RoleGrant, Staff

_INSERT_MEMBER = """
insert into staff.member (staff_id, login, name_sealed, password_hash, totp_sealed, enrolled_at)
values (%s, %s, %s, %s, %s, %s)
"""
_INSERT_GRANT = """
insert into staff.role_grant (staff_id, role, adcode, institution, valid_until) values (%s, %s, %s, %s, %s)
on conflict do nothing
"""
# An attempt counts as a failure until it has succeeded, so that attempts made at once are all counted.
_COUNT_ATTEMPT = """
update staff.member
   set failures = case when locked_until is null then failures + 1 else 1 end,
       locked_until = case when locked_until is null and failures + 1 >= %(most)s then %(until)s::timestamptz end
 where login = %(login)s and state = 'active' and (locked_until is null or locked_until <= %(now)s)
returning staff_id, password_hash, totp_sealed, totp_step
"""
_LOCKED_UNTIL = "select locked_until from staff.member where login = %s and state = 'active'"
_SPEND_STEP = """
update staff.member set totp_step = %s, failures = 0, locked_until = null
 where staff_id = %s and totp_step < %s and state = 'active'
"""
_REHASH = "update staff.member set password_hash = %s where staff_id = %s"
_OPEN = "insert into staff.session (token_hash, staff_id, opened_at, expires_at) values (%s, %s, %s, %s)"
_CLOSE = "delete from staff.session where token_hash = %s"
_CLOSE_ALL = "delete from staff.session where staff_id = %s"
_CLOSE_OLD = "delete from staff.session where staff_id = %s and expires_at <= %s"
_LEAVE = "update staff.member set state = 'left' where staff_id = %s"
_OF_SESSION = """
select m.staff_id, m.login, m.name_sealed, g.role, g.adcode, g.institution, g.valid_until
  from staff.session s
  join staff.member m using (staff_id)
  left join staff.role_grant g
    on g.staff_id = m.staff_id and (g.valid_until is null or g.valid_until > %(now)s)
 where s.token_hash = %(token)s and s.expires_at > %(now)s and m.state = 'active'
"""

_OF_LOGIN = """
select m.staff_id, m.login, m.name_sealed, g.role, g.adcode, g.institution, g.valid_until
  from staff.member m
  left join staff.role_grant g
    on g.staff_id = m.staff_id and (g.valid_until is null or g.valid_until > %(now)s)
 where m.login = %(login)s and m.state = 'active'
"""


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a sign-in is checked against."""

    staff_id: UUID
    password_hash: str
    totp_sealed: bytes
    totp_step: int


async def insert_member(connection: Connection, row: tuple[object, ...], grants: tuple[RoleGrant, ...]) -> None:
    """Write a member; `row` is id, login, sealed name, password hash, sealed TOTP secret, time of enrolment."""
    await connection.execute(_INSERT_MEMBER, row)
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _INSERT_GRANT, [(row[0], g.role, g.adcode, g.institution, g.valid_until) for g in grants]
        )


async def count_attempt(
    connection: Connection, login: str, *, now: datetime, most: int, locked_until: datetime
) -> Credentials | None:
    """Count an attempt and return what to check it against; None if nobody has this login or it is locked."""
    facts = {"login": login, "now": now, "most": most, "until": locked_until}
    row = await (await connection.execute(_COUNT_ATTEMPT, facts)).fetchone()
    return Credentials(*row) if row else None


async def locked_until(connection: Connection, login: str) -> datetime | None:
    """When this login may try again, None if it may now."""
    row = await (await connection.execute(_LOCKED_UNTIL, [login])).fetchone()
    return row[0] if row else None


async def spend_step(connection: Connection, staff_id: UUID, step: int) -> bool:
    """Use up a TOTP step and forget the failures; False if the step or a later one was used before."""
    return (await connection.execute(_SPEND_STEP, [step, staff_id, step])).rowcount == 1


async def save_password(connection: Connection, staff_id: UUID, password_hash: str) -> None:
    """Replace a password's hash."""
    await connection.execute(_REHASH, [password_hash, staff_id])


async def open_session(
    connection: Connection, token_hash: bytes, staff_id: UUID, *, now: datetime, expires_at: datetime
) -> None:
    """Write a session down; the person's expired ones go."""
    await connection.execute(_CLOSE_OLD, [staff_id, now])
    await connection.execute(_OPEN, [token_hash, staff_id, now, expires_at])


async def close_session(connection: Connection, token_hash: bytes) -> None:
    """End one session."""
    await connection.execute(_CLOSE, [token_hash])


async def let_go(connection: Connection, staff_id: UUID) -> None:
    """A member leaves: no more sign-ins, every session ends."""
    await connection.execute(_LEAVE, [staff_id])
    await connection.execute(_CLOSE_ALL, [staff_id])


async def close_sessions(connection: Connection, staff_id: UUID) -> None:
    """End every session of a member."""
    await connection.execute(_CLOSE_ALL, [staff_id])


async def find_by_session(
    connection: Connection, token_hash: bytes, sealing: Sealing, *, now: datetime
) -> Staff | None:
    """The member of a running session, with the roles of this moment."""
    values = {"token": token_hash, "now": now}
    return _member(await (await connection.execute(_OF_SESSION, values)).fetchall(), sealing)


async def find_by_login(connection: Connection, login: str, sealing: Sealing, *, now: datetime) -> Staff | None:
    """An active member by login, with the roles of this moment; for commands, which have no session."""
    values = {"login": login.lower(), "now": now}
    return _member(await (await connection.execute(_OF_LOGIN, values)).fetchall(), sealing)


def _member(rows: Sequence[tuple[Any, ...]], sealing: Sealing) -> Staff | None:
    if not rows:
        return None
    staff_id, login, name_sealed = rows[0][:3]
    grants = frozenset(RoleGrant(Role(role), adcode, inst, until) for *_, role, adcode, inst, until in rows if role)
    return Staff(staff_id, login, sealing.open(name_sealed, what="name"), grants)
