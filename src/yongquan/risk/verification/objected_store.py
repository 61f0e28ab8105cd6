"""The SQL of reports that a person objects to: which stand against somebody, and setting them aside."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.risk.verification.model import Evidence, Kind, ReportKind

_COLUMNS = "r.report_id, r.institution, r.subject_kind, r.kind, r.evidence, r.withdrawn_at, r.set_aside_at"
_AGAINST = f"""
select {_COLUMNS} from unnest(%(kinds)s::text[], %(marks)s::bytea[]) as u(kind, mark)
  join risk.report r on r.subject_kind = u.kind and r.mark = u.mark
 where r.mode = 'live' and r.withdrawn_at is null and r.set_aside_at is null and r.expires_at > %(now)s
 order by r.reported_at, r.report_id
"""
_BY_ID = f"select {_COLUMNS} from risk.report r where r.report_id = any (%s) order by r.reported_at, r.report_id"
_SET_ASIDE = """
update risk.report set set_aside_at = %s
 where report_id = any (%s) and evidence <> 'official' and withdrawn_at is null and set_aside_at is null
"""


@dataclass(frozen=True, slots=True)
class ReportAgainst:
    """A report as the desk sees it; its note and reference stay its maker's."""

    report_id: UUID
    institution: str
    subject_kind: Kind
    kind: ReportKind
    evidence: Evidence
    withdrawn_at: datetime | None
    set_aside_at: datetime | None


async def reports_against(
    connection: Connection, marks: Sequence[tuple[Kind, bytes]], *, now: datetime
) -> list[ReportAgainst]:
    """The live reports of all institutions that stand against any of these identifiers."""
    values = {"kinds": [kind.value for kind, _ in marks], "marks": [mark for _, mark in marks], "now": now}
    return [_report(row) for row in await (await connection.execute(_AGAINST, values)).fetchall()]


async def reports_named(connection: Connection, reports: Sequence[UUID]) -> dict[UUID, ReportAgainst]:
    """Some reports by id, whether or not they stand."""
    rows = await (await connection.execute(_BY_ID, [list(reports)])).fetchall()
    return {row[0]: _report(row) for row in rows}


async def set_aside(connection: Connection, reports: Sequence[UUID], *, now: datetime) -> None:
    """Count these reports no longer; what police or a court found is not the platform's to set aside."""
    await connection.execute(_SET_ASIDE, [now, list(reports)])


def _report(row: Sequence[object]) -> ReportAgainst:
    report_id, institution, subject, kind, evidence, *ends = row
    return ReportAgainst(
        report_id,  # type: ignore[arg-type]
        str(institution),
        Kind(str(subject)),
        ReportKind(str(kind)),
        Evidence(str(evidence)),
        *ends,  # type: ignore[arg-type]
    )
