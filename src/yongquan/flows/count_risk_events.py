"""What risk counts beside the commit: parties at home in other cells, from the outbox; and tiles of busy parties."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from yongquan.plumbing.db import Database
from yongquan.plumbing.metrics import observe_risk_lag
from yongquan.plumbing.outbox import events_of, lag_s, mark_read, next_step, register_reader
from yongquan.risk.events import Entity
from yongquan.risk.features.rolling_store import close_hours, find_busy, forget, hours_to_close, roll_busy
from yongquan.risk.features.store import home_of, store_copies

READER = "risk-features"
EVENT = "risk.event"
AT_ONCE = 1_000


async def count_risk_events(database: Database, *, cells: int) -> int:
    """Count what was recorded in one cell in the other cells where its parties are at home; returns how many copies.

    One cell has nothing to copy. The age of the oldest event that is not counted everywhere is published.
    """
    if cells == 1:
        return 0
    copies = 0
    is_news = True
    while is_news:
        async with database.transaction() as connection:
            await register_reader(connection, READER)
            step = await next_step(connection, READER, limit=AT_ONCE)
            if step is not None:
                events = await events_of(connection, step, kinds=[EVENT])
                for cell, some in _by_cell((event.payload for event in events), cells):
                    copies += await store_copies(connection, cell, some, cells=cells)
                await mark_read(connection, READER, step)
            observe_risk_lag(await lag_s(connection, READER))
        is_news = step is not None
    return copies


async def roll_risk_events(database: Database, *, cells: int, now: datetime) -> int:
    """Close ended hours, bring busy parties' tiles up to them, forget the oldest events; returns parties rolled."""
    rolled = 0
    for cell in range(cells):
        async with database.transaction() as connection:
            until = await hours_to_close(connection, cell, now=now)
        if until is None:
            continue
        async with database.transaction() as connection:
            since = await close_hours(connection, cell, until=until)
        async with database.transaction() as connection:
            await find_busy(connection, cell, since=since, until=until)
        some = 1
        while some:
            async with database.transaction() as connection:
                some = await roll_busy(connection, cell)
            rolled += some
        async with database.transaction() as connection:
            await forget(connection, cell, now=now)
    return rolled


def _by_cell(records: Iterable[dict[str, Any]], cells: int) -> Iterable[tuple[int, list[dict[str, Any]]]]:
    """Records under each cell that counts one of their parties; cells ascending, so that locks are taken in order."""
    found: dict[int, list[dict[str, Any]]] = {}
    for record in records:
        homes = {home_of(Entity(party), value, cells) for party, value in record["parties"].items()}
        for cell in homes:
            found.setdefault(cell, []).append(record)
    return sorted(found.items())
