"""Staff run the analysis that was published before a draw, once and as it was published."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.measure_effect import NoPlan, measure_draw
from yongquan.flows.steer_campaign import STEERING_ROLES
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Staff
from yongquan.vouchers.effect_store import lock_plan, plan_of_round, report_of_round


async def run_published_analysis(
    database: Database, staff: Staff, round_id: UUID, *, adcode: str | None, now: datetime
) -> bool:
    """Run it and keep its report; False if a run as published is there already. `adcode` is the campaign's.

    Locks the plan, so that two members of staff who press at once get one report. Raises `Forbidden`, `NoPlan`,
    `NotDrawn`, `WindowOpen`, `NothingToCompare`.
    """
    staff.require(*STEERING_ROLES, adcode=adcode)
    async with database.transaction() as connection:
        await lock_plan(connection, round_id)
        published = await plan_of_round(connection, round_id)
        if published is None:
            raise NoPlan
        done = await report_of_round(connection, round_id)
        if done is not None and not done.deviations:
            return False
        result = await measure_draw(database, published.plan, by=staff.actor, now=now)
        entry = AuditEntry(
            actor=staff.actor,
            action="effect.measured",
            subject=f"round:{round_id}",
            after={"digest": published.digest, "itt_fen": result["itt_fen"]},
        )
        await append(connection, entry, now=now)
    return True
