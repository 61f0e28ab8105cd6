"""A share of a round is reserved for an institution's app, and what is left of it goes back at its time."""

from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL
from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.quotas import Moved, QuotaRefused, cut_out, quotas_of, release_due
from yongquan.vouchers.steering import lock_round
from yongquan.vouchers.store import types_of
from yongquan.vouchers.ways.packs import packs_of

QUOTA_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
WHOLE_BP = 10_000


async def reserve_quota(
    connection: Connection,
    round_id: UUID,
    *,
    institution: str,
    share_bp: int,
    release_at: datetime | None,
    cells: int,
    now: datetime,
) -> list[Moved]:
    """Reserve a share (basis points, rounded down to a piece, or to a pack) of each type of a published grab round.

    The institution's claims take from its quota first, then from what is everybody's. In the caller's transaction;
    locks round, then stock. Raises `QuotaRefused`.
    """
    if not 1 <= share_bp <= WHOLE_BP:
        raise QuotaRefused("a share is 1 to 10000 basis points")
    found = await lock_round(connection, round_id)
    if found is None or found.state not in {"published", "paused"}:
        raise QuotaRefused("quotas are cut out of published rounds")
    # A share is of the whole type, whatever others have reserved of it.
    whole = {type_.type_id: type_.stock for type_ in await types_of(connection, [round_id])}
    for quota in await quotas_of(connection, [round_id]):
        whole[quota.part_of] += quota.stock
    wanted = {type_id: stock * share_bp // WHOLE_BP for type_id, stock in sorted(whole.items())}
    pack = (await packs_of(connection, [round_id])).get(round_id)
    if pack is not None:
        # Whole packs only: a part of one could be claimed by nobody.
        packs = pack.packs * share_bp // WHOLE_BP
        wanted = {item.type_id: item.copies * packs for item in sorted(pack.items, key=lambda item: item.type_id)}
    moved = []
    for type_id, pieces in wanted.items():
        if not pieces:
            continue
        quota_id = named_id("quota", type_id, institution)
        for cell in range(cells):
            await ledger.open_accounts(connection, ledger.recipes.type_accounts(quota_id), cell=cell, now=now)
        one = await cut_out(
            connection,
            type_id,
            quota_id,
            institution=institution,
            pieces=pieces,
            release_at=release_at,
            cells=cells,
        )
        await _book(connection, one, event=named_id("quota", "reserve", quota_id), now=now)
        moved.append(one)
    if not moved:
        raise QuotaRefused("this share is less than one piece of every type")
    return moved


async def reserve_by_staff(
    database: Database,
    staff: Staff,
    round_id: UUID,
    *,
    institution: str,
    share_bp: int,
    release_at: datetime | None,
    cells: int,
    now: datetime,
    real_now: datetime,
) -> None:
    """`reserve_quota` by a member of staff of the campaign's area, with its audit entry. Raises `Forbidden` besides."""
    async with database.transaction() as connection:
        found = await lock_round(connection, round_id)
        if found is None:
            raise QuotaRefused("there is no such round")
        staff.require(*QUOTA_ROLES, adcode=found.adcode)
        moved = await reserve_quota(
            connection,
            round_id,
            institution=institution,
            share_bp=share_bp,
            release_at=release_at,
            cells=cells,
            now=now,
        )
        facts: dict[str, Fact] = {
            "institution": institution,
            "share_bp": share_bp,
            "pieces": sum(one.pieces for one in moved),
        }
        entry = AuditEntry(actor=staff.actor, action="round.quota_reserved", subject=f"round:{round_id}", after=facts)
        await append(connection, entry, now=real_now)


async def release_quotas(database: Database, *, now: datetime) -> int:
    """Release every quota whose time has come; says how many pieces went back."""
    async with database.transaction() as connection:
        moved = await release_due(connection, now=now)
        for one in moved:
            await _book(connection, one, event=named_id("quota", "release", one.from_type), now=now)
    return sum(one.pieces for one in moved)


async def _book(connection: Connection, moved: Moved, *, event: UUID, now: datetime) -> None:
    transfers = ledger.recipes.move_stock(
        event=event, from_type=moved.from_type, to_type=moved.to_type, amount_fen=moved.pieces * moved.amount_fen
    )
    if transfers:
        await ledger.post(connection, transfers, cell=HOME_CELL, now=now)
