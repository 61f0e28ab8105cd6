"""A publication, who it is for, and its life: written by one person, published by another, withdrawn."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

OPERATOR = "operator"
TITLE_MAX, BODY_MAX = 80, 4_000


class Kind(StrEnum):
    """What is published."""

    NOTICE = "notice"
    SERVICE = "service"
    ANSWER = "answer"
    CALL = "call"


class Audience(StrEnum):
    """Which shops read it."""

    ALL = "all"
    INDUSTRY = "industry"
    DISTRICT = "district"
    GRID = "grid"
    STORE = "store"


class PublicationState(StrEnum):
    """The life of a publication; `submitted` waits for a second person."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    PUBLISHED = "published"
    RETURNED = "returned"
    WITHDRAWN = "withdrawn"


_S = PublicationState
# A draft for one shop alone is published without a second person.
PUBLICATION_MOVES: Mapping[PublicationState, frozenset[PublicationState]] = {
    _S.DRAFT: frozenset({_S.SUBMITTED, _S.PUBLISHED, _S.WITHDRAWN}),
    _S.SUBMITTED: frozenset({_S.PUBLISHED, _S.RETURNED, _S.WITHDRAWN}),
    _S.RETURNED: frozenset({_S.SUBMITTED, _S.PUBLISHED, _S.WITHDRAWN}),
    _S.PUBLISHED: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
}
CHANGEABLE = frozenset({_S.DRAFT, _S.RETURNED})


@dataclass(frozen=True, slots=True)
class Reach:
    """Who a publication is for; `value` is an industry, a division, a grid's code or a store's id, "" for all."""

    audience: Audience
    value: str = ""

    @property
    def is_public(self) -> bool:
        """Whether more than one shop reads it, so that a second person must publish it."""
        return self.audience is not Audience.STORE


EVERYBODY = Reach(Audience.ALL)


@dataclass(frozen=True, slots=True)
class Wording:
    """What it says; English may be missing."""

    title: str
    body: str
    title_en: str = ""
    body_en: str = ""


@dataclass(frozen=True, slots=True)
class Publication:
    """Something published to shops, or on its way; `name` and `name_en` are its title."""

    publication_id: UUID
    kind: Kind
    state: PublicationState
    publisher: str
    name: str
    name_en: str
    body: str
    body_en: str
    reach: Reach
    adcode: str | None
    question_id: UUID | None
    drafted_by: str
    drafted_at: datetime
    decided_by: str | None
    reason: str
    published_at: datetime | None
    withdrawn_at: datetime | None


@dataclass(frozen=True, slots=True)
class ReaderFacts:
    """What of a store decides whether a publication is for it; `grid` is None where no grids are in force."""

    store_id: UUID
    industry: str
    adcode: str
    grid: str | None
