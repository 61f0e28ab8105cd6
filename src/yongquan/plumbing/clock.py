"""One clock for all processes: the database server's, or under the sandbox the one that the clock row shows."""

import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from yongquan.plumbing.db import Connection

SHANGHAI = ZoneInfo("Asia/Shanghai")
_READ = "select plumbing.now(), coalesce((select rate from plumbing.clock), 1)::float8"


class Clock:
    """The business time, re-read from the database every second by `refresh`."""

    def __init__(self) -> None:
        self._anchor = time.monotonic()
        self._shows = datetime.now(UTC)
        self._rate = 1.0

    def now(self) -> datetime:
        """The time now, in UTC."""
        return self._shows + timedelta(seconds=(time.monotonic() - self._anchor) * self._rate)

    def in_real_seconds(self, seconds: float) -> datetime:
        """The business time that the clock will show after so many seconds of real time."""
        return self.now() + timedelta(seconds=seconds * self._rate)

    async def refresh(self, connection: Connection) -> None:
        """Ask the database what time it is."""
        row = await (await connection.execute(_READ)).fetchone()
        if row is not None:
            self._anchor, self._shows, self._rate = time.monotonic(), row[0], row[1]


def wall_now() -> datetime:
    """Real time in UTC, for what must not follow the sandbox clock: tokens, one-time codes, sessions."""
    return datetime.now(UTC)


async def set_clock(connection: Connection, *, shows: datetime, rate: float = 1.0) -> None:
    """Set the sandbox clock. `rate` is business seconds a real second."""
    await connection.execute(
        """insert into plumbing.clock (anchored_at, shows, rate) values (clock_timestamp(), %s, %s)
           on conflict (one) do update set anchored_at = excluded.anchored_at, shows = excluded.shows,
                                           rate = excluded.rate""",
        [shows, rate],
    )


def business_day(at: datetime) -> date:
    """The Shanghai calendar day of a moment."""
    return at.astimezone(SHANGHAI).date()


def seconds_left(at: datetime) -> int:
    """Whole seconds until the Shanghai calendar day of a moment is over, at least 1."""
    return max(1, int((day_start(business_day(at) + timedelta(days=1)) - at).total_seconds()))


def day_start(day: date) -> datetime:
    """The first moment of a business day, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=SHANGHAI).astimezone(UTC)
