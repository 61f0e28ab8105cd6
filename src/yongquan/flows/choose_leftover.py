"""What a round leaves over goes back to its funders' budgets, or out again in the next round."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.move_budget import MOVING_ROLES, CannotMove
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Staff
from yongquan.vouchers.steering import lock_campaign
from yongquan.vouchers.stock_store import set_leftover


async def choose_leftover(
    database: Database, staff: Staff, campaign_id: UUID, round_id: UUID, *, to: str, now: datetime
) -> None:
    """Write the choice (`budget` or `next_round`) down; locks the campaign. Raises `Forbidden`, `CannotMove`."""
    async with database.transaction() as connection:
        found = await lock_campaign(connection, campaign_id)
        if found is None:
            raise CannotMove
        staff.require(*MOVING_ROLES, adcode=found.adcode)
        if not await set_leftover(connection, campaign_id, round_id, to):
            raise CannotMove("the round is not of this campaign")
        entry = AuditEntry(
            actor=staff.actor, action="round.leftover_chosen", subject=f"round:{round_id}", after={"leftover": to}
        )
        await append(connection, entry, now=now)
