"""The shops of the demo city, kept in columns; a row is put together when it is asked for."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from shapely import contains_xy

from yongquan.kernel.credit_codes import credit_code
from yongquan.simulation import dice, people
from yongquan.simulation.brands import BRANDS, OPENINGS, TRADES, Brand
from yongquan.simulation.gazetteer import RESIDENTS, Degrees, Gazetteer
from yongquan.simulation.industries import INDUSTRIES, Industry

SHOPS = 90_000
ACQUIRERS = ("donggang", "suihe")
IN_AREA_BP = 4500
HARDSHIP_BP = 300
AREA_SPREAD_M = 250.0
COMMUNITY_SPREAD_M = 400.0
OWNERS_FROM = 500_000_000  # shopkeepers' phones do not meet citizens'

SmallInts = NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class Shop:
    """One shop: place in WGS-84 degrees, a synthetic licence code; `in_hardship` marks the relief group."""

    number: int
    name: str
    industry: Industry
    brand: Brand | None
    adcode: str
    address: str
    lon: float
    lat: float
    credit_code: str
    is_company: bool
    legal_representative: str
    phone: str
    acquirer: str
    in_hardship: bool
    terminals: int


@dataclass(frozen=True, eq=False, slots=True)
class ShopTable:
    """All shops in columns, an entry a shop; -1 where a shop has no brand or no commercial area."""

    seed: int
    ground: Gazetteer = field(repr=False)
    industry: SmallInts
    division: SmallInts
    brand: SmallInts
    store_no: SmallInts
    area: SmallInts
    community: SmallInts
    lon: Degrees
    lat: Degrees
    acquirer: SmallInts
    in_hardship: NDArray[np.bool_]
    terminals: SmallInts

    def __len__(self) -> int:
        return len(self.industry)

    def __iter__(self) -> Iterator[Shop]:
        return map(self.row, range(len(self)))

    def row(self, number: int) -> Shop:
        """Put one shop together, `number` from 0."""
        industry = INDUSTRIES[int(self.industry[number])]
        brand = BRANDS[int(self.brand[number])] if self.brand[number] >= 0 else None
        adcode = self.ground.regions.divisions[self.division[number]].adcode
        bits = dice.key_of(self.seed, "shop", number)
        is_company = brand is not None or bits % 10 < 3
        owner = np.array([OWNERS_FROM + number], dtype=np.uint64)
        return Shop(
            number=number,
            name=self._name(number, bits),
            industry=industry,
            brand=brand,
            adcode=adcode,
            address=self._address(number, bits),
            lon=float(self.lon[number]),
            lat=float(self.lat[number]),
            credit_code=credit_code(number, adcode=adcode, is_company=is_company),
            is_company=is_company,
            legal_representative=people.name_from(dice.key_of(self.seed, "owner", number)),
            phone=str(people.phones_of(owner, self.seed)[0]),
            acquirer=ACQUIRERS[self.acquirer[number]],
            in_hardship=bool(self.in_hardship[number]),
            terminals=int(self.terminals[number]),
        )

    def _name(self, number: int, bits: int) -> str:
        place = self._place(number)
        if self.brand[number] >= 0:
            again = int(self.store_no[number])
            ending = "店" if again == 0 else f"{again + 1}号店"
            return BRANDS[int(self.brand[number])].name + place + ending
        trades = TRADES[INDUSTRIES[int(self.industry[number])].code]
        return place + OPENINGS[(bits >> 8) % len(OPENINGS)] + trades[(bits >> 24) % len(trades)]

    def _place(self, number: int) -> str:
        if self.area[number] >= 0:
            name = self.ground.areas[int(self.area[number])].name
            if re.fullmatch(r"[一-鿿]{2,7}", name):
                return name
        name = self.ground.communities[int(self.community[number])].name
        return name.removesuffix("社区").removesuffix("村") or name

    def _address(self, number: int, bits: int) -> str:
        community = self.ground.communities[int(self.community[number])]
        division = self.ground.regions.divisions[self.division[number]].name
        start = f"浙江省宁波市{division}{community.township}"
        if self.area[number] >= 0:
            area = self.ground.areas[int(self.area[number])].name
            return f"{start}{area}{(bits >> 40) % 4 + 1}层{(bits >> 44) % 60 + 1:02d}号铺"
        return f"{start}{community.name}{(bits >> 40) % 380 + 1}号"


def build_shops(ground: Gazetteer, *, seed: int, scale: float) -> ShopTable:
    """Scatter 90,000 shops times the scale around commercial areas and communities."""
    numbers = np.arange(max(round(SHOPS * scale), 1), dtype=np.uint64)
    divisions = [division.adcode for division in ground.regions.divisions]
    industry = dice.pick([each.share for each in INDUSTRIES], numbers, seed, "industry")
    division = dice.pick([RESIDENTS[adcode] for adcode in divisions], numbers, seed, "shop division")
    area, community = _choose_places(ground, numbers, division, seed=seed)
    lon, lat = _scatter(ground, numbers, division, area=area, community=community, seed=seed)
    brand = _choose_brands(numbers, industry, seed=seed)
    place = np.where(area >= 0, area, len(ground.areas) + community)
    return ShopTable(
        seed=seed,
        ground=ground,
        industry=industry.astype(np.int16),
        division=division.astype(np.int16),
        brand=brand.astype(np.int16),
        store_no=_count_before(brand * 100_000 + place).astype(np.int16),
        area=area.astype(np.int16),
        community=community.astype(np.int16),
        lon=np.round(lon, 6),
        lat=np.round(lat, 6),
        acquirer=dice.pick((55, 45), numbers, seed, "acquirer").astype(np.int16),
        in_hardship=dice.below(10_000, numbers, seed, "hardship") < HARDSHIP_BP,
        terminals=(1 + dice.pick((70, 18, 8, 4), numbers, seed, "terminals")).astype(np.int16),
    )


def _choose_places(
    ground: Gazetteer, numbers: dice.Numbers, division: dice.Indices, *, seed: int
) -> tuple[dice.Indices, dice.Indices]:
    """Choose each shop's area (or -1) and community; a few areas draw most shops."""
    area = np.full(len(numbers), -1, dtype=np.int64)
    community = np.zeros(len(numbers), dtype=np.int64)
    in_area = dice.below(10_000, numbers, seed, "in area") < IN_AREA_BP
    nearest = np.array([each.community for each in ground.areas], dtype=np.int64)
    for index, each in enumerate(ground.regions.divisions):
        own = np.flatnonzero(division == index)
        homes, areas = ground.communities_of(each.adcode), ground.areas_of(each.adcode)
        community[own] = homes.start + dice.below(len(homes), numbers[own], seed, "shop community")
        drawn = own[in_area[own]]
        pull = dice.below(100, np.arange(len(areas), dtype=np.uint64), seed, "pull", each.adcode)
        area[drawn] = areas.start + dice.pick((pull**2 + 200).tolist(), numbers[drawn], seed, "area")
        community[drawn] = nearest[area[drawn]]
    return area, community


def _scatter(
    ground: Gazetteer,
    numbers: dice.Numbers,
    division: dice.Indices,
    *,
    area: dice.Indices,
    community: dice.Indices,
    seed: int,
) -> tuple[Degrees, Degrees]:
    lon = np.array([each.lon for each in ground.communities])[community]
    lat = np.array([each.lat for each in ground.communities])[community]
    for index, each in enumerate(ground.regions.divisions):
        area_lon = np.array([place.lon for place in ground.areas])
        area_lat = np.array([place.lat for place in ground.areas])
        # coasts and borders are coarse: an area drawn outside its division leaves its shops in the community
        drawn = np.flatnonzero((division == index) & (area >= 0))
        drawn = drawn[contains_xy(each.outline, area_lon[area[drawn]], area_lat[area[drawn]])]
        lon[drawn], lat[drawn] = area_lon[area[drawn]], area_lat[area[drawn]]
        for own, spread_m in (
            (np.flatnonzero((division == index) & (area >= 0)), AREA_SPREAD_M),
            (np.flatnonzero((division == index) & (area < 0)), COMMUNITY_SPREAD_M),
        ):
            lon[own], lat[own] = ground.keep_inside(
                each.adcode,
                centre=(lon[own], lat[own]),
                spread_m=spread_m,
                name=(seed, "shop"),
                numbers=numbers[own],
            )
    return lon, lat


def _choose_brands(numbers: dice.Numbers, industry: dice.Indices, *, seed: int) -> dice.Indices:
    """Choose each shop's chain or -1; within an industry the first chain is the largest."""
    brand = np.full(len(numbers), -1, dtype=np.int64)
    chance = dice.below(10_000, numbers, seed, "chained")
    for index, each in enumerate(INDUSTRIES):
        chains = [i for i, chain in enumerate(BRANDS) if chain.industry == each.code]
        own = np.flatnonzero((industry == index) & (chance < each.chained))
        weights = [1000 // (rank + 1) for rank in range(len(chains))]
        brand[own] = np.array(chains)[dice.pick(weights, numbers[own], seed, "brand")]
    return brand


def _count_before(keys: dice.Indices) -> dice.Indices:
    """Count for each entry the earlier entries with the same key."""
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    first = np.repeat(starts, np.diff(np.r_[starts, len(keys)]))
    counts = np.empty(len(keys), dtype=np.int64)
    counts[order] = np.arange(len(keys)) - first
    return counts
