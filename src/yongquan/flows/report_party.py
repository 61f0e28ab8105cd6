"""An institution reports a bad party, looks at its own reports, and withdraws one."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from yongquan.institutions.risk_terms import RiskCaller
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.once import once
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification import store
from yongquan.risk.verification.marks import mark_of
from yongquan.risk.verification.model import REPORT_DAYS, Evidence, Kind, Report, ReportKind, UnknownReport


@dataclass(frozen=True, slots=True, kw_only=True)
class NewReport:
    """What is told of a party. `reference` is the institution's own number, `note` its own secret; days it stands."""

    subject_kind: Kind
    value: str
    kind: ReportKind
    evidence: Evidence
    reference: str
    note: str = ""
    days: int = REPORT_DAYS

    def digest(self) -> bytes:
        """What tells this report from another under the same key; keeps no identifier."""
        said = [self.subject_kind, self.value, self.kind, self.evidence, self.reference, self.note, self.days]
        return hashlib.sha256(msgspec.json.encode(said)).digest()


@dataclass(frozen=True, slots=True)
class Reporting:
    """Takes reports and shows each to its maker alone."""

    database: Database
    sealing: Sealing
    clock: Clock

    async def report(self, caller: RiskCaller, new: NewReport, *, key: str) -> Mapping[str, object]:
        """Take a report; the same key brings the same one. Raises `ConflictingRequest`."""
        now = self.clock.now()
        async with (
            self.database.transaction() as connection,
            once(
                connection, caller=f"risk-report:{caller.mode}:{caller.institution}", key=key, body=new.digest()
            ) as request,
        ):
            if request.answer is not None:
                return request.answer
            made = self._made(caller, new, now)
            await store.save_report(connection, made, self.sealing)
            request.answer = document_of(made, now=now)
            return request.answer

    async def withdraw(self, caller: RiskCaller, report_id: UUID, reason: str) -> Mapping[str, object]:
        """A report stands no longer; again changes nothing. Raises `UnknownReport`."""
        now = self.clock.now()
        who = {"institution": caller.institution, "mode": caller.mode}
        async with self.database.transaction() as connection:
            await store.withdraw(connection, report_id, reason, **who, now=now)
            found = await store.own_report(connection, report_id, self.sealing, **who)
        if found is None:
            raise UnknownReport("this institution made no such report")
        return document_of(found, now=now)

    async def own(self, caller: RiskCaller, *, after: UUID | None) -> list[dict[str, object]]:
        """The caller's next reports, the oldest first, each with its note."""
        now = self.clock.now()
        async with self.database.transaction() as connection:
            found = await store.own_reports(
                connection, self.sealing, institution=caller.institution, mode=caller.mode, after=after
            )
        return [document_of(report, now=now) | {"note": report.note} for report in found]

    def _made(self, caller: RiskCaller, new: NewReport, now: datetime) -> Report:
        return Report(
            report_id=fresh_id(),
            institution=caller.institution,
            mode=caller.mode,
            subject_kind=new.subject_kind,
            mark=mark_of(new.subject_kind, new.value, self.sealing),
            kind=new.kind,
            evidence=new.evidence,
            reference=new.reference,
            note=new.note,
            reported_at=now,
            expires_at=now + timedelta(days=new.days),
        )


def document_of(report: Report, *, now: datetime) -> dict[str, object]:
    """A report as its maker reads it, without its note."""
    return {
        "report_id": str(report.report_id),
        "subject_kind": report.subject_kind.value,
        "kind": report.kind.value,
        "evidence": report.evidence.value,
        "reference": report.reference,
        "state": report.state(now),
        "reported_at": report.reported_at.isoformat(),
        "expires_at": report.expires_at.isoformat(),
        "withdrawn_at": None if report.withdrawn_at is None else report.withdrawn_at.isoformat(),
        "withdraw_reason": report.withdraw_reason,
    }
