"""Campaigns that shops can be called for: not begun, not a shop's own; and how much of one a shop group bounds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_CAMPAIGN = "select c.campaign_id, c.code, c.name, c.name_en, c.adcode, c.state, c.starts_at, c.ends_at"
_COMING = f"""
{_CAMPAIGN} from vouchers.campaign c
 where c.starts_at > %(now)s and c.state not in ('ended', 'stopped')
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
   and not exists (select from vouchers.own_voucher o where o.campaign_id = c.campaign_id)
 order by c.starts_at, c.code limit 100
"""
_KNOWN = f"{_CAMPAIGN} from vouchers.campaign c where c.campaign_id = any (%s)"
_BOUND = """
select count(*), count(*) filter (where t.use->'shop_groups' ? %(code)s)
  from vouchers.voucher_type t join vouchers.round r on r.round_id = t.round_id where r.campaign_id = %(campaign)s
"""


@dataclass(frozen=True, slots=True)
class CallableCampaign:
    """A campaign as a call names it."""

    campaign_id: UUID
    code: str
    name: str
    name_en: str
    adcode: str | None
    state: str
    starts_at: datetime
    ends_at: datetime


async def coming_campaigns(
    connection: Connection, *, places: Sequence[str] | None, now: datetime
) -> Sequence[CallableCampaign]:
    """Campaigns of some divisions (None: all) that have not begun, the nearest first."""
    values = {"places": None if places is None else list(places), "now": now}
    return [CallableCampaign(*row) for row in await (await connection.execute(_COMING, values)).fetchall()]


async def callable_campaigns(connection: Connection, campaign_ids: Sequence[UUID]) -> Mapping[UUID, CallableCampaign]:
    """Some campaigns by id, begun or not."""
    rows = await (await connection.execute(_KNOWN, [list(campaign_ids)])).fetchall()
    return {row[0]: CallableCampaign(*row) for row in rows}


async def types_bound(connection: Connection, campaign_id: UUID, group_code: str) -> tuple[int, int]:
    """How many voucher types a campaign has, and how many of them only shops of this group take."""
    row = await (await connection.execute(_BOUND, {"campaign": campaign_id, "code": group_code})).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
