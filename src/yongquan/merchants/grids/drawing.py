"""The whole cut: cells of every division, islands apart, grids by work, numbered the same way each time. Pure.

A piece of a division that hangs on no other and has less work than `OWN_GRIDS_FROM` of a mean grid is an island: its
cells go to the grid of the nearest cell across the water, and the balance is told without them.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from yongquan.kernel.regions import Regions
from yongquan.merchants.grids.apportionment import apportion
from yongquan.merchants.grids.covering import cell_of, cover, distance2, neighbours
from yongquan.merchants.grids.model import Cell, CellKey, Shop
from yongquan.merchants.grids.partition import cut, evened, is_connected, pieces_of
from yongquan.merchants.grids.workload import ground_minutes, shop_minutes

GRIDS = 74
RATIO_MAX = 1.15
# A cell is split while it has more than this part of a grid's work.
HOT_PART = 1 / 24
OWN_GRIDS_FROM = 0.75


@dataclass(frozen=True, slots=True)
class Drawing:
    """A cut of the city: the code of each cell's grid, and which cells are islands'."""

    cells: Mapping[CellKey, Cell]
    grid: Mapping[CellKey, str]
    islands: frozenset[CellKey]


@dataclass(frozen=True, slots=True)
class Balance:
    """Work of the grids without their islands: `loads` in minutes a quarter, `ratio` is max / mean.

    `loose` are the grids whose mainland is in pieces, `astray` those that lie in two divisions.
    """

    loads: Mapping[str, int]
    ratio: float
    loose: tuple[str, ...]
    astray: tuple[str, ...]


def draw_grids(regions: Regions, shops: Sequence[Shop], *, seed: int, grids: int = GRIDS) -> Drawing:
    """Cut the city into `grids` grids. The same shops and seed always give the same grids.

    Raises `ValueError` for fewer grids than divisions.
    """
    by_division: dict[str, list[Shop]] = defaultdict(list)
    for shop in shops:
        by_division[shop.adcode].append(shop)
    hot = HOT_PART * _mean_minutes(regions, shops, grids)
    cells = {
        cell.key: cell
        for division in regions.divisions
        for cell in cover(division, by_division[division.adcode], hot_minutes=hot)
    }
    keys = sorted(cells, key=lambda key: (key.adcode, key.h3))
    near = neighbours(keys)
    lands, islands = _lands(cells, near, keys, grids)
    grid: dict[CellKey, str] = {}
    numbers: Counter[str] = Counter()
    counts = apportion([_minutes(cells, land) for land in lands], grids)
    for land, count in zip(lands, counts, strict=True):
        for part in _cut_land(cells, near, land, count, seed=seed):
            numbers[land[0].adcode] += 1
            code = f"{land[0].adcode}-{numbers[land[0].adcode]:02d}"
            grid |= dict.fromkeys(part, code)
    for key in islands:
        grid[key] = grid[_across(cells, key, [k for k in grid if k.adcode == key.adcode and k not in islands])]
    return Drawing(cells, grid, frozenset(islands))


def rebalance(
    drawing: Drawing, shops: Sequence[Shop], *, grids: AbstractSet[str], cells: AbstractSet[CellKey]
) -> Drawing:
    """The same grids with the work of today's shops, evened out by moving cells; locked grids and cells stay.

    `grids` and `cells` are what is locked. A shop counts in the cell it is in, or the nearest of its division.
    """
    counted = recount(drawing.cells, shops)
    keys = sorted(counted, key=lambda key: (key.adcode, key.h3))
    near = neighbours(keys)
    moved = dict(drawing.grid)
    for adcode in sorted({key.adcode for key in keys}):
        own = [
            key
            for key in keys
            if key.adcode == adcode and key not in drawing.islands and drawing.grid[key] not in grids
        ]
        codes = sorted({drawing.grid[key] for key in own})
        at = {key: i for i, key in enumerate(own)}
        part = evened(
            [[at[other] for other in near[key] if other in at] for key in own],
            [counted[key].minutes for key in own],
            [codes.index(drawing.grid[key]) for key in own],
            parts=len(codes),
            stay=frozenset(at[key] for key in own if key in cells),
        )
        moved |= {key: codes[n] for key, n in zip(own, part, strict=True)}
    return Drawing(counted, moved, drawing.islands)


def recount(cells: Mapping[CellKey, Cell], shops: Sequence[Shop]) -> dict[CellKey, Cell]:
    """The same cells with the work of these shops; the ground's work stays what it was."""
    work: Counter[CellKey] = Counter()
    stores: Counter[CellKey] = Counter()
    divisions = {key.adcode for key in cells}
    for shop in shops:
        if shop.adcode not in divisions:
            continue
        key = cell_of(shop, cells)
        work[key] += shop_minutes(shop.industry, hardship=shop.hardship, served_bp=shop.served_bp)
        stores[key] += 1
    return {
        key: Cell(key, cell.lon, cell.lat, stores[key], work[key] + cell.ground, cell.ground)
        for key, cell in cells.items()
    }


def balance_of(drawing: Drawing) -> Balance:
    """How even the grids are, and what is wrong with them."""
    loads = loads_of(drawing)
    members: dict[str, list[CellKey]] = defaultdict(list)
    places: dict[str, set[str]] = defaultdict(set)
    for key, code in drawing.grid.items():
        places[code].add(key.adcode)
        if key not in drawing.islands:
            members[code].append(key)
    near = neighbours(list(drawing.grid))
    return Balance(
        loads,
        ratio_of(loads.values()),
        tuple(code for code in loads if not hangs_together(near, members[code])),
        tuple(code for code in loads if len(places[code]) > 1),
    )


def loads_of(drawing: Drawing) -> dict[str, int]:
    """Work of each grid in minutes a quarter, without islands."""
    loads = dict.fromkeys(sorted(set(drawing.grid.values())), 0)
    for key, code in drawing.grid.items():
        if key not in drawing.islands:
            loads[code] += drawing.cells[key].minutes
    return loads


def ratio_of(loads: Iterable[int]) -> float:
    """The heaviest load over the mean; 1 where there is none."""
    listed = list(loads)
    return max(listed) * len(listed) / sum(listed) if sum(listed) else 1.0


def hangs_together(near: Mapping[CellKey, Sequence[CellKey]], members: Sequence[CellKey]) -> bool:
    """Whether a grid's cells are connected."""
    at = {key: i for i, key in enumerate(members)}
    return is_connected([[at[k] for k in near[key] if k in at] for key in members], set(range(len(members))))


def _mean_minutes(regions: Regions, shops: Sequence[Shop], grids: int) -> float:
    km2 = sum(division.outline.area for division in regions.divisions) * 111.32**2 * 0.87
    visiting = sum(shop_minutes(s.industry, hardship=s.hardship, served_bp=s.served_bp) for s in shops)
    return (ground_minutes(km2) + visiting) / grids


def _lands(
    cells: Mapping[CellKey, Cell],
    near: Mapping[CellKey, Sequence[CellKey]],
    keys: Sequence[CellKey],
    grids: int,
) -> tuple[list[list[CellKey]], list[CellKey]]:
    """The pieces of land that get grids of their own, and the cells of islands."""
    at = {key: i for i, key in enumerate(keys)}
    pieces = [[keys[i] for i in sorted(piece)] for piece in pieces_of([[at[k] for k in near[key]] for key in keys])]
    pieces.sort(key=lambda piece: (piece[0].adcode, -_minutes(cells, piece), piece[0]))
    enough = OWN_GRIDS_FROM * _minutes(cells, keys) / grids
    lands: list[list[CellKey]] = []
    islands: list[CellKey] = []
    for piece in pieces:
        is_first = not lands or lands[-1][0].adcode != piece[0].adcode
        if is_first or _minutes(cells, piece) >= enough:
            lands.append(piece)
        else:
            islands += piece
    return lands, islands


def _cut_land(
    cells: Mapping[CellKey, Cell],
    near: Mapping[CellKey, Sequence[CellKey]],
    land: Sequence[CellKey],
    count: int,
    *,
    seed: int,
) -> list[list[CellKey]]:
    """A land's grids, from north to south."""
    at = {key: i for i, key in enumerate(land)}
    graph = [[at[key] for key in near[own]] for own in land]
    minutes = [cells[key].minutes for key in land]
    part = evened(graph, minutes, cut(graph, minutes, parts=count, seed=seed), parts=count, stay=frozenset())
    grids = [[key for key, own in zip(land, part, strict=True) if own == n] for n in range(count)]
    return sorted(grids, key=lambda grid: (-sum(cells[key].lat for key in grid) / len(grid), grid[0]))


def _across(cells: Mapping[CellKey, Cell], island: CellKey, mainland: Sequence[CellKey]) -> CellKey:
    place = (cells[island].lon, cells[island].lat)
    return min(mainland, key=lambda key: (distance2((cells[key].lon, cells[key].lat), place), key))


def _minutes(cells: Mapping[CellKey, Cell], keys: Sequence[CellKey]) -> int:
    return sum(cells[key].minutes for key in keys)
