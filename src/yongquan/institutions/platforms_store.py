"""The SQL of platforms of their own: shares, imported files and rows, sums and overruns."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from yongquan.institutions.platforms import Platform, PlatformRow, RowError
from yongquan.plumbing.db import Connection

_SAVE = """
insert into institutions.platform (platform, name, name_en, funder_id, budget_fen, cap_per_person, cap_per_day_fen,
                                   added_at)
values (%s, %s, %s, %s, %s, %s, %s, %s)
on conflict (platform) do update
   set name = excluded.name, name_en = excluded.name_en, budget_fen = excluded.budget_fen,
       cap_per_person = excluded.cap_per_person, cap_per_day_fen = excluded.cap_per_day_fen
"""
_PLATFORMS = """
select platform, name, name_en, funder_id, budget_fen, cap_per_person, cap_per_day_fen
  from institutions.platform order by added_at, platform
"""
_FUNDERS_AREA = "select adcode from institutions.funder where funder_id = %s"
_LOCK = "select 1 from institutions.platform where platform = %s for no key update"
_KNOWN_FILE = """
select file_hash, platform, name, rows, taken, repeated, errors, imported_at from institutions.platform_file
 where file_hash = %s
"""
_KNOWN_ROWS = "select row_id, row_hash from institutions.platform_row where platform = %s and row_id = any (%s)"
_ISSUED = """
select voucher_no from institutions.platform_row
 where platform = %s and kind = 'issued' and voucher_no = any (%s)
"""
_COPY_ROWS = """
copy institutions.platform_row (platform, row_id, row_hash, file_hash, kind, day, voucher_no, person, campaign,
                                face_fen, order_fen, subsidy_fen) from stdin
"""
_SAVE_FILE = """
insert into institutions.platform_file (file_hash, platform, name, rows, taken, repeated, errors, imported_at,
                                        imported_by)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_FILES = """
select file_hash, platform, name, rows, taken, repeated, errors, imported_at from institutions.platform_file
 order by imported_at desc limit 50
"""
_SUMS = """
select platform, count(*) filter (where kind = 'issued')::int,
       coalesce(sum(face_fen) filter (where kind = 'issued'), 0)::bigint,
       (count(*) filter (where kind = 'redeemed') - count(*) filter (where kind = 'returned'))::int,
       coalesce(sum(case kind when 'redeemed' then order_fen when 'returned' then -order_fen end), 0)::bigint,
       coalesce(sum(case kind when 'redeemed' then subsidy_fen when 'returned' then -subsidy_fen end), 0)::bigint,
       count(distinct person)::int
  from institutions.platform_row group by platform
"""
_OVER_PERSON = """
select count(*)::int, max(n)::int from (
    select count(*) as n from institutions.platform_row where platform = %s and kind = 'issued'
     group by person having count(*) > %s) over_cap
"""
_OVER_DAY = """
select day, sum(face_fen)::bigint from institutions.platform_row where platform = %s and kind = 'issued'
 group by day having sum(face_fen) > %s order by day
"""
_SHARED = """
select count(*)::int from (select person from institutions.platform_row where kind = 'issued'
                            group by person having count(distinct platform) > 1) several
"""


@dataclass(frozen=True, slots=True)
class ImportedFile:
    """What became of a file: rows in all, new and sound ones, repeats, and what is wrong."""

    file_hash: bytes
    platform: str
    name: str
    rows: int
    taken: int
    repeated: int
    errors: list[RowError]
    imported_at: datetime


@dataclass(frozen=True, slots=True)
class PlatformSums:
    """What a platform reported in all, returns taken off. Amounts in fen."""

    issued: int = 0
    issued_fen: int = 0
    redeemed: int = 0
    order_fen: int = 0
    subsidy_fen: int = 0
    people: int = 0


async def save_platform(connection: Connection, platform: Platform, *, now: datetime) -> None:
    """Write a platform with its share, new or changed."""
    p = platform
    row = [p.platform, p.name, p.name_en, p.funder_id, p.budget_fen, p.cap_per_person, p.cap_per_day_fen, now]
    await connection.execute(_SAVE, row)


async def platforms(connection: Connection) -> list[Platform]:
    """Every platform."""
    return [Platform(*row) for row in await (await connection.execute(_PLATFORMS)).fetchall()]


async def area_of_funder(connection: Connection, funder_id: str) -> tuple[bool, str | None]:
    """Whether there is such a funder, and its division (None: the whole city)."""
    row = await (await connection.execute(_FUNDERS_AREA, [funder_id])).fetchone()
    return (row is not None, row[0] if row else None)


async def lock_platform(connection: Connection, platform: str) -> None:
    """One file of a platform at a time."""
    await connection.execute(_LOCK, [platform])


async def imported_file(connection: Connection, file_hash: bytes) -> ImportedFile | None:
    """A file that was imported before."""
    row = await (await connection.execute(_KNOWN_FILE, [file_hash])).fetchone()
    return _file(row) if row else None


async def imported_files(connection: Connection) -> list[ImportedFile]:
    """The latest files of all platforms."""
    return [_file(row) for row in await (await connection.execute(_FILES)).fetchall()]


async def known_rows(connection: Connection, platform: str, row_ids: Sequence[str]) -> dict[str, bytes]:
    """The fingerprints of those rows that were taken before."""
    return dict(await (await connection.execute(_KNOWN_ROWS, [platform, list(row_ids)])).fetchall())


async def issued_vouchers(connection: Connection, platform: str, numbers: Sequence[str]) -> set[str]:
    """Which of some vouchers the platform reported as issued."""
    return {row[0] for row in await (await connection.execute(_ISSUED, [platform, list(numbers)])).fetchall()}


async def save_rows(
    connection: Connection,
    platform: str,
    file_hash: bytes,
    rows: Sequence[PlatformRow],
    people: Mapping[str, bytes],
) -> None:
    """Write new rows; `people` are the blind indexes of their persons."""
    async with connection.cursor().copy(_COPY_ROWS) as copy:
        for r in rows:
            facts = (r.kind, r.day, r.voucher_no, people[r.person], r.campaign, r.face_fen, r.order_fen, r.subsidy_fen)
            await copy.write_row((platform, r.row_id, r.row_hash, file_hash, *facts))


async def save_file(connection: Connection, made: ImportedFile, *, by: str) -> None:
    """Remember what became of a file."""
    errors = Jsonb([[e.line, e.field, e.message] for e in made.errors])
    counts = [made.rows, made.taken, made.repeated, errors, made.imported_at, by]
    await connection.execute(_SAVE_FILE, [made.file_hash, made.platform, made.name, *counts])


async def sums(connection: Connection) -> dict[str, PlatformSums]:
    """What each platform reported."""
    return {row[0]: PlatformSums(*row[1:]) for row in await (await connection.execute(_SUMS)).fetchall()}


async def people_over_cap(connection: Connection, platform: str, cap: int) -> tuple[int, int]:
    """How many people got more than the cap, and the most that one got."""
    row = await (await connection.execute(_OVER_PERSON, [platform, cap])).fetchone()
    return (row[0], row[1] or 0) if row else (0, 0)


async def days_over_cap(connection: Connection, platform: str, cap_fen: int) -> list[tuple[date, int]]:
    """Days on which more was issued than the cap, with what was issued (fen)."""
    return [(row[0], row[1]) for row in await (await connection.execute(_OVER_DAY, [platform, cap_fen])).fetchall()]


async def people_on_several(connection: Connection) -> int:
    """People who got vouchers on more than one platform."""
    row = await (await connection.execute(_SHARED)).fetchone()
    return int(row[0]) if row else 0


def _file(row: TupleRow) -> ImportedFile:
    return ImportedFile(*(*row[:6], [RowError(*e) for e in row[6]], row[7]))
