"""Put a party on a list, decide a proposal, appeal, release; import a file. What campaigns look at is written through.

Headquarters' lists are for staff of the whole city, a branch's for staff of its division. Black and white need two
people. A level never changes by itself: moving somebody means to release one entry and to make another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from yongquan.citizens.store import set_blocked
from yongquan.flows.name_parties import BadValue, resolve_values
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import cell_of, named_id
from yongquan.kernel.reasons import require_reason
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.events import Entity
from yongquan.risk.lists import store
from yongquan.risk.lists.files import RowFault, read_entries
from yongquan.risk.lists.model import Colour
from yongquan.risk.lists.record import (
    IN_FORCE,
    TEXT_MAX,
    TWO_PEOPLE,
    EntryRecord,
    EntryState,
    NewEntry,
    require_move,
)
from yongquan.risk.lists.store import Move
from yongquan.risk.lists.treatment import treatment_of
from yongquan.staff import Role, Staff

LIST_ROLES = (Role.OPERATOR, Role.BUREAU_OFFICER, Role.ADMIN)


class UnknownEntry(Refusal):
    """There is no such entry."""

    code = "not_found"


class ListedHere(Refusal):
    """The party is on a list of this branch, or proposed, already: release that entry first."""

    code = "listed_already"


class OwnEntry(Refusal):
    """Whoever proposed an entry does not decide it."""

    code = "own_version"


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file."""

    taken: int
    faults: tuple[RowFault, ...]


@dataclass(frozen=True, slots=True)
class ListDesk:
    """Changes the lists. Every call may be repeated; `now` is business time in UTC."""

    database: Database
    sealing: Sealing
    clock: Clock
    cells: int

    async def add(self, staff: Staff, new: NewEntry, *, key: str) -> UUID:
        """List a party, once for the key; its `value` may be a phone or a card number. On the black and white list the
        entry waits for a second person. Raises `ListedHere`, `BadInput`, `Forbidden`.
        """
        _require(staff, new.branch)
        entry_id, now = named_id("list_entry", staff.actor, key), self.clock.now()
        async with self.database.transaction() as connection:
            if await store.record_of(connection, entry_id) is not None:
                return entry_id
            named = await self._named(connection, [new])
            if isinstance(named[0], BadValue):
                raise BadInput(f"value: {named[0].why}")
            version = await store.turn_book(connection)
            await store.end_past(connection, version=version, now=now)
            made = [(entry_id, named[0], _first_state(new))]
            if not await store.insert_entries(connection, made, version=version, by=staff.actor, now=now):
                raise ListedHere
            await self._follow(connection, [(named[0].party, named[0].value)], now=now)
            await _note(connection, staff.actor, f"list_entry.{made[0][2].value}", entry_id, named[0], now=now)
        return entry_id

    async def decide(self, staff: Staff, entry_id: UUID, *, approve: bool) -> None:
        """Put a proposal in force, or refuse it. Raises `OwnEntry`, `UnknownEntry`, `ForbiddenEntryMove`."""
        to = EntryState.LISTED if approve else EntryState.REFUSED
        async with self.database.transaction() as connection:
            found, version = await self._turn(connection, staff, entry_id)
            if found.proposed_by == staff.actor:
                raise OwnEntry
            if found.state is to:
                return
            require_move(found.state, to)
            await self._move(connection, staff.actor, (found, version), Move(to=to, decided_by=staff.actor))

    async def appeal(self, staff: Staff, entry_id: UUID, *, text: str) -> None:
        """Write down that the party objects; the listing goes on until somebody has looked."""
        require_reason(text, most=TEXT_MAX)
        async with self.database.transaction() as connection:
            found, version = await self._turn(connection, staff, entry_id)
            if found.state is EntryState.APPEALED and found.appeal == text:
                return
            require_move(found.state, EntryState.APPEALED)
            await self._move(connection, staff.actor, (found, version), Move(to=EntryState.APPEALED, appeal=text))

    async def uphold(self, staff: Staff, entry_id: UUID, *, reason: str) -> None:
        """Turn an appeal down: the listing goes on. On lists that need two people not by who proposed the entry."""
        require_reason(reason, most=TEXT_MAX)
        async with self.database.transaction() as connection:
            found, version = await self._turn(connection, staff, entry_id)
            if found.state is EntryState.LISTED:
                return
            if found.entry.colour in TWO_PEOPLE and found.proposed_by == staff.actor:
                raise OwnEntry
            if found.state is not EntryState.APPEALED:
                require_move(found.state, EntryState.APPEALED)
            await self._move(connection, staff.actor, (found, version), Move(to=EntryState.LISTED), reason=reason)

    async def release(self, staff: Staff, entry_id: UUID, *, reason: str) -> None:
        """Take a party off, with a reason. Raises `UnknownEntry`, `ForbiddenEntryMove`, `BadInput`."""
        require_reason(reason, most=TEXT_MAX)
        async with self.database.transaction() as connection:
            found, version = await self._turn(connection, staff, entry_id)
            if found.state is EntryState.RELEASED:
                return
            require_move(found.state, EntryState.RELEASED)
            move = Move(to=EntryState.RELEASED, released_by=staff.actor, reason=reason)
            await self._move(connection, staff.actor, (found, version), move, reason=reason)

    async def note_objection(self, connection: Connection, actor: str, entries: Sequence[UUID], *, text: str) -> None:
        """Within the caller's transaction: those of these entries that are listed become appealed. Locks the book."""
        version = await store.turn_book(connection)
        for entry_id in sorted(entries):
            found = await store.record_of(connection, entry_id, lock=True)
            if found is not None and found.state is EntryState.LISTED:
                await self._move(connection, actor, (found, version), Move(to=EntryState.APPEALED, appeal=text))

    async def end_objection(
        self, connection: Connection, staff: Staff, entries: Sequence[UUID], *, uphold: bool, reason: str
    ) -> None:
        """Within the caller's transaction: release what is still in force of these entries, or let it go on.

        Locks the book. Raises `OwnEntry` for whoever proposed or approved one of them, `Forbidden`.
        """
        version = await store.turn_book(connection)
        for entry_id in sorted(entries):
            found = await store.record_of(connection, entry_id, lock=True)
            if found is None or found.state not in IN_FORCE:
                continue
            _require(staff, found.entry.branch)
            if staff.actor in {found.proposed_by, found.decided_by}:
                raise OwnEntry
            if uphold:
                move = Move(to=EntryState.RELEASED, released_by=staff.actor, reason=reason)
                await self._move(connection, staff.actor, (found, version), move, reason=reason)
            elif found.state is EntryState.APPEALED:
                await self._move(connection, staff.actor, (found, version), Move(to=EntryState.LISTED), reason=reason)

    async def take_in(self, staff: Staff, raw: bytes, *, name: str = "file") -> Imported:
        """Import a file: rows that can be listed are, the others are named by line. The same file again adds nothing.

        Black and white rows wait for a second person. Raises `BadInput` for a file that cannot be read.
        """
        now = self.clock.now()
        file = read_entries(raw, now=now, name=name)
        faults = list(file.faults)
        async with self.database.transaction() as connection:
            version = await store.turn_book(connection)
            await store.end_past(connection, version=version, now=now)
            made: dict[UUID, tuple[int, NewEntry]] = {}
            for row, named in zip(file.rows, await self._named(connection, [r.new for r in file.rows]), strict=True):
                if isinstance(named, BadValue):
                    faults.append(RowFault(row.line, "value", named.why))
                elif not staff.may_any(*LIST_ROLES, adcode=named.branch or None):
                    faults.append(RowFault(row.line, "branch", "not yours: only staff of this branch may list here"))
                else:
                    made[named_id("list_entry", version, row.line)] = (row.line, named)
            new = [(id_, entry, _first_state(entry)) for id_, (_, entry) in made.items()]
            taken = await store.insert_entries(connection, new, version=version, by=staff.actor, now=now)
            faults += [
                RowFault(line, "value", "on a list of this branch, or proposed, already: release that entry first")
                for id_, (line, _) in made.items()
                if id_ not in taken
            ]
            await self._follow(connection, {(e.party, e.value) for id_, e, _ in new if id_ in taken}, now=now)
            facts: dict[str, int | str] = {"file": name, "taken": len(taken), "left_out": len(faults)}
            audit = AuditEntry(
                actor=staff.actor, action="list_entry.imported", subject=f"list_book:{version}", after={**facts}
            )
            await append(connection, audit, now=now)
        return Imported(len(taken), tuple(sorted(faults, key=lambda fault: fault.line)))

    async def sweep(self) -> int:
        """Release what has come to its end, so that campaigns see it too; how many."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            if not await store.has_past(connection, now=now):
                return 0
            version = await store.turn_book(connection)
            ended = await store.end_past(connection, version=version, now=now)
            await self._follow(connection, ended, now=now)
        return len(ended)

    async def _named(self, connection: Connection, new: Sequence[NewEntry]) -> list[NewEntry | BadValue]:
        values = await resolve_values(connection, [(e.party, e.value) for e in new], self.sealing, cells=self.cells)
        named: list[NewEntry | BadValue] = []
        for entry, value in zip(new, values, strict=True):
            if isinstance(value, BadValue):
                named.append(value)
            elif entry.party is Entity.LICENCE and entry.colour is Colour.YELLOW:
                named.append(BadValue("licences have their own yellow list, with owner and facts: use the shops' list"))
            else:
                named.append(replace(entry, value=value))
        return named

    async def _turn(self, connection: Connection, staff: Staff, entry_id: UUID) -> tuple[EntryRecord, int]:
        """The entry and the version of its change. Locks the book, then the entry."""
        version = await store.turn_book(connection)
        found = await store.record_of(connection, entry_id, lock=True)
        if found is None:
            raise UnknownEntry
        _require(staff, found.entry.branch)
        return found, version

    async def _move(
        self, connection: Connection, actor: str, turn: tuple[EntryRecord, int], move: Move, *, reason: str = ""
    ) -> None:
        (found, version), now = turn, self.clock.now()
        await store.move_entry(connection, found.entry_id, move, version=version, now=now)
        await self._follow(connection, [(found.entry.party, found.entry.value)], now=now)
        facts = {"state": move.to.value, "reason": reason or move.appeal or ""}
        is_upheld = found.state is EntryState.APPEALED and move.to is EntryState.LISTED
        audit = AuditEntry(
            actor=actor,
            action="list_entry.upheld" if is_upheld else f"list_entry.{move.to.value}",
            subject=f"list_entry:{found.entry_id}",
            before={"state": found.state.value},
            after={**facts},
        )
        await append(connection, audit, now=now)

    async def _follow(self, connection: Connection, parties: Iterable[tuple[Entity, str]], *, now: datetime) -> None:
        """Write through what campaigns look at: whether a citizen may take part."""
        citizens = sorted({value for party, value in parties if party is Entity.CITIZEN})
        if not citizens:
            return
        out = set()
        for record in await store.in_force_on(connection, Entity.CITIZEN, citizens, now=now):
            if not record.entry.branch and not treatment_of([record.entry]).may_take_part:
                out.add(record.entry.value)
        ids = [UUID(value) for value in citizens]
        blocked = [value in out for value in citizens]
        await set_blocked(connection, ids, blocked, cells=[cell_of(id_, self.cells) for id_ in ids])


def _first_state(new: NewEntry) -> EntryState:
    return EntryState.PROPOSED if new.colour in TWO_PEOPLE else EntryState.LISTED


def _require(staff: Staff, branch: str) -> None:
    staff.require(*LIST_ROLES, adcode=branch or None)


async def _note(
    connection: Connection, actor: str, action: str, entry_id: UUID, new: NewEntry, *, now: datetime
) -> None:
    facts: dict[str, str | int | None] = {
        "colour": new.colour.value,
        "tier": new.tier,
        "party": new.party.value,
        "branch": new.branch,
        "source": new.source,
        "basis": new.basis,
        "until": None if new.until is None else new.until.isoformat(),
    }
    entry = AuditEntry(actor=actor, action=action, subject=f"list_entry:{entry_id}", after={**facts})
    await append(connection, entry, now=now)
