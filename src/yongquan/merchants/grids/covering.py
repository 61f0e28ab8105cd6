"""Cover a division with H3 cells: large ones, split where there is much work, none across its border."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache
from math import cos, radians

import h3
from shapely import Polygon
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from yongquan.kernel.regions import Division
from yongquan.merchants.grids.model import Cell, CellKey, Shop
from yongquan.merchants.grids.workload import ground_minutes, shop_minutes

COARSE, FINE = 7, 10
KM_PER_DEGREE = 111.32


def place_of(lon: float, lat: float) -> str:
    """The finest cell that a place is in; its parents are the larger ones."""
    return str(h3.latlng_to_cell(lat, lon, FINE))


def upward(fine: str) -> list[str]:
    """A cell and the larger ones around it, to the largest used here."""
    return [h3.cell_to_parent(fine, size) for size in range(h3.get_resolution(fine), COARSE - 1, -1)]


def cover(division: Division, shops: Sequence[Shop], *, hot_minutes: float) -> list[Cell]:
    """Cells of a division, sorted; one with more work than `hot_minutes` is split while it can be."""
    work: dict[str, int] = defaultdict(int)
    counts: dict[str, int] = defaultdict(int)
    for shop in shops:
        minutes = shop_minutes(shop.industry, hardship=shop.hardship, served_bp=shop.served_bp)
        for h3_cell in upward(place_of(shop.lon, shop.lat)):
            work[h3_cell] += minutes
            counts[h3_cell] += 1
    cells: list[Cell] = []
    waiting = sorted(_overlapping(division) | {key for key in work if h3.get_resolution(key) == COARSE})
    while waiting:
        h3_cell = waiting.pop()
        if work[h3_cell] > hot_minutes and h3.get_resolution(h3_cell) < FINE:
            children = h3.cell_to_children(h3_cell, h3.get_resolution(h3_cell) + 1)
            waiting += [each for each in children if counts[each] or outline_of(each).intersects(division.outline)]
            continue
        lat, lon = h3.cell_to_latlng(h3_cell)
        ground = ground_minutes(_km2(outline_of(h3_cell).intersection(division.outline), lat))
        key = CellKey(h3_cell, division.adcode)
        cells.append(Cell(key, round(lon, 6), round(lat, 6), counts[h3_cell], work[h3_cell] + ground, ground))
    return sorted(cells, key=lambda cell: cell.key)


def cell_of(shop: Shop, cells: Mapping[CellKey, Cell]) -> CellKey:
    """The cell that a shop is in; outside all of its division's, the nearest. Raises `KeyError` without a division."""
    for h3_cell in upward(place_of(shop.lon, shop.lat)):
        if (key := CellKey(h3_cell, shop.adcode)) in cells:
            return key
    own = [cell for cell in cells.values() if cell.key.adcode == shop.adcode]
    if not own:
        raise KeyError(shop.adcode)
    return min(own, key=lambda cell: (distance2((cell.lon, cell.lat), (shop.lon, shop.lat)), cell.key)).key


def neighbours(keys: Sequence[CellKey]) -> dict[CellKey, list[CellKey]]:
    """The cells that touch each cell within its division, of any size.

    Of two cells of different sizes, the smaller one has the larger among its neighbours' parents.
    """
    known = set(keys)
    touching: dict[CellKey, set[CellKey]] = {key: set() for key in keys}
    for key in keys:
        for near in h3.grid_ring(key.h3, 1):
            for h3_cell in upward(near):
                other = CellKey(h3_cell, key.adcode)
                if other in known and other != key:
                    touching[key].add(other)
                    touching[other].add(key)
                    break
    return {key: sorted(others) for key, others in touching.items()}


@cache
def outline_of(h3_cell: str) -> Polygon:
    """The hexagon of a cell."""
    return Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(h3_cell)])


def distance2(one: tuple[float, float], other: tuple[float, float]) -> float:
    """The square of a distance in degrees of latitude; at a city's size the earth is flat."""
    return ((one[0] - other[0]) * cos(radians(one[1]))) ** 2 + (one[1] - other[1]) ** 2


def _overlapping(division: Division) -> set[str]:
    shape = h3.geo_to_h3shape(mapping(division.outline))
    return set(h3.polygon_to_cells_experimental(shape, COARSE, contain="overlap"))


def _km2(land: BaseGeometry, lat: float) -> float:
    return float(land.area) * KM_PER_DEGREE**2 * cos(radians(lat))
