"""What pages and commands read of the library."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.merchants.library.model import Merge, RowFault, SourceKind
from yongquan.merchants.matching.identifiers import licence_in, phones_in
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

FOUND_MAX = 50
IMPORTS_MAX = 50
# A run that has not ended in 20 minutes died with its process: the list waits again.
_CARD = """
select i.import_id, i.source_code, s.name, s.kind, i.file_name, i.headings, i.mapping,
       case when i.running_since < now() - interval '20 minutes' and i.state = 'running' then 'staged' else i.state end,
       i.rows_read, i.rows_bad, i.rows_repeated, i.rows_kept, i.rows_joined, i.shops_new, i.shops_merged, i.near_found,
       i.made_by, i.made_at, i.done_at
  from merchants.list_import i join merchants.list_source s on s.code = i.source_code
"""
_FILE = "select file_sealed from merchants.list_import where import_id = %s"
_ERRORS = "select line, heading, code from merchants.list_error where import_id = %s order by line, heading, code"
_COUNTS = """
select (select count(*) from merchants.list_row),
       (select count(*) from merchants.library_shop where merged_into is null),
       (select count(*) from merchants.library_shop where merged_into is null and verdict = 'doubtful'),
       (select count(*) from merchants.library_shop where merged_into is null and store_id is not null),
       (select count(*) from merchants.library_near where state in ('open', 'unsure'))
"""
_SEARCH = """
select distinct on (m.shop_id) m.shop_id
  from merchants.list_row r join merchants.library_member m using (row_id)
 where (%(phones)s::bytea[] <> '{}' and r.phone_index && %(phones)s::bytea[])
    or (%(licence)s <> '' and r.licence = %(licence)s)
    or strpos(r.name, %(text)s) > 0 or strpos(r.address, %(text)s) > 0
 order by m.shop_id limit %(limit)s
"""
_DOUBTFUL = """
select shop_id from merchants.library_shop where merged_into is null and verdict = %s order by score, shop_id limit %s
"""
_SHOPS = """
select shop_id, merged_into, store_id, score, verdict, coalesce(points, '[]'), score_version, made_at
  from merchants.library_shop where shop_id = any (%s)
"""
_MERGES = """
with recursive story (shop_id) as (
    select %s::uuid
    union select g.from_shop from merchants.library_merge g join story s on g.into_shop = s.shop_id
)
select g.merge_id, g.into_shop, g.from_shop, g.row_ids, g.score, g.reasons, g.made_by, g.made_at, g.undone_by,
       g.undone_at, g.why
  from merchants.library_merge g where g.into_shop in (select shop_id from story) order by g.made_at, g.merge_id
"""
_MERGE = """
select merge_id, into_shop, from_shop, row_ids, score, reasons, made_by, made_at, undone_by, undone_at, why
  from merchants.library_merge where merge_id = %s
"""
_OWN_STORES = """
select store_id::text, name, address, licence_no, industry, lon::text, lat::text
  from merchants.store where state <> 'closed' order by store_id
"""
_SHARERS = """
with shared as (
    select acquirer, account_no, count(distinct licence_no)::int as owners
      from merchants.store where account_no <> '' group by 1, 2 having count(distinct licence_no) > 1
)
select s.store_id, h.owners - 1 from merchants.store s join shared h using (acquirer, account_no)
 where s.store_id = any (%s)
"""
_OF_IMPORT = """
select distinct m.shop_id from merchants.list_row r join merchants.library_member m using (row_id)
 where r.import_id = %s
"""
_ORIGINS = """
select r.row_id, r.line, r.own_id, i.import_id, i.file_name
  from merchants.list_row r join merchants.list_import i using (import_id) where r.row_id = any (%s)
"""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a row came from: its line of which file, and its number there."""

    line: int
    own_id: str
    import_id: UUID
    file_name: str


@dataclass(frozen=True, slots=True)
class ImportCard:
    """A file and what became of it."""

    import_id: UUID
    source: str
    source_name: str
    kind: SourceKind
    file_name: str
    headings: Sequence[str]
    mapping: Sequence[str]
    state: str
    rows_read: int
    rows_bad: int
    rows_repeated: int
    rows_kept: int
    rows_joined: int
    shops_new: int
    shops_merged: int
    near_found: int
    made_by: str
    made_at: datetime
    done_at: datetime | None


@dataclass(frozen=True, slots=True)
class Counts:
    """The library in five figures."""

    rows: int
    shops: int
    doubtful: int
    stores: int
    near: int


@dataclass(frozen=True, slots=True)
class ShopCard:
    """A shop of the library; `points` are pairs of a code and what it weighs."""

    shop_id: UUID
    merged_into: UUID | None
    store_id: UUID | None
    score: int | None
    verdict: str | None
    points: Sequence[tuple[str, int]]
    score_version: int | None
    made_at: datetime


@dataclass(frozen=True, slots=True)
class PastMerge:
    """A merge with its time, and who took it back."""

    merge: Merge
    made_at: datetime
    undone_by: str | None
    undone_at: datetime | None
    why: str | None


async def import_card(connection: Connection, import_id: UUID) -> ImportCard | None:
    """One file."""
    row = await (await connection.execute(f"{_CARD} where i.import_id = %s", [import_id])).fetchone()
    return _card(row) if row else None


async def import_cards(connection: Connection) -> list[ImportCard]:
    """The latest files, the newest first."""
    query = f"{_CARD} order by i.made_at desc, i.import_id limit %s"
    return [_card(row) for row in await (await connection.execute(query, [IMPORTS_MAX])).fetchall()]


def _card(row: Sequence[object]) -> ImportCard:
    return ImportCard(*row[:3], SourceKind(row[3]), *row[4:])  # type: ignore[arg-type, call-arg]


async def file_of(connection: Connection, import_id: UUID) -> bytes | None:
    """The sealed file."""
    row = await (await connection.execute(_FILE, [import_id])).fetchone()
    return bytes(row[0]) if row else None


async def faults_of(connection: Connection, import_id: UUID) -> list[RowFault]:
    """What was wrong with the rows that were left out."""
    return [RowFault(*row) for row in await (await connection.execute(_ERRORS, [import_id])).fetchall()]


async def own_stores(connection: Connection) -> Sequence[Sequence[str]]:
    """Our own stores as the rows of a list."""
    return await (await connection.execute(_OWN_STORES)).fetchall()


async def account_sharers(connection: Connection, store_ids: Sequence[UUID]) -> dict[UUID, int]:
    """How many other licences settle to the account of a store of ours; stores that share with none are left out."""
    rows = await (await connection.execute(_SHARERS, [list(store_ids)])).fetchall()
    return {row[0]: row[1] for row in rows}


async def shops_of_import(connection: Connection, import_id: UUID) -> list[UUID]:
    """The shops that rows of a file are in."""
    return [row[0] for row in await (await connection.execute(_OF_IMPORT, [import_id])).fetchall()]


async def origins(connection: Connection, row_ids: Sequence[UUID]) -> dict[UUID, Origin]:
    """Where rows came from."""
    rows = await (await connection.execute(_ORIGINS, [list(row_ids)])).fetchall()
    return {row[0]: Origin(*row[1:]) for row in rows}


async def counts(connection: Connection) -> Counts:
    """How large the library is."""
    row = await (await connection.execute(_COUNTS)).fetchone()
    return Counts(*row) if row else Counts(0, 0, 0, 0, 0)


async def search(connection: Connection, text: str, sealing: Sealing) -> list[UUID]:
    """Shops that any list names, places, phones or licenses like this, `FOUND_MAX` at most."""
    phones = [sealing.index(number, what="phone") for number in sorted(phones_in(text))]
    values = {"text": text, "phones": phones, "licence": licence_in(text), "limit": FOUND_MAX}
    return [row[0] for row in await (await connection.execute(_SEARCH, values)).fetchall()]


async def with_verdict(connection: Connection, verdict: str) -> list[UUID]:
    """Shops of this verdict, the lowest scores first."""
    return [row[0] for row in await (await connection.execute(_DOUBTFUL, [verdict, FOUND_MAX])).fetchall()]


async def shop_cards(connection: Connection, shop_ids: Sequence[UUID]) -> dict[UUID, ShopCard]:
    """Some shops, by id."""
    rows = await (await connection.execute(_SHOPS, [list(shop_ids)])).fetchall()
    return {row[0]: ShopCard(*row) for row in rows}


async def merges_into(connection: Connection, shop_id: UUID) -> list[PastMerge]:
    """How a shop came to be, with the shops that went into it, the oldest first."""
    return [_past(row) for row in await (await connection.execute(_MERGES, [shop_id])).fetchall()]


async def merge_of(connection: Connection, merge_id: UUID) -> PastMerge | None:
    """One merge."""
    row = await (await connection.execute(_MERGE, [merge_id])).fetchone()
    return _past(row) if row else None


def _past(row: Sequence[object]) -> PastMerge:
    return PastMerge(Merge(*row[:7]), *row[7:])  # type: ignore[arg-type]
