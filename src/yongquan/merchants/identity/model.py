"""Licences, what the register tells of them, what two identities can have in common, and the yellow list. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from yongquan.kernel.errors import Refusal


class NotACode(Refusal):
    """The text is no unified social credit code: its length, a sign or a check sign is wrong (GB 32100)."""

    code = "not_a_licence"


class LicenceKind(StrEnum):
    """What holds a licence; a branch (分支机构) is no entity of its own, a sole trader (个体工商户) is a person."""

    COMPANY = "company"
    BRANCH = "branch"
    SOLE_TRADER = "sole_trader"
    COOPERATIVE = "cooperative"
    OTHER = "other"

    @property
    def role(self) -> str:
        """What the person is called who answers for it."""
        return {LicenceKind.SOLE_TRADER: "operator", LicenceKind.BRANCH: "in_charge"}.get(self, "legal_representative")


class LicenceStatus(StrEnum):
    """How a licence stands; `unasked` until the register told of it."""

    UNASKED = "unasked"
    IN_BUSINESS = "in_business"
    CANCELLED = "cancelled"
    REVOKED = "revoked"


class MarkKind(StrEnum):
    """What two identities can have in common. `licence` is the code itself, `head` a branch's head."""

    LICENCE = "licence"
    HEAD = "head"
    PERSON = "person"
    ACCOUNT = "account"
    ADDRESS = "address"
    PHONE = "phone"
    TERMINAL = "terminal"


class Level(StrEnum):
    """What a listing does: `watched` asks for two reviewers, `barred` keeps out."""

    WATCHED = "watched"
    BARRED = "barred"


class ListingState(StrEnum):
    """Where a listing stands; one that is past its end has no effect, whatever its state."""

    PROPOSED = "proposed"
    LISTED = "listed"
    REFUSED = "refused"
    ENDED = "ended"


LISTING_MOVES: Final[Mapping[ListingState, frozenset[ListingState]]] = {
    ListingState.PROPOSED: frozenset({ListingState.LISTED, ListingState.REFUSED}),
    ListingState.LISTED: frozenset({ListingState.ENDED}),
    ListingState.REFUSED: frozenset(),
    ListingState.ENDED: frozenset(),
}
LISTING_REASONS: Final = ("cash_out", "false_trade", "collusion", "shell", "fake_goods", "other")


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the register's history: a change of owner, status or name."""

    on_day: date
    what: str
    was: str
    became: str


@dataclass(frozen=True, slots=True)
class Record:
    """What the register tells of a licence; `person` answers for it since `owner_since`."""

    licence_no: str
    name: str
    kind: LicenceKind
    head_no: str
    person: str
    owner_since: date
    address: str
    scope: str
    status: LicenceStatus
    established_on: date
    history: tuple[Event, ...] = ()


@dataclass(frozen=True, slots=True)
class Listing:
    """An entry of the yellow list; it means whoever owned the licence on `facts_on`."""

    listing_id: UUID
    licence_no: str
    name: str
    level: Level
    reason: str
    basis: str
    provenance: str
    facts_on: date
    starts_at: datetime
    ends_at: datetime | None
    state: ListingState
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None = None
    decided_at: datetime | None = None
    spared_at: datetime | None = None
    end_reason: str | None = None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it has effect now."""
        begun = self.state is ListingState.LISTED and self.starts_at <= now
        return begun and (self.ends_at is None or now < self.ends_at)


def read_code(text: str) -> str:
    """A unified social credit code in capitals without blanks (GB 32100). Raises `NotACode`."""
    code = "".join(text.split()).upper()
    try:
        return str(uscc.validate(code))
    except ValidationError as wrong:
        raise NotACode("a licence's code has 18 signs and two check signs: look at every sign again") from wrong


def kind_of_code(code: str) -> LicenceKind:
    """What the first two signs of a code tell; a branch of a company looks like its company."""
    kinds = {"91": LicenceKind.COMPANY, "92": LicenceKind.SOLE_TRADER, "93": LicenceKind.COOPERATIVE}
    return kinds.get(code[:2], LicenceKind.OTHER)
