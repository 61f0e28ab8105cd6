"""The demo city's first grids: drawn when its shops are registered, in force from that day on."""

from datetime import datetime

from yongquan.flows.redraw_grids import build_grids
from yongquan.kernel.regions import Regions
from yongquan.merchants.grids.store import NewVersion, decide_version
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database

DRAWN_BY, APPROVED_BY = "command:demo", "command:demo approval"


async def open_grids(database: Database, regions: Regions, *, seed: int, now: datetime) -> int:
    """Draw the city's first version and put it in force; its number."""
    new = NewVersion(effective_day=business_day(now), seed=seed, reason="首次划分", actor=DRAWN_BY)
    number = await build_grids(database, regions, new, now=now, real_now=now)
    async with database.transaction() as connection:
        await decide_version(connection, number, "approved", actor=APPROVED_BY, now=now)
    return number
