"""Compare addresses, and find out which coordinate systems the lists were written in."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz
from rapidfuzz.distance import Levenshtein
from rapidfuzz.process import cpdist

from yongquan.merchants.matching.addresses import Address
from yongquan.merchants.matching.blocking import Pairs
from yongquan.merchants.matching.coordinates import metres_between, readings_of
from yongquan.merchants.matching.divisions import are_apart
from yongquan.merchants.matching.levels import UNKNOWN, AddressLevel, Levels, Nats
from yongquan.merchants.matching.table import Table

# positions in `coordinates.readings_of` of the first and the second row of a pair
Shift = tuple[int, int]
_SHIFTS: tuple[Shift, ...] = ((1, 0), (0, 1), (2, 0), (0, 2), (3, 0), (0, 3))
SHIFT_SHARE_MIN = 0.02
SHIFT_PAIRS_MIN = 10
_DIRECTIONS = frozenset("东西南北中上下前后一二三四五六七八九十新老0123456789")


@dataclass(frozen=True, eq=False, slots=True)
class AddressComparison:
    """Levels, surprises, and whether both name a floor, building or stall and it is another."""

    levels: Levels
    surprise: Nats
    unit_differs: NDArray[np.bool_]


def find_shifts(table: Table, pairs: Pairs) -> list[Shift]:
    """Differences between coordinate systems that pairs with the same name and licence, phone or door show.

    A shift counts if it brings at least 2 in 100 such pairs, and no fewer than 10, from beyond 150 m to within 60 m.
    """
    one, other = pairs
    same_name = (table.name_sound.code[one] == table.name_sound.code[other]) & (table.name_sound.count[one] <= 20)
    anchored = np.zeros(len(one), dtype=np.bool_)
    for column in (table.licence, table.phone, table.spot):
        anchored |= (column.code[one] == column.code[other]) & (column.code[one] >= 0) & (column.count[one] <= 40)
    sure = np.flatnonzero(same_name & anchored & ~np.isnan(table.lon[one]) & ~np.isnan(table.lon[other]))
    readings = readings_of(table.lon, table.lat)
    a, b = ([(lon[rows[sure]], lat[rows[sure]]) for lon, lat in readings] for rows in pairs)
    apart = metres_between(a[0], b[0]) > 150
    needed = max(SHIFT_PAIRS_MIN, SHIFT_SHARE_MIN * len(sure))
    return [
        (first, second)
        for first, second in _SHIFTS
        if np.count_nonzero(apart & (metres_between(a[first], b[second]) <= 60)) >= needed
    ]


def compare_addresses(table: Table, pairs: Pairs, metres: Nats) -> AddressComparison:
    """Compare each pair's addresses; the text is asked only where road and number do not decide."""
    one, other = pairs
    roads, places = np.array(table.road_sounds, dtype=object), np.array(table.place_sounds, dtype=object)
    texts = np.array([address.text for address in table.addresses], dtype=object)
    alike = cpdist(texts[one], texts[other], scorer=fuzz.ratio, workers=2, dtype=np.float32)
    road_edits = cpdist(
        roads[one], roads[other], scorer=Levenshtein.distance, workers=2, dtype=np.int16, score_cutoff=2
    )
    held = np.maximum(
        cpdist(places[one], places[other], scorer=fuzz.partial_ratio, workers=2, dtype=np.float32),
        cpdist(places[other], places[one], scorer=fuzz.partial_ratio, workers=2, dtype=np.float32),
    )
    levels = np.full(len(one), UNKNOWN, dtype=np.int8)
    unit_differs = np.zeros(len(one), dtype=np.bool_)
    for at, (i, j) in enumerate(zip(one.tolist(), other.tolist(), strict=True)):
        a, b = table.addresses[i], table.addresses[j]
        if not a.text or not b.text:
            continue
        level = _level(a, b, alike=float(alike[at]), road_edits=int(road_edits[at]), held=float(held[at]))
        if level >= AddressLevel.INCOMPARABLE or metres[at] < 250:
            unit = _compare_units(a, b)
            unit_differs[at] = unit is False
            if unit and level >= AddressLevel.SAME_PLACE:
                level = AddressLevel.SAME_UNIT
        levels[at] = level
    return AddressComparison(levels, _surprise(table, pairs, levels), unit_differs)


def _level(a: Address, b: Address, *, alike: float, road_edits: int, held: float) -> AddressLevel:
    if are_apart(a.district, b.district):
        return AddressLevel.ELSEWHERE
    if a.road and b.road and (a.numbers or b.numbers):
        return _road_level(a, b, alike=alike, road_edits=road_edits, held=held)
    if len(a.place) >= 2 and len(b.place) >= 2:
        if held >= 95 and min(len(a.place), len(b.place)) >= 3:
            return AddressLevel.SAME_PLACE
        if held >= 75 or alike >= 75:
            return AddressLevel.SIMILAR
        same_kind = bool(a.numbers) == bool(b.numbers)
        return AddressLevel.ELSEWHERE if same_kind and not (a.road and b.road) else AddressLevel.INCOMPARABLE
    return AddressLevel.SIMILAR if alike >= 80 else AddressLevel.INCOMPARABLE


def _road_level(a: Address, b: Address, *, alike: float, road_edits: int, held: float) -> AddressLevel:
    same_road = road_edits == 0 or _is_slip(a.road, b.road, road_edits) or _holds(a.road, b.road)
    towns_differ = bool(a.town and b.town and a.town != b.town)
    if same_road and a.numbers and b.numbers:
        if _share_number(a.numbers, b.numbers):
            village = towns_differ and road_edits > 0
            return AddressLevel.SIMILAR if village else AddressLevel.SAME_NUMBER
        return AddressLevel.OTHER_NUMBER
    same_place = held >= 95 and min(len(a.place), len(b.place)) >= 3
    if same_road:
        return AddressLevel.SAME_PLACE if same_place else AddressLevel.SAME_ROAD
    if same_place:
        return AddressLevel.SAME_PLACE
    if alike >= 85 and _share_number(a.numbers, b.numbers):
        return AddressLevel.SIMILAR
    return AddressLevel.ELSEWHERE if a.numbers and b.numbers else AddressLevel.INCOMPARABLE


def _is_slip(one: str, other: str, edits: int) -> bool:
    """One wrong character in a road's name, unless it is the one that tells 中山东路 from 中山西路."""
    if edits != 1 or min(len(one), len(other)) < 3 or len(one) != len(other):
        return False
    odd = [sign for a, b in zip(one, other, strict=True) if a != b for sign in (a, b)]
    return not any(sign in _DIRECTIONS for sign in odd)


def _holds(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    return len(short) >= 3 and long.endswith(short)


def _share_number(one: frozenset[str], other: frozenset[str]) -> bool:
    """12-3 is at number 12; 12-3 and 12-5 are different doors."""
    return any(a == b or a.split("-")[0] == b or b.split("-")[0] == a for a in one for b in other)


def _compare_units(a: Address, b: Address) -> bool | None:
    """Whether building, zone, floor and stall agree: None if they cannot be told apart or matched."""
    for mine, theirs in ((a.building, b.building), (a.zone, b.zone)):
        if mine and theirs and mine != theirs:
            return False
    if a.floor is not None and b.floor is not None and a.floor != b.floor:
        return False
    if a.stalls and b.stalls:
        return bool(a.stalls & b.stalls)
    return None


def _surprise(table: Table, pairs: Pairs, levels: Levels) -> Nats:
    one, other = pairs
    n = table.population
    spots = np.maximum(np.maximum(table.spot.count[one], table.spot.count[other]), 1)
    roads = np.maximum(np.maximum(table.road.count[one], table.road.count[other]), 1)
    shared = np.where(levels >= AddressLevel.SAME_PLACE, spots, roads)
    unit = levels == AddressLevel.SAME_UNIT
    doors = np.maximum(np.minimum(table.spot_unit.count[one], table.spot_unit.count[other]), 2)
    return np.where(unit, np.log(n / doors), np.log(n / shared))
