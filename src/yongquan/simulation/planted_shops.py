"""Terminals that are carried off and shops that change their vest, and honest changes that look alike.

A shop's second self has its number plus the number of the city's shops.
"""

from collections import defaultdict
from dataclasses import replace
from random import Random
from typing import Final

from yongquan.risk.graph.dealings import ShopFacts
from yongquan.simulation.planted_honest import DAY_US, HOUR_US, WEEK_FROM_US, HonestWeek, Row
from yongquan.simulation.planted_rings import Level, PlantedGang

CHANGE_DAY: Final = 4
TRADE_MIN: Final = 15  # payments a week of a shop worth changing
STRANGERS: Final = {Level.PLAIN: 0.95, Level.MIDDLE: 0.8, Level.HARD: 0.35}
FOLLOW: Final = {Level.PLAIN: 0.8, Level.MIDDLE: 0.6, Level.HARD: 0.4}
TAKEOVERS: Final = 6


class Changes:
    """Rewrites the week's rows of some shops; `facts` are what the library then knows of their second selves."""

    def __init__(self, week: HonestWeek, level: Level, rows: list[Row], taken: set[int]) -> None:
        self.week, self.level = week, level
        self.random: Random = week.random
        self.rows = rows
        self._by_shop: dict[int, list[int]] = defaultdict(list)
        for place, row in enumerate(rows):
            if row.kind == "payment":
                self._by_shop[row.shop].append(place)
        busy = sorted(s for s, places in self._by_shop.items() if len(places) >= TRADE_MIN and s not in taken)
        self._free = self.random.sample(busy, len(busy))
        self.second: dict[int, ShopFacts] = {}

    def vests(self, count: int, known: dict[int, ShopFacts]) -> list[PlantedGang]:
        """Shops that stop and go on as another: plain with all their marks, middle with one, hard with none."""
        planted = []
        for _ in range(min(count, len(self._free))):
            shop = self._free.pop()
            old = known[shop]
            new = replace(old, licence=f"{old.licence}-2", operator=f"{old.operator}-2", account=f"{old.account}-2")
            if self.level is Level.PLAIN:
                new = replace(old, account=new.account)
            elif self.level is Level.MIDDLE:
                if self.random.choice(("operator", "account")) == "operator":
                    new = replace(new, operator=old.operator)
                else:
                    new = replace(new, account=old.account)
            second = self._second(shop, new, follow=FOLLOW[self.level], keeps_terminal=self.level is Level.PLAIN)
            planted.append(PlantedGang("vest_changer", (), (shop, second)))
        return planted

    def takeovers(self, known: dict[int, ShopFacts]) -> None:
        """Honest: a new owner at the same counter, to whom a third of the customers come; a chain that moves a shop."""
        for number in range(min(TAKEOVERS, len(self._free))):
            shop = self._free.pop()
            old = known[shop]
            if number % 2:
                new = replace(old, licence=f"{old.licence}-2", operator=f"{old.operator}-2", account=f"{old.account}-2")
                self._second(shop, new, follow=0.33, keeps_terminal=False)
            else:
                far = known[self._free[-1]]
                new = replace(old, account=f"{old.account}-2", lon=far.lon, lat=far.lat, adcode=far.adcode)
                self._second(shop, new, follow=0.05, keeps_terminal=False)

    def terminals(self, count: int) -> list[PlantedGang]:
        """Terminals carried to another division: plain says so, middle says it is at home, hard is lent for a part."""
        r, week = self.random, self.week
        planted = []
        for _ in range(min(count, len(self._free))):
            shop = self._free.pop()
            host = r.randrange(week.shops)
            division = int(week.city.shops.division[host])
            homes = [n for n in range(week.citizens) if int(week.city.citizens.division[n]) == division]
            if division == int(week.city.shops.division[shop]) or not homes:
                continue
            terminal = f"t{shop}-0"
            place = (float(week.city.shops.lon[host]), float(week.city.shops.lat[host]))
            for day in range(CHANGE_DAY, 7):
                for _ in range(r.randrange(6, 14)):
                    is_away = r.random() < STRANGERS[self.level]
                    payer = r.choice(homes) if is_away else self._regular(shop)
                    row = week.purchase(payer, day * DAY_US + r.randrange(9, 22) * HOUR_US, shop=shop)
                    shown = place if is_away and self.level is Level.PLAIN else None
                    line = f"line-{host}" if is_away and self.level is not Level.HARD and r.random() < 0.9 else row.line
                    self.rows.append(row._replace(terminal=terminal, place=shown, line=line))
            planted.append(PlantedGang("relocated_terminal", (), (shop,)))
        return planted

    def _regular(self, shop: int) -> int:
        return self.rows[self.random.choice(self._by_shop[shop])].citizen

    def _second(self, shop: int, facts: ShopFacts, *, follow: float, keeps_terminal: bool) -> int:
        """From the change on the shop's payments go to its second self, `follow` of them by its old customers."""
        second = shop + self.week.shops
        since_us = WEEK_FROM_US + CHANGE_DAY * DAY_US
        regulars = [self.rows[at].citizen for at in self._by_shop[shop] if self.rows[at].at_us < since_us]
        if not regulars:
            return second
        self.second[second] = replace(facts, store="", since_us=since_us)
        for at in self._by_shop[shop]:
            row = self.rows[at]
            if row.at_us >= since_us:
                comes_again = self.random.random() < follow
                payer = self.random.choice(regulars) if comes_again else self.random.randrange(self.week.citizens)
                terminal = row.terminal if keeps_terminal else f"t{second}-0"
                place = None if facts.lon is None or facts.lat is None else (facts.lon, facts.lat)
                self.rows[at] = row._replace(citizen=payer, shop=second, terminal=terminal, place=place)
        return second
