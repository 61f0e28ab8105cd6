"""The SQL of warnings, of whom each was told, and of what they said."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.warnings.model import (
    NewWarning,
    Published,
    Share,
    SubjectKind,
    Verdict,
    Warned,
    WarningKind,
    WarningLevel,
)

PAGE = 100
NOTE = "warning note"
_FIRST_ID = "00000000-0000-0000-0000-000000000000"
_SAVE = """
insert into risk.warning (warning_id, mode, kind, subject_kind, subject, level, reasons, published_at, published_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_SHARE = """
insert into risk.warning_told (warning_id, institution, facts)
select %s, u.institution, u.facts from unnest(%s::text[], %s::jsonb[]) as u(institution, facts)
"""
_EMIT = "select plumbing.emit(0, %s, %s::uuid[], %s::uuid[], %s::jsonb[], %s)"
_WARNED = """
w.warning_id, w.kind, w.subject_kind, w.subject, w.level, w.reasons, t.facts, w.published_at, t.verdict, t.answered_at
"""
# As the outbox is read: nothing that is still being written can come before what was read.
_FEED = f"""
select {_WARNED}, t.xid::text
  from risk.warning_told t join risk.warning w using (warning_id)
 where t.institution = %(who)s and w.mode = %(mode)s
   and (t.xid, t.warning_id) > (%(xid)s::xid8, %(warning)s::uuid) and t.xid < pg_snapshot_xmin(pg_current_snapshot())
 order by t.xid, t.warning_id limit %(limit)s
"""
_ONE = f"""
select {_WARNED} from risk.warning_told t join risk.warning w using (warning_id)
 where t.institution = %s and w.mode = %s and t.warning_id = %s
"""
_ANSWER = """
update risk.warning_told t set verdict = %s, note_sealed = %s, answered_at = %s
  from risk.warning w
 where w.warning_id = t.warning_id and w.mode = %s and t.warning_id = %s and t.institution = %s
"""
_PUBLISHED = """
select w.warning_id, w.kind, w.subject_kind, w.subject, w.level, w.reasons, '{}'::jsonb, w.published_at,
       null::text, null::timestamptz, w.published_by
  from risk.warning w
 where w.mode = 'live' and (%(kind)s = '' or w.kind = %(kind)s)
   and (%(who)s = '' or exists (select 1 from risk.warning_told t
                                 where t.warning_id = w.warning_id and t.institution = %(who)s))
   and (%(verdict)s = '' or exists (select 1 from risk.warning_told t
                                     where t.warning_id = w.warning_id
                                       and coalesce(t.verdict, 'unread') = %(verdict)s))
 order by w.published_at desc, w.warning_id limit %(limit)s
"""
_SHARES = """
select warning_id, institution, facts, verdict, note_sealed, answered_at from risk.warning_told
 where warning_id = any (%s) order by warning_id, institution
"""
_COUNTS = """
select t.institution, count(*), count(*) filter (where t.verdict is null)
  from risk.warning_told t join risk.warning w using (warning_id) where w.mode = 'live' group by t.institution
"""
_VERDICTS = """
select w.kind, count(*), count(*) filter (where t.verdict = 'confirmed'), count(*) filter (where t.verdict = 'false'),
       count(*) filter (where t.verdict is null)
  from risk.warning_told t join risk.warning w using (warning_id) where w.mode = 'live' group by w.kind
"""


async def save_warning(connection: Connection, new: NewWarning, *, mode: str, now: datetime) -> bool:
    """Write a warning with everybody who is told; False if its key was published before."""
    row = [
        *(new.warning_id, mode, new.kind.value, new.subject_kind.value, new.subject, new.level.value),
        *(list(new.reasons), now, new.by),
    ]
    if (await connection.execute(_SAVE, row)).rowcount == 0:
        return False
    facts = [Jsonb(dict(own)) for own in new.told.values()]
    await connection.execute(_SHARE, [new.warning_id, list(new.told), facts])
    return True


async def tell(
    connection: Connection, warning_id: UUID, told: Mapping[str, dict[str, object]], *, kind: str, now: datetime
) -> None:
    """Put one event an institution into the outbox: it names that institution alone."""
    events = [named_id(kind, warning_id, institution) for institution in told]
    payloads = [Jsonb(said | {"institutions": [institution]}) for institution, said in told.items()]
    await connection.execute(_EMIT, [kind, events, [warning_id] * len(events), payloads, now])


async def feed(connection: Connection, institution: str, *, mode: str, after: str) -> tuple[list[Warned], str]:
    """The next warnings told to an institution, and the cursor to go on from ("" at first)."""
    xid, _, warning = (after or "0.").partition(".")
    values = {"who": institution, "mode": mode, "xid": xid, "warning": warning or _FIRST_ID, "limit": PAGE}
    rows = await (await connection.execute(_FEED, values)).fetchall()
    return [_warned(row) for row in rows], f"{rows[-1][10]}.{rows[-1][0]}" if rows else after


async def warning_of(connection: Connection, warning_id: UUID, institution: str, *, mode: str) -> Warned | None:
    """A warning, for an institution that was told of it."""
    row = await (await connection.execute(_ONE, [institution, mode, warning_id])).fetchone()
    return _warned(row) if row else None


async def answer(
    connection: Connection,
    warning_id: UUID,
    institution: str,
    verdict: Verdict,
    *,
    note: str,
    mode: str,
    sealing: Sealing,
    now: datetime,
) -> bool:
    """Write down what an institution says; False if it was not told of this warning."""
    sealed = sealing.seal(note, what=NOTE) if note else None
    row = [verdict.value, sealed, now, mode, warning_id, institution]
    return (await connection.execute(_ANSWER, row)).rowcount == 1


async def published(
    connection: Connection, sealing: Sealing, *, kind: str = "", institution: str = "", verdict: str = "", limit: int
) -> list[Published]:
    """The newest live warnings with everybody who was told, for the operator's desk."""
    values = {"kind": kind, "who": institution, "verdict": verdict, "limit": limit}
    rows = await (await connection.execute(_PUBLISHED, values)).fetchall()
    shares: dict[UUID, list[Share]] = defaultdict(list)
    for row in await (await connection.execute(_SHARES, [[row[0] for row in rows]])).fetchall():
        note = sealing.open(bytes(row[4]), what=NOTE) if row[4] else ""
        shares[row[0]].append(Share(row[1], row[2], Verdict(row[3]) if row[3] else None, note, row[5]))
    return [Published(_warned(row), row[10], tuple(shares[row[0]])) for row in rows]


async def told_counts(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many warnings each institution was told, and how many it has not answered."""
    return {row[0]: (row[1], row[2]) for row in await (await connection.execute(_COUNTS)).fetchall()}


async def verdict_counts(connection: Connection) -> dict[WarningKind, tuple[int, int, int, int]]:
    """By kind: told, confirmed, false, unanswered."""
    rows = await (await connection.execute(_VERDICTS)).fetchall()
    return {WarningKind(row[0]): (row[1], row[2], row[3], row[4]) for row in rows}


def _warned(row: Sequence[Any]) -> Warned:
    return Warned(
        warning_id=row[0],
        kind=WarningKind(row[1]),
        subject_kind=SubjectKind(row[2]),
        subject=row[3],
        level=WarningLevel(row[4]),
        reasons=tuple(row[5]),
        facts=row[6],
        published_at=row[7],
        verdict=Verdict(row[8]) if row[8] else None,
        answered_at=row[9],
    )
