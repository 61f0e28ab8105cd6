"""A campaign's budget, type by type: reserved, claimed, redeemed, expired, recycled, and the last days' pace."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.plumbing.db import Connection
from yongquan.vouchers.forecast import DAYS

_TYPES = """
select t.type_id, t.round_id, t.name, t.name_en, r.name, r.name_en, r.state, r.opens_at, r.leftover, t.amount_fen,
       t.stock, coalesce(s.stock, 0)::int, coalesce(s.claimed, 0)::int, coalesce(v.claimed_fen, 0),
       coalesce(v.redeemed_fen, 0), coalesce(v.expired_fen, 0), coalesce(v.recycled_fen, 0)
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  left join (select type_id, sum(stock) as stock, sum(claimed) as claimed from vouchers.stock group by type_id) s
    on s.type_id = t.type_id
  left join (select type_id, sum(amount_fen)::bigint as claimed_fen,
                    coalesce(sum(redeemed_fen) filter (where state = 'redeemed'), 0)::bigint as redeemed_fen,
                    coalesce(sum(amount_fen) filter (where state = 'expired'), 0)::bigint as expired_fen,
                    sum(recycled_fen)::bigint as recycled_fen
               from vouchers.voucher where campaign_id = %(campaign)s group by type_id) v on v.type_id = t.type_id
 where r.campaign_id = %(campaign)s and r.state <> 'draft' order by r.opens_at, r.round_id, t.type_id
"""
_PACE = """
select type_id, claimed_on, count(*)::int from vouchers.voucher
 where campaign_id = %s and claimed_on > %s and state <> 'void' group by type_id, claimed_on
"""


@dataclass(frozen=True, slots=True)
class BudgetRow:
    """One type; amounts in fen of face value but for what was redeemed. `laid` is what its cells hold now."""

    type_id: UUID
    round_id: UUID
    name: str
    name_en: str
    round: str
    round_en: str
    round_state: str
    opens_at: datetime
    leftover: str
    amount_fen: int
    stock: int
    laid: int
    claimed: int
    claimed_fen: int
    redeemed_fen: int
    expired_fen: int
    recycled_fen: int

    @property
    def reserved_fen(self) -> int:
        return self.amount_fen * self.stock

    @property
    def left(self) -> int:
        return self.laid - self.claimed

    @property
    def back_fen(self) -> int:
        """What went back to the budget or will when the round is recycled: unsold stock cut, and what was recycled."""
        return self.recycled_fen + self.amount_fen * (self.stock - self.laid)


async def budget_of(connection: Connection, campaign_id: UUID) -> list[BudgetRow]:
    """Every type of a campaign that is out, by opening; reads all its vouchers."""
    rows = await (await connection.execute(_TYPES, {"campaign": campaign_id})).fetchall()
    return [BudgetRow(*row) for row in rows]


async def pace_of(connection: Connection, campaign_id: UUID, *, today: date) -> dict[UUID, list[int]]:
    """Claims a day of each type, the latest first, from its first claim of the last days on; today counts."""
    since = today - timedelta(days=DAYS)
    counted: defaultdict[UUID, dict[date, int]] = defaultdict(dict)
    for type_id, day, count in await (await connection.execute(_PACE, [campaign_id, since])).fetchall():
        counted[type_id][day] = count
    return {
        type_id: [by_day.get(today - timedelta(days=n), 0) for n in range((today - min(by_day)).days + 1)]
        for type_id, by_day in counted.items()
    }
