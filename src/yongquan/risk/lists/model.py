"""Lists of parties: who is on which, since when, from whom, until when. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.risk.events import Entity


class Colour(StrEnum):
    """What a list means: black refuses, grey watches with stricter limits, yellow takes no part in campaigns while
    ordinary payment goes on, white speaks for a party. A colour never changes by itself."""

    BLACK = "black"
    GREY = "grey"
    YELLOW = "yellow"
    WHITE = "white"


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """One party on one list. `tier` 1 (mildest) to 3 grades suspects; `branch` is empty for headquarters."""

    entry_id: UUID
    colour: Colour
    party: Entity
    value: str
    tier: int
    source: str
    branch: str
    since: datetime
    until: datetime | None
