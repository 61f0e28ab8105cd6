"""A tip, its receipt and the states it goes through. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

# Crockford's letters: none that a reader takes for another.
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_RECEIPT_LETTERS: Final = 12
_GROUP: Final = 4
SUBJECT_MAX, TOLD_MIN, TOLD_MAX, CONTACT_MAX, PHOTOS_MAX = 100, 10, 2_000, 60, 4


class TipState(StrEnum):
    """The life of a tip."""

    RECEIVED = "received"
    LOOKING = "looking"
    IN_CASE = "in_case"
    CLOSED = "closed"


TIP_MOVES: Mapping[TipState, frozenset[TipState]] = {
    TipState.RECEIVED: frozenset({TipState.LOOKING, TipState.IN_CASE, TipState.CLOSED}),
    TipState.LOOKING: frozenset({TipState.IN_CASE, TipState.CLOSED}),
    TipState.IN_CASE: frozenset({TipState.CLOSED}),
    TipState.CLOSED: frozenset(),
}


class TipOutcome(StrEnum):
    """What the sender is told."""

    CONFIRMED = "confirmed"
    UNPROVEN = "unproven"
    NOT_OUR_BUSINESS = "not_our_business"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTip:
    """What somebody tells. `kind` is shop or person; `contact` may be empty."""

    kind: str
    subject: str
    told: str
    contact: str = ""

    def faults(self) -> dict[str, str]:
        """The fields that are missing or wrong."""
        found = {}
        if self.kind not in {"shop", "person"}:
            found["kind"] = "missing"
        if not 1 <= len(self.subject) <= SUBJECT_MAX:
            found["subject"] = "missing" if not self.subject else "too_long"
        if not TOLD_MIN <= len(self.told) <= TOLD_MAX:
            found["told"] = "too_short" if len(self.told) < TOLD_MIN else "too_long"
        if len(self.contact) > CONTACT_MAX:
            found["contact"] = "too_long"
        return found


@dataclass(frozen=True, slots=True)
class Tip:
    """A tip as it stands, opened."""

    tip_id: UUID
    kind: str
    subject: str
    told: str
    contact: str
    citizen_id: UUID | None
    store_id: UUID | None
    state: TipState
    case_id: UUID | None
    outcome: TipOutcome | None
    answer: str
    sent_at: datetime
    taken_by: str | None
    ended_at: datetime | None


def receipt_from(chance: bytes) -> str:
    """A receipt number of 60 random bits: 12 letters in three groups."""
    number = int.from_bytes(chance[:8], "big")
    letters = "".join(_LETTERS[number >> 5 * place & 31] for place in range(_RECEIPT_LETTERS))
    return "-".join(letters[at : at + _GROUP] for at in range(0, _RECEIPT_LETTERS, _GROUP))


def read_receipt(typed: str) -> str:
    """A receipt number as it is kept, however it was typed; empty if it cannot be one."""
    letters = re.sub(r"[\s-]", "", typed.upper()).translate(str.maketrans("OIL", "011"))
    if len(letters) != _RECEIPT_LETTERS or set(letters) - set(_LETTERS):
        return ""
    return "-".join(letters[at : at + _GROUP] for at in range(0, _RECEIPT_LETTERS, _GROUP))
