"""What an analysis may know of citizens: no name, no phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.plumbing.db import Connection

_FACTS = "select citizen_id, home_adcode, born_on from citizens.citizen where citizen_id = any (%s)"

_ASKED = """
select citizen_id, state, born_on, coalesce(card_issuers, '{}'), real_name_at is not null, social_card_at is not null,
       coalesce(card_bins, '{}')
  from citizens.citizen where citizen_id = any (%s)
"""


@dataclass(frozen=True, slots=True)
class AskedFacts:
    """What conditions of a claim look at in somebody."""

    citizen_id: UUID
    state: str
    born_on: date | None
    card_issuers: Sequence[str]
    real_name: bool
    social_card: bool
    card_bins: Sequence[str]


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Where somebody lives and when they were born, as far as known."""

    home_adcode: str | None
    born_on: date | None


async def facts_of_people(connection: Connection, citizens: Sequence[UUID]) -> dict[UUID, PersonFacts]:
    """The facts of these citizens; asks every cell."""
    rows = await (await connection.execute(_FACTS, [list(citizens)])).fetchall()
    return {row[0]: PersonFacts(row[1], row[2]) for row in rows}


async def asked_facts_of(connection: Connection, citizens: Sequence[UUID]) -> list[AskedFacts]:
    """What conditions look at in these citizens; asks every cell."""
    return [AskedFacts(*row) for row in await (await connection.execute(_ASKED, [list(citizens)])).fetchall()]
