"""Staff take a reconciliation case, write notes, and resolve it, each step in the case's story and the audit log."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.payments import case_store
from yongquan.payments.case_store import Case, Note
from yongquan.payments.reconciliation_cases import CASE_MOVES, CaseState
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

CASE_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
TEXT_MAX = 500


class UnknownCase(Refusal):
    """There is no such case."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class CaseStep:
    """What a member of staff does with a case: assigned (to themselves), noted, or resolved.

    `text` has 1 to `TEXT_MAX` characters; only taking a case needs none.
    """

    staff: Staff
    what: str
    text: str

    def __post_init__(self) -> None:
        least = 0 if self.what == "assigned" else 1
        if not least <= len(self.text) <= TEXT_MAX:
            raise BadInput(f"the note has {len(self.text)} characters: write {least} to {TEXT_MAX}")


async def work_case(database: Database, case_id: UUID, step: CaseStep, *, now: datetime) -> None:
    """Do one step. Raises `UnknownCase`, `Forbidden`, `ForbiddenMove`."""
    step.staff.require(*CASE_ROLES)
    async with database.transaction() as connection:
        case = await case_store.case_of(connection, case_id, lock=True)
        if case is None:
            raise UnknownCase
        if step.what != "noted":
            await _move(connection, case, step, now=now)
        await case_store.note_case(connection, case_id, Note(now, step.staff.actor, step.what, step.text))
        entry = AuditEntry(
            actor=step.staff.actor,
            action=f"case.{step.what}",
            subject=f"case:{case_id}",
            before={"state": case.state.value},
            after={"reason": step.text} if step.text else None,
        )
        await append(connection, entry, now=now)


async def _move(connection: Connection, case: Case, step: CaseStep, *, now: datetime) -> None:
    to = CaseState(step.what)
    if to not in CASE_MOVES[case.state]:
        raise ForbiddenMove(f"a case that is {case.state} does not become {to}")
    await case_store.move_case(
        connection,
        case.case_id,
        to,
        assignee=step.staff.staff_id if to is CaseState.ASSIGNED else case.assignee,
        resolution="by_person" if to is CaseState.RESOLVED else None,
        now=now,
    )
