"""SQL of reviewers' reading: how many were decided in time, and what belongs to a merchant."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

# Of each revision the last decision by a person; what the registers or the list decide takes no time of the desk.
_LEVELS = """
with decided as (
    select distinct on (d.application_id, d.revision_no) d.at, a.due_at
      from merchants.application_decision d join merchants.application a on a.application_id = d.application_id
     where d.actor like 'staff:%%' and d.at >= %(since)s and d.decision in ('approved', 'rejected', 'stopped')
       and d.revision_no = a.revision_no and a.due_at is not null
       and (%(places)s::text[] is null or a.adcode = any (%(places)s))
     order by d.application_id, d.revision_no, d.at desc
)
select count(*), count(*) filter (where at <= due_at) from decided
"""
_MERCHANT = """
select s.store_id, s.name, s.adcode, s.licence_no, s.state, s.registered_at from merchants.store s
 where (%(licence)s <> '' and s.licence_no = %(licence)s) or s.store_id = %(store)s order by s.registered_at, s.store_id
"""
_LICENCE_OF = "select licence_no from merchants.store where store_id = %s"
_APPLICATIONS = """
select application_id, shop_name, state, adcode, created_at from merchants.application
 where (%(licence)s <> '' and licence_no = %(licence)s) or store_id = %(store)s order by created_at, application_id
"""
_LISTINGS = "select listing_id from merchants.listing where licence_no = %s"


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """How many applications were decided by people, and how many of them in time."""

    decided: int
    in_time: int

    @property
    def share_bp(self) -> int | None:
        """The share in time in basis points, rounded down; None without any."""
        return self.in_time * 10_000 // self.decided if self.decided else None


@dataclass(frozen=True, slots=True)
class MerchantsStore:
    """A store of a merchant."""

    store_id: UUID
    name: str
    adcode: str
    licence_no: str
    state: str
    registered_at: datetime


@dataclass(frozen=True, slots=True)
class MerchantsApplication:
    """An application under a merchant's licence."""

    application_id: UUID
    shop_name: str
    state: str
    adcode: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Merchant:
    """All that belongs to one licence, or to a shop without one."""

    licence_no: str
    stores: Sequence[MerchantsStore]
    applications: Sequence[MerchantsApplication]
    listings: Sequence[UUID]

    @property
    def places(self) -> frozenset[str]:
        """The divisions it is in."""
        found = {store.adcode for store in self.stores} | {one.adcode for one in self.applications if one.adcode}
        return frozenset(found)


async def service_level(
    connection: Connection, *, since: datetime, places: Sequence[str] | None = None
) -> ServiceLevel:
    """What people decided since a moment; `places` None is the whole city."""
    values = {"since": since, "places": None if places is None else list(places)}
    row = await (await connection.execute(_LEVELS, values)).fetchone()
    return ServiceLevel(int(row[0]), int(row[1])) if row else ServiceLevel(0, 0)


async def merchant_of(connection: Connection, *, licence_no: str = "", store_id: UUID | None = None) -> Merchant | None:
    """The merchant of a licence, or of a store; None if nothing is known of it."""
    if store_id is not None:
        row = await (await connection.execute(_LICENCE_OF, [store_id])).fetchone()
        licence_no = row[0] if row else ""
    values = {"licence": licence_no, "store": store_id}
    stores = await (await connection.execute(_MERCHANT, values)).fetchall()
    applications = await (await connection.execute(_APPLICATIONS, values)).fetchall()
    listings = await (await connection.execute(_LISTINGS, [licence_no])).fetchall()
    if not (stores or applications or listings):
        return None
    return Merchant(
        licence_no,
        [MerchantsStore(*row) for row in stores],
        [MerchantsApplication(*row) for row in applications],
        [row[0] for row in listings],
    )
