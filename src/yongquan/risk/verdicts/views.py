"""Reads of verdicts for pages and reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.verdicts.record import Verdict
from yongquan.risk.verdicts.store import COLUMNS, as_verdict

PAGE = 50
_SEARCH = f"""
select {COLUMNS} from risk.verdict v
 where (%(action)s::text is null or action = %(action)s) and (%(state)s::text is null or state = %(state)s)
   and (%(day)s::date is null or day = %(day)s) and (%(kind)s::text is null or kind = %(kind)s)
   and (%(rule)s::text is null or rules @> jsonb_build_array(jsonb_build_object('rule_id', %(rule)s::text)))
   and (%(party)s::text is null or event -> 'parties' ->> %(party)s = any (%(values)s))
   and (%(places)s::text[] is null or event -> 'facts' ->> 'adcode' = any (%(places)s))
   and (%(before)s::timestamptz is null or (at, verdict_id) < (%(before)s, %(before_id)s))
 order by at desc, verdict_id desc limit %(limit)s
"""
_COUNTS = """
select action, state, count(*) from risk.verdict
 where (%s::date is null or day = %s) and (%s::text[] is null or event -> 'facts' ->> 'adcode' = any (%s))
 group by action, state
"""
_DECISIONS = """
select count(*), count(*) filter (where action in ('refuse', 'delay', 'step_up') and state not in ('waived', 'after'))
  from risk.verdict
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoughtVerdicts:
    """What a person looks for; None is everything. `party` goes with `values`; `places` bounds whose events."""

    action: str | None = None
    state: str | None = None
    day: date | None = None
    kind: str | None = None
    rule: str | None = None
    party: str | None = None
    values: Sequence[str] = ()
    places: Sequence[str] | None = None
    before: tuple[datetime, UUID] | None = None


async def search_verdicts(connection: Connection, sought: SoughtVerdicts, *, limit: int = PAGE) -> list[Verdict]:
    """The newest verdicts that fit."""
    values = {
        "action": sought.action,
        "state": sought.state,
        "day": sought.day,
        "kind": sought.kind,
        "rule": sought.rule,
        "party": sought.party,
        "values": list(sought.values),
        "places": None if sought.places is None else list(sought.places),
        "before": sought.before[0] if sought.before else None,
        "before_id": sought.before[1] if sought.before else None,
        "limit": limit,
    }
    return [as_verdict(row) for row in await (await connection.execute(_SEARCH, values)).fetchall()]


async def count_verdicts(
    connection: Connection, day: date | None, *, places: Sequence[str] | None
) -> dict[tuple[str, str], int]:
    """How many verdicts of a day, by action and state."""
    bounds = None if places is None else list(places)
    rows = await (await connection.execute(_COUNTS, [day, day, bounds, bounds])).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


async def decisions_given(connection: Connection) -> tuple[int, int]:
    """How many verdicts were given, and how many of their events did not go on."""
    row = await (await connection.execute(_DECISIONS)).fetchone()
    return (row[0], row[1]) if row else (0, 0)
