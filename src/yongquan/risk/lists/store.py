"""The lists' SQL. Changes stand in one line (the book's row), so versions commit in their order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour, ListEntry
from yongquan.risk.lists.record import EntryRecord, EntryState, NewEntry

COLUMNS = """
entry_id, colour, party, value, tier, source, branch, since, until, basis, state, proposed_by, proposed_at, decided_by,
decided_at, appeal, appealed_at, released_by, released_at, release_reason
"""
_TURN = "update risk.list_book set version = version + 1 returning version"
_VERSION = "select version from risk.list_book"
_INSERT = """
insert into risk.list_entry (entry_id, colour, party, value, tier, source, branch, basis, since, until, state,
                             proposed_by, proposed_at, version)
select u.*, %(by)s, %(now)s, %(version)s
  from unnest(%(id)s::uuid[], %(colour)s::text[], %(party)s::text[], %(value)s::text[], %(tier)s::smallint[],
              %(source)s::text[], %(branch)s::text[], %(basis)s::text[], %(since)s::timestamptz[],
              %(until)s::timestamptz[], %(state)s::text[]) as u
    on conflict do nothing returning entry_id
"""
_ONE = f"select {COLUMNS} from risk.list_entry where entry_id = %s"
_NAMED = f"select {COLUMNS} from risk.list_entry where entry_id = any (%s)"
_OPEN = """
select party, value, branch from risk.list_entry
 where value = any (%s) and state in ('proposed', 'listed', 'appealed')
"""
_END_PAST = """
update risk.list_entry set state = 'released', released_by = 'system:end', released_at = until, release_reason = 'term',
       version = %s
 where state in ('listed', 'appealed') and until <= %s returning party, value
"""
_MOVE = """
update risk.list_entry set state = %(to)s, version = %(version)s,
       decided_by = coalesce(%(decided_by)s, decided_by),
       decided_at = case when %(decided_by)s::text is null then decided_at else %(now)s end,
       appeal = coalesce(%(appeal)s, appeal),
       appealed_at = case when %(appeal)s::text is null then appealed_at else %(now)s end,
       released_by = coalesce(%(released_by)s, released_by),
       released_at = case when %(released_by)s::text is null then released_at else %(now)s end,
       release_reason = coalesce(%(reason)s, release_reason)
 where entry_id = %(entry)s
"""
_CHANGED = """
select entry_id, colour, party, value, tier, source, branch, since, until, state from risk.list_entry
 where version > %s and state <> 'proposed'
"""
_IN_FORCE_ON = f"""
select {COLUMNS} from risk.list_entry
 where party = %s and value = any (%s) and state in ('listed', 'appealed') and since <= %s
   and (until is null or until > %s)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A change of state, with what belongs to it."""

    to: EntryState
    decided_by: str | None = None
    appeal: str | None = None
    released_by: str | None = None
    reason: str | None = None


async def turn_book(connection: Connection) -> int:
    """The version that this transaction's changes carry; the next writer waits for its end."""
    row = await (await connection.execute(_TURN)).fetchone()
    if row is None:
        raise LookupError("the list book has no row")
    return int(row[0])


async def book_version(connection: Connection) -> int:
    """The newest committed version."""
    row = await (await connection.execute(_VERSION)).fetchone()
    return int(row[0]) if row else 0


async def insert_entries(
    connection: Connection, new: Sequence[tuple[UUID, NewEntry, EntryState]], *, version: int, by: str, now: datetime
) -> set[UUID]:
    """Write entries; those whose party is on a list of the branch already, or whose id is there, are left out."""
    entries = [entry for _, entry, _ in new]
    values = {
        "id": [id_ for id_, _, _ in new],
        "colour": [e.colour.value for e in entries],
        "party": [e.party.value for e in entries],
        "value": [e.value for e in entries],
        "tier": [e.tier for e in entries],
        "source": [e.source for e in entries],
        "branch": [e.branch for e in entries],
        "basis": [e.basis for e in entries],
        "since": [e.since for e in entries],
        "until": [e.until for e in entries],
        "state": [state.value for _, _, state in new],
        "by": by,
        "now": now,
        "version": version,
    }
    return {row[0] for row in await (await connection.execute(_INSERT, values)).fetchall()}


async def record_of(connection: Connection, entry_id: UUID, *, lock: bool = False) -> EntryRecord | None:
    """One entry with its story."""
    row = await (await connection.execute(_ONE + (" for update" if lock else ""), [entry_id])).fetchone()
    return as_record(row) if row else None


async def records_named(connection: Connection, entries: Sequence[UUID]) -> dict[UUID, EntryRecord]:
    """Some entries with their stories, by id."""
    rows = await (await connection.execute(_NAMED, [list(entries)])).fetchall()
    return {row[0]: as_record(row) for row in rows}


async def open_places(connection: Connection, values: Sequence[str]) -> set[tuple[str, str, str]]:
    """(party, value, branch) of those that are on a list, or proposed."""
    return {tuple(row) for row in await (await connection.execute(_OPEN, [list(values)])).fetchall()}


async def move_entry(connection: Connection, entry_id: UUID, move: Move, *, version: int, now: datetime) -> None:
    """Change an entry's state."""
    values = {
        "to": move.to.value,
        "decided_by": move.decided_by,
        "appeal": move.appeal,
        "released_by": move.released_by,
        "reason": move.reason,
        "entry": entry_id,
        "version": version,
        "now": now,
    }
    await connection.execute(_MOVE, values)


async def end_past(connection: Connection, *, version: int, now: datetime) -> list[tuple[Entity, str]]:
    """Release what has come to its end; the parties concerned."""
    rows = await (await connection.execute(_END_PAST, [version, now])).fetchall()
    return [(Entity(row[0]), row[1]) for row in rows]


async def has_past(connection: Connection, *, now: datetime) -> bool:
    """Whether an entry in force has come to its end."""
    sql = "select 1 from risk.list_entry where state in ('listed', 'appealed') and until <= %s limit 1"
    return await (await connection.execute(sql, [now])).fetchone() is not None


async def changed_since(connection: Connection, version: int) -> list[tuple[ListEntry, EntryState]]:
    """Entries that changed after a version, with the state they are in."""
    rows = await (await connection.execute(_CHANGED, [version])).fetchall()
    return [(as_entry(row[:9]), EntryState(row[9])) for row in rows]


async def in_force_on(
    connection: Connection, party: Entity, values: Sequence[str], *, now: datetime
) -> list[EntryRecord]:
    """The entries that have effect on these values of a party."""
    cursor = await connection.execute(_IN_FORCE_ON, [party.value, list(values), now, now])
    return [as_record(row) for row in await cursor.fetchall()]


def as_entry(row: Sequence[Any]) -> ListEntry:
    return ListEntry(
        entry_id=row[0],
        colour=Colour(row[1]),
        party=Entity(row[2]),
        value=row[3],
        tier=row[4],
        source=row[5],
        branch=row[6],
        since=row[7],
        until=row[8],
    )


def as_record(row: Sequence[Any]) -> EntryRecord:
    return EntryRecord(
        entry=as_entry(row[:9]),
        basis=row[9],
        state=EntryState(row[10]),
        proposed_by=row[11],
        proposed_at=row[12],
        decided_by=row[13],
        decided_at=row[14],
        appeal=row[15],
        appealed_at=row[16],
        released_by=row[17],
        released_at=row[18],
        release_reason=row[19],
    )
