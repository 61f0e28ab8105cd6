"""Finance caps what a funder pays: in all, a day, a shop, a shop and day."""

from datetime import datetime

from yongquan.flows.record_funding import FINANCE_ROLES, UnknownFunder
from yongquan.institutions.funding_store import lock_funder
from yongquan.institutions.store import all_funders
from yongquan.kernel.errors import BadInput
from yongquan.payments.funding_store import CAP_SCOPES, caps_of, set_cap
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Database
from yongquan.staff import Staff


async def change_cap(
    database: Database, staff: Staff, funder_id: str, *, scope: str, limit_fen: int | None, now: datetime
) -> None:
    """Set a cap in fen, or lift it with None; in force with the next payment. `now` is real time in UTC.

    Locks the funder. Raises `Forbidden`, `UnknownFunder`.
    """
    if scope not in CAP_SCOPES:
        raise BadInput(f"scope: one of {', '.join(CAP_SCOPES)}")
    async with database.transaction() as connection:
        if not await lock_funder(connection, funder_id):
            raise UnknownFunder
        funder = next(f for f in await all_funders(connection) if f.funder_id == funder_id)
        staff.require(*FINANCE_ROLES, adcode=funder.adcode)
        before = (await caps_of(connection, funder_id)).get(scope)
        await set_cap(connection, funder_id, scope, limit_fen)
        entry = AuditEntry(
            actor=staff.actor,
            action="funding.capped",
            subject=f"funder:{funder_id}",
            before={"scope": scope, "limit_fen": before},
            after={"scope": scope, "limit_fen": limit_fen},
        )
        await append(connection, entry, now=now)
