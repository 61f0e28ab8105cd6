"""The real ground of the demo city: divisions, commercial areas, townships and communities of Ningbo.

Sources and licences are in `ningbo/SOURCES.md`. Positions of communities are invented, inside their division.
"""

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray
from shapely import contains_xy

from yongquan.kernel.regions import Regions, parse_regions
from yongquan.simulation import dice

Degrees = NDArray[np.float64]

# Relative numbers of residents, near those of the 2020 census but not meant as statistics.
RESIDENTS: dict[str, int] = {
    "330203": 104,
    "330205": 49,
    "330206": 83,
    "330211": 51,
    "330212": 161,
    "330213": 58,
    "330225": 57,
    "330226": 70,
    "330281": 125,
    "330282": 183,
}

METRES_PER_DEGREE = 111_320.0
LON_SHRINK = 0.8669  # cosine of Ningbo's latitude
TOWNSHIP_RADIUS_M = 2_200.0
TRIES = 8
# the map's retail areas hold some premises that are no place to stroll and shop
_NO_SHOPPING_AREA = re.compile("公司|政府|酒店|汽车|车行|机场|设计|研究|银行|医院|学校|大学|公安|总部|维修")


@dataclass(frozen=True, slots=True)
class CommercialArea:
    """A named shopping area (商圈) with its centre; `community` is the nearest one's position in the list."""

    name: str
    adcode: str
    lon: float
    lat: float
    community: int


@dataclass(frozen=True, slots=True)
class Community:
    """A village or neighbourhood (村、社区) with an invented position inside its division."""

    code: str
    name: str
    township: str
    adcode: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The ground everything is placed on; communities of a division stand together, as do areas."""

    regions: Regions
    areas: tuple[CommercialArea, ...]
    communities: tuple[Community, ...]

    def communities_of(self, adcode: str) -> range:
        """Return the positions of a division's communities."""
        return _run_of(adcode, [community.adcode for community in self.communities])

    def areas_of(self, adcode: str) -> range:
        """Return the positions of a division's commercial areas."""
        return _run_of(adcode, [area.adcode for area in self.areas])

    def keep_inside(
        self,
        adcode: str,
        *,
        centre: tuple[Degrees, Degrees],
        spread_m: float,
        name: tuple[object, ...],
        numbers: dice.Numbers,
    ) -> tuple[Degrees, Degrees]:
        """Scatter places around centres inside a division, nearer at each try, the centre itself at last."""
        outline = self.regions.division(adcode).outline
        lon, lat = centre[0].copy(), centre[1].copy()
        loose = np.arange(len(numbers))
        for attempt in range(TRIES):
            reach = spread_m * (TRIES - attempt) / TRIES / METRES_PER_DEGREE
            tried_lon = centre[0][loose] + dice.bell(numbers[loose], *name, "lon", attempt) * reach / LON_SHRINK
            tried_lat = centre[1][loose] + dice.bell(numbers[loose], *name, "lat", attempt) * reach
            inside = contains_xy(outline, tried_lon, tried_lat)
            lon[loose[inside]], lat[loose[inside]] = tried_lon[inside], tried_lat[inside]
            loose = loose[~inside]
            if not len(loose):
                break
        return lon, lat


@cache
def read_gazetteer() -> Gazetteer:
    """Read the files of `ningbo/` that come with the program."""
    folder = files("yongquan.simulation") / "ningbo"
    regions = parse_regions(json.loads((folder / "districts.geojson").read_text("utf-8")))
    townships = {row["code"]: row for row in _rows("townships.csv")}
    named = [row for row in _rows("commercial_areas.csv") if not _NO_SHOPPING_AREA.search(row["name"])]
    area_rows = sorted(named, key=lambda row: row["adcode"])
    bare = Gazetteer(regions=regions, areas=(), communities=())
    communities = tuple(_place_communities(bare, townships, area_rows))
    return Gazetteer(
        regions=regions,
        areas=tuple([_area(row, communities) for row in area_rows]),
        communities=communities,
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("yongquan.simulation") / "ningbo" / name).read_text("utf-8-sig")
    return list(csv.DictReader(text.splitlines()))


def _run_of(adcode: str, adcodes: list[str]) -> range:
    start = adcodes.index(adcode)
    return range(start, start + adcodes.count(adcode))


def _place_communities(
    bare: Gazetteer, townships: dict[str, dict[str, str]], area_rows: list[dict[str, str]]
) -> Iterator[Community]:
    rows = sorted(_rows("communities.csv"), key=lambda row: row["code"])
    for division in bare.regions.divisions:
        own = [row for row in rows if row["adcode"] == division.adcode]
        centres = _township_centres(bare, division.adcode, area_rows)
        numbers = np.array([int(row["code"]) for row in own], dtype=np.uint64)
        picked = [centres[int(row["township_code"]) % len(centres)] for row in own]
        lon, lat = bare.keep_inside(
            division.adcode,
            centre=(np.array([place[0] for place in picked]), np.array([place[1] for place in picked])),
            spread_m=TOWNSHIP_RADIUS_M,
            name=("community",),
            numbers=numbers,
        )
        for row, x, y in zip(own, lon, lat, strict=True):
            yield Community(
                code=row["code"],
                name=_plain_name(row["name"]),
                township=townships[row["township_code"]]["name"],
                adcode=division.adcode,
                lon=round(float(x), 6),
                lat=round(float(y), 6),
            )


def _township_centres(bare: Gazetteer, adcode: str, area_rows: list[dict[str, str]]) -> list[tuple[float, float]]:
    """Invent 31 town centres in a division: half way between any place in it and a commercial area."""
    outline = bare.regions.division(adcode).outline
    west, south, east, north = outline.bounds
    numbers = np.arange(600, dtype=np.uint64)
    lon = west + (east - west) * dice.below(10_000, numbers, "town", adcode, "lon") / 10_000
    lat = south + (north - south) * dice.below(10_000, numbers, "town", adcode, "lat") / 10_000
    drawn = [(float(row["lon"]), float(row["lat"])) for row in area_rows if row["adcode"] == adcode]
    towards = [drawn[i] for i in dice.below(len(drawn), numbers, "town", adcode, "area")]
    lon = (lon + np.array([place[0] for place in towards])) / 2
    lat = (lat + np.array([place[1] for place in towards])) / 2
    inside = contains_xy(outline, lon, lat)
    return list(zip(lon[inside].tolist(), lat[inside].tolist(), strict=True))[:31]


def _plain_name(name: str) -> str:
    """Drop the committee from a community's name: 望府社区居委会 is 望府社区, 铁江村委会 is 铁江村."""
    if name.endswith("村村委会"):
        return name.removesuffix("村委会")
    if name.endswith("村委会"):
        return name.removesuffix("委会")
    return name.removesuffix("居委会").removesuffix("居民委员会").removesuffix("居民区") or name


def _area(row: dict[str, str], communities: tuple[Community, ...]) -> CommercialArea:
    lon, lat = float(row["lon"]), float(row["lat"])

    def distance(i: int) -> float:
        return ((communities[i].lon - lon) * LON_SHRINK) ** 2 + (communities[i].lat - lat) ** 2

    own = [i for i, community in enumerate(communities) if community.adcode == row["adcode"]]
    return CommercialArea(row["name"], row["adcode"], lon, lat, community=min(own, key=distance))
