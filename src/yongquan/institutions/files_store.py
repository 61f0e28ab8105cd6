"""The SQL of daily files."""

from dataclasses import dataclass
from datetime import date, datetime

from yongquan.plumbing.db import Connection

_FILE = """
select institution, day, body, rows, sha256, produced_at from institutions.daily_file
 where institution = %s and day = %s
"""
_SAVE = """
insert into institutions.daily_file (institution, day, body, rows, sha256, produced_at) values (%s, %s, %s, %s, %s, %s)
on conflict do nothing
"""
_FILES = """
select institution, day, ''::bytea, rows, sha256, produced_at from institutions.daily_file
 where institution = %s order by day desc limit 31
"""


@dataclass(frozen=True, slots=True)
class DailyFile:
    """A day's file; `rows` without header and trailer, `sha256` of the whole."""

    institution: str
    day: date
    body: bytes
    rows: int
    sha256: str
    produced_at: datetime


async def daily_file(connection: Connection, institution: str, day: date) -> DailyFile | None:
    """A file that was produced."""
    row = await (await connection.execute(_FILE, [institution, day])).fetchone()
    return DailyFile(*row) if row else None


async def save_daily_file(connection: Connection, made: DailyFile) -> None:
    """Keep a file; the first one of a day stays."""
    row = [made.institution, made.day, made.body, made.rows, made.sha256, made.produced_at]
    await connection.execute(_SAVE, row)


async def daily_files(connection: Connection, institution: str) -> list[DailyFile]:
    """The latest files of an institution, without their bodies."""
    return [DailyFile(*row) for row in await (await connection.execute(_FILES, [institution])).fetchall()]
