"""Places with a tolerance: whether somebody is inside named outlines, or close enough. Pure; WGS-84 degrees."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from shapely import Point, prepare, transform
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

METRES_A_DEGREE = 111_200.0  # of latitude; at a city's size the earth is flat


@dataclass(frozen=True, slots=True)
class Zone:
    """Some outlines as one, ready for many questions."""

    _outline: BaseGeometry = field(repr=False, compare=False)
    _shrink: float

    @classmethod
    def of(cls, outlines: Sequence[BaseGeometry], *, tolerance_m: int = 0) -> "Zone":
        """The union of outlines, widened by a tolerance in metres (true to about two per cent)."""
        whole = unary_union(list(outlines))
        shrink = 1.0 if whole.is_empty else math.cos(math.radians(whole.centroid.y))
        flat = transform(whole, lambda at: at * np.array([shrink, 1.0]))
        if tolerance_m:
            flat = flat.buffer(tolerance_m / METRES_A_DEGREE)
        prepare(flat)
        return cls(flat, shrink)

    def covers(self, lon: float, lat: float) -> bool:
        """Whether a place is inside, on the edge, or within the tolerance."""
        return bool(self._outline.intersects(Point(lon * self._shrink, lat)))
