"""Addresses: division, road and number, building, floor and stall."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from yongquan.merchants.matching.characters import bare, plain, with_digits
from yongquan.merchants.matching.divisions import split_divisions
from yongquan.merchants.matching.latin import read_latin

T = TypeVar("T", bound=Hashable)
_NUMBERS = r"\d+(?:-\d+)*(?:号?[、,和及至~]\d+(?:-\d+)*)*"
_ROAD = re.compile(
    r"([一-鿿A-Z]{1,8}?(?:\d{1,2})?[一-鿿]{0,6}?(?:大道|公路|[路街道巷弄港]|胡同|环线|新村|社区|小区|花园|家园|公寓|村))"
    rf"(?:段|西侧|东侧|南侧|北侧)?(?:({_NUMBERS})(?:号|弄|#)(?!楼|铺|摊|档|商铺|店面|门面))?"
)
_LANE = re.compile(rf"^({_NUMBERS})号(?!楼|铺|摊|档|商铺)")
_BASEMENT = re.compile(r"(?:地下室?|负|B)(\d)?(?:楼|层|F)?")
_FLOOR = re.compile(r"(\d{1,2})(?:楼|层|F)(?!\d*号楼)|(?<![A-Z\d])L(\d)(?=-|\d{2,3})")
_BUILDING = re.compile(r"([A-Z]|\d+)(?:幢|栋|座|号楼|单元)")
_ZONE = re.compile(r"([A-Z]|\d+|[东西南北中])区")
_STALL = re.compile(r"([A-Z]{0,2})-?(\d+(?:-\d+)*)(?:号|室|铺|摊|档|店|#)?([A-Z](?![A-Z\d]))?")
_MARKS = re.compile(r"[\s·.。;；:：'\"*]+")
_NOISE = re.compile(r"\([^()]*(?:旁|对面|附近|交叉口|口|内|楼上|隔壁|侧)\)|(?:旁边?|对面|附近|隔壁|路口)$")


@dataclass(frozen=True, slots=True)
class Address:
    """An address taken apart. `road` may be a village or estate; `place` is text with no number in it.

    `stalls` are the last numbers (as written, and joined to the floor), empty if none is given.
    """

    district: str
    town: str
    road: str
    numbers: frozenset[str]
    place: str
    building: str
    zone: str
    floor: int | None
    stalls: frozenset[str]
    text: str


def parse_address(raw: str) -> Address:
    """Take an address apart; what cannot be read stays in `text`."""
    if raw.isascii() and (latin := read_latin(plain(raw))):
        number, street = latin
        return Address("", "", street, frozenset({number}), "", "", "", None, frozenset(), bare(plain(raw)))
    text = _MARKS.sub("", with_digits(plain(raw)))
    text = _NOISE.sub("", text)
    district, town, rest = split_divisions(text)
    road, numbers, after = _read_road(rest)
    place, building, zone, floor, stalls = _read_unit(after if road and numbers else rest, keeps_place=not numbers)
    return Address(
        district=district,
        town=town,
        road=road,
        numbers=frozenset(numbers),
        place=place,
        building=building,
        zone=zone,
        floor=floor,
        stalls=stalls,
        text=bare(rest),
    )


def learn_premises(addresses: Sequence[Address]) -> list[Address]:
    """Fill in what other rows know: 瑞旺市场 is at 槐树巷889号 if those who name both nearly all say so.

    An address that names only the market gets its door, one that names only the door its market.
    """
    doors: dict[str, Counter[tuple[str, str]]] = defaultdict(Counter)
    houses: dict[tuple[str, str, str], Counter[str]] = defaultdict(Counter)
    for address in addresses:
        if len(address.place) >= 3 and address.road and len(address.numbers) == 1:
            door = (address.road, min(address.numbers))
            doors[address.place][door] += 1
            houses[address.district, *door][address.place] += 1
    door_of = {place: found for place, tally in doors.items() if (found := _agreed(tally))}
    place_of = {door: name for door, tally in houses.items() if (name := _agreed(tally))}
    return [_filled(address, door_of, place_of) for address in addresses]


def _agreed(tally: Counter[T]) -> T | None:
    value, count = tally.most_common(1)[0]
    return value if count >= 3 and count >= 0.8 * tally.total() else None


def _filled(
    address: Address, door_of: dict[str, tuple[str, str]], place_of: dict[tuple[str, str, str], str]
) -> Address:
    if not address.numbers and (door := door_of.get(address.place)):
        return replace(address, road=door[0], numbers=frozenset({door[1]}))
    if not address.place and len(address.numbers) == 1:
        place = place_of.get((address.district, address.road, min(address.numbers)))
        return replace(address, place=place) if place else address
    return address


def _read_road(rest: str) -> tuple[str, set[str], str]:
    best: tuple[str, set[str], str] = ("", set(), rest)
    for found in _ROAD.finditer(rest):
        if found[2]:
            after = rest[found.end() :]
            numbers = _several(found[2])
            if found[0].endswith("弄") and (lane := _LANE.match(after)):
                numbers = {f"{lane_no}L{number}" for lane_no in numbers for number in _several(lane[1])}
                after = after[lane.end() :]
            return _plain_road(found[1]), numbers, after
        if not best[0]:
            best = (_plain_road(found[1]), set(), rest[found.end() :])
    return best


def _plain_road(road: str) -> str:
    return re.sub("^(?:[一-鿿]{2,4}(?:街道|镇|乡))", "", road)


def _several(numbers: str) -> set[str]:
    """12、14号 are two numbers; 12-3 is number 12 with a sub-number, and is both."""
    parts = re.split("[、,和及至~]|号", numbers)
    return {_plain_number(part) for part in parts if part}


def _plain_number(number: str) -> str:
    return "-".join(part.lstrip("0") or "0" for part in number.split("-"))


def _read_unit(rest: str, *, keeps_place: bool) -> tuple[str, str, str, int | None, frozenset[str]]:
    left = rest
    floor: int | None = None
    building = zone = ""
    if found := _BASEMENT.search(left):
        if found[1] or found[0].startswith(("地下", "负")):
            floor = -int(found[1] or 1)
            left = left[: found.start()] + " " + left[found.end() :]
    elif found := _FLOOR.search(left):
        floor = int(found[1] or found[2])
        left = left[: found.start()] + " " + left[found.end() :]
    if found := _BUILDING.search(left):
        building = found[1].lstrip("0")
        left = left[: found.start()] + " " + left[found.end() :]
    if found := _ZONE.search(left):
        zone = found[1]
        left = left[: found.start()] + " " + left[found.end() :]
    found_stalls = list(_STALL.finditer(left))
    stalls, letters = _read_stalls(left, found_stalls, floor)
    first = re.search(r"[A-Z]{0,2}\d| ", left)
    place = left[: first.start()] if first else left
    place = re.sub(r"[^一-鿿A-Z]", "", place)
    return place if len(place) >= 2 or keeps_place else "", building, zone or letters, floor, stalls


def _read_stalls(left: str, found: list[re.Match[str]], floor: int | None) -> tuple[frozenset[str], str]:
    if not found:
        return frozenset(), ""
    words: set[str] = set()
    last = found[-1]
    listed = [last]
    for one in reversed(found[:-1]):
        if re.fullmatch("[、,和及/&-]", left[one.end() : listed[-1].start()]) is None:
            break
        listed.append(one)
    for one in listed:
        number = int(one[2].rsplit("-", 1)[-1])
        words.add(str(number))
        if floor is not None and floor > 0 and number < 100:
            words.add(str(floor * 100 + number))
        if "-" in one[2]:
            words.add(str(int(one[2].split("-")[0]) * 100 + number) if number < 100 else str(number))
    return frozenset(words), last[1] or last[3] or ""
