"""Snapshots keep the sums of unguarded accounts short: only transfers above the mark are added up."""

from collections.abc import Iterable

from yongquan.ledger import store
from yongquan.plumbing.db import Database


async def take_snapshots(database: Database, *, cells: Iterable[int]) -> int:
    """Fold each cell's finished transfers, one commit a cell; returns the number folded. Safe to repeat."""
    folded = 0
    for cell in cells:
        async with database.transaction() as connection:
            folded += await store.take_snapshot(connection, cell=cell)
    return folded
