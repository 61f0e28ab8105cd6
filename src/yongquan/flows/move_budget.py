"""Budget goes from one type to another: unclaimed pieces are taken back, and what they free becomes new ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL, budget_owner, post_or_name
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.ledger import Kind, funder_recipes, recipes
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers import stock_store as stock
from yongquan.vouchers.funding_store import lead_of, shares_of
from yongquan.vouchers.recycling import Recyclable
from yongquan.vouchers.sharing import FunderShare, reserves_of
from yongquan.vouchers.steering import lock_campaign
from yongquan.vouchers.stock_store import TypeStock

MOVING_ROLES = (Role.FINANCE, Role.OPERATOR, Role.ADMIN)


class CannotMove(Refusal):
    """The types are not of one campaign, not both running, or there are not that many unclaimed pieces."""

    code = "cannot_move_budget"


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Take `pieces` unclaimed vouchers of one type and lay out as many of the other as their money pays."""

    move_id: UUID
    campaign_id: UUID
    source: UUID
    target: UUID
    pieces: int
    reason: str

    def __post_init__(self) -> None:
        if self.pieces < 1 or self.source == self.target or not 1 <= len(self.reason) <= 200:
            raise BadInput("pieces: move 1 or more between two types, and write a reason")


async def move_budget(
    database: Database, staff: Staff, move: Move, *, now: datetime, audited_at: datetime | None = None
) -> int:
    """Move it; says how many pieces the target got. The same move again changes nothing.

    `now` is business time, `audited_at` real time.
    Locks the campaign, then the stock of both types. What the pieces free beyond whole target pieces stays in the
    budget. Raises `Forbidden`, `CannotMove`, `FundsShort` (shares differ and a funder's part is short).
    """
    async with database.transaction() as connection:
        found = await lock_campaign(connection, move.campaign_id)
        if found is None:
            raise CannotMove
        staff.require(*MOVING_ROLES, adcode=found.adcode)
        earlier = await stock.move_of(connection, move.move_id)
        if earlier is not None:
            return earlier
        source, target = await _pair(connection, move)
        added = source.amount_fen * move.pieces // target.amount_fen
        if added == 0 or not await stock.cut(connection, source.type_id, move.pieces):
            raise CannotMove(f"{move.pieces} unclaimed pieces are not there, or do not pay for one of the other type")
        await stock.add(connection, target.type_id, added)
        await _post(connection, move, source=source, target=target, added=added, now=now)
        await stock.save_move(
            connection, move.move_id, pair=(source.type_id, target.type_id), taken=move.pieces, added=added, now=now
        )
        await append(connection, _audit(staff, move, added), now=audited_at or now)
    return added


async def reissue(connection: Connection, parts: Sequence[Recyclable], *, now: datetime) -> None:
    """What rounds left over that are to be issued again: as many pieces of the like type in the campaign's next round.

    After the money is back in the budgets. A round without a next one leaves it there.
    """
    following = await stock.next_types(connection, [part.type_id for part in parts])
    for part in parts:
        target = following.get(part.type_id)
        pieces = (part.unsold_fen + part.recycled_fen) // part.face_fen
        if target is None or pieces == 0:
            continue
        of = (await shares_of(connection, [target])).get(target, ())
        needed = await _by_budget(connection, part.campaign_id, part.face_fen, of, pieces)
        event = named_id("reissue", part.type_id, part.turn)
        chains = [
            recipes.publish_round(event=event, campaign_id=owner, reserve_fen={target: fen})
            for (_, owner), fen in sorted(needed.items())
        ]
        await post_or_name(
            connection,
            ledger.chain_of(*chains),
            {(funder, owner, Kind.BUDGET): fen for (funder, owner), fen in needed.items()},
            now=now,
        )
        await stock.add(connection, target, pieces)


async def _pair(connection: Connection, move: Move) -> tuple[TypeStock, TypeStock]:
    types = await stock.stocks_of(connection, [move.source, move.target])
    source, target = types.get(move.source), types.get(move.target)
    if source is None or target is None or {source.campaign_id, target.campaign_id} != {move.campaign_id}:
        raise CannotMove("both types must be of this campaign")
    if not {source.round_state, target.round_state} <= {"published", "paused"}:
        raise CannotMove("both rounds must be out and not ended")
    return source, target


async def _post(
    connection: Connection, move: Move, *, source: TypeStock, target: TypeStock, added: int, now: datetime
) -> None:
    shares = await shares_of(connection, [source.type_id, target.type_id])
    freed, needed = [
        await _by_budget(connection, move.campaign_id, type_.amount_fen, shares.get(type_.type_id, ()), pieces)
        for type_, pieces in ((source, move.pieces), (target, added))
    ]
    budgets = [a for _, owner in {*freed, *needed} for a in recipes.campaign_accounts(owner)]
    await ledger.open_accounts(connection, budgets, cell=HOME_CELL, now=now)
    transfers = funder_recipes.move_budget(
        event=move.move_id,
        source_type=source.type_id,
        target_type=target.type_id,
        freed_fen={owner: fen for (_, owner), fen in freed.items()},
        needed_fen={owner: fen for (_, owner), fen in needed.items()},
    )
    needs = {
        (funder, owner, Kind.BUDGET): fen - freed.get((funder, owner), 0) for (funder, owner), fen in needed.items()
    }
    await post_or_name(connection, transfers, needs, now=now)


async def _by_budget(
    connection: Connection, campaign_id: UUID, face_fen: int, shares: Sequence[FunderShare], pieces: int
) -> dict[tuple[str, str], int]:
    lead = await lead_of(connection, campaign_id) or ""
    parts = reserves_of(face_fen, shares) if shares else {lead: face_fen}
    return {
        (funder, budget_owner(campaign_id, funder, lead=lead)): fen * pieces for funder, fen in parts.items() if fen
    }


def _audit(staff: Staff, move: Move, added: int) -> AuditEntry:
    return AuditEntry(
        actor=staff.actor,
        action="campaign.budget_moved",
        subject=f"campaign:{move.campaign_id}",
        after={
            "source": str(move.source),
            "target": str(move.target),
            "taken": move.pieces,
            "added": added,
            "reason": move.reason,
        },
    )
