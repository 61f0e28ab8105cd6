"""What ended rounds give back goes to the budget of each funder as far as it is its own money."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL, budget_owner
from yongquan.kernel.ids import named_id
from yongquan.payments.funding_store import paid_of_types
from yongquan.plumbing.db import Connection
from yongquan.vouchers.funding_store import add_returned, faces_of, lead_of, out_of, returned_of, shares_of
from yongquan.vouchers.recycling import Recyclable
from yongquan.vouchers.sharing import FunderShare, deal, holdings_of, reserves_of, sum_by_funder


async def return_to_funders(connection: Connection, parts: Sequence[Recyclable], *, now: datetime) -> None:
    """Post what types give back in this turn. A funder's due is what it reserved, less what is out and what it paid."""
    shares = await shares_of(connection, [part.type_id for part in parts])
    wanted = await _wanted(connection, shares)
    for part in parts:
        lead = await lead_of(connection, part.campaign_id) or ""
        unsold, recycled = {lead: part.unsold_fen}, {lead: part.recycled_fen}
        if part.type_id in shares:
            unsold, recycled = _dealt(part, shares[part.type_id], wanted[part.type_id])
            await add_returned(
                connection, {(part.type_id, f): fen for f, fen in sum_by_funder([unsold, recycled]).items()}
            )
        chains = [
            ledger.recipes.recycle_type(
                event=named_id("recycle", part.type_id, part.turn),
                campaign_id=budget_owner(part.campaign_id, funder_id, lead=lead),
                type_id=part.type_id,
                unsold_fen=unsold[funder_id],
                recycled_fen=recycled[funder_id],
            )
            for funder_id in sorted(unsold)
        ]
        await ledger.post(connection, ledger.chain_of(*chains), cell=HOME_CELL, now=now)


def _dealt(
    part: Recyclable, shares: Sequence[FunderShare], wanted: Mapping[str, int]
) -> tuple[dict[str, int], dict[str, int]]:
    """Unsold pieces are whole vouchers, so their parts are exact; the rest of a funder's due is what was recycled."""
    pieces = part.unsold_fen // part.face_fen
    unsold = {funder_id: fen * pieces for funder_id, fen in reserves_of(part.face_fen, shares).items()}
    return unsold, deal(part.recycled_fen, {f: fen - unsold[f] for f, fen in wanted.items()})


async def _wanted(connection: Connection, shares: Mapping[UUID, Sequence[FunderShare]]) -> dict[UUID, dict[str, int]]:
    type_ids = sorted(shares)
    had = await returned_of(connection, type_ids)
    paid = await paid_of_types(connection, type_ids)
    out = await out_of(connection, type_ids)
    wanted = {}
    for type_id, (face_fen, stock) in (await faces_of(connection, type_ids)).items():
        of = shares[type_id]
        held = sum_by_funder(
            [
                {f: part * count for f, part in holdings_of(fen, of, face_fen=face_fen).items()}
                for fen, count in out.get(type_id, ())
            ]
        )
        wanted[type_id] = {
            f: fen * stock - held.get(f, 0) - paid.get((type_id, f), 0) - had.get((type_id, f), 0)
            for f, fen in reserves_of(face_fen, of).items()
        }
    return wanted
