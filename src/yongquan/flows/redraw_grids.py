"""Grids are drawn as a draft, changed by hand, and approved by another person from a day on."""

import asyncio
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from yongquan.flows.deciding import OwnVersion
from yongquan.kernel.errors import BadInput
from yongquan.kernel.reasons import require_reason
from yongquan.kernel.regions import Regions
from yongquan.merchants.grids import draw_grids, rebalance
from yongquan.merchants.grids import store as grids
from yongquan.merchants.grids.model import CellKey
from yongquan.merchants.grids.redrawing import Locks, Trial, UnknownGrid, try_move
from yongquan.merchants.grids.store import GridVersion, NewVersion
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Role, Staff
from yongquan.vouchers.model import ForbiddenMove

Facts = dict[str, Fact]
GRID_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
REASON_MAX = 200


@dataclass(frozen=True, slots=True)
class Wish:
    """A cell and the grid that it is to go to."""

    key: CellKey
    to: str


async def build_grids(
    database: Database, regions: Regions, new: NewVersion, *, now: datetime, real_now: datetime
) -> int:
    """Draw a draft from today's stores; its number. From a base, its grids are kept and evened out around its locks.

    Whoever asks was allowed to before. `now` is the product's time. Raises `BadInput`, `UnknownGrid`.
    """
    require_reason(new.reason, most=REASON_MAX)
    async with database.transaction() as connection:
        await _require_day(connection, new.effective_day, now)
        shops = await grids.shops_to_visit(connection)
        base = None
        if new.base_no is not None:
            await _known(connection, new.base_no, lock=False)
            base = await grids.drawing_of(connection, new.base_no)
    locks = base[1] if base else Locks()
    if base:
        drawing = await asyncio.to_thread(rebalance, base[0], shops, grids=locks.grids, cells=locks.cells)
    else:
        drawing = await asyncio.to_thread(draw_grids, regions, shops, seed=new.seed)
    async with database.transaction() as connection:
        version_no = await grids.keep_version(connection, drawing, new, locks, now=real_now)
        facts: Facts = {"effective_day": str(new.effective_day), "reason": new.reason, "seed": new.seed}
        await append(connection, _entry(new.actor, "drawn", version_no, facts), now=real_now)
    return version_no


async def next_day(connection: Connection, now: datetime) -> date:
    """The first business day that a version drawn now may take effect on."""
    today = business_day(now)
    return today if await grids.version_on(connection, today) is None else today + timedelta(days=1)


async def what_if(database: Database, version_no: int, wish: Wish) -> Trial:
    """What moving a cell would change; nothing is saved. Raises as `try_move`."""
    async with database.transaction() as connection:
        await _known(connection, version_no, lock=False)
        drawing, locks = await grids.drawing_of(connection, version_no)
    return await asyncio.to_thread(try_move, drawing, wish.key, wish.to, locks)


async def move_cell(database: Database, staff: Staff, version_no: int, wish: Wish, *, now: datetime) -> None:
    """Move a cell of a draft. `now` is real time. Locks the version. Raises as `try_move`, `ForbiddenMove`."""
    staff.require(*GRID_ROLES)
    async with database.transaction() as connection:
        _require_draft(await _known(connection, version_no))
        drawing, locks = await grids.drawing_of(connection, version_no)
        if drawing.grid.get(wish.key) == wish.to:
            return  # a repeat
        trial = await asyncio.to_thread(try_move, drawing, wish.key, wish.to, locks)
        await grids.move_cell(connection, version_no, wish.key, wish.to, actor=staff.actor)
        facts: Facts = {"cell": wish.key.h3, "grid": trial.target}
        entry = _entry(staff.actor, "cell_moved", version_no, facts, before={"grid": trial.origin})
        await append(connection, entry, now=now)


async def lock_grid(
    database: Database, staff: Staff, version_no: int, what: str | CellKey, *, locked: bool, now: datetime
) -> None:
    """Lock or unlock a grid or a cell of a draft. Raises `UnknownGrid`, `ForbiddenMove`, `Forbidden`."""
    staff.require(*GRID_ROLES)
    async with database.transaction() as connection:
        _require_draft(await _known(connection, version_no))
        if not await grids.set_lock(connection, version_no, what, locked=locked, actor=staff.actor):
            raise UnknownGrid
        named: Facts = {"grid": what} if isinstance(what, str) else {"cell": what.h3}
        await append(connection, _entry(staff.actor, "locked" if locked else "unlocked", version_no, named), now=now)


async def decide_grids(
    database: Database, staff: Staff, version_no: int, *, approve: bool, now: datetime, real_now: datetime
) -> None:
    """Approve or refuse somebody else's draft; its day must still lie ahead to be approved, unless it is the first.

    Raises `UnknownGrid`, `OwnVersion`, `ForbiddenMove`, `Forbidden`, `BadInput`.
    """
    staff.require(*GRID_ROLES)
    state = "approved" if approve else "refused"
    async with database.transaction() as connection:
        version = await _known(connection, version_no)
        _require_draft(version)
        if staff.actor in version.changed_by:
            raise OwnVersion
        if approve:
            await _require_day(connection, version.effective_day, now)
        await grids.decide_version(connection, version_no, state, actor=staff.actor, now=real_now)
        entry = _entry(staff.actor, state, version_no, {"state": state}, before={"state": "draft"})
        await append(connection, entry, now=real_now)


async def _known(connection: Connection, version_no: int, *, lock: bool = True) -> GridVersion:
    version = await grids.grid_version(connection, version_no, lock=lock)
    if version is None:
        raise UnknownGrid
    return version


def _require_draft(version: GridVersion) -> None:
    if version.state != "draft":
        raise ForbiddenMove(f"a version that is {version.state} is not changed or decided again")


async def _require_day(connection: Connection, day: date, now: datetime) -> None:
    # Work of a day that has begun stays with the version in force; the first version may start today.
    if day < await next_day(connection, now):
        raise BadInput(f"{day} has begun: grids take effect at the start of a later business day")


def _entry(actor: str, act: str, version_no: int, after: Facts, *, before: Facts | None = None) -> AuditEntry:
    return AuditEntry(actor=actor, action=f"grids.{act}", subject=f"grids:{version_no}", before=before, after=after)
