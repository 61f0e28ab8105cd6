"""The analysis of a draw is published while its sign-up is open; the audit log says by whom."""

from datetime import datetime

from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection
from yongquan.vouchers.effect_plan import AnalysisPlan
from yongquan.vouchers.effect_store import publish_plan


async def publish_analysis(connection: Connection, plan: AnalysisPlan, *, by: str, now: datetime) -> bool:
    """Publish a plan in the caller's transaction; False if this very plan was published. Raises `PlanTooLate`."""
    if not await publish_plan(connection, plan, by=by, now=now):
        return False
    entry = AuditEntry(
        actor=by,
        action="effect_plan.published",
        subject=f"round:{plan.round_id}",
        after={"digest": plan.digest()},
    )
    await append(connection, entry, now=now)
    return True
