"""Tiles of busy parties: made from stored events, so that reading costs the same however many there are.

A tile is a summary of one closed hour and may be made anew at any time; a party without tiles is read from its events.
"""

from datetime import datetime, timedelta

from yongquan.plumbing.db import Connection

KEPT = timedelta(days=31)
LATE_AFTER = timedelta(minutes=10)  # an hour is closed so long after its end
BUSY_FROM = 2_500  # events in 31 days from which tiles pay (measured: bench risk)
_PARTIES_AT_ONCE = 20
_FORGET_AT_ONCE = 20_000

_CLOSE = "select risk.close_hours(%s, %s)"
_FIND = "select risk.find_busy(%s, %s, %s, %s)"
_ROLL = "select risk.roll_busy(%s, %s)"
_FORGET = "select risk.forget(%s, %s, %s)"
_CLOSED = "select rolled_to from risk.rolling where cell = %s"
_STALE = "select exists (select from risk.busy where cell = %s and stale)"


async def hours_to_close(connection: Connection, cell: int, *, now: datetime) -> datetime | None:
    """Up to which moment hours may be closed; None if that is done and no tiles are stale."""
    until = now - LATE_AFTER
    closed = await (await connection.execute(_CLOSED, [cell])).fetchone()
    if closed is None or closed[0] + timedelta(hours=1) <= until:
        return until
    stale = await (await connection.execute(_STALE, [cell])).fetchone()
    return until if stale and stale[0] else None


async def close_hours(connection: Connection, cell: int, *, until: datetime) -> datetime:
    """Close the hours that ended by a moment; returns from where they were open. Waits for records under way.

    The commit must follow at once: it is what tells later events that they are late.
    """
    row = await (await connection.execute(_CLOSE, [cell, until])).fetchone()
    return row[0] if row and row[0] else until - timedelta(days=1)


async def find_busy(
    connection: Connection, cell: int, *, since: datetime, until: datetime, least: int = BUSY_FROM
) -> int:
    """Note the parties seen in these hours that have so many events in 31 days; returns how many are new."""
    row = await (await connection.execute(_FIND, [cell, since, until, least])).fetchone()
    return int(row[0]) if row else 0


async def roll_busy(connection: Connection, cell: int) -> int:
    """Bring the tiles of some busy parties up to the closed hours; 0 when all are. Locks their rows of `risk.busy`."""
    row = await (await connection.execute(_ROLL, [cell, _PARTIES_AT_ONCE])).fetchone()
    return int(row[0]) if row else 0


async def forget(connection: Connection, cell: int, *, now: datetime) -> int:
    """Delete some of what no window reaches any more; returns how many rows."""
    row = await (await connection.execute(_FORGET, [cell, now - KEPT, _FORGET_AT_ONCE])).fetchone()
    return int(row[0]) if row else 0
