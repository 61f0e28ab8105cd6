"""Rules of grades and of contribution pay: one member of staff proposes them, another approves or refuses them."""

from datetime import date, datetime

from yongquan.flows.deciding import to_decide
from yongquan.kernel.errors import BadInput
from yongquan.kernel.reasons import require_reason
from yongquan.merchants.contribution import read_formula
from yongquan.merchants.rulebooks import store as rulebooks
from yongquan.merchants.rulebooks.store import NewRules, RuleKind
from yongquan.merchants.tiers import read_tier_rules
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.staff import Role, Staff

RULE_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200


def check_rules(kind: RuleKind, document: str) -> None:
    """Pass if a document can be read. Raises `BadInput` with the line or the field."""
    if kind is RuleKind.TIERS:
        read_tier_rules(document)
    else:
        read_formula(document)


async def propose_rules(database: Database, staff: Staff, new: NewRules, *, now: datetime, real_now: datetime) -> int:
    """Propose a version for this month or a later one; its number. Raises `Forbidden`, `BadInput`."""
    staff.require(*RULE_ROLES)
    check_rules(new.kind, new.document)
    require_reason(new.reason, most=REASON_MAX)
    _require_open(new.effective_month, now)
    async with database.transaction() as connection:
        number = await rulebooks.propose(connection, new, actor=staff.actor, now=real_now)
        entry = AuditEntry(
            actor=staff.actor,
            action="rules.proposed",
            subject=f"rules:{new.kind}:{number}",
            after={"month": str(new.effective_month), "reason": new.reason},
        )
        await append(connection, entry, now=real_now)
    return number


async def decide_rules(
    database: Database, staff: Staff, kind: RuleKind, number: int, *, approve: bool, now: datetime, real_now: datetime
) -> None:
    """Approve or refuse somebody else's version. Raises `UnknownVersion`, `OwnVersion`, `ForbiddenMove`, `BadInput`."""
    staff.require(*RULE_ROLES)
    state = "approved" if approve else "refused"
    async with database.transaction() as connection:
        version = to_decide(await rulebooks.rule_version(connection, kind, number, lock=True), staff)
        if approve:
            _require_open(version.effective_month, now)
        await rulebooks.decide(connection, version, state, actor=staff.actor, now=real_now)
        entry = AuditEntry(
            actor=staff.actor,
            action=f"rules.{state}",
            subject=f"rules:{kind}:{number}",
            before={"state": "proposed"},
            after={"state": state},
        )
        await append(connection, entry, now=real_now)


def _require_open(month: date, now: datetime) -> None:
    # What a past month was graded and paid by stays.
    if month.day != 1 or month < business_day(now).replace(day=1):
        raise BadInput(f"{month}: name the first day of this month or a later one")
