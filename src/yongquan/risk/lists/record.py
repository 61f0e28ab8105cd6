"""An entry's life: proposed, listed or refused, appealed, released. It ends by itself at `until` and never rises."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.risk.events import Entity
from yongquan.risk.lists.model import Colour, ListEntry

TEXT_MAX = 500
VALUE_MAX = 128
_ADCODE = re.compile(r"\d{6}", re.ASCII)


class EntryState(StrEnum):
    PROPOSED = "proposed"
    LISTED = "listed"
    REFUSED = "refused"
    APPEALED = "appealed"  # the listing goes on while somebody looks at the appeal
    RELEASED = "released"


ENTRY_MOVES: Mapping[EntryState, frozenset[EntryState]] = {
    EntryState.PROPOSED: frozenset({EntryState.LISTED, EntryState.REFUSED}),
    EntryState.LISTED: frozenset({EntryState.APPEALED, EntryState.RELEASED}),
    EntryState.APPEALED: frozenset({EntryState.LISTED, EntryState.RELEASED}),
    EntryState.REFUSED: frozenset(),
    EntryState.RELEASED: frozenset(),
}
IN_FORCE = frozenset({EntryState.LISTED, EntryState.APPEALED})
TWO_PEOPLE = frozenset({Colour.BLACK, Colour.WHITE})  # takes rights away, or shields


class ForbiddenEntryMove(Refusal):
    """An entry in this state does not become that."""

    code = "forbidden_move"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEntry:
    """Whom to list, where, why and until when. `value` is the party's lasting value, never a phone or card number."""

    colour: Colour
    party: Entity
    value: str
    source: str
    basis: str
    tier: int = 0
    branch: str = ""
    since: datetime
    until: datetime | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.value) <= VALUE_MAX:
            raise BadInput(f"value: write 1 to {VALUE_MAX} characters")
        for name, text in (("source", self.source), ("basis", self.basis)):
            if not 1 <= len(text) <= TEXT_MAX:
                raise BadInput(f"{name}: write 1 to {TEXT_MAX} characters")
        if (self.colour is Colour.GREY) is not (1 <= self.tier <= 3):
            raise BadInput("tier: 1 to 3 on the grey list, none on the others")
        if self.branch and not _ADCODE.fullmatch(self.branch):
            raise BadInput("branch: six digits of a division, or nothing for headquarters")
        if self.until is not None and self.until <= self.since:
            raise BadInput("until: must be after since")


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRecord:
    """An entry with its story."""

    entry: ListEntry
    basis: str
    state: EntryState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    appeal: str | None
    appealed_at: datetime | None
    released_by: str | None
    released_at: datetime | None
    release_reason: str | None

    @property
    def entry_id(self) -> UUID:
        return self.entry.entry_id

    def is_in_force(self, now: datetime) -> bool:
        """Whether it has effect now."""
        return self.state in IN_FORCE and runs_at(self.entry, now)

    def is_over(self, now: datetime) -> bool:
        """Whether its time has passed."""
        return self.state in IN_FORCE and self.entry.until is not None and self.entry.until <= now


def runs_at(entry: ListEntry, at: datetime) -> bool:
    """Whether an entry's time holds `at`; periods are half-open."""
    return entry.since <= at and (entry.until is None or at < entry.until)


def require_move(origin: EntryState, to: EntryState) -> None:
    """Raises `ForbiddenEntryMove`."""
    if to not in ENTRY_MOVES[origin]:
        raise ForbiddenEntryMove(f"an entry that is {origin.value} does not become {to.value}")
