"""The SQL of cases. Files are sealed before they get here."""

from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.cases.model import (
    Bureau,
    Case,
    CaseEvent,
    CaseState,
    Evidence,
    EvidenceKind,
    Outcome,
    Pack,
    Party,
    PartyKind,
    PartyRole,
)

_COLUMNS = """case_id, case_no, title, adcode, state, outcome, basis, announcement, opened_by, opened_at, assignee,
       proposed_by, decided_by, closed_at"""
# The number of a year's case is counted under a lock.
_LOCK = "select pg_advisory_xact_lock(20046, 0)"
_NUMBER = "select count(*) + 1 from risk.fraud_case where case_no like %s"
_OPEN = """
insert into risk.fraud_case (case_id, case_no, title, adcode, state, announcement, opened_by, opened_at)
values (%s, %s, %s, %s, 'open', %s, %s, %s) on conflict do nothing returning case_id
"""
_ONE = f"select {_COLUMNS} from risk.fraud_case where case_id = %s"
_LISTED = f"""
select {_COLUMNS} from risk.fraud_case
 where (%(state)s::text is null or state = %(state)s)
   and (%(places)s::text[] is null or adcode = any (%(places)s))
 order by (state = 'closed'), opened_at desc limit 200
"""
_COUNTS = """
select state, count(*) from risk.fraud_case where (%s::text[] is null or adcode = any (%s)) group by state
"""
_MOVE = """
update risk.fraud_case
   set state = %(state)s, outcome = %(outcome)s, basis = %(basis)s, assignee = coalesce(%(assignee)s, assignee),
       proposed_by = %(proposed)s, decided_by = %(decided)s,
       closed_at = case when %(state)s = 'closed' then %(now)s::timestamptz end
 where case_id = %(case)s
"""
_PARTY = "insert into risk.case_party (case_id, kind, value, role) values (%s, %s, %s, %s) on conflict do nothing"
_PARTIES = "select kind, value, role from risk.case_party where case_id = %s order by role desc, kind, value"
_EVIDENCE = """
insert into risk.case_evidence (evidence_id, case_id, kind, ref, sha256, media_type, sealed, added_by, added_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing returning evidence_id
"""
_EVIDENCES = """
select evidence_id, kind, ref, sha256, media_type, added_by, added_at from risk.case_evidence
 where case_id = %s order by added_at, evidence_id
"""
_FILE = (
    "select media_type, sealed, ref from risk.case_evidence where case_id = %s and evidence_id = %s and kind = 'file'"
)
_EVENT = """
insert into risk.case_event (case_id, seq, at, actor, what, text)
select %(case)s, coalesce(max(seq) + 1, 0), %(at)s, %(actor)s, %(what)s, %(text)s
  from risk.case_event where case_id = %(case)s
"""
_EVENTS = "select at, actor, what, text from risk.case_event where case_id = %s order by seq"
_PACK = """
insert into risk.case_pack (pack_id, case_id, bureau, request_id, sha256, size, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_PACKS = """
select pack_id, bureau, request_id, sha256, size, made_by, made_at from risk.case_pack where case_id = %s
 order by made_at desc, pack_id desc
"""
_OF_STORE = f"""
select {_COLUMNS} from risk.fraud_case c
 where c.state <> 'closed' and exists (select from risk.case_party p where p.case_id = c.case_id
                                          and p.kind = 'store' and p.value = %s)
 order by opened_at
"""


async def open_case(
    connection: Connection,
    case_id: UUID,
    *,
    title: str,
    adcode: str | None,
    announcement: int | None,
    opened_by: str,
    now: datetime,
) -> bool:
    """Open a case under the next number of its year; False if it is open already. Locks the numbers."""
    await connection.execute(_LOCK)
    if await case_of(connection, case_id) is not None:
        return False
    row = await (await connection.execute(_NUMBER, [f"{now.year}-%"])).fetchone()
    number = f"{now.year}-{row[0] if row else 1:04}"
    values = [case_id, number, title, adcode, announcement, opened_by, now]
    return await (await connection.execute(_OPEN, values)).fetchone() is not None


async def case_of(connection: Connection, case_id: UUID, *, lock: bool = False) -> Case | None:
    """One case; with `lock`, nobody else moves it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [case_id])).fetchone()
    return _case(row) if row else None


async def cases_listed(
    connection: Connection, *, state: str | None = None, places: tuple[str, ...] | None = None
) -> list[Case]:
    """Cases, those that are not closed first, the latest first."""
    values = {"state": state, "places": list(places) if places is not None else None}
    return [_case(row) for row in await (await connection.execute(_LISTED, values)).fetchall()]


async def case_counts(connection: Connection, *, places: tuple[str, ...] | None = None) -> dict[str, int]:
    """How many cases there are in each state."""
    bound = list(places) if places is not None else None
    return dict(await (await connection.execute(_COUNTS, [bound, bound])).fetchall())


async def open_cases_of_store(connection: Connection, store_id: UUID) -> list[Case]:
    """The cases of a store that are not closed, the oldest first."""
    return [_case(row) for row in await (await connection.execute(_OF_STORE, [str(store_id)])).fetchall()]


async def move_case(
    connection: Connection,
    case: Case,
    to: CaseState,
    *,
    now: datetime,
    outcome: Outcome | None = None,
    basis: str = "",
    assignee: UUID | None = None,
    proposed_by: str | None = None,
    decided_by: str | None = None,
) -> None:
    """Move a case; the caller has checked the move."""
    values: dict[str, object] = {"case": case.case_id, "state": to.value, "now": now, "assignee": assignee}
    values |= {"outcome": outcome.value if outcome else None, "basis": basis}
    await connection.execute(_MOVE, values | {"proposed": proposed_by, "decided": decided_by})


async def add_parties(connection: Connection, case_id: UUID, parties: Iterable[Party]) -> None:
    """Name parties; one who is named already stays as they were."""
    rows = [(case_id, party.kind.value, party.value, party.role.value) for party in parties]
    async with connection.cursor() as cursor:
        await cursor.executemany(_PARTY, rows)


async def parties_of(connection: Connection, case_id: UUID) -> list[Party]:
    """Whom a case names, suspects before witnesses."""
    rows = await (await connection.execute(_PARTIES, [case_id])).fetchall()
    return [Party(PartyKind(row[0]), row[1], PartyRole(row[2])) for row in rows]


async def add_evidence(
    connection: Connection, case_id: UUID, evidence: Evidence, *, sealed: bytes | None = None
) -> bool:
    """Add evidence; False if the case has it already."""
    kept = (evidence.evidence_id, case_id, evidence.kind.value, evidence.ref, evidence.sha256, evidence.media_type)
    values = [*kept, sealed, evidence.added_by, evidence.added_at]
    return await (await connection.execute(_EVIDENCE, values)).fetchone() is not None


async def evidence_of(connection: Connection, case_id: UUID) -> list[Evidence]:
    """What a case rests on, in the order it was added."""
    rows = await (await connection.execute(_EVIDENCES, [case_id])).fetchall()
    return [Evidence(row[0], EvidenceKind(row[1]), *row[2:]) for row in rows]


async def sealed_file(connection: Connection, case_id: UUID, evidence_id: UUID) -> tuple[str, bytes, str] | None:
    """A file of a case: its media type, its sealed content and its name."""
    row = await (await connection.execute(_FILE, [case_id, evidence_id])).fetchone()
    return (row[0], bytes(row[1]), row[2]) if row else None


async def tell_case(
    connection: Connection, case_id: UUID, *, actor: str, what: str, text: str = "", now: datetime
) -> None:
    """Write a line into the timeline; the caller holds the case."""
    await connection.execute(_EVENT, {"case": case_id, "at": now, "actor": actor, "what": what, "text": text})


async def timeline_of(connection: Connection, case_id: UUID) -> list[CaseEvent]:
    """What happened in a case, the first first."""
    return [CaseEvent(*row) for row in await (await connection.execute(_EVENTS, [case_id])).fetchall()]


async def note_pack(connection: Connection, case_id: UUID, pack: Pack) -> None:
    """Remember a pack that left."""
    values = [pack.pack_id, case_id, pack.bureau.value, pack.request_id, pack.sha256, pack.size]
    await connection.execute(_PACK, [*values, pack.made_by, pack.made_at])


async def packs_of(connection: Connection, case_id: UUID) -> list[Pack]:
    """The packs of a case, the latest first."""
    rows = await (await connection.execute(_PACKS, [case_id])).fetchall()
    return [Pack(row[0], Bureau(row[1]), *row[2:]) for row in rows]


def _case(row: Sequence[Any]) -> Case:
    named = dict(zip([field.name for field in fields(Case)], row, strict=True))
    return Case(**{**named, "state": CaseState(row[4]), "outcome": Outcome(row[5]) if row[5] else None})
