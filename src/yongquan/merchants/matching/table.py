"""The rows of all lists taken apart and put in columns, in an order that depends on their content alone."""

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import isnan

import numpy as np
from numpy.typing import NDArray

from yongquan.merchants.matching import identifiers
from yongquan.merchants.matching.addresses import Address, learn_premises, parse_address
from yongquan.merchants.matching.characters import bare, plain, sound
from yongquan.merchants.matching.coordinates import Degrees, clean_places
from yongquan.merchants.matching.names import ShopName, grams_of, learn_branches, parse_name, stem_of
from yongquan.merchants.matching.reading import Row

Codes = NDArray[np.int32]
POPULATION_MIN = 20_000
GRAMS = 6  # of a name, the rarest first
SHARED_POINT = 30  # so many addresses at exactly one point: somebody's town centre, not a place


@dataclass(frozen=True, eq=False, slots=True)
class Column:
    """Equal values as equal codes (-1: none), and how many rows hold each row's value."""

    code: Codes
    count: Codes

    @classmethod
    def of(cls, values: Iterable[Hashable]) -> "Column":
        """Number the values; an empty one is none."""
        codes: dict[Hashable, int] = {}
        code = np.array([codes.setdefault(value, len(codes)) if value else -1 for value in values], dtype=np.int32)
        tally = np.bincount(code[code >= 0], minlength=len(codes) + 1)
        return cls(code, np.where(code >= 0, tally[code], 0).astype(np.int32))


@dataclass(frozen=True, eq=False, slots=True)
class Table:
    """What the comparison needs of each row. `order[k]` is the input's position of row k."""

    order: NDArray[np.int64]
    rows: list[Row]
    names: list[ShopName]
    addresses: list[Address]
    phones: list[frozenset[str]]
    licences: list[str]
    persons: list[str]
    categories: list[str]
    sounds: list[str]
    road_sounds: list[str]
    place_sounds: list[str]
    name: Column
    name_sound: Column
    stem: Column
    named_branch: Column
    branch: Column
    road: Column
    spot: Column
    unit: Column
    spot_unit: Column
    licence: Column
    phone: Column
    person: Column
    licence_is_valid: NDArray[np.bool_]
    phone_count: Codes
    grams: Codes
    gram_counts: Codes
    lon: Degrees
    lat: Degrees

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def population(self) -> int:
        """Among how many shops a value counts as rare: a short list is a sample of a city."""
        return max(len(self.rows), POPULATION_MIN)


def build_table(rows: Sequence[Row]) -> Table:
    """Take every row apart. The same rows in another order give the same table but for `order`."""
    order = np.array(sorted(range(len(rows)), key=lambda at: _content(rows[at])), dtype=np.int64)
    placed = [rows[at] for at in order]
    names = learn_branches([parsed_name(row.name) for row in placed])
    addresses = learn_premises([parsed_address(row.address) for row in placed])
    phones = [identifiers.phones_in(row.phone) for row in placed]
    licences = [identifiers.licence_in(row.licence) for row in placed]
    persons = [identifiers.person_in(row.legal_representative) for row in placed]
    sounds = [sound(name.core) for name in names]
    road_sounds = [sound(address.road) for address in addresses]
    grams, gram_counts = _rarest_grams(sounds)
    lon, lat = _places(placed)
    return Table(
        order=order,
        rows=placed,
        names=names,
        addresses=addresses,
        phones=phones,
        licences=licences,
        persons=persons,
        categories=[bare(plain(row.category)) for row in placed],
        sounds=sounds,
        road_sounds=road_sounds,
        place_sounds=[sound(address.place) for address in addresses],
        name=Column.of(name.core for name in names),
        name_sound=Column.of(sounds),
        stem=Column.of(sound(stem_of(name.core)) for name in names),
        named_branch=Column.of((name.core, name.branch) if name.branch else () for name in names),
        branch=Column.of(name.branch for name in names),
        road=Column.of(road_sounds),
        spot=Column.of(_spot(*pair) for pair in zip(addresses, road_sounds, strict=True)),
        unit=Column.of((*sorted(a.stalls), a.zone) if a.stalls else () for a in addresses),
        spot_unit=Column.of(
            (*_spot(*pair), "|", *sorted(pair[0].stalls)) if pair[0].stalls else ()
            for pair in zip(addresses, road_sounds, strict=True)
        ),
        licence=Column.of(licences),
        phone=Column.of(tuple(sorted(numbers)) for numbers in phones),
        person=Column.of(persons),
        licence_is_valid=_validity(licences),
        phone_count=_phone_counts(phones),
        grams=grams,
        gram_counts=gram_counts,
        lon=lon,
        lat=lat,
    )


parsed_name = cache(parse_name)
parsed_address = cache(parse_address)


def _content(row: Row) -> tuple[str, ...]:
    texts = (row.name, row.address, row.phone, row.licence, row.legal_representative, row.category)
    return (*texts, repr(row.lon), repr(row.lat))


def _spot(address: Address, road_sound: str) -> tuple[str, ...]:
    """What places share that are one door of a street, or one market."""
    if road_sound and address.numbers:
        return (road_sound, min(address.numbers))
    if len(address.place) >= 3:
        return (sound(address.place),)
    return ()


def _validity(licences: Sequence[str]) -> NDArray[np.bool_]:
    """Check digits count only in lists that have them: where most fail, the codes were made up without."""
    known = [licence for licence in licences if licence]
    good = {licence: identifiers.is_valid_licence(licence) for licence in set(known)}
    if known and sum(good[licence] for licence in known) < 0.5 * len(known):
        return np.array([bool(licence) for licence in licences])
    return np.array([bool(licence) and good[licence] for licence in licences])


def _phone_counts(phones: Sequence[frozenset[str]]) -> Codes:
    tally: dict[str, int] = {}
    for numbers in phones:
        for number in numbers:
            tally[number] = tally.get(number, 0) + 1
    return np.array([min((tally[number] for number in numbers), default=0) for numbers in phones], dtype=np.int32)


def _rarest_grams(sounds: Sequence[str]) -> tuple[Codes, Codes]:
    all_grams = grams_of(sounds)
    tally: dict[str, int] = {}
    for grams in all_grams:
        for gram in grams:
            tally[gram] = tally.get(gram, 0) + 1
    number = {gram: at for at, gram in enumerate(sorted(tally))}
    codes = np.full((len(sounds), GRAMS), -1, dtype=np.int32)
    counts = np.zeros((len(sounds), GRAMS), dtype=np.int32)
    for at, grams in enumerate(all_grams):
        rarest = sorted(grams, key=lambda gram: (tally[gram], gram))[:GRAMS]
        codes[at, : len(rarest)] = [number[gram] for gram in rarest]
        counts[at, : len(rarest)] = [tally[gram] for gram in rarest]
    return codes, counts


def _places(rows: Sequence[Row]) -> tuple[Degrees, Degrees]:
    lon, lat = clean_places(np.array([row.lon for row in rows]), np.array([row.lat for row in rows]))
    point = Column.of((x, y) if not isnan(x) else () for x, y in zip(lon.tolist(), lat.tolist(), strict=True))
    shared = point.count >= SHARED_POINT
    return np.where(shared, np.nan, lon), np.where(shared, np.nan, lat)
