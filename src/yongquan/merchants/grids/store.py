"""The grids' SQL: versions, their cells, and which grid a store is in on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.merchants.grids.covering import cell_of, place_of, upward
from yongquan.merchants.grids.drawing import Drawing
from yongquan.merchants.grids.model import Cell, CellKey, Shop
from yongquan.merchants.grids.redrawing import Locks
from yongquan.merchants.views import OVER_A_COUNTER
from yongquan.plumbing.db import Connection

# A shop is visited as often as its tier says, and its grid's time goes with the grid's.
_SHOPS = f"""
select s.lon, s.lat, s.adcode, s.industry, s.hardship,
       coalesce(t.visits_bp::bigint * coalesce(g.minutes_bp, 10000) / 10000, 10000)::int
  from merchants.store s
  left join merchants.shop_tier t
    on t.store_id = s.store_id and t.month = (select max(month) from merchants.tier_month)
  left join merchants.grid_tier g on g.month = t.month and g.code = t.grid
 where s.state <> 'closed' and {OVER_A_COUNTER}
 order by s.store_id
"""
# Numbers follow each other: one version is written at a time.
_ONE_WRITER = "lock table merchants.grid_version in share row exclusive mode"
_NEW = """
insert into merchants.grid_version (version_no, state, effective_day, seed, base_no, reason, changed_by, built_at)
select coalesce(max(version_no), 0) + 1, 'draft', %s, %s, %s, %s, %s, %s from merchants.grid_version
returning version_no
"""
_GRIDS = """
insert into merchants.grid (version_no, code, adcode, locked)
select %s, code, split_part(code, '-', 1), code = any (%s) from unnest(%s::text[]) as code
"""
_COPY_CELLS = """
copy merchants.grid_cell (version_no, h3, adcode, code, lon, lat, stores, minutes, ground, island, locked) from stdin
"""
_VERSION = """
select version_no, state, effective_day, seed, base_no, reason, changed_by, changes, built_at, decided_by, decided_at
  from merchants.grid_version
"""
_IN_FORCE = """
select version_no from merchants.grid_version where state = 'approved' and effective_day <= %s
 order by effective_day desc, version_no desc limit 1
"""
_CELLS = """
select h3, adcode, lon, lat, stores, minutes, ground, code, island, locked from merchants.grid_cell
 where version_no = %s and (%s::text is null or adcode = %s) order by h3, adcode
"""
_LOCKED_GRIDS = "select code from merchants.grid where version_no = %s and locked"
_CODES = "select code from merchants.grid where version_no = %s order by code"
_MOVE = "update merchants.grid_cell set code = %s where version_no = %s and h3 = %s and adcode = %s"
_LOCK_GRID = "update merchants.grid set locked = %s where version_no = %s and code = %s"
_LOCK_CELL = "update merchants.grid_cell set locked = %s where version_no = %s and h3 = %s and adcode = %s"
_TOUCH = """
update merchants.grid_version set changes = changes + 1,
       changed_by = case when %(actor)s = any (changed_by) then changed_by else changed_by || %(actor)s end
 where version_no = %(version_no)s and state = 'draft'
"""
_DECIDE = """
update merchants.grid_version set state = %s, decided_by = %s, decided_at = %s where version_no = %s and state = 'draft'
"""
_PLACES = "select store_id, lon, lat, adcode from merchants.store where store_id = any (%s)"
_FOUND = """
select w.store_id, c.code
  from unnest(%s::uuid[], %s::text[], %s::text[]) as w (store_id, h3, adcode)
  join merchants.grid_cell c on c.version_no = %s and c.h3 = w.h3 and c.adcode = w.adcode
"""
_NEAREST = """
select w.store_id, n.code
  from unnest(%s::uuid[], %s::float8[], %s::float8[], %s::text[]) as w (store_id, lon, lat, adcode)
 cross join lateral (
       select c.code from merchants.grid_cell c where c.version_no = %s and c.adcode = w.adcode
        order by (c.lat - w.lat) ^ 2 + ((c.lon - w.lon) * cos(radians(w.lat))) ^ 2, c.h3 limit 1) n
"""
_OWN = f"""
select store_id, name, industry, address, lon, lat, hardship
  from merchants.store where adcode = %s and state <> 'closed' and {OVER_A_COUNTER} order by name, store_id
"""


@dataclass(frozen=True, slots=True)
class GridVersion:
    """A cut of the city, in force from a business day on once it is approved."""

    version_no: int
    state: str
    effective_day: date
    seed: int
    base_no: int | None
    reason: str
    changed_by: Sequence[str]
    changes: int
    built_at: datetime
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What is said of a version when it is drawn."""

    effective_day: date
    seed: int
    reason: str
    actor: str
    base_no: int | None = None


@dataclass(frozen=True, slots=True)
class StoreInGrid:
    """A store of a grid, for a list."""

    store_id: UUID
    name: str
    industry: str
    address: str


async def shops_to_visit(connection: Connection) -> list[Shop]:
    """Every store that takes money over a counter and is not closed."""
    return [Shop(*row) for row in await (await connection.execute(_SHOPS)).fetchall()]


async def keep_version(
    connection: Connection, drawing: Drawing, new: NewVersion, locks: Locks, *, now: datetime
) -> int:
    """Write a draft with all its cells; its number. Locks the table of versions."""
    await connection.execute(_ONE_WRITER)
    values = [new.effective_day, new.seed, new.base_no, new.reason, [new.actor], now]
    row = await (await connection.execute(_NEW, values)).fetchone()
    assert row is not None  # noqa: S101
    codes = sorted(set(drawing.grid.values()))
    await connection.execute(_GRIDS, [row[0], list(locks.grids), codes])
    async with connection.cursor().copy(_COPY_CELLS) as copy:
        for key, cell in drawing.cells.items():
            await copy.write_row(
                (
                    *(row[0], key.h3, key.adcode, drawing.grid[key], cell.lon, cell.lat),
                    *(cell.stores, cell.minutes, cell.ground, key in drawing.islands, key in locks.cells),
                )
            )
    return int(row[0])


async def grid_versions(connection: Connection) -> list[GridVersion]:
    """Every version, the newest first."""
    rows = await (await connection.execute(f"{_VERSION} order by version_no desc")).fetchall()
    return [GridVersion(*row) for row in rows]


async def grid_version(connection: Connection, version_no: int, *, lock: bool = False) -> GridVersion | None:
    """One version, kept from changing for this transaction if `lock`."""
    query = f"{_VERSION} where version_no = %s{' for update' if lock else ''}"
    row = await (await connection.execute(query, [version_no])).fetchone()
    return GridVersion(*row) if row else None


async def version_on(connection: Connection, day: date) -> int | None:
    """The number of the version in force on a business day."""
    row = await (await connection.execute(_IN_FORCE, [day])).fetchone()
    return int(row[0]) if row else None


async def grids_in_force(connection: Connection, day: date) -> list[str]:
    """The codes of the grids in force on a business day; none without a version."""
    version_no = await version_on(connection, day)
    rows = await (await connection.execute(_CODES, [version_no])).fetchall()
    return [row[0] for row in rows]


async def drawing_of(connection: Connection, version_no: int, *, adcode: str | None = None) -> tuple[Drawing, Locks]:
    """A version's cells, of one division or all, and its locks."""
    rows = await (await connection.execute(_CELLS, [version_no, adcode, adcode])).fetchall()
    keyed = [(CellKey(row[0], row[1]), row) for row in rows]
    drawing = Drawing(
        {key: Cell(key, *row[2:7]) for key, row in keyed},
        {key: row[7] for key, row in keyed},
        frozenset(key for key, row in keyed if row[8]),
    )
    grids = await (await connection.execute(_LOCKED_GRIDS, [version_no])).fetchall()
    return drawing, Locks(frozenset(row[0] for row in grids), frozenset(key for key, row in keyed if row[9]))


async def move_cell(connection: Connection, version_no: int, key: CellKey, to: str, *, actor: str) -> None:
    """Give a draft's cell to another grid."""
    await connection.execute(_MOVE, [to, version_no, key.h3, key.adcode])
    await connection.execute(_TOUCH, {"actor": actor, "version_no": version_no})


async def set_lock(connection: Connection, version_no: int, what: str | CellKey, *, locked: bool, actor: str) -> bool:
    """Lock or unlock a draft's grid (its code) or cell; whether there is such a thing."""
    if isinstance(what, str):
        found = await connection.execute(_LOCK_GRID, [locked, version_no, what])
    else:
        found = await connection.execute(_LOCK_CELL, [locked, version_no, what.h3, what.adcode])
    await connection.execute(_TOUCH, {"actor": actor, "version_no": version_no})
    return found.rowcount == 1


async def decide_version(connection: Connection, version_no: int, state: str, *, actor: str, now: datetime) -> None:
    """Approve or refuse a draft."""
    await connection.execute(_DECIDE, [state, actor, now, version_no])


async def grids_of_stores(connection: Connection, day: date, store_ids: Sequence[UUID]) -> dict[UUID, str]:
    """The grid of each store on a business day; without a version in force, or in no division of it, none."""
    version_no = await version_on(connection, day)
    if version_no is None:
        return {}
    rows = await (await connection.execute(_PLACES, [list(store_ids)])).fetchall()
    wanted = [(row[0], h3_cell, row[3]) for row in rows for h3_cell in upward(place_of(row[1], row[2]))]
    columns = [[one[n] for one in wanted] for n in range(3)]
    grids = {r[0]: r[1] for r in await (await connection.execute(_FOUND, [*columns, version_no])).fetchall()}
    lost = [row for row in rows if row[0] not in grids]
    values = [[row[n] for row in lost] for n in range(4)]
    found = await (await connection.execute(_NEAREST, [*values, version_no])).fetchall() if lost else ()
    return grids | {row[0]: row[1] for row in found}


async def stores_in_grid(connection: Connection, drawing: Drawing, code: str) -> list[StoreInGrid]:
    """The stores that are in a grid of a drawing today, by name."""
    adcode = code.split("-", maxsplit=1)[0]
    cells: Mapping[CellKey, Cell] = {key: cell for key, cell in drawing.cells.items() if key.adcode == adcode}
    rows = await (await connection.execute(_OWN, [adcode])).fetchall()
    return [
        StoreInGrid(store_id, name, industry, address)
        for store_id, name, industry, address, lon, lat, hardship in rows
        if drawing.grid[cell_of(Shop(lon, lat, adcode, industry, hardship), cells)] == code
    ]
