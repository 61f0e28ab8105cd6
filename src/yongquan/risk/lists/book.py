"""The lists as a process knows them: in memory, renewed by what changed since the version it has."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.events import Entity
from yongquan.risk.lists import store
from yongquan.risk.lists.model import ListEntry
from yongquan.risk.lists.record import IN_FORCE, runs_at
from yongquan.risk.lists.treatment import NOBODY, Treatment, treatment_of


class ListBook:
    """Answers who is on which list without asking the database."""

    def __init__(self) -> None:
        self.version = 0
        self._entries: dict[tuple[str, str], dict[UUID, ListEntry]] = {}

    @property
    def is_empty(self) -> bool:
        """Whether nobody is on any list."""
        return not self._entries

    async def refresh(self, connection: Connection) -> bool:
        """Take over what changed; say whether anything did. The version is read first: nothing is missed."""
        version = await store.book_version(connection)
        if version == self.version:
            return False
        for entry, state in await store.changed_since(connection, self.version):
            place = (entry.party.value, entry.value)
            if state in IN_FORCE:
                self._entries.setdefault(place, {})[entry.entry_id] = entry
            elif place in self._entries:
                self._entries[place].pop(entry.entry_id, None)
                if not self._entries[place]:
                    del self._entries[place]
        self.version = version
        return True

    def on(self, party: Entity, value: str, *, at: datetime, branch: str | None = None) -> list[ListEntry]:
        """The entries of one party that have effect: headquarters' everywhere, a branch's inside its division."""
        found = self._entries.get((party.value, value))
        if found is None:
            return []
        return [e for e in found.values() if runs_at(e, at) and e.branch in {"", branch}]

    def hits(self, parties: Mapping[Entity, str], *, at: datetime, branch: str | None = None) -> tuple[ListEntry, ...]:
        """The entries of all parties of an event, in the order of the parties, the oldest first."""
        if not self._entries:
            return ()
        found = [e for party, value in parties.items() for e in self.on(party, value, at=at, branch=branch)]
        return tuple(sorted(found, key=_order))

    def treatment(self, party: Entity, value: str, *, at: datetime) -> Treatment:
        """How one party is treated by headquarters' lists."""
        if (party.value, value) not in self._entries:
            return NOBODY
        return treatment_of(self.on(party, value, at=at))

    def all(self) -> Iterable[ListEntry]:
        """Every entry known, whether or not its time has come."""
        return [entry for entries in self._entries.values() for entry in entries.values()]


def _order(entry: ListEntry) -> tuple[int, datetime, UUID]:
    return list(Entity).index(entry.party), entry.since, entry.entry_id
