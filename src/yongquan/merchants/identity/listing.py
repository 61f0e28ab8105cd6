"""The yellow list's SQL: proposed by one person, decided by another, ended or spared with a reason."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.identity.model import Level, Listing, ListingState
from yongquan.plumbing.db import Connection

_COLUMNS = """
listing_id, licence_no, name, level, reason, basis, provenance, facts_on, starts_at, ends_at, state, proposed_by,
proposed_at, decided_by, decided_at, spared_at, end_reason
"""
_END_PAST = """
update merchants.listing set state = 'ended', ended_by = 'system:end', ended_at = ends_at, end_reason = 'term'
 where licence_no = %s and state = 'listed' and ends_at <= %s
"""
_PROPOSE = """
insert into merchants.listing (listing_id, licence_no, name, level, reason, basis, provenance, facts_on, starts_at,
                               ends_at, state, proposed_by, proposed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'proposed', %s, %s) on conflict do nothing
"""
_ONE = f"select {_COLUMNS} from merchants.listing where listing_id = %s"
_DECIDE = "update merchants.listing set state = %s, decided_by = %s, decided_at = %s where listing_id = %s"
_END = """
update merchants.listing set state = 'ended', ended_by = %s, ended_at = %s, end_reason = %s where listing_id = %s
"""
_SPARE = """
update merchants.listing set spared_by = %s, spared_at = %s
 where licence_no = %s and state = 'listed' and spared_at is null
"""
_WIDEN = "update merchants.listing set facts_on = greatest(facts_on, %s) where licence_no = %s and state = 'listed'"
_IN_FORCE = f"""
select {_COLUMNS} from merchants.listing
 where licence_no = any (%s) and state = 'listed' and starts_at <= %s and (ends_at is null or ends_at > %s)
"""
_ALL = f"select {_COLUMNS} from merchants.listing order by proposed_at desc, listing_id limit %s"


async def propose(connection: Connection, listing: Listing) -> bool:
    """Write a proposal; False if the licence has one, or is listed, already."""
    await connection.execute(_END_PAST, [listing.licence_no, listing.proposed_at])
    values = [
        *(listing.listing_id, listing.licence_no, listing.name, listing.level.value, listing.reason, listing.basis),
        *(listing.provenance, listing.facts_on, listing.starts_at, listing.ends_at),
        *(listing.proposed_by, listing.proposed_at),
    ]
    return (await connection.execute(_PROPOSE, values)).rowcount == 1


async def listing_of(connection: Connection, listing_id: UUID, *, lock: bool = False) -> Listing | None:
    """One entry."""
    row = await (await connection.execute(_ONE + (" for update" if lock else ""), [listing_id])).fetchone()
    return _listing(row) if row else None


async def decide(connection: Connection, listing_id: UUID, state: ListingState, *, by: str, now: datetime) -> None:
    """Write down what the second person decided."""
    await connection.execute(_DECIDE, [state.value, by, now, listing_id])


async def end(connection: Connection, listing_id: UUID, *, by: str, reason: str, now: datetime) -> None:
    """Take a licence off the list."""
    await connection.execute(_END, [by, now, reason, listing_id])


async def spare(connection: Connection, licence_no: str, *, by: str, now: datetime) -> None:
    """The licence is an innocent successor's now: its listing means its old owner alone."""
    await connection.execute(_SPARE, [by, now, licence_no])


async def widen(connection: Connection, licence_no: str, *, facts_on: date) -> None:
    """A licence's listing means whoever owned it on that day as well as before."""
    await connection.execute(_WIDEN, [facts_on, licence_no])


async def listings_in_force(connection: Connection, licences: Sequence[str], *, now: datetime) -> dict[str, Listing]:
    """The listings that have effect now, by licence."""
    rows = await (await connection.execute(_IN_FORCE, [list(licences), now, now])).fetchall()
    return {listing.licence_no: listing for listing in map(_listing, rows)}


async def listings(connection: Connection, *, limit: int = 200) -> list[Listing]:
    """The newest entries, whatever their state."""
    return [_listing(row) for row in await (await connection.execute(_ALL, [limit])).fetchall()]


def _listing(row: Sequence[Any]) -> Listing:
    return Listing(*[*row[:3], Level(row[3]), *row[4:10], ListingState(row[10]), *row[11:]])
