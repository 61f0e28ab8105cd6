"""Rounds go out to the public: their money is reserved first, then their stock is laid over the cells."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import CampaignState, RoundState
from yongquan.vouchers.store import divide_stock, move_campaign, move_rounds, types_of

HOME_CELL = 0


async def publish_rounds(
    connection: Connection, campaign_id: UUID, round_ids: Sequence[UUID], *, cells: int, now: datetime
) -> int:
    """Publish draft rounds in the caller's transaction; say how many were published.

    Raises `PostingRefused` (exceeds_credits) if the campaign's budget does not cover every type's whole stock.
    """
    types = await types_of(connection, round_ids)
    accounts = [account for type_ in types for account in ledger.recipes.type_accounts(type_.type_id)]
    for cell in range(cells):
        await ledger.open_accounts(connection, accounts, cell=cell, now=now)
    reserve: dict[UUID, dict[UUID, int]] = defaultdict(dict)
    for type_ in types:
        reserve[type_.round_id][type_.type_id] = type_.exposure_fen
    await ledger.post(connection, _reserves(campaign_id, reserve), cell=HOME_CELL, now=now)
    await divide_stock(connection, round_ids, cells=cells)
    await move_campaign(connection, campaign_id, origins=[CampaignState.DRAFT], to=CampaignState.PUBLISHED)
    return await move_rounds(connection, round_ids, origins=[RoundState.DRAFT], to=RoundState.PUBLISHED)


def _reserves(campaign_id: UUID, reserve: Mapping[UUID, Mapping[UUID, int]]) -> list[ledger.Transfer]:
    return [
        transfer
        for round_id, by_type in sorted(reserve.items())
        for transfer in ledger.recipes.publish_round(event=round_id, campaign_id=campaign_id, reserve_fen=by_type)
    ]
