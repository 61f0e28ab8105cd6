"""The SQL of providers and their people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.providers.model import NewProvider, NewSurveyor, Provider, ProviderState, Surveyor
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_NEW = """
insert into merchants.provider (provider_id, name, licence_no, contact_sealed, phone_sealed, state, capacity_minutes,
                                depot_address, depot_lon, depot_lat, applied_at, applied_by, changed_at)
values (%(id)s, %(name)s, %(licence)s, %(contact)s, %(phone)s, 'applied', %(capacity)s, %(address)s, %(lon)s, %(lat)s,
        %(now)s, %(by)s, %(now)s)
on conflict do nothing
"""
_PROVIDER = """
select provider_id, name, licence_no, state, contract_from, contract_until, capacity_minutes, depot_address, depot_lon,
       depot_lat, applied_at, applied_by, decided_by, reason
  from merchants.provider
"""
_CONTACT = "select contact_sealed, phone_sealed from merchants.provider where provider_id = %s"
_DECIDE = """
update merchants.provider
   set state = %(state)s, contract_from = coalesce(%(from)s::date, contract_from),
       contract_until = coalesce(%(until)s::date, contract_until), decided_by = %(by)s,
       approved_by = case when %(from)s::date is null then approved_by else %(by)s end, reason = %(reason)s,
       changed_at = %(now)s
 where provider_id = %(id)s
"""
_CAPACITY = "update merchants.provider set capacity_minutes = %s, changed_at = %s where provider_id = %s"
_NEW_SURVEYOR = """
insert into merchants.surveyor (surveyor_id, provider_id, phone_index, phone_sealed, name_sealed, is_lead, added_at,
                                added_by)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_SURVEYOR = """
select s.surveyor_id, s.provider_id, s.name_sealed, s.phone_sealed, s.is_lead, s.left_at, p.name
  from merchants.surveyor s join merchants.provider p using (provider_id)
"""
_LEAVE = "update merchants.surveyor set left_at = %s where surveyor_id = %s and left_at is null"


async def add_provider(
    connection: Connection, new: NewProvider, sealing: Sealing, *, by: str, now: datetime
) -> Provider | None:
    """Write an application down; the same again changes nothing. None if name or licence are another's."""
    values = {
        "id": new.provider_id,
        "name": new.name.strip(),
        "licence": new.licence_no,
        "contact": sealing.seal(new.contact.strip(), what="name"),
        "phone": sealing.seal(new.phone, what="phone"),
        "capacity": new.capacity_minutes,
        "address": new.depot_address.strip(),
        "lon": new.depot_lon,
        "lat": new.depot_lat,
        "by": by,
        "now": now,
    }
    await connection.execute(_NEW, values)
    found = await provider_of(connection, new.provider_id)
    return found if found and found.licence_no == new.licence_no else None


async def providers(connection: Connection) -> list[Provider]:
    """Every provider, by name."""
    rows = await (await connection.execute(f"{_PROVIDER} order by name")).fetchall()
    return [_provider(row) for row in rows]


async def provider_of(connection: Connection, provider_id: UUID, *, lock: bool = False) -> Provider | None:
    """One provider, kept from changing for this transaction if `lock`."""
    query = f"{_PROVIDER} where provider_id = %s{' for update' if lock else ''}"
    row = await (await connection.execute(query, [provider_id])).fetchone()
    return _provider(row) if row else None


async def contact_of(connection: Connection, provider_id: UUID, sealing: Sealing) -> tuple[str, str]:
    """Whom to call at a provider: the name, and the phone with its middle masked."""
    row = await (await connection.execute(_CONTACT, [provider_id])).fetchone()
    if row is None:
        return "", ""
    return sealing.open(bytes(row[0]), what="name"), masked(sealing.open(bytes(row[1]), what="phone"))


async def set_provider_state(
    connection: Connection,
    provider_id: UUID,
    state: ProviderState,
    *,
    contract: tuple[date, date] | None,
    reason: str,
    by: str,
    now: datetime,
) -> None:
    """Move a provider to a state, with its contract's first and last day if it gets one."""
    first, last = contract or (None, None)
    values = {"state": state, "from": first, "until": last, "by": by, "reason": reason, "now": now}
    await connection.execute(_DECIDE, values | {"id": provider_id})


async def set_capacity(connection: Connection, provider_id: UUID, minutes: int, *, now: datetime) -> None:
    """Change what a provider can do in a month."""
    await connection.execute(_CAPACITY, [minutes, now, provider_id])


async def add_surveyor(connection: Connection, new: NewSurveyor, sealing: Sealing, *, by: str, now: datetime) -> bool:
    """Write somebody down; False if somebody else at work has this phone. The same again changes nothing."""
    index = sealing.index(new.phone, what="phone")
    phone, name = sealing.seal(new.phone, what="phone"), sealing.seal(new.name, what="name")
    values = [new.surveyor_id, new.provider_id, index, phone, name, new.is_lead, now, by]
    if (await connection.execute(_NEW_SURVEYOR, values)).rowcount == 1:
        return True
    found = await surveyor_of(connection, new.surveyor_id, sealing)
    return found is not None and found.provider_id == new.provider_id


async def surveyors(connection: Connection, sealing: Sealing, *, provider_id: UUID | None = None) -> list[Surveyor]:
    """Who works for a provider, or for any, in the order they came; those who left are last."""
    where = " where %(provider)s::uuid is null or s.provider_id = %(provider)s"
    query = f"{_SURVEYOR}{where} order by s.left_at is not null, s.added_at, s.surveyor_id"
    rows = await (await connection.execute(query, {"provider": provider_id})).fetchall()
    return [_surveyor(row, sealing) for row in rows]


async def surveyor_of(connection: Connection, surveyor_id: UUID, sealing: Sealing) -> Surveyor | None:
    """Somebody who works or worked for a provider."""
    row = await (await connection.execute(f"{_SURVEYOR} where s.surveyor_id = %s", [surveyor_id])).fetchone()
    return _surveyor(row, sealing) if row else None


async def surveyor_by_phone(connection: Connection, phone: str, sealing: Sealing) -> Surveyor | None:
    """Who works for a provider and has this phone."""
    query = f"{_SURVEYOR} where s.phone_index = %s and s.left_at is null"
    row = await (await connection.execute(query, [sealing.index(phone, what="phone")])).fetchone()
    return _surveyor(row, sealing) if row else None


async def let_go(connection: Connection, surveyor_id: UUID, *, now: datetime) -> bool:
    """Somebody leaves; False if the person had left before."""
    return (await connection.execute(_LEAVE, [now, surveyor_id])).rowcount == 1


def masked(phone: str) -> str:
    """A phone whose middle nobody reads."""
    return f"{phone[:3]}****{phone[-4:]}"


def _provider(row: tuple[Any, ...]) -> Provider:
    return Provider(row[0], row[1], row[2], ProviderState(row[3]), *row[4:])


def _surveyor(row: tuple[Any, ...], sealing: Sealing) -> Surveyor:
    name, phone = sealing.open(bytes(row[2]), what="name"), sealing.open(bytes(row[3]), what="phone")
    return Surveyor(row[0], row[1], name, masked(phone), row[4], row[5], row[6])
