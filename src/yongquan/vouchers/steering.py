"""Campaigns and rounds as somebody steers them: locked, with the state and the place that decide what is allowed."""

from dataclasses import dataclass
from uuid import UUID

from yongquan.plumbing.db import Connection

# Campaign before round: the documented order of locks.
_CAMPAIGN = "select campaign_id, adcode, state from vouchers.campaign where campaign_id = %s for no key update"
_CAMPAIGN_OF = "select campaign_id from vouchers.round where round_id = %s"
_ROUND = "select state from vouchers.round where round_id = %s for no key update"
_ROUNDS_OF = "select round_id from vouchers.round where campaign_id = %s order by round_id"


@dataclass(frozen=True, slots=True)
class Steered:
    """What is steered: a campaign's or a round's state, and the campaign's division (None: the whole city)."""

    campaign_id: UUID
    adcode: str | None
    state: str


async def lock_campaign(connection: Connection, campaign_id: UUID) -> Steered | None:
    """A campaign, kept from others until the commit."""
    row = await (await connection.execute(_CAMPAIGN, [campaign_id])).fetchone()
    return Steered(*row) if row else None


async def lock_round(connection: Connection, round_id: UUID) -> Steered | None:
    """A round with its campaign, kept from others until the commit; `state` is the round's."""
    row = await (await connection.execute(_CAMPAIGN_OF, [round_id])).fetchone()
    campaign = await lock_campaign(connection, row[0]) if row else None
    state = await (await connection.execute(_ROUND, [round_id])).fetchone()
    return Steered(campaign.campaign_id, campaign.adcode, state[0]) if campaign and state else None


async def rounds_of(connection: Connection, campaign_id: UUID) -> list[UUID]:
    """The rounds of a campaign."""
    return [row[0] for row in await (await connection.execute(_ROUNDS_OF, [campaign_id])).fetchall()]


async def campaign_of(connection: Connection, round_id: UUID) -> UUID | None:
    """The campaign of a round."""
    row = await (await connection.execute(_CAMPAIGN_OF, [round_id])).fetchone()
    return row[0] if row else None
