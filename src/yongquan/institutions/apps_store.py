"""The SQL of institutions' apps: keys, nonces, usage, links to citizens, activity."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.institutions.apps import App
from yongquan.plumbing.db import Connection

_SAVE_APP = """
insert into institutions.app (institution, name, name_en, per_second, per_day, added_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (institution) do update
   set name = excluded.name, name_en = excluded.name_en, per_second = excluded.per_second, per_day = excluded.per_day
"""
_APPS = "select institution, name, name_en, per_second, per_day, state from institutions.app order by institution"
_ADD_KEY = """
insert into institutions.app_key (key_id, institution, public_key_pem, added_at, mode) values (%s, %s, %s, %s, %s)
on conflict (key_id) do nothing
"""
_REVOKE_KEY = "update institutions.app_key set revoked_at = %s where key_id = %s and revoked_at is null"
_KEY = """
select a.institution, a.name, a.name_en, a.per_second, a.per_day, a.state, k.public_key_pem, k.mode
  from institutions.app_key k join institutions.app a on a.institution = k.institution
 where k.key_id = %s and k.revoked_at is null
"""
_KEYS = "select key_id, institution, added_at, revoked_at, mode from institutions.app_key order by added_at"
# One statement a call: the nonce is spent and the call counted together.
_COUNT = """
with spent as (
    insert into institutions.nonce (institution, nonce) values (%(app)s, %(nonce)s)
    on conflict do nothing returning 1
)
insert into institutions.app_usage as u (institution, product, day, calls)
select %(app)s, %(product)s, %(day)s, 1 from spent
on conflict (institution, product, day) do update set calls = u.calls + 1
returning calls
"""
_ADD_USAGE = """
insert into institutions.app_usage as u (institution, product, day, calls) values (%s, %s, %s, %s)
on conflict (institution, product, day) do update set calls = u.calls + excluded.calls
"""
_FORGET_NONCES = "delete from institutions.nonce where seen_at < %s"
_LINK = """
insert into institutions.link as l (cell, institution, open_id, citizen_id, is_new, linked_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (cell, institution, open_id) do update
   set linked_at = case when l.unlinked_at is null then l.linked_at else excluded.linked_at end, unlinked_at = null
"""
_UNLINK = """
update institutions.link set unlinked_at = %s
 where cell = %s and institution = %s and open_id = %s and unlinked_at is null
"""
_CITIZEN = """
select citizen_id from institutions.link
 where cell = %s and institution = %s and open_id = %s and unlinked_at is null
"""
_OPEN_IDS = "select citizen_id, open_id from institutions.link where institution = %s and citizen_id = any (%s)"
_LINKS_OF_CITIZEN = """
select l.institution, a.name, a.name_en, l.open_id, l.linked_at
  from institutions.link l join institutions.app a on a.institution = l.institution
 where l.cell = %s and l.citizen_id = %s and l.unlinked_at is null order by l.linked_at
"""
_ACTIVE = """
insert into institutions.activity (cell, institution, month, citizen_id) values (%s, %s, %s, %s) on conflict do nothing
"""
_MONTHS = """
select m.month, coalesce(a.active, 0)::int, coalesce(n.linked, 0)::int, coalesce(n.fresh, 0)::int
  from (select month from institutions.activity where institution = %(app)s
        union select date_trunc('month', linked_at at time zone 'Asia/Shanghai')::date from institutions.link
               where institution = %(app)s) m
  left join (select month, count(*) as active from institutions.activity where institution = %(app)s group by month) a
    on a.month = m.month
  left join (select date_trunc('month', linked_at at time zone 'Asia/Shanghai')::date as month, count(*) as linked,
                    count(*) filter (where is_new) as fresh
               from institutions.link where institution = %(app)s group by 1) n on n.month = m.month
 order by m.month desc
"""
_CALLS = """
select day, sum(calls)::bigint from institutions.app_usage where institution = %s
 group by day order by day desc limit 31
"""


@dataclass(frozen=True, slots=True)
class AppKey:
    """A public key of an app; `revoked_at` None while it is good."""

    key_id: str
    institution: str
    added_at: datetime
    revoked_at: datetime | None
    mode: str = "live"  # or test: the risk API's sandbox alone


@dataclass(frozen=True, slots=True)
class KeyHolder:
    """Whose good key this is; one of mode test opens the risk API's sandbox alone."""

    app: App
    public_key_pem: str
    is_test: bool


@dataclass(frozen=True, slots=True)
class LinkRow:
    """An app that a citizen has linked."""

    institution: str
    name: str
    name_en: str
    open_id: UUID
    linked_at: datetime


@dataclass(frozen=True, slots=True)
class AppMonth:
    """A month of an app: citizens who did anything, links made, and how many of those were new to the platform."""

    month: date
    active: int
    linked: int
    fresh: int


async def save_app(connection: Connection, app: App, *, now: datetime) -> None:
    """Write an app, new or with other limits."""
    row = [app.institution, app.name, app.name_en, app.per_second, app.per_day, now]
    await connection.execute(_SAVE_APP, row)


async def apps(connection: Connection) -> list[App]:
    """Every app, by institution."""
    return [App(*row) for row in await (await connection.execute(_APPS)).fetchall()]


async def add_key(
    connection: Connection, institution: str, *, key_id: str, public_key_pem: str, now: datetime, mode: str = "live"
) -> bool:
    """Register a public key; False if the key id is taken."""
    return (await connection.execute(_ADD_KEY, [key_id, institution, public_key_pem, now, mode])).rowcount == 1


async def revoke_key(connection: Connection, key_id: str, *, now: datetime) -> bool:
    """End a key at once; False if it is unknown or was revoked."""
    return (await connection.execute(_REVOKE_KEY, [now, key_id])).rowcount == 1


async def keys(connection: Connection) -> list[AppKey]:
    """Every key ever registered."""
    return [AppKey(*row) for row in await (await connection.execute(_KEYS)).fetchall()]


async def holder_of_key(connection: Connection, key_id: str) -> KeyHolder | None:
    """Whose key this is; None for an unknown or revoked one."""
    row = await (await connection.execute(_KEY, [key_id])).fetchone()
    return KeyHolder(App(*row[:6]), row[6], row[7] == "test") if row else None


async def count_call(
    connection: Connection, institution: str, nonce: str, *, day: date, product: str = "app"
) -> int | None:
    """Spend a nonce and count the call; how many of the product's there were on this real day.

    None if the nonce was used before.
    """
    values = {"app": institution, "nonce": nonce, "day": day, "product": product}
    row = await (await connection.execute(_COUNT, values)).fetchone()
    return int(row[0]) if row else None


async def add_usage(connection: Connection, institution: str, product: str, *, day: date, calls: int) -> None:
    """Count calls that were made elsewhere, in a simulated day."""
    await connection.execute(_ADD_USAGE, [institution, product, day, calls])


async def forget_nonces(connection: Connection, *, before: datetime) -> None:
    """Delete nonces whose requests would be refused for their age."""
    await connection.execute(_FORGET_NONCES, [before])


async def save_link(
    connection: Connection, cell: int, institution: str, *, open_id: UUID, citizen_id: UUID, is_new: bool, now: datetime
) -> None:
    """Link a citizen, or link again."""
    await connection.execute(_LINK, [cell, institution, open_id, citizen_id, is_new, now])


async def end_link(connection: Connection, cell: int, institution: str, open_id: UUID, *, now: datetime) -> bool:
    """The citizen does not want it any more; False if there was no link."""
    return (await connection.execute(_UNLINK, [now, cell, institution, open_id])).rowcount == 1


async def linked_citizen(connection: Connection, cell: int, institution: str, open_id: UUID) -> UUID | None:
    """Whom an institution calls by this open id."""
    row = await (await connection.execute(_CITIZEN, [cell, institution, open_id])).fetchone()
    return row[0] if row else None


async def open_ids_of(connection: Connection, institution: str, citizen_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """What an institution calls those of some citizens whom it knows."""
    return dict(await (await connection.execute(_OPEN_IDS, [institution, list(citizen_ids)])).fetchall())


async def links_of(connection: Connection, cell: int, citizen_id: UUID) -> Sequence[LinkRow]:
    """The apps a citizen has linked."""
    rows = await (await connection.execute(_LINKS_OF_CITIZEN, [cell, citizen_id])).fetchall()
    return [LinkRow(*row) for row in rows]


async def note_active(connection: Connection, cell: int, institution: str, citizen_id: UUID, *, day: date) -> None:
    """A citizen did something through an app."""
    await connection.execute(_ACTIVE, [cell, institution, day.replace(day=1), citizen_id])


async def months_of(connection: Connection, institution: str) -> list[AppMonth]:
    """An app's months, newest first."""
    return [AppMonth(*row) for row in await (await connection.execute(_MONTHS, {"app": institution})).fetchall()]


async def calls_of(connection: Connection, institution: str) -> list[tuple[date, int]]:
    """How often an app called on its last 31 days."""
    return [(row[0], row[1]) for row in await (await connection.execute(_CALLS, [institution])).fetchall()]
