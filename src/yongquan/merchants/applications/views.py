"""What screens read of applications: the reviewers' queue, counts by state, a licence's own."""

from collections.abc import Collection, Sequence
from datetime import datetime

from yongquan.merchants.applications.model import Application, State
from yongquan.merchants.applications.store import COLUMNS, as_application
from yongquan.plumbing.db import Connection

_WHERE = """
 where state = any (%(states)s)
   and (%(places)s::text[] is null or adcode = any (%(places)s))
"""
_QUEUE = f"""
select {COLUMNS} from merchants.application {_WHERE} order by due_at nulls last, application_id limit %(limit)s
"""
_COUNTS = (
    f"select state, count(*), count(*) filter (where due_at < %(now)s) from merchants.application {_WHERE} group by 1"
)
_OF_LICENCE = f"select {COLUMNS} from merchants.application where licence_no = %s order by created_at, application_id"


async def queue(
    connection: Connection,
    *,
    states: Collection[State],
    places: Sequence[str] | None = None,
    limit: int = 200,
) -> list[Application]:
    """Applications in these states, what is due first; `places` None is the whole city."""
    values = {"states": [s.value for s in states], "places": None if places is None else list(places), "limit": limit}
    return [as_application(row) for row in await (await connection.execute(_QUEUE, values)).fetchall()]


async def counts(
    connection: Connection, *, now: datetime, places: Sequence[str] | None = None
) -> dict[State, tuple[int, int]]:
    """How many applications are in each state, and how many of them are past their service level."""
    values = {"states": [s.value for s in State], "places": None if places is None else list(places), "now": now}
    rows = await (await connection.execute(_COUNTS, values)).fetchall()
    return {State(row[0]): (row[1], row[2]) for row in rows}


async def applications_of_licence(connection: Connection, licence_no: str) -> list[Application]:
    """Every application under a licence, the first one first."""
    return [as_application(row) for row in await (await connection.execute(_OF_LICENCE, [licence_no])).fetchall()]
