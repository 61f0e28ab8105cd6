"""Rounds go out to the public: their stock is laid over the cells and their money is reserved first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.model import CampaignState, RoundState
from yongquan.vouchers.store import divide_stock, move_campaign, move_rounds


async def publish_rounds(
    connection: Connection, campaign_id: UUID, round_ids: Sequence[UUID], *, cells: int, now: datetime
) -> int:
    """Publish draft rounds in the caller's transaction; say how many were published."""
    await divide_stock(connection, round_ids, cells=cells)
    await move_campaign(connection, campaign_id, origins=[CampaignState.DRAFT], to=CampaignState.PUBLISHED)
    return await move_rounds(connection, round_ids, origins=[RoundState.DRAFT], to=RoundState.PUBLISHED)
