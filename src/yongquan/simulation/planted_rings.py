"""Gangs planted in an honest week, at three levels of camouflage.

plain: nothing is hidden. middle: phones are shared by few and used in turn with own ones, the ring's shops have honest
customers, its members live an honest life beside it, times spread over hours. hard: hardly anything is shared, and what
comes back comes by ways that nobody sees.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from yongquan.simulation.planted_honest import DAY_US, HOUR_US, MINUTE_US, VOUCHER_DAYS, VOUCHERS, HonestWeek, Row


class Level(StrEnum):
    """How well a gang hides."""

    PLAIN = "plain"
    MIDDLE = "middle"
    HARD = "hard"


@dataclass(frozen=True, slots=True)
class Hiding:
    """How one level hides: accounts a phone, part of payments by one's own phone, shops a ring, minutes that a burst
    lasts, part of the members' honest life that goes on, part of the money whose way back is seen, how far amounts lie
    above the threshold (basis points)."""

    accounts: int
    own_phone: float
    shops: int
    spread_minutes: int
    honest: float
    seen_back: float
    above_bp: int


HIDING: Final = {
    Level.PLAIN: Hiding(6, 0.0, 1, 20, 0.0, 0.95, 50),
    Level.MIDDLE: Hiding(3, 0.3, 3, 90, 0.7, 0.55, 300),
    Level.HARD: Hiding(2, 0.6, 5, 300, 1.0, 0.2, 1500),
}


@dataclass(frozen=True, slots=True)
class PlantedGang:
    """The truth of one plant: numbers of citizens and shops."""

    kind: str
    citizens: tuple[int, ...]
    shops: tuple[int, ...]


class Rings:
    """Plants gangs among citizens and shops that no other gang has."""

    def __init__(self, week: HonestWeek, level: Level, *, first_citizen: int = 0) -> None:
        self.week, self.level, self.hiding = week, level, HIDING[level]
        self.random = week.random
        self._free = self.random.sample(range(first_citizen, week.citizens), week.citizens - first_citizen)
        self._free_shops = self.random.sample(range(week.shops), week.shops)
        self.muted: dict[int, float] = {}

    def scalpers(self) -> tuple[PlantedGang, list[Row]]:
        """A scalper ring: accounts of many, phones of few, every voucher to the same shops."""
        r, hiding = self.random, self.hiding
        members = self._members(r.randrange(12, 31))
        shops = self._shops(hiding.shops)
        phones = [f"{self.week.device[members[0]]}-ring-{n}" for n in range(-(-len(members) // hiding.accounts))]
        rows = []
        for day, hour in VOUCHER_DAYS:
            begins = day * DAY_US + hour * HOUR_US + r.randrange(3 * HOUR_US)
            for place, member in enumerate(members):
                if self.level is Level.HARD and r.random() < 0.35:
                    continue
                at_us = begins + r.randrange(hiding.spread_minutes * MINUTE_US)
                row = self.week.purchase(member, min(at_us, (day + 1) * DAY_US - 1), shop=r.choice(shops))
                threshold, face = r.choices(VOUCHERS, (50, 35, 15))[0]
                amount = threshold + r.randrange(threshold * hiding.above_bp // 10_000)
                own = r.random() < hiding.own_phone
                rows.append(
                    row._replace(
                        amount_fen=amount,
                        voucher_fen=face,
                        device=self.week.device[member] if own else phones[place // hiding.accounts],
                    )
                )
        rows += self._back(rows, share=0.35)
        return PlantedGang("scalper_ring", members, shops), rows

    def cash_out(self) -> tuple[PlantedGang, list[Row]]:
        """A cash-out gang: cards are charged large amounts for nothing, and most of it comes back."""
        r, hiding = self.random, self.hiding
        members = self._members(r.randrange(6, 16))
        shops = self._shops(min(hiding.shops, 3))
        rows = []
        for day in sorted(r.sample(range(6), 3)):
            begins = day * DAY_US + r.randrange(9, 19) * HOUR_US
            for member in members:
                if r.random() < 0.85:
                    at_us = begins + r.randrange(hiding.spread_minutes * MINUTE_US)
                    row = self.week.purchase(member, at_us, shop=r.choice(shops))
                    round_fen = 10_000 if self.level is Level.PLAIN else 10
                    amount = r.randrange(180_000, 990_000) // round_fen * round_fen
                    rows.append(row._replace(amount_fen=amount))
        rows += self._back(rows, share=1.0)
        return PlantedGang("cash_out_gang", members, shops), rows

    def silence(self, rows: list[Row]) -> list[Row]:
        """The honest rows without the part of their life that members gave up."""
        r = self.random
        return [row for row in rows if row.citizen not in self.muted or r.random() < self.muted[row.citizen]]

    def _members(self, size: int) -> tuple[int, ...]:
        members = tuple(self._free.pop() for _ in range(size))
        self.muted |= dict.fromkeys(members, self.hiding.honest)
        return members

    def _shops(self, count: int) -> tuple[int, ...]:
        return tuple(self._free_shops.pop() for _ in range(count))

    def _back(self, rows: list[Row], *, share: float) -> list[Row]:
        """What comes back to the members, where it is seen: transfers by the shop, some of them refunds."""
        r: Callable[[], float] = self.random.random
        back = []
        for row in rows:
            if r() < share * self.hiding.seen_back:
                at_us = row.at_us + self.random.randrange(MINUTE_US * 20, DAY_US)
                kind = "transfer" if r() < 0.8 else "refund"
                amount = row.amount_fen if kind == "refund" else round(row.amount_fen * (0.9 + 0.08 * r()))
                back.append(
                    row._replace(
                        kind=kind, at_us=at_us, amount_fen=amount, voucher_fen=0, device="", terminal="", network=""
                    )
                )
        return back
