"""The hourly watch of shops: each hour of a day is judged once it is over, and again while records still change.

Facts are read from the records as they stand, so a second look at an hour gives the same alerts; what a person decided
on an alert is never changed.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yongquan.flows.watch_facts import Hour, hour_of, shop_hours
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.risk.watching.rules import ALERT_SCORE, REDEMPTIONS_MIN, judge
from yongquan.risk.watching.store import last_watched, mark_watched, save_alerts

HOURS_A_DAY = 24
# The hour that runs is looked at too, as often as this.
AGAIN = timedelta(minutes=10)
BACK_HOURS = 3


@dataclass(frozen=True, slots=True)
class Watched:
    """What one hour gave: shops that were busy enough to be judged, and alerts."""

    hour: Hour
    shops: int
    alerts: int


async def watch_hour(database: Database, hour: Hour, *, now: datetime) -> Watched:
    """Judge every shop that was busy in an hour; a repeat gives the same alerts."""
    async with database.transaction() as connection:
        judged = [(one, *judge(one)) for one in await shop_hours(connection, hour, least=REDEMPTIONS_MIN)]
        found = [row for row in judged if row[1] >= ALERT_SCORE]
        await save_alerts(connection, found, now=now)
        await mark_watched(connection, hour.day, hour.number, shops=len(judged), alerts=len(found), now=now)
    return Watched(hour, len(judged), len(found))


async def watch_day(database: Database, day: date, *, now: datetime) -> list[Watched]:
    """Judge the hours of a day that have begun."""
    hours = [Hour(day, number) for number in range(HOURS_A_DAY)]
    return [await watch_hour(database, hour, now=now) for hour in hours if hour.starts_at <= now]


@dataclass(frozen=True, slots=True)
class ShopWatch:
    """The watch as background work."""

    database: Database
    clock: Clock

    async def sweep(self) -> int:
        """Judge the last hours that were not judged since they ended, and the running one now and then."""
        now = self.clock.now()
        due = [hour for hour in _recent(now) if await self._is_due(hour, now)]
        for hour in due:
            await watch_hour(self.database, hour, now=now)
        return len(due)

    async def _is_due(self, hour: Hour, now: datetime) -> bool:
        async with self.database.transaction() as connection:
            seen = await last_watched(connection, hour.day, hour.number)
        if seen is None:
            return True
        return seen < hour.ends_at if hour.ends_at <= now else seen <= now - AGAIN


def _recent(now: datetime) -> Iterable[Hour]:
    return (hour_of(now - timedelta(hours=back)) for back in range(BACK_HOURS, -1, -1))
