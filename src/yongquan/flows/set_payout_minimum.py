"""Staff set what a shop agreed with its acquirer: payouts below the minimum wait for more."""

from datetime import datetime
from uuid import UUID

from yongquan.kernel.errors import BadInput
from yongquan.payments import settling_store
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Role, Staff

TERMS_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)
MINIMUM_MAX_FEN = 10_000_000


async def set_payout_minimum(
    database: Database, staff: Staff, store_id: UUID, minimum_fen: int, *, now: datetime
) -> None:
    """Set a minimum from 0 to `MINIMUM_MAX_FEN`; it holds from the next day drawn up. Raises `Forbidden`."""
    staff.require(*TERMS_ROLES)
    if not 0 <= minimum_fen <= MINIMUM_MAX_FEN:
        raise BadInput(f"the minimum is 0 to {MINIMUM_MAX_FEN} fen")
    async with database.transaction() as connection:
        before_fen = await settling_store.minimum_of(connection, store_id)
        await settling_store.set_minimum(connection, store_id, minimum_fen)
        entry = AuditEntry(
            actor=staff.actor,
            action="settlement.minimum_set",
            subject=f"store:{store_id}",
            before={"fen": before_fen},
            after={"fen": minimum_fen},
        )
        await append(connection, entry, now=now)
