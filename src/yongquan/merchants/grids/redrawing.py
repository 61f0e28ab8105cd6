"""One cell moved by hand from its grid to a neighbouring one: what it would change, and why it may not. Pure."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

from yongquan.kernel.errors import Refusal
from yongquan.merchants.grids.covering import neighbours
from yongquan.merchants.grids.drawing import Drawing, hangs_together, loads_of, ratio_of
from yongquan.merchants.grids.model import CellKey


class GridBroken(Refusal):
    """A grid would be in pieces, or empty."""

    code = "grid_broken"


class GridAcrossDivisions(Refusal):
    """A grid would lie in two divisions."""

    code = "grid_across_divisions"


class GridLocked(Refusal):
    """The cell, its grid or the wanted grid is locked."""

    code = "grid_locked"


class UnknownGrid(Refusal):
    """There is no such version, grid or cell."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Locks:
    """Grids and cells that stay as they are."""

    grids: AbstractSet[str] = frozenset()
    cells: AbstractSet[CellKey] = frozenset()


@dataclass(frozen=True, slots=True)
class Trial:
    """What a move would change: work in minutes a quarter of both grids, and max / mean of all, before and after."""

    origin: str
    target: str
    origin_minutes: tuple[int, int]
    target_minutes: tuple[int, int]
    ratio: tuple[float, float]
    moved: Drawing


def try_move(drawing: Drawing, key: CellKey, to: str, locks: Locks) -> Trial:
    """Move a cell and say what changes. An island's cell need not touch its grid.

    Raises `UnknownGrid`, `GridAcrossDivisions`, `GridLocked`, `GridBroken`.
    """
    origin = drawing.grid.get(key)
    if origin is None or to not in set(drawing.grid.values()) or origin == to:
        raise UnknownGrid
    if not to.startswith(f"{key.adcode}-"):
        raise GridAcrossDivisions
    if key in locks.cells or locks.grids & {origin, to}:
        raise GridLocked
    moved = replace(drawing, grid={**drawing.grid, key: to})
    if key not in drawing.islands:
        near = neighbours([k for k in drawing.grid if k.adcode == key.adcode and k not in drawing.islands])
        left = [k for k in near if moved.grid[k] == origin]
        grown = [k for k in near if moved.grid[k] == to]
        if not left or not hangs_together(near, left) or not hangs_together(near, grown):
            raise GridBroken
    before, after = loads_of(drawing), loads_of(moved)
    return Trial(
        origin,
        to,
        (before[origin], after[origin]),
        (before[to], after[to]),
        (ratio_of(before.values()), ratio_of(after.values())),
        moved,
    )


def beside(drawing: Drawing, code: str) -> dict[CellKey, list[str]]:
    """The grids that each cell of a grid could go to: those that it touches; an island's, any of its division."""
    adcode = code.split("-", maxsplit=1)[0]
    near = neighbours([key for key in drawing.grid if key.adcode == adcode])
    all_codes = {own for key, own in drawing.grid.items() if key.adcode == adcode}
    return {
        key: sorted((all_codes if key in drawing.islands else {drawing.grid[k] for k in near[key]}) - {code})
        for key, own in sorted(drawing.grid.items())
        if own == code
    }
