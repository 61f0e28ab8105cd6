"""Before an opening, testers claim for real from a copy of the round; at its end all is void and the money back.

The copy has a stock of its own, reserved from the campaign's free budget and given back whole. Its vouchers become
valid only when the rehearsal is over, so no shop can take one.
"""

from datetime import datetime, timedelta
from uuid import UUID

from yongquan import ledger
from yongquan.flows.expire_vouchers import recycle_rounds
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import RoundMode, RoundState
from yongquan.vouchers.store import move_rounds
from yongquan.vouchers.ways import rehearsals
from yongquan.vouchers.ways.lists_store import list_of
from yongquan.vouchers.ways.packs import packs_of
from yongquan.vouchers.ways.rehearsals import Rehearsal

REHEARSAL_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
STOCK_MAX = 1_000
MINUTES_MAX = 24 * 60


class UnknownRehearsal(Refusal):
    """There is no such round, list or rehearsal, or the round is not one that is grabbed."""

    code = "not_found"


async def rehearse_round(
    database: Database,
    round_id: UUID,
    *,
    list_id: UUID,
    stock: int,
    minutes: int,
    staff: Staff,
    cells: int,
    now: datetime,
) -> UUID:
    """Open a copy of a round for the citizens of a list; the copy's id. `now` is business time.

    Raises `UnknownRehearsal`, `BadInput`, `Forbidden`, and `PostingRefused` if the budget has not so much left.
    """
    if not 1 <= stock <= STOCK_MAX or not 1 <= minutes <= MINUTES_MAX:
        raise BadInput(f"a rehearsal has 1 to {STOCK_MAX} vouchers a type and lasts 1 to {MINUTES_MAX} minutes")
    copy = fresh_id()
    async with database.transaction() as connection:
        found = await rehearsals.round_to_rehearse(connection, round_id)
        testers = await list_of(connection, list_id)
        if found is None or testers is None or found.mode != RoundMode.GRAB:
            raise UnknownRehearsal
        if await packs_of(connection, [round_id]) or await rehearsals.rehearsals(connection, round_id=round_id):
            raise UnknownRehearsal("rounds of packs and rehearsals are not rehearsed")
        staff.require(*REHEARSAL_ROLES, adcode=found.adcode)
        closes_at = now + timedelta(minutes=minutes)
        await rehearsals.copy_round(
            connection, round_id, copy, list_id=list_id, stock=stock, now=now, closes_at=closes_at
        )
        await rehearsals.save_rehearsal(
            connection, copy, original_id=round_id, list_id=list_id, made_by=staff.actor, now=now
        )
        await publish_rounds(connection, found.campaign_id, [copy], cells=cells, now=now)
        facts: dict[str, int | str] = {"round": str(round_id), "testers": testers.members, "stock": stock}
        facts["minutes"] = minutes
        entry = AuditEntry(actor=staff.actor, action="rehearsal.opened", subject=f"rehearsal:{copy}", after={**facts})
        await append(connection, entry, now=now)
    return copy


async def end_rehearsal(database: Database, round_id: UUID, *, staff: Staff, cells: int, now: datetime) -> None:
    """End a rehearsal early. Raises `UnknownRehearsal`, `Forbidden`."""
    async with database.transaction() as connection:
        found = await _one(connection, round_id)
        staff.require(*REHEARSAL_ROLES, adcode=found.adcode)
        await _end(connection, found, actor=staff.actor, cells=cells, now=now)
    await recycle_rounds(database, now=now)


async def end_due_rehearsals(database: Database, *, cells: int, now: datetime) -> int:
    """End the rehearsals whose time is over; say how many."""
    async with database.transaction() as connection:
        due = await rehearsals.rehearsals(connection, due=now)
    for found in due:
        async with database.transaction() as connection:
            await _end(connection, found, actor="command", cells=cells, now=now)
    if due:
        await recycle_rounds(database, now=now)
    return len(due)


async def report_of(connection: Connection, found: Rehearsal) -> dict[str, object]:
    """What a rehearsal has shown so far; times as ISO 8601."""
    testers = await list_of(connection, found.list_id)
    facts = await rehearsals.facts_of(connection, found.round_id)
    return {
        "testers": testers.members if testers else 0,
        "claimants": facts.claimants,
        "vouchers": facts.vouchers,
        "first_at": facts.first_at.isoformat() if facts.first_at else None,
        "last_at": facts.last_at.isoformat() if facts.last_at else None,
        "types": [
            {"name": name, "name_en": name_en, "stock": stock, "claimed": claimed}
            for name, name_en, stock, claimed in facts.by_type
        ],
    }


async def _end(connection: Connection, found: Rehearsal, *, actor: str, cells: int, now: datetime) -> None:
    if not await rehearsals.lock_rehearsal(connection, found.round_id):
        return
    report = await report_of(connection, found)
    await move_rounds(
        connection, [found.round_id], origins=[RoundState.PUBLISHED, RoundState.PAUSED], to=RoundState.ENDED
    )
    for cell in range(cells):
        # Claims of a cell stand in one line: none slips in between here and the commit.
        await connection.execute("select pg_advisory_xact_lock(20001, %s)", [cell])
        for voucher_id, type_id, amount_fen in await rehearsals.void_vouchers(connection, cell, found):
            transfers = ledger.recipes.void_voucher(
                event=named_id("rehearsal", voucher_id),
                voucher_id=voucher_id,
                type_id=type_id,
                amount_fen=amount_fen,
            )
            await ledger.post(connection, transfers, cell=cell, now=now)
    await rehearsals.end_rehearsal(connection, found.round_id, report=report, now=now)
    entry = AuditEntry(
        actor=actor,
        action="rehearsal.ended",
        subject=f"rehearsal:{found.round_id}",
        after={"claimants": int(str(report["claimants"])), "vouchers": int(str(report["vouchers"]))},
    )
    await append(connection, entry, now=now)


async def _one(connection: Connection, round_id: UUID) -> Rehearsal:
    found = await rehearsals.rehearsals(connection, round_id=round_id)
    if not found:
        raise UnknownRehearsal
    return found[0]
