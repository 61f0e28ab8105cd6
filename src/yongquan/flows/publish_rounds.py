"""Rounds go out to the public: their money is reserved first, then their stock is laid over the cells."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL, budget_owner, post_or_name
from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.vouchers.funding_store import lead_of
from yongquan.vouchers.model import CampaignState, RoundState, VoucherType
from yongquan.vouchers.sharing import reserves_of
from yongquan.vouchers.store import divide_stock, move_campaign, move_rounds, types_of


async def publish_rounds(
    connection: Connection, campaign_id: UUID, round_ids: Sequence[UUID], *, cells: int, now: datetime
) -> int:
    """Publish draft rounds in the caller's transaction; say how many were published.

    Raises `FundsShort` naming the funder whose part of the campaign's budget does not cover its part of every
    type's whole stock.
    """
    types = await types_of(connection, round_ids)
    accounts = [account for type_ in types for account in ledger.recipes.type_accounts(type_.type_id)]
    for cell in range(cells):
        await ledger.open_accounts(connection, accounts, cell=cell, now=now)
    await reserve_stock(connection, campaign_id, [(type_, type_.stock) for type_ in types], now=now)
    await divide_stock(connection, round_ids, cells=cells)
    await move_campaign(connection, campaign_id, origins=[CampaignState.DRAFT], to=CampaignState.PUBLISHED)
    return await move_rounds(connection, round_ids, origins=[RoundState.DRAFT], to=RoundState.PUBLISHED)


async def reserve_stock(
    connection: Connection,
    campaign_id: UUID,
    pieces: Sequence[tuple[VoucherType, int]],
    *,
    event: UUID | None = None,
    now: datetime,
) -> None:
    """Each funder's part of so many vouchers of every type, out of its part of the budget.

    `event` names what is reserved later than a round's publication. Raises `FundsShort`.
    """
    lead = await lead_of(connection, campaign_id) or ""
    by_round: defaultdict[UUID, defaultdict[str, dict[UUID, int]]] = defaultdict(lambda: defaultdict(dict))
    needs: defaultdict[tuple[str, str, ledger.Kind], int] = defaultdict(int)
    for type_, count in pieces:
        parts = reserves_of(type_.amount_fen, type_.shares) if type_.shares else {lead: type_.amount_fen}
        for funder_id, fen in parts.items():
            owner = budget_owner(campaign_id, funder_id, lead=lead)
            by_round[type_.round_id][owner][type_.type_id] = fen * count
            needs[funder_id, owner, ledger.Kind.BUDGET] += fen * count
    budgets = [a for _, owner, _ in needs for a in ledger.recipes.campaign_accounts(owner)]
    await ledger.open_accounts(connection, budgets, cell=HOME_CELL, now=now)
    transfers = [
        transfer
        for round_id, by_owner in sorted(by_round.items())
        for transfer in ledger.chain_of(
            *(
                ledger.recipes.publish_round(event=_event(event, round_id), campaign_id=owner, reserve_fen=reserve)
                for owner, reserve in sorted(by_owner.items())
            )
        )
    ]
    await post_or_name(connection, transfers, needs, now=now)


def _event(event: UUID | None, round_id: UUID) -> UUID:
    return round_id if event is None else named_id(event, round_id)
