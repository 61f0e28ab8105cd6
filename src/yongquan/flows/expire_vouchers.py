"""Vouchers that nobody used in time expire, and rounds that are over give their money back to the budget."""

from datetime import datetime

from yongquan import ledger
from yongquan.flows.publish_rounds import HOME_CELL
from yongquan.kernel.ids import named_id
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
    recycled_fen = 0
    async with database.transaction() as connection:
        await close_rounds(connection, now=now)
        for part in await take_recyclable(connection):
            transfers = ledger.recipes.recycle_type(
                event=named_id("recycle", part.type_id, part.turn),
                campaign_id=part.campaign_id,
                type_id=part.type_id,
                unsold_fen=part.unsold_fen,
                recycled_fen=part.recycled_fen,
            )
            await ledger.post(connection, transfers, cell=HOME_CELL, now=now)
            recycled_fen += part.unsold_fen + part.recycled_fen
    return recycled_fen
