"""What is coming: vouchers that run out on a day."""

from dataclasses import dataclass
from datetime import date, timedelta

from yongquan.plumbing.clock import day_start
from yongquan.plumbing.db import Connection

_EXPIRING = """
select count(*)::int, coalesce(sum(amount_fen), 0)::bigint from vouchers.voucher
 where state = 'held' and valid_until > %s and valid_until <= %s
"""


@dataclass(frozen=True, slots=True)
class Expiring:
    """Vouchers in wallets and their face value."""

    vouchers: int
    amount_fen: int


async def expiring_on(connection: Connection, day: date) -> Expiring:
    """Held vouchers whose last moment is on a business day (its end, midnight, included)."""
    values = [day_start(day), day_start(day + timedelta(days=1))]
    row = await (await connection.execute(_EXPIRING, values)).fetchone()
    return Expiring(*row) if row else Expiring(0, 0)
