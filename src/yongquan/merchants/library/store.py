"""The library's SQL: lists, their files and rows; shops, merges, near-matches. Rows are sealed as they came."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isnan, nan
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.merchants.library.authenticity import Score
from yongquan.merchants.library.mapping import COLUMNS
from yongquan.merchants.library.model import KeptRow, Placement, RowFault, Source, SourceKind
from yongquan.merchants.library.placing import Shelf
from yongquan.merchants.matching.identifiers import licence_in, phones_in
from yongquan.merchants.matching.reading import Row
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_SOURCE = """
insert into merchants.list_source (code, name, kind, given_by, basis, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s)
on conflict (code) do nothing
"""
_SOURCES = "select code, name, kind, given_by, basis from merchants.list_source order by code"
_STAGE = """
insert into merchants.list_import (import_id, source_code, file_name, sha256, file_sealed, headings, mapping, state,
                                   rows_read, rows_bad, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s, 'staged', %s, %s, %s, %s)
on conflict (source_code, sha256) do nothing
"""
_COPY_ERRORS = "copy merchants.list_error (import_id, line, heading, code) from stdin"
_COPY_ROWS = """
copy merchants.list_row (row_id, source_code, import_id, line, own_id, content_index, cells_sealed, name, address,
                         licence, category, lon, lat, phone_index) from stdin
"""
_HAD = "select content_index from merchants.list_row where source_code = %s and content_index = any (%s)"
_VERSION = "select version from merchants.library_state"
# Whoever changes which rows are one shop holds this row to the end, and counts on.
_HELD = """
select r.own_id, m.shop_id::text, coalesce(s.verdict, '')
  from merchants.list_row r join merchants.library_member m using (row_id) join merchants.library_shop s using (shop_id)
"""
_CHANGE = "update merchants.library_state set version = version + 1 returning version - 1"
_BEGIN = """
update merchants.list_import set state = 'running', running_since = %(now)s, mapping = %(mapping)s,
       rows_bad = %(bad)s
 where import_id = %(id)s and (state = 'staged' or (state = 'running' and running_since < %(dead)s))
   and not exists (select 1 from merchants.list_import
                    where state = 'running' and running_since >= %(dead)s and import_id <> %(id)s)
"""
_DONE = """
update merchants.list_import set state = 'done', done_at = %s, rows_repeated = %s, rows_kept = %s, rows_joined = %s,
       shops_new = %s, shops_merged = %s, near_found = %s where import_id = %s and state = 'running'
"""
_AGAIN = (
    "update merchants.list_import set state = 'staged', running_since = null where import_id = %s and state = 'running'"
)
_SHELF = """
select r.row_id, m.shop_id, r.source_code, s.kind, i.made_at, r.cells_sealed
  from merchants.library_member m
  join merchants.list_row r using (row_id)
  join merchants.list_source s on s.code = r.source_code
  join merchants.list_import i on i.import_id = r.import_id
 order by r.row_id
"""
_SHOP_ROWS = """
select r.row_id, m.shop_id, r.source_code, s.kind, i.made_at, r.cells_sealed
  from merchants.library_member m
  join merchants.list_row r using (row_id)
  join merchants.list_source s on s.code = r.source_code
  join merchants.list_import i on i.import_id = r.import_id
 where m.shop_id = any (%s)
 order by r.row_id
"""
_APART = """
select a.shop_id, b.shop_id from merchants.library_near n
  join merchants.library_member a on a.row_id = n.one_row
  join merchants.library_member b on b.row_id = n.other_row
 where n.state = 'different' and a.shop_id <> b.shop_id
"""
_STORES = "select shop_id, store_id from merchants.library_shop where store_id is not null and merged_into is null"
_COPY_SHOPS = "copy merchants.library_shop (shop_id, store_id, made_at) from stdin"
_COPY_MEMBERS = "copy merchants.library_member (row_id, shop_id) from stdin"
_MOVE = "update merchants.library_member set shop_id = %s where row_id = any (%s) and shop_id = any (%s)"
_COPY_MERGES = """
copy merchants.library_merge (merge_id, into_shop, from_shop, row_ids, score, reasons, import_id, made_by, made_at)
from stdin
"""
_ABSORB = "update merchants.library_shop set merged_into = %s where shop_id = %s"
_TAKE_STORE = """
update merchants.library_shop into_ set store_id = from_.store_id from merchants.library_shop from_
 where into_.shop_id = %s and from_.shop_id = %s and into_.store_id is null and from_.store_id is not null
"""
_NEAR = """
insert into merchants.library_near (near_id, one_row, other_row, score, reasons, found_at)
select near_id, one_row, other_row, score, string_to_array(reasons, ' '), %s
  from unnest(%s::uuid[], %s::uuid[], %s::uuid[], %s::real[], %s::text[])
       as n(near_id, one_row, other_row, score, reasons)
on conflict do nothing
"""
_LINK = """
update merchants.library_shop s set store_id = u.store_id
  from unnest(%s::uuid[], %s::uuid[]) as u(shop_id, store_id) where s.shop_id = u.shop_id
"""
_SCORE = """
update merchants.library_shop s
   set score = u.score, verdict = u.verdict, points = u.points, score_version = u.version, scored_at = %s
  from unnest(%s::uuid[], %s::int[], %s::text[], %s::jsonb[], %s::int[]) as u(shop_id, score, verdict, points, version)
 where s.shop_id = u.shop_id
"""


@dataclass(frozen=True, slots=True)
class NewRow:
    """A row to keep: its id, line, and what it says."""

    row_id: UUID
    line: int
    content_index: bytes
    row: Row


async def save_source(connection: Connection, source: Source, *, actor: str, now: datetime) -> bool:
    """Note who gives a list; False if the code is known."""
    values = [source.code, source.name, source.kind, source.given_by, source.basis, actor, now]
    return (await connection.execute(_SOURCE, values)).rowcount == 1


async def sources(connection: Connection) -> list[Source]:
    """Every source, by code."""
    rows = await (await connection.execute(_SOURCES)).fetchall()
    return [Source(row[0], row[1], SourceKind(row[2]), row[3], row[4]) for row in rows]


async def stage_import(
    connection: Connection,
    import_id: UUID,
    *,
    source: str,
    file_name: str,
    sha256: bytes,
    sealed: bytes,
    headings: Sequence[str],
    mapping: Sequence[str],
    rows: tuple[int, int],
    actor: str,
    now: datetime,
) -> bool:
    """Keep a file before anything is done with it; False if this source gave the same file before."""
    values = [import_id, source, file_name, sha256, sealed, list(headings), list(mapping), *rows, actor, now]
    return (await connection.execute(_STAGE, values)).rowcount == 1


async def begin_import(
    connection: Connection, import_id: UUID, mapping: Sequence[str], *, bad: int, now: datetime, dead: datetime
) -> bool:
    """Mark a file as being taken in; False if it is, or was. One that began before `dead` may be begun again."""
    values = {"id": import_id, "mapping": list(mapping), "bad": bad, "now": now, "dead": dead}
    return (await connection.execute(_BEGIN, values)).rowcount == 1


async def give_up_import(connection: Connection, import_id: UUID) -> None:
    """Put a file that could not be taken in back to where it waits."""
    await connection.execute(_AGAIN, [import_id])


async def keep_errors(connection: Connection, import_id: UUID, faults: Iterable[RowFault]) -> None:
    """Write what was wrong with rows, in the place of what was said before."""
    await connection.execute("delete from merchants.list_error where import_id = %s", [import_id])
    async with connection.cursor().copy(_COPY_ERRORS) as copy:
        for fault in sorted(set(faults), key=lambda one: (one.line, one.heading, one.code)):
            await copy.write_row((import_id, fault.line, fault.heading, fault.code))


async def contents_had(connection: Connection, source: str, contents: Sequence[bytes]) -> set[bytes]:
    """Which of these rows the source gave before, by their blind indices."""
    rows = await (await connection.execute(_HAD, [source, list(contents)])).fetchall()
    return {bytes(row[0]) for row in rows}


async def keep_rows(
    connection: Connection, import_id: UUID, source: str, rows: Iterable[NewRow], sealing: Sealing
) -> None:
    """Write rows as they came: sealed whole, beside it what may be searched."""
    async with connection.cursor().copy(_COPY_ROWS) as copy:
        for new in rows:
            row = new.row
            phones = [sealing.index(number, what="phone") for number in sorted(phones_in(row.phone))]
            await copy.write_row(
                (
                    *(new.row_id, source, import_id, new.line, row.id, new.content_index),
                    sealing.seal(cells_of(row), what="list row"),
                    *(row.name, row.address, licence_in(row.licence), row.category),
                    *(None if isnan(degree) else degree for degree in (row.lon, row.lat)),
                    phones,
                )
            )


def cells_of(row: Row) -> str:
    """A row as text, in the order of the columns."""
    return json.dumps([_plain(getattr(row, column)) for column in COLUMNS], ensure_ascii=False)


def _plain(cell: str | float) -> str | float | None:
    return None if isinstance(cell, float) and isnan(cell) else cell


def row_from(cells: str) -> Row:
    """The row again."""
    said = dict(zip(COLUMNS, json.loads(cells), strict=True))
    return Row(**{column: nan if cell is None else cell for column, cell in said.items()})  # type: ignore[arg-type]


async def library_version(connection: Connection) -> int:
    """How often the library changed; read before the library."""
    row = await (await connection.execute(_VERSION)).fetchone()
    return int(row[0]) if row else 0


async def change_library(connection: Connection) -> int:
    """Keep others from changing the library for this transaction; the version it had."""
    row = await (await connection.execute(_CHANGE)).fetchone()
    return int(row[0]) if row else 0


async def shelf(connection: Connection, sealing: Sealing) -> Shelf:
    """The whole library, for the matcher."""
    rows = await (await connection.execute(_SHELF)).fetchall()
    apart = await (await connection.execute(_APART)).fetchall()
    stores = await (await connection.execute(_STORES)).fetchall()
    return Shelf(_kept(rows, sealing), frozenset((row[0], row[1]) for row in apart), {row[0]: row[1] for row in stores})


async def rows_of_shops(connection: Connection, shop_ids: Sequence[UUID], sealing: Sealing) -> list[KeptRow]:
    """Every row of some shops."""
    return _kept(await (await connection.execute(_SHOP_ROWS, [list(shop_ids)])).fetchall(), sealing)


def _kept(rows: Sequence[tuple[UUID, UUID, str, str, datetime, bytes]], sealing: Sealing) -> list[KeptRow]:
    return [
        KeptRow(row[0], row[1], row[2], SourceKind(row[3]), row[4], row_from(sealing.open(row[5], what="list row")))
        for row in rows
    ]


async def members_by_own_id(connection: Connection) -> dict[str, tuple[str, str]]:
    """The shop and its verdict of every row, by the row's number in its list: for measuring."""
    return {row[0]: (row[1], row[2]) for row in await (await connection.execute(_HELD)).fetchall()}


async def keep_placement(
    connection: Connection, placed: Placement, stores: Mapping[UUID, UUID], *, import_id: UUID | None, now: datetime
) -> None:
    """Write shops, members, merges and near-matches. `stores` are the stores of ours that shops turned out to be."""
    async with connection.cursor().copy(_COPY_SHOPS) as copy:
        for shop_id in placed.new_shops:
            await copy.write_row((shop_id, stores.get(shop_id), now))
    async with connection.cursor().copy(_COPY_MEMBERS) as copy:
        for row_id, shop_id in placed.shop_of.items():
            await copy.write_row((row_id, shop_id))
    async with connection.cursor().copy(_COPY_MERGES) as copy:
        for one in placed.merges:
            values = (one.merge_id, one.into_shop, one.from_shop, list(one.row_ids), one.score, list(one.reasons))
            await copy.write_row((*values, import_id, one.made_by, now))
    for one in placed.merges:
        if len(one.row_ids) and one.row_ids[0] not in placed.shop_of:
            await absorb(connection, one.into_shop, one.from_shop)
    known = {shop: store for shop, store in stores.items() if shop not in set(placed.new_shops)}
    if known:
        await connection.execute(_LINK, [list(known), list(known.values())])
    near = placed.near
    if near:
        columns = [[one.near_id for one in near], [one.one_row for one in near], [one.other_row for one in near]]
        words = [" ".join(one.reasons) for one in near]
        await connection.execute(_NEAR, [now, *columns, [one.score for one in near], words])


async def absorb(connection: Connection, into_shop: UUID, from_shop: UUID) -> None:
    """Move every row of a shop to another, with its store if the other has none."""
    await connection.execute(_ABSORB, [into_shop, from_shop])
    await connection.execute(_TAKE_STORE, [into_shop, from_shop])
    await connection.execute(
        "update merchants.library_member set shop_id = %s where shop_id = %s", [into_shop, from_shop]
    )


async def finish_import(
    connection: Connection, import_id: UUID, *, repeated: int, kept: int, placed: Placement, now: datetime
) -> None:
    """Mark a file as taken in, with its figures."""
    joined = sum(len(one.row_ids) == 1 and one.row_ids[0] in placed.shop_of for one in placed.merges)
    merged = len(placed.merges) - joined
    values = [now, repeated, kept, joined, len(placed.new_shops), merged, len(placed.near), import_id]
    await connection.execute(_DONE, values)


async def keep_scores(connection: Connection, scores: Mapping[UUID, Score], *, now: datetime) -> None:
    """Write the authenticity of shops."""
    if not scores:
        return
    points = [Jsonb([[point.code, point.points] for point in score.points]) for score in scores.values()]
    values = list(scores.values())
    columns = [[one.score for one in values], [one.verdict for one in values], points, [one.version for one in values]]
    await connection.execute(_SCORE, [now, list(scores), *columns])
