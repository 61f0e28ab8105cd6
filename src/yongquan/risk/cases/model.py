"""A case, its parties and evidence, and the states it goes through. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class CaseState(StrEnum):
    """`proposed` waits for a second person, because its outcome is a sanction."""

    OPEN = "open"
    WORKING = "working"
    PROPOSED = "proposed"
    CLOSED = "closed"


CASE_MOVES: Mapping[CaseState, frozenset[CaseState]] = {
    CaseState.OPEN: frozenset({CaseState.WORKING}),
    CaseState.WORKING: frozenset({CaseState.PROPOSED, CaseState.CLOSED}),
    CaseState.PROPOSED: frozenset({CaseState.WORKING, CaseState.CLOSED}),
    CaseState.CLOSED: frozenset({CaseState.WORKING}),  # reopened on new evidence
}


class Outcome(StrEnum):
    """How a case ends."""

    CLEARED = "cleared"
    WARNED = "warned"
    RECOVERED = "recovered"
    SUSPENDED = "suspended"
    REFERRED = "referred"


# What takes something from somebody, or hands them to an authority, is decided by two.
SANCTIONS = frozenset({Outcome.RECOVERED, Outcome.SUSPENDED, Outcome.REFERRED})


class PartyKind(StrEnum):
    """Whom a case names."""

    STORE = "store"
    CITIZEN = "citizen"
    LICENCE = "licence"


class PartyRole(StrEnum):
    """As what a case names somebody."""

    SUSPECT = "suspect"
    WITNESS = "witness"
    HARMED = "harmed"


class EvidenceKind(StrEnum):
    """What a case rests on: something of the platform's records, or a file."""

    ALERT = "alert"
    PAYMENT = "payment"
    TIP = "tip"
    HOLD = "hold"
    FILE = "file"


class Bureau(StrEnum):
    """Who enforces jointly, and gets packs."""

    POLICE = "police"
    MARKET = "market"
    FINANCE = "finance"
    AUDIT = "audit"


@dataclass(frozen=True, slots=True)
class Case:
    """A case as it stands; `announcement` is the version of the joint announcement that it cites."""

    case_id: UUID
    case_no: str
    title: str
    adcode: str | None
    state: CaseState
    outcome: Outcome | None
    basis: str
    announcement: int | None
    opened_by: str
    opened_at: datetime
    assignee: UUID | None
    proposed_by: str | None
    decided_by: str | None
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody a case names; `value` is a store's or citizen's id, or a licence number."""

    kind: PartyKind
    value: str
    role: PartyRole


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing a case rests on; of a file, its name and SHA-256."""

    evidence_id: UUID
    kind: EvidenceKind
    ref: str
    sha256: bytes | None
    media_type: str | None
    added_by: str
    added_at: datetime


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """A line of a case's timeline."""

    at: datetime
    actor: str
    what: str
    text: str


@dataclass(frozen=True, slots=True)
class Pack:
    """A pack that was made."""

    pack_id: UUID
    bureau: Bureau
    request_id: UUID | None
    sha256: bytes
    size: int
    made_by: str
    made_at: datetime
