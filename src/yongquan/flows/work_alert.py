"""What staff do with an alert of the hourly watch: take it on, dismiss it with a reason, open a case, propose a hold.

Each step is repeatable and stands in the audit log. A case that its shop already has takes the alert in.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.hold_merchant import HoldOrder, propose_hold
from yongquan.flows.work_fraud_case import (
    FRAUD_ROLES,
    CaseDesk,
    NoteMissing,
    UnknownCase,
    add_record,
    case_for_store,
    locked,
)
from yongquan.kernel.errors import Refusal
from yongquan.payments.holds import HoldState, holds_listed
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.risk.cases.model import EvidenceKind, PartyKind, PartyRole
from yongquan.risk.cases.store import parties_of
from yongquan.risk.watching.model import ALERT_MOVES, AlertState
from yongquan.risk.watching.store import Alert, alert_of, move_alert
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove

REASON_MAX = 500
_STANDING = frozenset({HoldState.PROPOSED, HoldState.ACTIVE, HoldState.ENDING, HoldState.EXECUTING})


class UnknownAlert(Refusal):
    """There is no such alert, or not for this person."""

    code = "not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldWish:
    """What is to be held of a shop, what it is told, and until when at most."""

    scope: str
    notice: str
    deadline: datetime


@dataclass(frozen=True, slots=True)
class AlertDesk:
    """Where alerts are answered."""

    database: Database
    days: DayDesk
    cases: CaseDesk

    async def take(self, staff: Staff, alert_id: UUID, *, now: datetime) -> None:
        """Take an alert on, or take a dismissed one up again. Raises `UnknownAlert`, `Forbidden`, `ForbiddenMove`."""
        async with self.database.transaction() as connection:
            alert = await _locked(connection, staff, alert_id, AlertState.TAKEN)
            if alert.state is not AlertState.TAKEN:
                await move_alert(connection, alert, AlertState.TAKEN, assignee=staff.staff_id, now=now)
                await _note(connection, staff, alert, "taken", now=now)

    async def dismiss(self, staff: Staff, alert_id: UUID, reason: str, *, now: datetime) -> None:
        """Say that an alert is nothing, and why. Raises `NoteMissing`, and as `take`."""
        if not 1 <= len(reason) <= REASON_MAX:
            raise NoteMissing
        async with self.database.transaction() as connection:
            alert = await _locked(connection, staff, alert_id, AlertState.DISMISSED)
            if alert.state is not AlertState.DISMISSED:
                await move_alert(connection, alert, AlertState.DISMISSED, reason=reason, now=now)
                await _note(connection, staff, alert, "dismissed", reason, now=now)

    async def open_case(self, staff: Staff, alert_id: UUID, *, now: datetime) -> UUID:
        """The case that the alert is evidence of: its shop's, or a new one. Raises as `take`."""
        async with self.database.transaction() as connection:
            alert = await _locked(connection, staff, alert_id, AlertState.IN_CASE)
            if alert.case_id is not None:
                return alert.case_id
            case = await case_for_store(connection, staff, alert.store_id, seed=str(alert_id), now=now)
            await add_record(connection, staff, case, EvidenceKind.ALERT, str(alert_id), now=now)
            if alert.hold_id is not None:
                await add_record(connection, staff, case, EvidenceKind.HOLD, str(alert.hold_id), now=now)
            await move_alert(connection, alert, AlertState.IN_CASE, case_id=case.case_id, now=now)
            await _note(connection, staff, alert, "in_case", case.case_no, now=now)
        return case.case_id

    async def propose_hold(self, staff: Staff, alert_id: UUID, wish: HoldWish, *, now: datetime) -> UUID:
        """Propose a hold on the alert's shop; one that stands already is taken. Raises `BadInput`, and as `take`."""
        async with self.database.transaction() as connection:
            alert = await _locked(connection, staff, alert_id, AlertState.HOLD_PROPOSED)
        if alert.hold_id is not None:
            return alert.hold_id
        basis = f"监控告警 {alert.day.isoformat()} {alert.hour:02}:00 得分 {alert.score}"
        hold_id = await self._hold(staff, alert.store_id, wish, basis, now=now)
        async with self.database.transaction() as connection:
            alert = await _locked(connection, staff, alert_id, AlertState.HOLD_PROPOSED)
            if alert.hold_id is None:
                await move_alert(connection, alert, AlertState.HOLD_PROPOSED, hold_id=hold_id, now=now)
                await _note(connection, staff, alert, "hold_proposed", str(hold_id), now=now)
        return hold_id

    async def hold_for_case(
        self, staff: Staff, case_id: UUID, store_id: UUID, wish: HoldWish, *, now: datetime
    ) -> UUID:
        """Propose a hold on a suspect of a case; its basis names the case and the announcement."""
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id, still_open=True)
            suspects = [p.value for p in await parties_of(connection, case_id) if _is_suspect_store(p.kind, p.role)]
        if str(store_id) not in suspects:
            raise UnknownCase
        cited = f"，《联合公告》第 {case.announcement} 版" if case.announcement else ""
        hold_id = await self._hold(staff, store_id, wish, f"案件 {case.case_no}{cited}", now=now)
        async with self.database.transaction() as connection:
            case = await locked(connection, staff, case_id)
            await add_record(connection, staff, case, EvidenceKind.HOLD, str(hold_id), now=now)
        return hold_id

    async def _hold(self, staff: Staff, store_id: UUID, wish: HoldWish, basis: str, *, now: datetime) -> UUID:
        async with self.database.transaction() as connection:
            known = [one for one in await holds_listed(connection, store_id=store_id) if one.state in _STANDING]
        if known:
            return known[0].hold_id
        order = HoldOrder(store_id=store_id, scope=wish.scope, basis=basis, notice=wish.notice, deadline=wish.deadline)
        return await propose_hold(self.days, staff.actor, order, real_now=now)


def _is_suspect_store(kind: PartyKind, role: PartyRole) -> bool:
    return kind is PartyKind.STORE and role is PartyRole.SUSPECT


async def _locked(connection: Connection, staff: Staff, alert_id: UUID, to: AlertState) -> Alert:
    alert = await alert_of(connection, alert_id, lock=True)
    if alert is None:
        raise UnknownAlert
    staff.require(*FRAUD_ROLES, adcode=alert.adcode)
    if to is not alert.state and to not in ALERT_MOVES[alert.state]:
        raise ForbiddenMove(f"an alert that is {alert.state} does not become {to}")
    return alert


async def _note(
    connection: Connection, staff: Staff, alert: Alert, what: str, text: str = "", *, now: datetime
) -> None:
    entry = AuditEntry(
        actor=staff.actor,
        action=f"watch_alert.{what}",
        subject=f"watch_alert:{alert.alert_id}",
        before={"state": alert.state.value},
        after={"reason": text} if text else None,
    )
    await append(connection, entry, now=now)
