"""Grids and cells as shapes for a map: hexagons joined and cut at the border of their division. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from shapely import MultiPolygon, Polygon, union_all
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from yongquan.kernel.regions import Regions
from yongquan.merchants.grids.covering import outline_of
from yongquan.merchants.grids.drawing import Drawing
from yongquan.merchants.grids.model import CellKey

# Where cells of different sizes meet, their hexagons leave gaps: thin ones are closed, small holes are filled.
SLIVER = 0.0008
HOLE_MAX = 2e-5  # square degrees, a fifth of a square kilometre
COARSE_LINE = 0.0001


def grid_shapes(drawing: Drawing, regions: Regions) -> dict[str, dict[str, Any]]:
    """The GeoJSON geometry of every grid."""
    members: dict[str, list[CellKey]] = defaultdict(list)
    for key, code in drawing.grid.items():
        members[code].append(key)
    return {code: _drawn(_joined(keys, regions).simplify(COARSE_LINE)) for code, keys in sorted(members.items())}


def cell_shape(key: CellKey, regions: Regions) -> dict[str, Any]:
    """The GeoJSON geometry of one cell."""
    return _drawn(outline_of(key.h3).intersection(regions.division(key.adcode).outline))


def _joined(keys: Sequence[CellKey], regions: Regions) -> BaseGeometry:
    joined = union_all([outline_of(key.h3).buffer(SLIVER, quad_segs=1) for key in keys]).buffer(-SLIVER, quad_segs=1)
    parts: list[Polygon] = list(getattr(joined, "geoms", [joined]))
    whole = MultiPolygon([Polygon(part.exterior, _large(part)) for part in parts])
    return whole.intersection(regions.division(keys[0].adcode).outline)


def _large(part: Polygon) -> list[Any]:
    return [hole for hole in part.interiors if Polygon(hole).area > HOLE_MAX]


def _drawn(shape: BaseGeometry) -> dict[str, Any]:
    drawn: dict[str, Any] = mapping(shape)
    return drawn
