"""What people spent in a period, for analyses of what vouchers did. Refunds are taken off, in parts too."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_SPENT = """
select p.citizen_id, s.industry, sum({amount})::bigint
  from payments.kept p join merchants.store s on s.store_id = p.store_id
 where p.citizen_id = any (%s) and p.begun_at >= %s and p.begun_at < %s
 group by p.citizen_id, s.industry
"""


async def spending_of_people(
    connection: Connection, citizens: Sequence[UUID], since: datetime, until: datetime, *, own_money: bool = False
) -> list[tuple[UUID, str, int]]:
    """(citizen, industry of the shops, fen) in a half-open period; `own_money` leaves the subsidy out."""
    query = _SPENT.format(amount="p.charged_fen" if own_money else "p.amount_fen")
    rows = await (await connection.execute(query.encode(), [list(citizens), since, until])).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]
