"""County-level divisions and the question which of them a place is in. Pure; WGS-84 degrees."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shapely import Point, prepare
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry


@dataclass(frozen=True, slots=True)
class Division:
    """A county-level division (县级行政区) by its six-digit GB/T 2260 code."""

    adcode: str
    name: str
    name_en: str
    outline: BaseGeometry = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Regions:
    """The divisions of one city, in order of their codes."""

    divisions: tuple[Division, ...]

    @classmethod
    def of(cls, divisions: Sequence[Division]) -> "Regions":
        """Take the divisions in and prepare their outlines for many questions."""
        for division in divisions:
            prepare(division.outline)
        return cls(tuple(sorted(divisions, key=lambda division: division.adcode)))

    def locate(self, lon: float, lat: float) -> str | None:
        """Say the code of the division a place is in, None outside all of them."""
        place = Point(lon, lat)
        for division in self.divisions:
            if division.outline.intersects(place):
                return division.adcode
        return None

    def division(self, adcode: str) -> Division:
        """Look a division up by its code. Raises `KeyError`."""
        for division in self.divisions:
            if division.adcode == adcode:
                return division
        raise KeyError(adcode)


def parse_regions(collection: Mapping[str, Any]) -> Regions:
    """Read a GeoJSON feature collection whose features carry `adcode`, `name` and `name_en`."""
    return Regions.of(
        [
            Division(
                adcode=feature["properties"]["adcode"],
                name=feature["properties"]["name"],
                name_en=feature["properties"]["name_en"],
                outline=shape(feature["geometry"]),
            )
            for feature in collection["features"]
        ]
    )
