"""What the desk reads of vouchers: campaigns with their money, rounds with their counters, the claims of a day.

`places` bounds every answer to campaigns of these divisions (adcodes); None is the whole city and its own campaigns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeAlias
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.terms import TERMS_COLUMNS, RoundTerms, read_terms

Places: TypeAlias = Sequence[str] | None
# The stock of an ended round is cut to what was claimed, so what was laid out is read from the types.
_MONEY = """
select t.round_id, count(*)::int as types, sum(t.stock)::int as stock, sum(s.claimed)::int as claimed,
       sum(t.amount_fen * t.stock)::bigint as reserved_fen,
       sum(t.amount_fen * (t.stock - s.stock))::bigint as unsold_fen
  from vouchers.voucher_type t
  join lateral (select coalesce(sum(s.claimed), 0) as claimed, coalesce(sum(s.stock), t.stock) as stock
                  from vouchers.stock s where s.type_id = t.type_id) s on true
 group by t.round_id
"""
_USES = """
select round_id, count(*) filter (where state = 'redeemed')::int as redeemed,
       count(*) filter (where state = 'expired')::int as expired,
       coalesce(sum(amount_fen), 0)::bigint as claimed_fen,
       coalesce(sum(redeemed_fen) filter (where state = 'redeemed'), 0)::bigint as redeemed_fen,
       coalesce(sum(amount_fen) filter (where state = 'expired'), 0)::bigint as expired_fen,
       coalesce(sum(recycled_fen), 0)::bigint as recycled_fen
  from vouchers.voucher group by round_id
"""
_ROUNDS = f"""
with money as ({_MONEY}), uses as ({_USES})
select r.round_id, r.campaign_id, r.name, r.name_en, c.name, c.name_en, c.adcode, r.state, c.state, r.opens_at,
       r.closes_at, coalesce(m.types, 0), coalesce(m.stock, 0), coalesce(m.claimed, 0), coalesce(u.redeemed, 0),
       coalesce(u.expired, 0), coalesce(m.reserved_fen, 0), coalesce(m.unsold_fen, 0), coalesce(u.claimed_fen, 0),
       coalesce(u.redeemed_fen, 0), coalesce(u.expired_fen, 0), coalesce(u.recycled_fen, 0)
  from vouchers.round r
  join vouchers.campaign c on c.campaign_id = r.campaign_id
  left join money m on m.round_id = r.round_id
  left join uses u on u.round_id = r.round_id
 where %(places)s::text[] is null or c.adcode = any (%(places)s)
 order by r.opens_at desc, r.name
"""
_CAMPAIGNS = """
select campaign_id, code, name, name_en, funder_id, adcode, state, starts_at, ends_at, budget_fen, rules
  from vouchers.campaign
 where %(places)s::text[] is null or adcode = any (%(places)s)
 order by starts_at desc, campaign_id
"""
_TERMS = f"select r.round_id, {TERMS_COLUMNS} from vouchers.round r where r.campaign_id = %s"
_CLAIMS = """
select extract(hour from v.claimed_at at time zone 'Asia/Shanghai')::int, v.industry, count(*)::int,
       count(*) filter (where v.state = 'redeemed')::int, sum(v.amount_fen)::bigint
  from vouchers.voucher v join vouchers.campaign c on c.campaign_id = v.campaign_id
 where v.claimed_on = %(day)s and v.state <> 'void'
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 group by 1, 2
"""


@dataclass(frozen=True, slots=True)
class RoundBoard:
    """A round's counters. `adcode` is the campaign's; amounts in fen, face values but for what was redeemed."""

    round_id: UUID
    campaign_id: UUID
    name: str
    name_en: str
    campaign: str
    campaign_en: str
    adcode: str | None
    state: str
    campaign_state: str
    opens_at: datetime
    closes_at: datetime
    types: int
    stock: int
    claimed: int
    redeemed: int
    expired: int
    reserved_fen: int
    unsold_fen: int
    claimed_fen: int
    redeemed_fen: int
    expired_fen: int
    recycled_fen: int

    @property
    def left(self) -> int:
        return max(0, self.stock - self.claimed)

    def phase(self, now: datetime) -> str:
        """What the round is for people at this time: draft, coming, open, paused or ended."""
        if self.state in {"draft", "ended"}:
            return self.state
        if now >= self.closes_at or self.campaign_state == "ended":
            return "ended"
        if "paused" in {self.state, self.campaign_state} or self.campaign_state == "stopped":
            return "paused"
        return "coming" if now < self.opens_at else "open"


@dataclass(frozen=True, slots=True)
class CampaignBoard:
    """A campaign as published; `rules` is the stored document of `CampaignRules`."""

    campaign_id: UUID
    code: str
    name: str
    name_en: str
    funder_id: str
    adcode: str | None
    state: str
    starts_at: datetime
    ends_at: datetime
    budget_fen: int
    rules: dict[str, Any]

    def phase(self, now: datetime) -> str:
        """What the campaign is for people at this time: draft, coming, published, paused, stopped or ended."""
        if self.state != "draft" and now >= self.ends_at:
            return "ended"
        return "coming" if self.state == "published" and now < self.starts_at else self.state


@dataclass(frozen=True, slots=True)
class HourOfClaims:
    """Claims of one hour of the day (Asia/Shanghai) in one industry (None: general vouchers)."""

    hour: int
    industry: str | None
    claimed: int
    redeemed: int
    amount_fen: int


async def rounds_on_board(connection: Connection, *, places: Places) -> list[RoundBoard]:
    """Every round with its counters, the latest opening first; reads all vouchers."""
    return [RoundBoard(*row) for row in await (await connection.execute(_ROUNDS, {"places": _list(places)})).fetchall()]


async def campaigns_on_board(connection: Connection, *, places: Places) -> list[CampaignBoard]:
    """Every campaign, the latest first."""
    rows = await (await connection.execute(_CAMPAIGNS, {"places": _list(places)})).fetchall()
    return [CampaignBoard(*row) for row in rows]


async def terms_of(connection: Connection, campaign_id: UUID) -> dict[UUID, RoundTerms]:
    """The conditions and caps of a campaign's rounds."""
    rows = await (await connection.execute(_TERMS, [campaign_id])).fetchall()
    return {row[0]: read_terms(row[1:]) for row in rows}


async def claims_by_hour(connection: Connection, day: date, *, places: Places) -> list[HourOfClaims]:
    """The claims of a business day."""
    values = {"day": day, "places": _list(places)}
    return [HourOfClaims(*row) for row in await (await connection.execute(_CLAIMS, values)).fetchall()]


def _list(places: Places) -> list[str] | None:
    return None if places is None else list(places)
