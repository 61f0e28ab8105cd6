"""Ties of days and findings, in the schema `risk`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.risk.findings import Finding, FindingKind, Party, Reason
from yongquan.risk.graph.graph import Tie

PLATFORM, EXERCISE = "platform", "exercise"
_FORGET_TIES = "delete from risk.tie where day = %s"
_SAVE_TIES = """
insert into risk.tie (day, one_kind, one, other_kind, other, weight, first_us, last_us)
select %s, * from unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[])
"""
_TIES = """
select one_kind, one, other_kind, other, sum(weight)::bigint, min(first_us), max(last_us) from risk.tie
 where day between %s and %s group by one_kind, one, other_kind, other
"""
_FORGET = "delete from risk.finding where day = %s and source = %s"
_SAVE = """
insert into risk.finding (finding_id, day, source, kind, subject_kind, subject, score, parties, ties, reasons, facts,
                          found_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_COLUMNS = "finding_id, day, source, found_at, ties, kind, subject_kind, subject, score, parties, reasons, facts"
_LISTED = f"""
select {_COLUMNS} from risk.finding
 where kind = any (%s) and (%s::date is null or day = %s) order by day desc, score desc, finding_id limit %s
"""
_ONE = f"select {_COLUMNS} from risk.finding where finding_id = %s"
_DAYS = "select distinct day from risk.finding where kind = any (%s) order by day desc limit 60"
_BEGIN = """
insert into risk.gang_search (day, begun_at) values (%s, %s)
on conflict (day) do update set begun_at = excluded.begun_at
 where gang_search.done_at is null and gang_search.begun_at <= %s returning day
"""
_END = "update risk.gang_search set done_at = %s, findings = %s where day = %s"
_LAST = "select day, done_at, findings from risk.gang_search where done_at is not null order by day desc limit 1"


@dataclass(frozen=True, slots=True)
class StoredFinding:
    """A finding as it was kept, with what draws it. `source` is the platform's records or an exercise's."""

    finding_id: UUID
    day: date
    source: str
    found_at: datetime
    ties: tuple[Tie, ...]
    finding: Finding


async def begin_search(connection: Connection, day: date, *, broken_off: datetime, now: datetime) -> bool:
    """Take a day's search on; False if it is done, or somebody began it after `broken_off`."""
    return await (await connection.execute(_BEGIN, [day, now, broken_off])).fetchone() is not None


async def end_search(connection: Connection, day: date, *, findings: int, now: datetime) -> None:
    """A day's search is done."""
    await connection.execute(_END, [now, findings, day])


async def last_search(connection: Connection) -> tuple[date, datetime, int] | None:
    """The last daily search that was finished: its day, when, how much it found."""
    return await (await connection.execute(_LAST)).fetchone()


async def save_ties(connection: Connection, day: date, ties: Iterable[Tie]) -> None:
    """Keep a day's ties in place of those it had."""
    rows = [(*tie.one, *tie.other, *tie[2:]) for tie in ties]
    await connection.execute(_FORGET_TIES, [day])
    columns: list[list[object]] = [list(column) for column in zip(*rows, strict=True)] or [[] for _ in range(7)]
    await connection.execute(_SAVE_TIES, [day, *columns])


async def ties_between(connection: Connection, first: date, last: date) -> list[Tie]:
    """The ties of these days, both included, added up."""
    rows = await (await connection.execute(_TIES, [first, last])).fetchall()
    return [Tie(Party(*row[:2]), Party(*row[2:4]), *row[4:]) for row in rows]


async def save_findings(
    connection: Connection,
    day: date,
    findings: Sequence[tuple[Finding, Sequence[Tie]]],
    *,
    source: str,
    now: datetime,
) -> None:
    """Keep what a search of a day found in place of what it had found; the same thing keeps its id."""
    await connection.execute(_FORGET, [day, source])
    rows = [
        (
            named_id("finding", day, source, found.key),
            day,
            source,
            found.kind,
            *found.subject,
            found.score,
            Jsonb([list(party) for party in found.parties]),
            Jsonb([[*tie.one, *tie.other, *tie[2:]] for tie in ties]),
            Jsonb([list(reason) for reason in found.reasons]),
            Jsonb(dict(found.facts)),
            now,
        )
        for found, ties in findings
    ]
    async with connection.cursor() as cursor:
        await cursor.executemany(_SAVE, rows)


async def findings_listed(
    connection: Connection, kinds: Sequence[FindingKind], *, day: date | None = None, limit: int = 200
) -> list[StoredFinding]:
    """Findings of some kinds, of a day or the latest, the worst of a day first."""
    rows = await (await connection.execute(_LISTED, [list(kinds), day, day, limit])).fetchall()
    return [_finding(row) for row in rows]


async def finding_of(connection: Connection, finding_id: UUID) -> StoredFinding | None:
    """One finding."""
    row = await (await connection.execute(_ONE, [finding_id])).fetchone()
    return _finding(row) if row else None


async def days_with_findings(connection: Connection, kinds: Sequence[FindingKind]) -> list[date]:
    """The days that have findings of these kinds, the latest first."""
    return [row[0] for row in await (await connection.execute(_DAYS, [list(kinds)])).fetchall()]


def _finding(row: Sequence[object]) -> StoredFinding:
    finding_id, day, source, found_at, ties, kind, subject_kind, subject, score, parties, reasons, facts = row
    return StoredFinding(
        finding_id,  # type: ignore[arg-type]
        day,  # type: ignore[arg-type]
        str(source),
        found_at,  # type: ignore[arg-type]
        tuple(Tie(Party(*tie[:2]), Party(*tie[2:4]), *tie[4:]) for tie in ties),  # type: ignore[attr-defined]
        Finding(
            kind=FindingKind(kind),  # type: ignore[arg-type]
            subject=Party(str(subject_kind), str(subject)),
            parties=tuple(Party(*party) for party in parties),  # type: ignore[attr-defined]
            score=int(score),  # type: ignore[call-overload]
            reasons=tuple(Reason(*reason) for reason in reasons),  # type: ignore[attr-defined]
            facts=facts,  # type: ignore[arg-type]
        ),
    )
