"""Plants gangs in an honest week of the demo city, in memory: events, what the library knows, and the truth.

Nothing here touches the demo's own day; whoever detects sees the events and the shops, never the truth.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from yongquan.risk.findings import Party
from yongquan.risk.graph.dealings import Dealings, ShopFacts
from yongquan.simulation.city import City
from yongquan.simulation.planted_honest import WEEK_FROM_US, HonestWeek, as_columns
from yongquan.simulation.planted_rings import Level, PlantedGang, Rings
from yongquan.simulation.planted_shops import Changes

__all__ = ["Level", "PlantedGang", "PlantedWeek", "plant_week"]

# One of each so many citizens: about 2.5 % of a city's accounts are a gang's.
CITIZENS_A_RING: Final = 1000
CITIZENS_A_CASH_OUT: Final = 1500
CITIZENS_A_CHANGE: Final = 800


@dataclass(frozen=True, slots=True)
class PlantedWeek:
    """A week with gangs in it."""

    level: Level
    dealings: Dealings
    shops: tuple[ShopFacts, ...]
    gangs: tuple[PlantedGang, ...]
    citizens: tuple[str, ...]
    stores: tuple[str, ...]

    def parties(self, kind: str | None = None) -> frozenset[Party]:
        """The truth: the parties of all gangs, or of one kind; a relocated terminal is told as a terminal."""
        found: set[Party] = set()
        for gang in self.gangs:
            if kind not in {None, gang.kind}:
                continue
            if gang.kind == "relocated_terminal":
                found |= {Party("terminal", f"t{shop}-0") for shop in gang.shops}
            else:
                found |= {Party("citizen", self.citizens[n]) for n in gang.citizens}
                found |= {Party("store", self.stores[n]) for n in gang.shops}
        return frozenset(found)


def plant_week(
    city: City,
    level: Level,
    *,
    seed: int,
    citizens: Sequence[str] = (),
    stores: Sequence[str] = (),
) -> PlantedWeek:
    """The week of a seed and a level; `citizens` and `stores` name them by their numbers."""
    week = HonestWeek(city, seed=seed)
    honest = week.rows()
    rings = Rings(week, level)
    gangs: list[PlantedGang] = []
    rows = []
    plants = [(rings.scalpers, CITIZENS_A_RING), (rings.cash_out, CITIZENS_A_CASH_OUT)]
    for plant, people in plants:
        for _ in range(max(round(week.citizens / people), 1)):
            gang, more = plant()
            gangs.append(gang)
            rows += more
    rows += rings.silence(honest)
    names = tuple(citizens) or tuple(f"c{n}" for n in range(week.citizens))
    shops = list(stores) or [f"s{n}" for n in range(week.shops)]
    known = dict(enumerate(_library(city, shops)))
    changes = Changes(week, level, rows, {shop for gang in gangs for shop in gang.shops})
    count = max(round(week.citizens / CITIZENS_A_CHANGE), 1)
    gangs += changes.vests(count, known)
    changes.takeovers(known)
    gangs += changes.terminals(count)
    seconds = {n: replace(facts, store=f"{shops[n - week.shops]}-b") for n, facts in changes.second.items()}
    every = (*shops, *(f"{name}-b" for name in shops))
    frame = pl.DataFrame(as_columns(rows, citizens=names, stores=every, city=city))
    return PlantedWeek(level, Dealings.of(frame), (*known.values(), *seconds.values()), tuple(gangs), names, every)


def _library(city: City, stores: Sequence[str]) -> tuple[ShopFacts, ...]:
    return tuple(
        ShopFacts(
            store=name,
            name=shop.name,
            licence=shop.credit_code,
            operator=f"{shop.legal_representative}/{shop.phone}",
            account=f"account-{shop.number}",
            adcode=shop.adcode,
            lon=shop.lon,
            lat=shop.lat,
            since_us=WEEK_FROM_US,
        )
        for name, shop in zip(stores, city.shops, strict=True)
    )
