"""What vouchers of one funder did at the stores of one shop group, by settlement date. Amounts in fen."""

from dataclasses import dataclass
from datetime import date

from yongquan.plumbing.db import Connection

_USES = """
select p.settlement_date, count(distinct k.voucher_id)::int, sum(k.amount_fen)::bigint,
       count(distinct p.store_id)::int, count(distinct p.payment_id)::int
  from vouchers.voucher_type t
  join payments.kept_share k on k.type_id = t.type_id
  join payments.payment p on p.cell = k.cell and p.payment_id = k.payment_id
 where jsonb_exists(t.use -> 'shop_groups', %(group)s) and k.funder_id = %(funder)s and k.amount_fen > 0
 group by p.settlement_date order by p.settlement_date
"""


@dataclass(frozen=True, slots=True)
class PoolUse:
    """A day: vouchers redeemed, what they took off, and at how many stores in how many payments."""

    day: date
    vouchers: int
    subsidy_fen: int
    stores: int
    payments: int


async def uses_of_group(connection: Connection, group: str, funder: str) -> list[PoolUse]:
    """Redemptions of the funder's vouchers that are bound to a shop group; nobody else's figures."""
    rows = await (await connection.execute(_USES, {"group": group, "funder": funder})).fetchall()
    return [PoolUse(*row) for row in rows]
