"""What an analysis may know of citizens: no name, no phone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.plumbing.db import Connection

_FACTS = "select citizen_id, home_adcode, born_on from citizens.citizen where citizen_id = any (%s)"


@dataclass(frozen=True, slots=True)
class PersonFacts:
    """Where somebody lives and when they were born, as far as known."""

    home_adcode: str | None
    born_on: date | None


async def facts_of_people(connection: Connection, citizens: Sequence[UUID]) -> dict[UUID, PersonFacts]:
    """The facts of these citizens; asks every cell."""
    rows = await (await connection.execute(_FACTS, [list(citizens)])).fetchall()
    return {row[0]: PersonFacts(row[1], row[2]) for row in rows}
