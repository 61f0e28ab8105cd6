"""The SQL of licences, their owners and accounts, and the marks by which identities are linked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yongquan.kernel.ids import named_id
from yongquan.merchants.identity.model import LicenceKind, LicenceStatus, MarkKind, Record
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

WATCH_EVERY_DAYS = 30
# Listing somebody and letting somebody in look at the same marks: whoever comes second sees what the first one did.
_LOCK = "select pg_advisory_xact_lock(20036, 0)"
_OF_STORES = """
insert into merchants.licence (licence_no, kind, brand_id, name, address, source, registered_at)
select distinct on (s.licence_no) s.licence_no,
       case substr(s.licence_no, 1, 2) when '91' then 'company' when '92' then 'sole_trader'
            when '93' then 'cooperative' else 'other' end,
       b.brand_id, s.name, s.address, 'list', s.registered_at
  from merchants.store s left join merchants.brand b on b.name = s.brand
 where s.store_id = any (%s) and s.licence_no <> '' order by s.licence_no, s.store_id
    on conflict do nothing
"""
_BRAND = "insert into merchants.brand (brand_id, name) values (%s, %s) on conflict do nothing"
_KEEP = """
insert into merchants.licence as l (licence_no, kind, head_no, brand_id, name, address, scope, status, owner_since,
                                    source, registered_at, answered_at, ask_at)
values (%(licence)s, %(kind)s, %(head)s, %(brand)s, %(name)s, %(address)s, %(scope)s, %(status)s, %(owner_since)s,
        'application', %(now)s, %(now)s, %(now)s + make_interval(days => %(days)s))
    on conflict (licence_no) do update
   set kind = excluded.kind, head_no = excluded.head_no, brand_id = coalesce(excluded.brand_id, l.brand_id),
       name = excluded.name, address = excluded.address, scope = excluded.scope, status = excluded.status,
       owner_since = excluded.owner_since, answered_at = excluded.answered_at, ask_at = excluded.ask_at
"""
_ANSWERED = """
update merchants.licence
   set kind = %(kind)s, head_no = %(head)s, name = %(name)s, address = %(address)s, scope = %(scope)s,
       status = %(status)s, owner_since = %(owner_since)s, answered_at = %(now)s,
       ask_at = %(now)s + make_interval(days => %(days)s)
 where licence_no = %(licence)s
"""
_END_OWNER = """
update merchants.licence_owner set until = %s where licence_no = %s and until is null and since < %s
"""
_OWNER = """
insert into merchants.licence_owner (licence_no, since, role, name_sealed) values (%s, %s, %s, %s)
    on conflict do nothing
"""
_OWNERS = """
select o.since, o.until, o.role, o.name_sealed from merchants.licence_owner o where o.licence_no = %s order by o.since
"""
_ACCOUNT = """
insert into merchants.licence_account (licence_no, acquirer, account_index, account_sealed, holder_sealed, since)
values (%s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_LICENCE = """
select l.licence_no, l.kind, coalesce(l.head_no, ''), coalesce(b.name, ''), l.name, l.address, l.scope, l.status,
       l.owner_since, l.source, l.answered_at
  from merchants.licence l left join merchants.brand b on b.brand_id = l.brand_id where l.licence_no = %s
"""
_MARK = """
insert into merchants.identity_mark (kind, mark, identity, since) values (%s, %s, %s, %s) on conflict do nothing
"""
_FORGET_MARKS = "delete from merchants.identity_mark where identity = %s"
_END_MARK = """
update merchants.identity_mark set until = %s where identity = %s and kind = %s and until is null and since < %s
"""
_ALIKE = """
select m.identity, m.kind, m.since, m.until from unnest(%s::text[], %s::bytea[]) as u(kind, mark)
  join merchants.identity_mark m on m.kind = u.kind and m.mark = u.mark
 where m.identity <> all (%s)
"""
_NAMES = """
select l.licence_no, l.name from merchants.licence l where l.licence_no = any (%(ids)s)
union all
select 'application:' || a.application_id, a.shop_name from merchants.application a
 where 'application:' || a.application_id = any (%(ids)s)
   and a.application_id = any (select replace(i, 'application:', '')::uuid from unnest(%(ids)s) i
                                where i like 'application:%%')
union all
select 'shop:' || s.store_id, s.name from merchants.store s
 where s.store_id = any (select replace(i, 'shop:', '')::uuid from unnest(%(ids)s) i where i like 'shop:%%')
"""
_BRANCHES = "select licence_no from merchants.licence where head_no = %s order by licence_no limit 50"
_TO_ASK = """
select licence_no from merchants.licence where ask_at <= %s order by ask_at limit %s for no key update skip locked
"""
_ASK_AT = "update merchants.licence set ask_at = %s where licence_no = any (%s)"


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as it is known here; `status` is what the register told last."""

    licence_no: str
    kind: LicenceKind
    head_no: str
    brand: str
    name: str
    address: str
    scope: str
    status: LicenceStatus
    owner_since: date | None
    source: str
    answered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Owner:
    """Who answered for a licence, and from when until when (exclusive)."""

    since: date
    until: date | None
    role: str
    name: str


@dataclass(frozen=True, slots=True)
class AlikeMark:
    """A mark that another identity has in common, and its days there."""

    identity: str
    kind: MarkKind
    since: date
    until: date | None

    def was_on(self, day: date) -> bool:
        """Whether the identity had it on that day."""
        return self.since <= day and (self.until is None or day < self.until)


async def lock_identities(connection: Connection) -> None:
    """Until the commit, nobody else lists a licence or lets an applicant in."""
    await connection.execute(_LOCK)


async def save_licences_of(connection: Connection, store_ids: Sequence[object], brands: Sequence[str]) -> None:
    """Write the licences of new stores that are not there yet, with what the code itself tells of them."""
    async with connection.cursor() as cursor:
        await cursor.executemany(_BRAND, [(named_id("brand", name), name) for name in brands])
    await connection.execute(_OF_STORES, [list(store_ids)])


async def save_licence(connection: Connection, record: Record, *, brand: str, sealing: Sealing, now: datetime) -> None:
    """Keep a licence as the register tells it, with its owners one after the other."""
    brand_id = named_id("brand", brand) if brand else None
    if brand:
        await connection.execute(_BRAND, [brand_id, brand])
    await connection.execute(_KEEP, {**_facts(record, now), "brand": brand_id})
    await save_owner(connection, record, sealing)


async def save_answer(connection: Connection, record: Record, *, sealing: Sealing, now: datetime) -> None:
    """Keep what the register told of a licence that is here already."""
    await connection.execute(_ANSWERED, _facts(record, now))
    await save_owner(connection, record, sealing)


async def save_owner(connection: Connection, record: Record, sealing: Sealing) -> None:
    """Write the present owner down, and the end of the one before."""
    since = record.owner_since
    await connection.execute(_END_OWNER, [since, record.licence_no, since])
    sealed = sealing.seal(record.person, what="name")
    await connection.execute(_OWNER, [record.licence_no, since, record.kind.role, sealed])


async def owners_of(connection: Connection, licence_no: str, sealing: Sealing) -> list[Owner]:
    """The owners of a licence, the first one first."""
    rows = await (await connection.execute(_OWNERS, [licence_no])).fetchall()
    return [Owner(row[0], row[1], row[2], sealing.open(bytes(row[3]), what="name")) for row in rows]


async def save_account(
    connection: Connection,
    licence_no: str,
    *,
    acquirer: str,
    account_no: str,
    holder: str,
    sealing: Sealing,
    now: datetime,
) -> None:
    """Keep a settlement account of a licence."""
    index = sealing.index(f"{acquirer}:{account_no}", what="mark account")
    sealed, name = sealing.seal(account_no, what="account"), sealing.seal(holder, what="name")
    await connection.execute(_ACCOUNT, [licence_no, acquirer, index, sealed, name, now])


async def licence_of(connection: Connection, licence_no: str) -> Licence | None:
    """A licence by its code."""
    row = await (await connection.execute(_LICENCE, [licence_no])).fetchone()
    if row is None:
        return None
    return Licence(*[row[0], LicenceKind(row[1]), *row[2:7], LicenceStatus(row[7]), *row[8:]])


async def save_marks(connection: Connection, identity: str, marks: Mapping[MarkKind, bytes], *, since: date) -> None:
    """Give an identity its marks; one that it has already stays as it was."""
    async with connection.cursor() as cursor:
        await cursor.executemany(_MARK, [(kind.value, mark, identity, since) for kind, mark in marks.items()])


async def end_marks(connection: Connection, identity: str, kind: MarkKind, *, until: date) -> None:
    """An identity has no mark of this kind any more from a day on."""
    await connection.execute(_END_MARK, [until, identity, kind.value, until])


async def forget_marks(connection: Connection, identity: str) -> None:
    """Take every mark of an identity away: an application that ended is nobody's trace."""
    await connection.execute(_FORGET_MARKS, [identity])


async def alike(connection: Connection, marks: Mapping[MarkKind, bytes], *, without: Sequence[str]) -> list[AlikeMark]:
    """The same marks at other identities."""
    values = [[kind.value for kind in marks], list(marks.values()), list(without)]
    rows = await (await connection.execute(_ALIKE, values)).fetchall()
    return [AlikeMark(row[0], MarkKind(row[1]), row[2], row[3]) for row in rows]


async def names_of_identities(connection: Connection, identities: Sequence[str]) -> dict[str, str]:
    """What identities are called."""
    rows = await (await connection.execute(_NAMES, {"ids": list(identities)})).fetchall()
    return {row[0]: row[1] for row in rows}


async def branches_of(connection: Connection, licence_no: str) -> list[str]:
    """The branches of a head that are known here."""
    return [row[0] for row in await (await connection.execute(_BRANCHES, [licence_no])).fetchall()]


async def licences_to_ask(connection: Connection, *, now: datetime, limit: int, next_at: datetime) -> list[str]:
    """Licences whose turn it is, which are put off until `next_at`, lest two askers meet."""
    found = [row[0] for row in await (await connection.execute(_TO_ASK, [now, limit])).fetchall()]
    await connection.execute(_ASK_AT, [next_at, found])
    return found


def _facts(record: Record, now: datetime) -> dict[str, object]:
    return {
        "licence": record.licence_no,
        "kind": record.kind.value,
        "head": record.head_no or None,
        "name": record.name,
        "address": record.address,
        "scope": record.scope,
        "status": record.status.value,
        "owner_since": record.owner_since,
        "now": now,
        "days": WATCH_EVERY_DAYS,
    }
