"""Gangs for the demo city's desk: an exercise, planted in a week in memory and searched for; only findings are kept."""

import asyncio
from datetime import date, datetime
from typing import Any

from yongquan.flows.find_gangs import with_ties
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.findings import Finding
from yongquan.risk.graph.dealings import ties_of, ties_of_shops
from yongquan.risk.graph.graph import Tie
from yongquan.risk.graph.measuring import right
from yongquan.risk.graph.store import EXERCISE, save_findings
from yongquan.risk.search import search_days
from yongquan.simulation.city import build_city
from yongquan.simulation.planted import Level, plant_week
from yongquan.simulation.planted_report import found_of
from yongquan.simulation.populate import citizen_id_of, store_id_of

# The exercise is as large as this part of the city at most: its first citizens and shops.
SCALE_MAX = 0.01


async def hold_exercise(
    database: Database, sealing: Sealing, *, seed: int, scale: float, day: date, now: datetime
) -> dict[str, Any]:
    """Search a week with gangs of the middle level, keep the findings marked as an exercise, and count.

    The day's own payments are left alone. Counts are of parties: accounts, shops, terminals.
    """
    figures, drawn = await asyncio.to_thread(_search, sealing, seed, min(scale, SCALE_MAX))
    async with database.transaction() as connection:
        await save_findings(connection, day, drawn, source=EXERCISE, now=now)
    return figures


def _search(sealing: Sealing, seed: int, scale: float) -> tuple[dict[str, Any], list[tuple[Finding, list[Tie]]]]:
    city = build_city(seed=seed, scale=scale)
    citizens = [str(citizen_id_of(person, seed, sealing)) for person in city.citizens]
    stores = [str(store_id_of(shop, seed)) for shop in city.shops]
    week = plant_week(city, Level.MIDDLE, seed=seed, citizens=citizens, stores=stores)
    findings = search_days(week.dealings, week.shops)
    counts = right(found_of(findings), week.parties()).document()
    figures = {name: counts[name] for name in ("planted", "caught", "false_alarms")}
    return figures, with_ties(findings, [*ties_of(week.dealings), *ties_of_shops(week.shops)])
