"""How a store's trade looks from outside: who paid there lately, and on how many days."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_TRADE = """
select p.store_id, count(distinct p.citizen_id)::int, count(distinct p.settlement_date)::int
  from payments.payment p
 where p.store_id = any (%s) and p.begun_at >= %s and p.state in ('succeeded', 'refunding', 'refunded')
 group by p.store_id
"""


async def trade_of_stores(
    connection: Connection, store_ids: Sequence[UUID], *, since: datetime
) -> dict[UUID, tuple[int, int]]:
    """Payers and days with payments since then, by store; a store without any is left out."""
    rows = await (await connection.execute(_TRADE, [list(store_ids), since])).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}
