"""The active citizens of the demo city, kept in columns; all of a citizen follows from seed and number."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from yongquan.simulation import dice, people
from yongquan.simulation.gazetteer import RESIDENTS, Degrees, Gazetteer

CITIZENS = 300_000
BANKS = ("chaoxin", "yuehu", "yunfan", "daoxiang", "zhenlan")
BANK_SHARES = (30, 25, 20, 15, 10)
WALLETS = ("quanfu", "lujiao")
HOME_SPREAD_M = 500.0

SmallInts = NDArray[np.int16]
_EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Card:
    """A citizen's card: the `ordinal`th (from 0) of this citizen, at a bank."""

    ordinal: int
    bank: str


@dataclass(frozen=True, slots=True)
class Citizen:
    """`claim_bp` is the chance to try for a round, `spend_bp` the size of baskets (usual: 10000)."""

    number: int
    name: str
    phone: str
    born_on: date
    adcode: str
    community: str
    lon: float
    lat: float
    cards: tuple[Card, ...]
    wallets: tuple[str, ...]
    device_id: str
    claim_bp: int
    spend_bp: int


@dataclass(frozen=True, eq=False, slots=True)
class CitizenTable:
    """All citizens in columns, an entry a citizen; `banks` is a row of the five banks, first card first."""

    seed: int
    ground: Gazetteer = field(repr=False)
    phone: dice.Indices
    born_day: NDArray[np.int32]
    division: SmallInts
    community: SmallInts
    lon: Degrees
    lat: Degrees
    cards: SmallInts
    banks: NDArray[np.int8]
    wallet: SmallInts
    claim_bp: SmallInts
    spend_bp: SmallInts

    def __len__(self) -> int:
        return len(self.phone)

    def __iter__(self) -> Iterator[Citizen]:
        return map(self.row, range(len(self)))

    def row(self, number: int) -> Citizen:
        """Put one citizen together, `number` from 0."""
        held = self.banks[number, : self.cards[number]].tolist()
        return Citizen(
            number=number,
            name=people.name_from(dice.key_of(self.seed, "citizen", number)),
            phone=str(self.phone[number]),
            born_on=_EPOCH + timedelta(days=int(self.born_day[number])),
            adcode=self.ground.regions.divisions[self.division[number]].adcode,
            community=self.ground.communities[self.community[number]].code,
            lon=float(self.lon[number]),
            lat=float(self.lat[number]),
            cards=tuple([Card(ordinal, BANKS[bank]) for ordinal, bank in enumerate(held)]),
            wallets=self.wallets_of(number),
            device_id=f"{dice.key_of(self.seed, 'device', number):016x}",
            claim_bp=int(self.claim_bp[number]),
            spend_bp=int(self.spend_bp[number]),
        )

    def wallets_of(self, number: int) -> tuple[str, ...]:
        """Name the wallets a citizen has; the column is a bit a wallet."""
        held = int(self.wallet[number])
        return tuple([code for bit, code in enumerate(WALLETS) if held >> bit & 1])


def build_citizens(ground: Gazetteer, *, seed: int, scale: float) -> CitizenTable:
    """Invent 300,000 active citizens times the scale, at home around the communities of their division."""
    numbers = np.arange(max(round(CITIZENS * scale), 1), dtype=np.uint64)
    weights = [RESIDENTS[division.adcode] for division in ground.regions.divisions]
    division = dice.pick(weights, numbers, seed, "home division")
    community, lon, lat = _settle(ground, numbers, division, seed=seed)
    return CitizenTable(
        seed=seed,
        ground=ground,
        phone=people.phones_of(numbers, seed),
        born_day=people.births_of(numbers, seed).astype(np.int32),
        division=division.astype(np.int16),
        community=community.astype(np.int16),
        lon=np.round(lon, 6),
        lat=np.round(lat, 6),
        cards=(1 + dice.pick((55, 33, 12), numbers, seed, "cards")).astype(np.int16),
        banks=_choose_banks(numbers, seed=seed),
        wallet=dice.pick((40, 32, 16, 12), numbers, seed, "wallet").astype(np.int16),
        claim_bp=np.clip(5500 + dice.bell(numbers, seed, "claim") * 2200, 500, 9800).astype(np.int16),
        spend_bp=np.clip(10_000 + dice.bell(numbers, seed, "spend") * 3000, 3000, 25_000).astype(np.int16),
    )


def _settle(
    ground: Gazetteer, numbers: dice.Numbers, division: dice.Indices, *, seed: int
) -> tuple[dice.Indices, Degrees, Degrees]:
    community = np.zeros(len(numbers), dtype=np.int64)
    lon, lat = np.zeros(len(numbers)), np.zeros(len(numbers))
    home_lon = np.array([each.lon for each in ground.communities])
    home_lat = np.array([each.lat for each in ground.communities])
    for index, each in enumerate(ground.regions.divisions):
        own = np.flatnonzero(division == index)
        homes = ground.communities_of(each.adcode)
        community[own] = homes.start + dice.below(len(homes), numbers[own], seed, "home community")
        lon[own], lat[own] = ground.keep_inside(
            each.adcode,
            centre=(home_lon[community[own]], home_lat[community[own]]),
            spread_m=HOME_SPREAD_M,
            name=(seed, "home"),
            numbers=numbers[own],
        )
    return community, lon, lat


def _choose_banks(numbers: dice.Numbers, *, seed: int) -> NDArray[np.int8]:
    """Order the banks for each citizen, larger banks earlier more often; the first cards are at the first."""
    keys = np.empty((len(numbers), len(BANKS)), dtype=np.int64)
    for column, share in enumerate(BANK_SHARES):
        keys[:, column] = dice.below(1 << 20, numbers, seed, "bank", BANKS[column]) // share
    return np.argsort(keys, axis=1, kind="stable").astype(np.int8)
