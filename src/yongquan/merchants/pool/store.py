"""The pool's SQL: consents, grants, versions."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from yongquan.merchants.pool.model import BANDS, Bounds, Wanted
from yongquan.plumbing.db import Connection

_CONSENT = """
insert into merchants.pool_consent (store_id, consented_at, text_no, consented_by) values (%s, %s, %s, %s)
    on conflict (store_id) where withdrawn_at is null do nothing
"""
_CONSENT_ALL = """
insert into merchants.pool_consent (store_id, consented_at, text_no, consented_by)
select s, %s, %s, %s from unnest(%s::uuid[]) as s on conflict (store_id) where withdrawn_at is null do nothing
"""
_WITHDRAW = """
update merchants.pool_consent set withdrawn_at = %s, withdrawn_by = %s where store_id = %s and withdrawn_at is null
"""
_LEAVE = "update merchants.pool_member set left_at = %s where store_id = %s and left_at is null"
_LEAVE_GROUPS = """
delete from merchants.shop_group_member g using merchants.pool_version v, merchants.pool_member m
 where m.store_id = %(store)s and v.version_id = m.version_id and g.code = v.group_code and g.store_id = %(store)s
"""
_CONSENTS = """
select consented_at, text_no, withdrawn_at from merchants.pool_consent where store_id = %s order by consented_at desc
"""
_GRANT = """
insert into merchants.pool_grant (grant_id, holder, adcodes, industries, reason, granted_by, granted_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
_REVOKE = """
update merchants.pool_grant set revoked_by = %s, revoked_at = %s where holder = %s and revoked_at is null
"""
_GRANTS = """
select grant_id, holder, adcodes, industries, reason, granted_by, granted_at, revoked_by, revoked_at
  from merchants.pool_grant order by revoked_at is not null, granted_at desc
"""
_BOUNDS = "select adcodes, industries from merchants.pool_grant where holder = %s and revoked_at is null"
# The consenting shops that a filter finds inside a grant's bounds, graded by the last graded month.
_FOUND = """
  from merchants.pool_consent c
  join merchants.store s on s.store_id = c.store_id
  left join merchants.shop_tier t on t.store_id = s.store_id and t.month = %(month)s::date
 where c.withdrawn_at is null and s.state = 'open'
   and (%(within)s::text[] is null or s.adcode = any (%(within)s))
   and (%(trades)s::text[] is null or s.industry = any (%(trades)s))
   and (cardinality(%(adcodes)s::text[]) = 0 or s.adcode = any (%(adcodes)s))
   and (cardinality(%(industries)s::text[]) = 0 or s.industry = any (%(industries)s))
   and (cardinality(%(tiers)s::text[]) = 0 or t.tier = any (%(tiers)s))
   and (cardinality(%(grids)s::text[]) = 0 or t.grid = any (%(grids)s))
   and (cardinality(%(froms)s::int[]) = 0 or exists (
        select from unnest(%(froms)s::int[], %(untils)s::int[]) as b (low, high)
         where coalesce(t.measures[3], 0) between b.low and b.high))
   and (%(west)s::float8 is null
        or s.lon >= %(west)s and s.lon < %(east)s and s.lat >= %(south)s and s.lat < %(north)s)
"""
_COUNT = f"select count(*) {_FOUND}"
_BY = f"select s.adcode, s.industry, count(*)::int {_FOUND} group by s.adcode, s.industry"
_LIST = f"select s.store_id, s.name, s.address, s.industry, s.adcode, s.lon, s.lat {_FOUND} order by s.store_id"
_PAGE = f"{_LIST} limit %(limit)s"
_SQUARES = f"""
select avg(s.lon), avg(s.lat), count(*)::int {_FOUND}
 group by floor(s.lon / %(step)s::float8), floor(s.lat / %(step)s::float8)
"""
_LATEST = "select max(month) from merchants.tier_month"
_ONE_WRITER = "lock table merchants.pool_version in share row exclusive mode"
_NEXT = "select coalesce(max(version_no), 0) + 1 from merchants.pool_version where holder = %s and pool = %s"
_SAVE = """
insert into merchants.pool_version (version_id, holder, pool, version_no, group_code, wanted, month, members, digest,
                                    saved_by, saved_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_COPY = "copy merchants.pool_member (version_id, store_id) from stdin"
_COLUMNS = """v.version_id, v.holder, v.pool, v.version_no, v.group_code, v.wanted, v.month, v.members, v.digest,
       v.saved_by, v.saved_at,
       (select count(*)::int from merchants.pool_member m
         where m.version_id = v.version_id and m.left_at is not null)"""
_VERSIONS = f"""
select {_COLUMNS} from merchants.pool_version v where v.holder = %s order by v.saved_at desc, v.version_no desc
"""
_VERSION = f"select {_COLUMNS} from merchants.pool_version v where v.version_id = %s"
_MEMBERS = """
select s.store_id, s.name, s.address, s.industry, s.adcode, s.lon, s.lat
  from merchants.pool_member m join merchants.store s on s.store_id = m.store_id
 where m.version_id = %s and m.left_at is null order by s.store_id limit %s
"""


@dataclass(frozen=True, slots=True)
class Consent:
    """When a shop agreed, to which wording, and until when."""

    consented_at: datetime
    text_no: int
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class PoolGrant:
    """A holder's access and its bounds."""

    grant_id: UUID
    holder: str
    adcodes: Sequence[str] | None
    industries: Sequence[str] | None
    reason: str
    granted_by: str
    granted_at: datetime
    revoked_by: str | None
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class PoolShop:
    """A shop of the pool as a holder sees it."""

    store_id: UUID
    name: str
    address: str
    industry: str
    adcode: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class PoolVersion:
    """A saved choice; `left` of its members have withdrawn since."""

    version_id: UUID
    holder: str
    pool: str
    version_no: int
    group_code: str
    wanted: Wanted
    month: date | None
    members: int
    digest: str
    saved_by: str
    saved_at: datetime
    left: int = 0


async def consent(connection: Connection, store_id: UUID, text_no: int, *, actor: str, now: datetime) -> bool:
    """Join the pool; False if the shop is in it."""
    return (await connection.execute(_CONSENT, [store_id, now, text_no, actor])).rowcount == 1


async def consent_all(
    connection: Connection, stores: Sequence[UUID], text_no: int, *, actor: str, now: datetime
) -> None:
    """Let many shops join at once."""
    await connection.execute(_CONSENT_ALL, [now, text_no, actor, list(stores)])


async def withdraw(connection: Connection, store_id: UUID, *, actor: str, now: datetime) -> bool:
    """Leave the pool and every shop group made of it, at once; False if the shop was not in it."""
    if (await connection.execute(_WITHDRAW, [now, actor, store_id])).rowcount == 0:
        return False
    await connection.execute(_LEAVE_GROUPS, {"store": store_id})
    await connection.execute(_LEAVE, [now, store_id])
    return True


async def consents_of(connection: Connection, store_id: UUID) -> list[Consent]:
    """A shop's consents, the latest first; the one without an end stands."""
    return [Consent(*row) for row in await (await connection.execute(_CONSENTS, [store_id])).fetchall()]


async def grant(
    connection: Connection, grant_id: UUID, holder: str, bounds: Bounds, *, reason: str, actor: str, now: datetime
) -> None:
    """Open the pool to a holder within bounds, in place of what it had."""
    await revoke(connection, holder, actor=actor, now=now)
    adcodes = None if bounds.adcodes is None else list(bounds.adcodes)
    industries = None if bounds.industries is None else list(bounds.industries)
    await connection.execute(_GRANT, [grant_id, holder, adcodes, industries, reason, actor, now])


async def revoke(connection: Connection, holder: str, *, actor: str, now: datetime) -> bool:
    """Close the pool to a holder; False if it was closed."""
    return (await connection.execute(_REVOKE, [actor, now, holder])).rowcount == 1


async def grants(connection: Connection) -> list[PoolGrant]:
    """Every grant, those that stand first."""
    return [PoolGrant(*row) for row in await (await connection.execute(_GRANTS)).fetchall()]


async def bounds_of(connection: Connection, holder: str) -> Bounds | None:
    """What a holder may see; None: nothing."""
    row = await (await connection.execute(_BOUNDS, [holder])).fetchone()
    return Bounds(*row) if row else None


async def graded_month(connection: Connection) -> date | None:
    """The month whose grades filters read."""
    row = await (await connection.execute(_LATEST)).fetchone()
    return row[0] if row else None


async def count_found(connection: Connection, bounds: Bounds, wanted: Wanted, month: date | None) -> int:
    """How many shops a filter finds."""
    row = await (await connection.execute(_COUNT, _values(bounds, wanted, month))).fetchone()
    return int(row[0]) if row else 0


async def count_by(
    connection: Connection, bounds: Bounds, wanted: Wanted, month: date | None
) -> list[tuple[str, str, int]]:
    """(division, industry, shops) of what a filter finds."""
    rows = await (await connection.execute(_BY, _values(bounds, wanted, month))).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


async def shops_found(
    connection: Connection, bounds: Bounds, wanted: Wanted, month: date | None, *, limit: int | None = None
) -> list[PoolShop]:
    """The shops a filter finds, `limit` at most."""
    values = _values(bounds, wanted, month) | {"limit": limit}
    return [PoolShop(*row) for row in await (await connection.execute(_PAGE, values)).fetchall()]


async def squares_found(
    connection: Connection, bounds: Bounds, wanted: Wanted, month: date | None, *, step: float
) -> list[tuple[float, float, int]]:
    """(lon, lat, shops) by squares of `step` degrees."""
    values = _values(bounds, wanted, month) | {"step": step}
    return [(r[0], r[1], r[2]) for r in await (await connection.execute(_SQUARES, values)).fetchall()]


async def next_version_no(connection: Connection, holder: str, pool: str) -> int:
    """The number of a pool's next version. Locks the table of versions."""
    await connection.execute(_ONE_WRITER)
    row = await (await connection.execute(_NEXT, [holder, pool])).fetchone()
    return int(row[0]) if row else 1


async def save_version(connection: Connection, version: PoolVersion, members: Sequence[UUID]) -> None:
    """Write a version with its members; it is never changed."""
    v = version
    wanted = Jsonb(msgspec.to_builtins(v.wanted))
    facts = [v.version_id, v.holder, v.pool, v.version_no, v.group_code, wanted, v.month, v.members, v.digest]
    await connection.execute(_SAVE, [*facts, v.saved_by, v.saved_at])
    async with connection.cursor().copy(_COPY) as copy:
        for member in members:
            await copy.write_row((v.version_id, member))


async def versions_of(connection: Connection, holder: str) -> list[PoolVersion]:
    """A holder's versions, the latest first."""
    return [_read(row) for row in await (await connection.execute(_VERSIONS, [holder])).fetchall()]


async def version_of(connection: Connection, version_id: UUID) -> PoolVersion | None:
    """One version."""
    row = await (await connection.execute(_VERSION, [version_id])).fetchone()
    return _read(row) if row else None


async def members_of(connection: Connection, version_id: UUID, *, limit: int | None = None) -> list[PoolShop]:
    """A version's shops that are in the pool still."""
    return [PoolShop(*row) for row in await (await connection.execute(_MEMBERS, [version_id, limit])).fetchall()]


def _values(bounds: Bounds, wanted: Wanted, month: date | None) -> dict[str, Any]:
    west, south, east, north = wanted.box or (None, None, None, None)
    bands = [BANDS[band] for band in wanted.bands]
    return {
        "within": None if bounds.adcodes is None else list(bounds.adcodes),
        "trades": None if bounds.industries is None else list(bounds.industries),
        "adcodes": list(wanted.adcodes),
        "industries": list(wanted.industries),
        "tiers": list(wanted.tiers),
        "grids": list(wanted.grids),
        "froms": [band[0] for band in bands],
        "untils": [band[1] for band in bands],
        "month": month,
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }


def _read(row: Any) -> PoolVersion:
    values = [*row]
    values[5] = msgspec.convert(row[5], Wanted)
    return PoolVersion(*values)
