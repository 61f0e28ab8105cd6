"""Vouchers that nobody used in time expire, and rounds that are over give their money back to the budget."""

from datetime import datetime

from yongquan.flows.move_budget import reissue
from yongquan.flows.return_to_funders import return_to_funders
from yongquan.plumbing.db import Database
from yongquan.vouchers.recycling import close_rounds, take_recyclable

SWEEP = 2_000


async def expire_vouchers(database: Database, *, cells: int, now: datetime) -> int:
    """Expire all that is due, a commit a sweep; say how many."""
    expired = 0
    for cell in range(cells):
        while True:
            async with database.transaction() as connection:
                row = await (
                    await connection.execute("select flows.expire_vouchers(%s, %s, %s)", [cell, now, SWEEP])
                ).fetchone()
            done = int(row[0]) if row else 0
            expired += done
            if done < SWEEP:
                break
    return expired


async def recycle_rounds(database: Database, *, now: datetime) -> int:
    """End rounds that are over and give unsold stock and expired vouchers back to their campaign's budget.

    Says how much, in fen. A type's money is recycled again whenever more of it expires.
    """
    async with database.transaction() as connection:
        await close_rounds(connection, now=now)
        parts = await take_recyclable(connection)
        await return_to_funders(connection, parts, now=now)
        await reissue(connection, parts, now=now)
        return sum(part.unsold_fen + part.recycled_fen for part in parts)
