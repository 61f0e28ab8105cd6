"""The payments room's SQL for reconciliation cases and their notes."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.payments.reconciliation import Fate
from yongquan.payments.reconciliation_cases import Action, CaseState, Difference, NewCase, Owner, PartyKind
from yongquan.plumbing.db import Connection

_FACTS = ", ".join(field.name for field in fields(Difference))
_COLUMNS = f"case_id, {_FACTS}, owner, action"
_STAGE = f"create temp table found_case on commit drop as select {_COLUMNS} from payments.reconciliation_case limit 0"
# A person's word stands; what was settled by a file comes back if a later file shows it again.
_TAKE_OVER = f"""
with opened as (
    insert into payments.reconciliation_case as c ({_COLUMNS}, party, party_kind, day, opened_at)
    select {_COLUMNS}, %(party)s, %(kind)s, %(day)s, %(now)s from found_case
    on conflict (case_id) do update
       set (our_line, our_state, our_amount_fen, our_at, their_line, their_state, their_amount_fen, their_at)
         = (excluded.our_line, excluded.our_state, excluded.our_amount_fen, excluded.our_at,
            excluded.their_line, excluded.their_state, excluded.their_amount_fen, excluded.their_at),
           state = case when c.resolution in ('corrected', 'next_day') then 'open' else c.state end,
           assignee = case when c.resolution in ('corrected', 'next_day') then null else c.assignee end,
           resolved_at = case when c.resolution in ('corrected', 'next_day') then null else c.resolved_at end,
           resolution = nullif(nullif(c.resolution, 'corrected'), 'next_day')
    returning c.case_id
), noted as (
    insert into payments.reconciliation_note (case_id, at, actor, what)
    select o.case_id, %(now)s, %(actor)s, case when b.case_id is null then 'opened' else 'reopened' end
      from opened o left join payments.reconciliation_case b on b.case_id = o.case_id
     where b.case_id is null or b.resolution in ('corrected', 'next_day')
), gone as (
    update payments.reconciliation_case c set state = 'resolved', resolution = 'corrected', resolved_at = %(now)s
     where c.party = %(party)s and c.day = %(day)s and c.state <> 'resolved'
       and not exists (select from found_case f where f.case_id = c.case_id)
    returning c.case_id
)
insert into payments.reconciliation_note (case_id, at, actor, what, text)
select case_id, %(now)s, %(actor)s, 'resolved', 'corrected' from gone
"""
# The same row a day apart: short on one day, long on the next or the day before.
_NEXT_DAY = """
with pairs as (
    select s.case_id as short_id, l.case_id as long_id
      from payments.reconciliation_case s
      join payments.reconciliation_case l on l.party = s.party and l.key = s.key and l.kind = s.kind
       and l.fate = 'long' and abs(l.day - s.day) = 1 and l.their_amount_fen = s.our_amount_fen
     where s.party = %(party)s and s.fate = 'short' and s.state <> 'resolved' and l.state <> 'resolved'
       and %(day)s in (s.day, l.day)
), both_sides as (
    select short_id as case_id from pairs union select long_id from pairs
), ended as (
    update payments.reconciliation_case c set state = 'resolved', resolution = 'next_day', resolved_at = %(now)s
      from both_sides b where c.case_id = b.case_id returning c.case_id
)
insert into payments.reconciliation_note (case_id, at, actor, what, text)
select case_id, %(now)s, %(actor)s, 'resolved', 'next_day' from ended
"""
_CASE = f"""
select case_id, party, party_kind, day, {_FACTS}, owner, action, state, assignee, resolution, opened_at, resolved_at
  from payments.reconciliation_case
"""
_LISTED = f"""{_CASE}
 where (%(day)s::date is null or day = %(day)s) and (%(party)s::text is null or party = %(party)s)
   and (%(fate)s::text is null or fate = %(fate)s) and (%(owner)s::text is null or owner = %(owner)s)
   and (%(state)s::text is null or state = %(state)s)
 order by day desc, party, fate, key limit %(limit)s
"""
_MOVE = """
update payments.reconciliation_case
   set state = %(state)s, assignee = %(assignee)s, resolution = %(resolution)s,
       resolved_at = case when %(state)s = 'resolved' then %(now)s::timestamptz end
 where case_id = %(case)s
"""
_NOTE = "insert into payments.reconciliation_note (case_id, at, actor, what, text) values (%s, %s, %s, %s, %s)"
_NOTES = "select at, actor, what, text from payments.reconciliation_note where case_id = %s order by note_no"


@dataclass(frozen=True, slots=True)
class Case:
    """A difference and its life."""

    case_id: UUID
    party: str
    party_kind: PartyKind
    day: date
    difference: Difference
    owner: Owner
    action: Action
    state: CaseState
    assignee: UUID | None
    resolution: str | None
    opened_at: datetime
    resolved_at: datetime | None

    @property
    def gap_fen(self) -> int:
        """Our amount less theirs; a side that lacks the row counts as 0."""
        return (self.difference.our_amount_fen or 0) - (self.difference.their_amount_fen or 0)


@dataclass(frozen=True, slots=True)
class Note:
    """One thing that happened to a case."""

    at: datetime
    actor: str
    what: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFilter:
    """Which cases; None is any."""

    day: date | None = None
    party: str | None = None
    fate: str | None = None
    owner: str | None = None
    state: str | None = None
    limit: int = 200


async def take_over(
    connection: Connection,
    cases: Iterable[NewCase],
    *,
    party: str,
    party_kind: PartyKind,
    day: date,
    actor: str,
    now: datetime,
) -> None:
    """Make the day's cases those of the latest run; what is no longer different is resolved, what came a day later too.

    A case that a person resolved stays resolved.
    """
    await connection.execute(_STAGE.encode())
    async with connection.cursor().copy(f"copy found_case ({_COLUMNS}) from stdin".encode()) as copy:
        for case in cases:
            await copy.write_row((case.case_id, *astuple(case.difference), case.owner.value, case.action.value))
    values = {"party": party, "kind": party_kind.value, "day": day, "actor": actor, "now": now}
    await connection.execute(_TAKE_OVER.encode(), values)
    await connection.execute(_NEXT_DAY, values)


async def cases_listed(connection: Connection, wanted: CaseFilter) -> list[Case]:
    """Cases by a filter, the latest day first."""
    values = {field.name: getattr(wanted, field.name) for field in fields(wanted)}
    return [_case(row) for row in await (await connection.execute(_LISTED.encode(), values)).fetchall()]


async def case_of(connection: Connection, case_id: UUID, *, lock: bool = False) -> Case | None:
    """One case; with `lock`, nobody else moves it until the commit."""
    query = f"{_CASE} where case_id = %s{' for update' if lock else ''}"
    row = await (await connection.execute(query.encode(), [case_id])).fetchone()
    return None if row is None else _case(row)


async def move_case(
    connection: Connection,
    case_id: UUID,
    state: CaseState,
    *,
    assignee: UUID | None,
    resolution: str | None,
    now: datetime,
) -> None:
    """Move a case; the caller has checked the move."""
    values = {"case": case_id, "state": state.value, "assignee": assignee, "resolution": resolution, "now": now}
    await connection.execute(_MOVE, values)


async def note_case(connection: Connection, case_id: UUID, note: Note) -> None:
    """Write down what happened."""
    await connection.execute(_NOTE, [case_id, note.at, note.actor, note.what, note.text])


async def notes_of(connection: Connection, case_id: UUID) -> list[Note]:
    """A case's story."""
    return [Note(*row) for row in await (await connection.execute(_NOTES, [case_id])).fetchall()]


def _case(row: Sequence[Any]) -> Case:
    named = dict(zip([field.name for field in fields(Difference)], row[4:16], strict=True))
    return Case(
        row[0],
        row[1],
        PartyKind(row[2]),
        row[3],
        Difference(**{**named, "fate": Fate(row[4])}),
        Owner(row[16]),
        Action(row[17]),
        CaseState(row[18]),
        assignee=row[19],
        resolution=row[20],
        opened_at=row[21],
        resolved_at=row[22],
    )
