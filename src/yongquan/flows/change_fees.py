"""A new fee table: one member of staff proposes it, another approves or refuses it, before its day begins."""

from dataclasses import dataclass
from datetime import date, datetime

from yongquan.flows.deciding import to_decide
from yongquan.kernel.errors import BadInput
from yongquan.kernel.reasons import require_reason
from yongquan.payments import fee_versions
from yongquan.payments.fees import FeeTable
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.staff import Role, Staff

FEE_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Proposal:
    """A table, the business day from whose start it prices payments, and why (1 to `REASON_MAX` characters)."""

    table: FeeTable
    effective_day: date
    reason: str

    def __post_init__(self) -> None:
        require_reason(self.reason, most=REASON_MAX)


async def propose_fees(
    database: Database, staff: Staff, proposal: Proposal, *, now: datetime, real_now: datetime
) -> int:
    """Propose a version; its number. `now` is the product's time. Raises `Forbidden`, `BadInput`."""
    staff.require(*FEE_ROLES)
    _require_future(proposal.effective_day, now)
    async with database.transaction() as connection:
        number = await fee_versions.propose(
            connection,
            proposal.effective_day,
            proposal.table,
            actor=staff.actor,
            reason=proposal.reason,
            now=real_now,
        )
        facts: dict[str, str | int] = {"effective_day": str(proposal.effective_day), "reason": proposal.reason}
        entry = AuditEntry(actor=staff.actor, action="fees.proposed", subject=f"fees:{number}", after={**facts})
        await append(connection, entry, now=real_now)
    return number


async def decide_fees(
    database: Database, staff: Staff, version_no: int, *, approve: bool, now: datetime, real_now: datetime
) -> None:
    """Approve or refuse somebody else's version; it must still lie ahead to be approved.

    Raises `UnknownVersion`, `OwnVersion`, `ForbiddenMove`, `Forbidden`.
    """
    staff.require(*FEE_ROLES)
    state = "approved" if approve else "refused"
    async with database.transaction() as connection:
        version = to_decide(await fee_versions.fee_version(connection, version_no, lock=True), staff)
        if approve:
            _require_future(version.effective_day, now)
        await fee_versions.decide(connection, version_no, state, actor=staff.actor, now=real_now)
        entry = AuditEntry(
            actor=staff.actor,
            action=f"fees.{state}",
            subject=f"fees:{version_no}",
            before={"state": "proposed"},
            after={"state": state},
        )
        await append(connection, entry, now=real_now)


def _require_future(day: date, now: datetime) -> None:
    # Every process reads an approved version before its first payment.
    if day <= business_day(now):
        raise BadInput(f"{day} has begun: a fee table takes effect at the start of a later business day")
