"""An honest week over the demo city, in memory, with much in it that looks like a gang and is none.

Families share a phone, helpers at community desks hand theirs to the old, dormitories share a network and eat at one
canteen at noon, friends split a bill at one table, everybody rushes to popular shops with a new voucher and fills the
basket up to its threshold.
"""

from collections import defaultdict
from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import Any, Final, NamedTuple

from yongquan.simulation.city import City
from yongquan.simulation.dice import key_of
from yongquan.simulation.industries import INDUSTRIES

DAYS: Final = 7
HOUR_US: Final = 3_600_000_000
MINUTE_US: Final = 60_000_000
DAY_US: Final = 24 * HOUR_US
WEEK_FROM_US: Final = 1_645_372_800_000_000  # Monday 2022-02-21, midnight in Shanghai
# Vouchers come out on three days; threshold and face value in fen.
VOUCHER_DAYS: Final = ((0, 10), (2, 19), (4, 10))
VOUCHERS: Final = ((10_000, 3_000), (20_000, 5_000), (50_000, 10_000))
_HOURS: Final = (1, 0, 0, 0, 0, 1, 3, 8, 12, 14, 18, 34, 38, 20, 14, 16, 20, 36, 48, 44, 30, 18, 8, 3)
HABITS: Final = 6
ELSEWHERE: Final = 0.15  # of the shops one thinks of, anywhere in the city


class Row(NamedTuple):
    """One event, by the numbers of citizen and shop; what is "" is unknown. A transfer goes from shop to citizen."""

    kind: str
    at_us: int
    citizen: int
    shop: int
    amount_fen: int
    voucher_fen: int = 0
    device: str = ""
    terminal: str = ""
    network: str = ""
    place: tuple[float, float] | None = None  # where the terminal says it is; None: at its shop
    line: str = ""


class HonestWeek:
    """Habits of every citizen, and the week's events."""

    def __init__(self, city: City, *, seed: int) -> None:
        self.city, self.seed = city, seed
        self.random = Random(key_of(seed, "honest week"))  # noqa: S311 - a simulation repeats its throws
        self.citizens, self.shops = len(city.citizens), len(city.shops)
        self._divisions = city.citizens.division.tolist()
        self._industry = city.shops.industry.tolist()
        self.by_division: dict[int, list[int]] = defaultdict(list)
        for shop, division in enumerate(city.shops.division.tolist()):
            self.by_division[division].append(shop)
        self._pull = {
            division: list(
                accumulate((place + 1) ** -0.6 * INDUSTRIES[self._industry[s]].visits for place, s in enumerate(shops))
            )
            for division, shops in self.by_division.items()
        }
        self.device = [f"phone-{n}" for n in range(self.citizens)]
        self.network = [f"home-{n // 3}" for n in range(self.citizens)]
        self.second_device: dict[int, str] = {}
        self.dormitory: dict[int, tuple[str, int, int]] = {}
        self._share_phones()
        self._open_dormitories()
        self.habits = [[self.some_shop(n) for _ in range(HABITS)] for n in range(self.citizens)]

    def some_shop(self, citizen: int) -> int:
        """A shop of the citizen's division, popular ones more often."""
        division = self._divisions[citizen]
        if division not in self._pull or self.random.random() < ELSEWHERE:
            return self.random.randrange(self.shops)
        shops = self.by_division[division]
        return self.random.choices(shops, cum_weights=self._pull[division])[0]

    def rows(self) -> list[Row]:
        """The week's events of everybody."""
        rows: list[Row] = []
        for citizen in range(self.citizens):
            rows += self.life(citizen)
        rows += self._lunches()
        rows += self._tables()
        rows += self._coaches()
        return rows + self._refunds(rows)

    def life(self, citizen: int) -> list[Row]:
        """Ordinary purchases, and vouchers by those who care for them."""
        r = self.random
        cares = r.random() < self.city.citizens.claim_bp[citizen] / 10_000
        rows = []
        for day in range(DAYS):
            for _ in range(r.choices((0, 1, 2, 3), (30, 38, 22, 10))[0]):
                hour = r.choices(range(24), _HOURS)[0]
                rows.append(self.purchase(citizen, day * DAY_US + hour * HOUR_US + r.randrange(HOUR_US)))
        for day, hour in VOUCHER_DAYS:
            if cares and r.random() < 0.55:
                after_us = int(min(r.expovariate(1 / 3), 12) * HOUR_US)
                at_us = min(day * DAY_US + hour * HOUR_US + after_us, DAYS * DAY_US - 1)
                rows.append(self.purchase(citizen, at_us, voucher=r.choices(VOUCHERS, (60, 30, 10))[0]))
        return rows

    def purchase(
        self, citizen: int, at_us: int, *, voucher: tuple[int, int] | None = None, shop: int | None = None
    ) -> Row:
        """One honest payment, `at_us` since the week began."""
        r = self.random
        if shop is None:
            shop = r.choice(self.habits[citizen]) if r.random() < 0.7 else self.some_shop(citizen)
        trade = INDUSTRIES[self._industry[shop]]
        amount = max(round(trade.basket_fen * r.lognormvariate(0, trade.spread) / 10) * 10, 100)
        if voucher and amount < voucher[0]:
            amount = voucher[0] + (r.randrange(max(voucher[0] // 50, 1)) if r.random() < 0.7 else r.randrange(6000))
        return Row(
            "payment",
            WEEK_FROM_US + at_us,
            citizen,
            shop,
            amount,
            voucher[1] if voucher else 0,
            self._phone(citizen),
            self.terminal(shop),
            self._place(citizen),
            None,
            self._line(shop, at_us),
        )

    def terminal(self, shop: int) -> str:
        """One of the shop's terminals."""
        return f"t{shop}-{self.random.randrange(int(self.city.shops.terminals[shop]))}"

    def _line(self, shop: int, at_us: int) -> str:
        """A shop's line; one in twenty shops has a new one from the fifth day on."""
        return f"line-{shop}" + ("-new" if shop % 20 == 7 and at_us >= 4 * DAY_US else "")

    def _phone(self, citizen: int) -> str:
        second = self.second_device.get(citizen)
        return second if second and self.random.random() < 0.45 else self.device[citizen]

    def _place(self, citizen: int) -> str:
        if citizen in self.dormitory and self.random.random() < 0.6:
            return self.dormitory[citizen][0]
        return self.network[citizen] if self.random.random() < 0.3 else ""

    def _share_phones(self) -> None:
        r, citizen = self.random, 0
        while citizen < self.citizens:
            size = r.choice((2, 3, 3, 4))
            if r.random() < 0.15:
                for member in range(citizen, min(citizen + size, self.citizens)):
                    self.second_device[member] = self.device[citizen]
            citizen += size
        for desk in range(max(self.citizens // 1500, 1)):
            for member in r.sample(range(self.citizens), min(14, self.citizens)):
                self.second_device[member] = f"desk-{desk}"

    def _open_dormitories(self) -> None:
        r = self.random
        for house in range(max(self.citizens // 1200, 1)):
            division = self._divisions[r.randrange(self.citizens)]
            shops = self.by_division.get(division) or list(range(self.shops))
            canteen, corner = r.choice(shops), r.choice(shops)
            neighbours = [n for n in range(self.citizens) if self._divisions[n] == division]
            for member in r.sample(neighbours, min(r.randrange(25, 50), len(neighbours))):
                self.dormitory[member] = (f"dormitory-{house}", canteen, corner)

    def _lunches(self) -> list[Row]:
        r = self.random
        rows = []
        for citizen, (_, canteen, corner) in self.dormitory.items():
            for day in range(5):
                if r.random() < 0.8:
                    at_us = day * DAY_US + 12 * HOUR_US + r.randrange(25 * MINUTE_US)
                    lunch = self.purchase(citizen, at_us, shop=canteen)
                    rows.append(lunch._replace(amount_fen=r.choice((1200, 1500, 1500, 1800, 2200))))
                if r.random() < 0.35:
                    rows.append(
                        self.purchase(citizen, day * DAY_US + 20 * HOUR_US + r.randrange(2 * HOUR_US), shop=corner)
                    )
            if r.random() < 0.4:
                day, hour = r.choice(VOUCHER_DAYS)
                at_us = day * DAY_US + max(hour, 17) * HOUR_US + r.randrange(3 * HOUR_US)
                rows.append(self.purchase(citizen, at_us, voucher=VOUCHERS[0], shop=corner))
        return rows

    def _tables(self) -> list[Row]:
        """Friends at one table, each pays an equal part within minutes; half of them with a voucher."""
        r = self.random
        rows = []
        for _ in range(self.citizens // 40):
            first = r.randrange(self.citizens)
            friends = [first] + [r.randrange(self.citizens) for _ in range(r.randrange(2, 6))]
            for day in r.sample(range(DAYS), r.choice((1, 2, 2, 3))):
                shop, at_us = r.choice(self.habits[first]), day * DAY_US + 19 * HOUR_US + r.randrange(HOUR_US)
                part = r.randrange(4_000, 13_000)
                voucher = VOUCHERS[0] if part >= VOUCHERS[0][0] and r.random() < 0.5 else None
                for friend in friends:
                    paid = self.purchase(friend, at_us + r.randrange(5 * MINUTE_US), shop=shop)
                    rows.append(paid._replace(amount_fen=part, voucher_fen=voucher[1] if voucher else 0))
        return rows

    def _coaches(self) -> list[Row]:
        """Coach parties: twenty people of one division at one shop of another, within an hour, once."""
        r = self.random
        rows = []
        for _ in range(max(self.citizens // 600, 1)):
            shop, division = r.randrange(self.shops), self._divisions[r.randrange(self.citizens)]
            neighbours = [n for n in range(self.citizens) if self._divisions[n] == division]
            at_us = 5 * DAY_US + r.randrange(10, 16) * HOUR_US
            party = r.sample(neighbours, min(20, len(neighbours)))
            rows += [self.purchase(one, at_us + r.randrange(HOUR_US), shop=shop) for one in party]
        return rows

    def _refunds(self, rows: Sequence[Row]) -> list[Row]:
        r = self.random
        back: list[Row] = []
        for row in rows:
            if r.random() < 0.012:
                at_us = row.at_us + r.randrange(10 * MINUTE_US, 2 * DAY_US)
                kind = "refund" if r.random() < 0.9 else "transfer"
                # Most bring everything back, some a part.
                amount = row.amount_fen if r.random() < 0.75 else max(row.amount_fen * r.randrange(5, 96) // 100, 1)
                back.append(
                    row._replace(
                        kind=kind, at_us=at_us, amount_fen=amount, voucher_fen=0, device="", terminal="", network=""
                    )
                )
        return back


def as_columns(
    rows: Sequence[Row], *, citizens: Sequence[str], stores: Sequence[str], city: City
) -> dict[str, list[Any]]:
    """The columns of an events file; a transfer goes from the shop to the citizen."""
    adcodes = [division.adcode for division in city.divisions]
    home = [adcodes[d] for d in city.citizens.division.tolist()]
    near = Random(key_of(city.seed, "positions"))  # noqa: S311 - a simulation repeats its throws
    places = [_place_of(row, city, near) for row in rows]
    turned = [row.kind == "transfer" for row in rows]
    return {
        "event_id": [f"e{n}" for n in range(len(rows))],
        "kind": [row.kind for row in rows],
        "at_us": [row.at_us for row in rows],
        "payer": [stores[x.shop] if t else citizens[x.citizen] for x, t in zip(rows, turned, strict=True)],
        "payee": [citizens[x.citizen] if t else stores[x.shop] for x, t in zip(rows, turned, strict=True)],
        "amount_fen": [row.amount_fen for row in rows],
        "voucher_fen": [row.voucher_fen for row in rows],
        "device": [row.device for row in rows],
        "card": ["" if t else f"card-{x.citizen}" for x, t in zip(rows, turned, strict=True)],
        "terminal": [row.terminal for row in rows],
        "network": [row.network for row in rows],
        "home": ["" if t else home[x.citizen] for x, t in zip(rows, turned, strict=True)],
        "line": [row.line for row in rows],
        "lon": [place[0] if place else None for place in places],
        "lat": [place[1] if place else None for place in places],
    }


def _place_of(row: Row, city: City, near: Random) -> tuple[float, float] | None:
    """Where the terminal says it is, some hundred metres off."""
    if not row.terminal:
        return None
    shop = row.shop % len(city.shops)
    lon, lat = row.place or (float(city.shops.lon[shop]), float(city.shops.lat[shop]))
    return lon + near.gauss(0, 0.0015), lat + near.gauss(0, 0.0012)
