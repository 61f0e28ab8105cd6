"""Staff send callbacks again that an institution missed; the audit log remembers who."""

from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import Refusal
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.plumbing.webhook_board import deliver_again
from yongquan.plumbing.webhooks import revive_dead
from yongquan.staff import Role, Staff


class NothingToSend(Refusal):
    """There is no such delivery, or it is waiting to be sent anyway."""

    code = "not_found"


async def send_again(database: Database, staff: Staff, endpoint_id: UUID, event_id: UUID, *, now: datetime) -> None:
    """Send one delivery again. Raises `Forbidden`, `NothingToSend`."""
    staff.require(Role.OPERATOR, Role.ADMIN, Role.BUREAU_OFFICER)
    async with database.transaction() as connection:
        if not await deliver_again(connection, endpoint_id, event_id):
            raise NothingToSend
        entry = AuditEntry(
            actor=staff.actor,
            action="endpoint.sent_again",
            subject=f"endpoint:{endpoint_id}",
            after={"event": str(event_id)},
        )
        await append(connection, entry, now=now)


async def send_dead_again(database: Database, staff: Staff, endpoint_id: UUID, *, now: datetime) -> int:
    """Send all that was given up on again; says how many. Raises `Forbidden`."""
    staff.require(Role.OPERATOR, Role.ADMIN, Role.BUREAU_OFFICER)
    async with database.transaction() as connection:
        revived = await revive_dead(connection, endpoint_id)
        entry = AuditEntry(
            actor=staff.actor,
            action="endpoint.sent_again",
            subject=f"endpoint:{endpoint_id}",
            after={"deliveries": revived},
        )
        await append(connection, entry, now=now)
    return revived
