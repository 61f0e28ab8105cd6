"""The SQL of reports, answers and askings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification.marks import Marks
from yongquan.risk.verification.model import (
    ASKING_WINDOW,
    About,
    Advice,
    Answer,
    Decision,
    Evidence,
    Kind,
    Level,
    Reason,
    Report,
    ReportKind,
    Scene,
    Told,
)

NOTE = "risk note"
PAGE = 100
_COLUMNS = """
report_id, institution, mode, subject_kind, mark, kind, evidence, reference, note_sealed, reported_at, expires_at,
withdrawn_at, coalesce(withdraw_reason, ''), set_aside_at
"""
_SAVE_REPORT = """
insert into risk.report (report_id, institution, mode, subject_kind, mark, kind, evidence, reference, note_sealed,
                         reported_at, expires_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_OWN_REPORT = f"select {_COLUMNS} from risk.report where report_id = %s and institution = %s and mode = %s"
_OWN_REPORTS = f"""
select {_COLUMNS} from risk.report
 where institution = %(who)s and mode = %(mode)s
   and (%(after)s::uuid is null or (reported_at, report_id) > (select r.reported_at, r.report_id from risk.report r
                                                                where r.report_id = %(after)s
                                                                  and r.institution = %(who)s))
 order by reported_at, report_id limit %(limit)s
"""
_WITHDRAW = """
update risk.report set withdrawn_at = %s, withdraw_reason = %s
 where report_id = %s and institution = %s and mode = %s and withdrawn_at is null
"""
# Live answers read live reports of everybody; the sandbox reads its asker's own trial reports alone.
_STANDING = """
select u.about, r.kind, r.evidence, r.institution
  from unnest(%(about)s::text[], %(kinds)s::text[], %(marks)s::bytea[]) as u(about, kind, mark)
  join risk.report r on r.subject_kind = u.kind and r.mark = u.mark
 where r.withdrawn_at is null and r.set_aside_at is null and r.expires_at > %(now)s and r.mode = %(mode)s
   and (%(mode)s = 'live' or r.institution = %(who)s)
"""
_ASKERS = """
select u.about, count(distinct a.institution)
  from unnest(%(about)s::text[], %(kinds)s::text[], %(marks)s::bytea[]) as u(about, kind, mark)
  join risk.asking a on a.subject_kind = u.kind and a.mark = u.mark
 where a.asked_at > %(since)s and a.institution <> %(who)s group by u.about
"""
_NOTE_ASKING = """
insert into risk.asking (subject_kind, mark, asked_at, institution)
select u.kind, u.mark, %s, %s from unnest(%s::text[], %s::bytea[]) as u(kind, mark) order by 1, 2
on conflict do nothing
"""
_FORGET_ASKINGS = """
delete from risk.asking where ctid = any (array(select ctid from risk.asking where asked_at < %s limit %s))
"""
_FORGET_TRANSFERS = """
delete from risk.asked_transfer where ctid = any (array(
    select ctid from risk.asked_transfer where asked_at < %s order by asked_at limit %s))
"""
_SAVE_ANSWER = """
insert into risk.verification (verification_id, institution, mode, scene, level, reasons, advice, asked_at, valid_until)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_ANSWER = """
select verification_id, scene, level, reasons, advice, asked_at, valid_until from risk.verification
 where verification_id = %s and institution = %s and mode = %s
"""
_SAVE_TRANSFER = """
insert into risk.asked_transfer (verification_id, institution, payer, payee, device, amount_fen, asked_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
_TRANSFERS = """
select asked_at, payer, payee, device, amount_fen from (
    select asked_at, payer, payee, device, amount_fen, verification_id from risk.asked_transfer
     where institution = %s and asked_at > %s order by asked_at desc limit %s) latest
 order by asked_at, verification_id
"""
_COUNTS = """
select institution, count(*) filter (where asked_at > %(since)s), count(*) filter (where level = 'high')
  from risk.verification where mode = 'live' and asked_at > %(week)s group by institution
"""
_REPORTS = """
select institution, count(*) from risk.report
 where mode = 'live' and withdrawn_at is null and set_aside_at is null and expires_at > %s group by institution
"""


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer that was asked about; parties by their marks, `at` in UTC."""

    at: datetime
    payer: bytes
    payee: bytes
    device: bytes | None
    amount_fen: int


async def save_report(connection: Connection, report: Report, sealing: Sealing) -> None:
    """Write a report; its note is sealed."""
    note = sealing.seal(report.note, what=NOTE) if report.note else None
    row = [
        *(report.report_id, report.institution, report.mode, report.subject_kind.value, report.mark),
        *(report.kind.value, report.evidence.value, report.reference, note, report.reported_at, report.expires_at),
    ]
    await connection.execute(_SAVE_REPORT, row)


async def own_report(
    connection: Connection, report_id: UUID, sealing: Sealing, *, institution: str, mode: str
) -> Report | None:
    """A report, for whoever made it."""
    row = await (await connection.execute(_OWN_REPORT, [report_id, institution, mode])).fetchone()
    return _report(row, sealing) if row else None


async def own_reports(
    connection: Connection, sealing: Sealing, *, institution: str, mode: str, after: UUID | None
) -> list[Report]:
    """The next reports of an institution, the oldest first."""
    values = {"who": institution, "mode": mode, "after": after, "limit": PAGE}
    return [_report(row, sealing) for row in await (await connection.execute(_OWN_REPORTS, values)).fetchall()]


async def withdraw(
    connection: Connection, report_id: UUID, reason: str, *, institution: str, mode: str, now: datetime
) -> None:
    """A report stands no longer; one that was withdrawn before stays as it was."""
    await connection.execute(_WITHDRAW, [now, reason, report_id, institution, mode])


async def standing(connection: Connection, marks: Marks, *, asker: str, mode: str, now: datetime) -> list[Told]:
    """The reports that stand against any of these."""
    values = {**_columns(marks), "now": now, "mode": mode, "who": asker}
    rows = await (await connection.execute(_STANDING, values)).fetchall()
    return [Told(About(row[0]), ReportKind(row[1]), Evidence(row[2]), row[3]) for row in rows]


async def askers_of(connection: Connection, marks: Marks, *, asker: str, now: datetime) -> dict[About, int]:
    """How many other institutions asked about each of these in the last day."""
    values = {**_columns(marks), "since": now - ASKING_WINDOW, "who": asker}
    return {About(row[0]): row[1] for row in await (await connection.execute(_ASKERS, values)).fetchall()}


async def note_asking(connection: Connection, marks: Marks, *, asker: str, now: datetime) -> None:
    """Remember for a while that somebody asked."""
    columns = _columns(marks)
    await connection.execute(_NOTE_ASKING, [now, asker, columns["kinds"], columns["marks"]])


async def forget_askings(connection: Connection, *, before: datetime, limit: int = 10_000) -> int:
    """Delete what is too old to count; returns how many."""
    return (await connection.execute(_FORGET_ASKINGS, [before, limit])).rowcount


async def forget_transfers(connection: Connection, *, before: datetime, limit: int = 10_000) -> int:
    """Delete transfers that no score looks back at any more; returns how many."""
    return (await connection.execute(_FORGET_TRANSFERS, [before, limit])).rowcount


async def save_answer(connection: Connection, answer: Answer, *, institution: str, mode: str) -> None:
    """Keep an answer for its asker."""
    decision = answer.decision
    reasons = [f"{reason.code}:{reason.about.value}" for reason in decision.reasons]
    row = [
        *(answer.verification_id, institution, mode, answer.scene.value, decision.level.value, reasons),
        *(decision.advice.value, answer.asked_at, answer.valid_until),
    ]
    await connection.execute(_SAVE_ANSWER, row)


async def answer_of(connection: Connection, verification_id: UUID, *, institution: str, mode: str) -> Answer | None:
    """An answer, for whoever asked."""
    row = await (await connection.execute(_ANSWER, [verification_id, institution, mode])).fetchone()
    if row is None:
        return None
    said = [reason.partition(":") for reason in row[3]]
    reasons = tuple(Reason(code, About(about)) for code, _, about in said)
    decision = Decision(Level(row[2]), reasons, Advice(row[4]))
    return Answer(row[0], Scene(row[1]), decision, row[5], row[6], mode == "test")


async def save_transfer(connection: Connection, verification_id: UUID, institution: str, transfer: Transfer) -> None:
    """Keep a transfer that was asked about, for the asker's own later ones to be laid beside."""
    row = [verification_id, institution, transfer.payer, transfer.payee, transfer.device, transfer.amount_fen]
    await connection.execute(_SAVE_TRANSFER, [*row, transfer.at])


async def own_transfers(connection: Connection, institution: str, *, since: datetime, limit: int) -> list[Transfer]:
    """The latest transfers that this institution asked about, the oldest first."""
    rows = await (await connection.execute(_TRANSFERS, [institution, since, limit])).fetchall()
    return [Transfer(*row) for row in rows]


async def asked_counts(connection: Connection, *, since: datetime, week: datetime) -> dict[str, tuple[int, int]]:
    """Each institution's live answers since a moment, and its answers of level high in the week."""
    values = {"since": since, "week": week}
    return {row[0]: (row[1], row[2]) for row in await (await connection.execute(_COUNTS, values)).fetchall()}


async def report_counts(connection: Connection, *, now: datetime) -> dict[str, int]:
    """How many live reports of each institution stand."""
    return dict(await (await connection.execute(_REPORTS, [now])).fetchall())


def _columns(marks: Marks) -> Mapping[str, Sequence[object]]:
    return {
        "about": [about.value for about in marks],
        "kinds": [about.kind.value for about in marks],
        "marks": list(marks.values()),
    }


def _report(row: Sequence[object], sealing: Sealing) -> Report:
    (
        report_id,
        institution,
        mode,
        subject,
        mark,
        kind,
        evidence,
        reference,
        note,
        at,
        until,
        withdrawn,
        reason,
        aside,
    ) = row
    opened = sealing.open(bytes(note), what=NOTE) if isinstance(note, bytes | memoryview) else ""
    return Report(
        report_id=report_id,  # type: ignore[arg-type]
        institution=str(institution),
        mode=str(mode),
        subject_kind=Kind(str(subject)),
        mark=mark,  # type: ignore[arg-type]
        kind=ReportKind(str(kind)),
        evidence=Evidence(str(evidence)),
        reference=str(reference),
        note=opened,
        reported_at=at,  # type: ignore[arg-type]
        expires_at=until,  # type: ignore[arg-type]
        withdrawn_at=withdrawn,  # type: ignore[arg-type]
        withdraw_reason=str(reason),
        set_aside_at=aside,  # type: ignore[arg-type]
    )
