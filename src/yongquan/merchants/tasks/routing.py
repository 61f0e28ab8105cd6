"""A surveyor's day: which shops in which order, when, and what does not fit. Pure; minutes of the day, Shanghai time.

A vehicle routing problem with time windows and prizes (PyVRP): one person starts at the depot and comes back. A shop
is visited while it is open, as long as its task takes. What is due sooner is worth more, so it is left out last; among
days that do the same, the shortest way wins. A fixed number of iterations and a seed: the same day, the same route.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

from yongquan.merchants.roads import Place, ride_minutes, road_metres

DAY_STARTS, DAY_ENDS = 9 * 60, 18 * 60
STOPS_MAX: Final = 40
ITERATIONS: Final = 300
SEED: Final = 1
# Opening hours by industry, as planned with; whoever is not listed is open in office hours.
HOURS: Final[Mapping[str, tuple[int, int]]] = {
    "dining": (10 * 60, 21 * 60),
    "supermarket": (8 * 60, 21 * 60),
    "convenience": (7 * 60, 22 * 60),
    "department_store": (10 * 60, 21 * 60),
    "clothing": (10 * 60, 21 * 60),
    "lodging": (0, 24 * 60),
    "entertainment": (12 * 60, 23 * 60),
}
OFFICE_HOURS: Final = (9 * 60, 17 * 60 + 30)
# A day that a task is nearer to its end is worth this many metres; any task is worth going round the city for.
WORTH_M, NEARER_M = 300_000, 50_000
URGENT_DAYS: Final = 14


@dataclass(frozen=True, slots=True)
class Errand:
    """A task to be done at a place."""

    task_id: UUID
    place: Place
    industry: str
    minutes: int
    due_day: date


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit of the day; metres are from the place before."""

    task_id: UUID
    arrive_minute: int
    leave_minute: int
    metres: int


@dataclass(frozen=True, slots=True)
class DayRoute:
    """A day in order; metres and minutes are from leaving the first place to being back at the depot."""

    stops: Sequence[Stop]
    left_out: Sequence[UUID]
    metres: int
    minutes: int


def route_day(
    errands: Sequence[Errand], *, depot: Place, start: Place | None = None, from_minute: int = DAY_STARTS, day: date
) -> DayRoute:
    """The best day found. `start` is where the person is, the depot if None. Takes tenths of a second."""
    wanted = sorted(errands, key=lambda one: (one.due_day, one.task_id))
    chosen = [one for one in wanted[:STOPS_MAX] if _can_start(one, from_minute)]
    if not chosen:
        return DayRoute((), tuple(one.task_id for one in wanted), 0, 0)
    places = [start or depot, depot, *(one.place for one in chosen)]
    visited = _visited(chosen, places, from_minute, day)
    stops, at, minute, metres = [], places[0], from_minute, 0
    for errand in visited:
        way = road_metres(at, errand.place)
        arrive = max(minute + ride_minutes(way), _opens(errand)[0])
        stops.append(Stop(errand.task_id, arrive, arrive + errand.minutes, way))
        at, minute, metres = errand.place, arrive + errand.minutes, metres + way
    back = road_metres(at, depot) if stops else 0
    done = {stop.task_id for stop in stops}
    left_out = tuple(one.task_id for one in wanted if one.task_id not in done)
    total = minute + ride_minutes(back) - from_minute if stops else 0
    return DayRoute(tuple(stops), left_out, metres + back, total)


def opening_hours(industry: str) -> tuple[int, int]:
    """When a shop of an industry is taken to be open."""
    return HOURS.get(industry, OFFICE_HOURS)


def _visited(chosen: Sequence[Errand], places: Sequence[Place], from_minute: int, day: date) -> list[Errand]:
    from pyvrp import Model  # noqa: PLC0415 - slow to load, and most processes never need it
    from pyvrp.stop import MaxIterations  # noqa: PLC0415

    model = Model()
    spots = [model.add_location(lon, lat) for lon, lat in places]
    first, last = (model.add_depot(spot) for spot in spots[:2])
    for errand, spot in zip(chosen, spots[2:], strict=True):
        early, late = _opens(errand)
        nearer = max(0, URGENT_DAYS - (errand.due_day - day).days)
        model.add_client(
            spot,
            service_duration=errand.minutes,
            tw_early=early,
            tw_late=late,
            prize=WORTH_M + NEARER_M * nearer,
            required=False,
        )
    for one, place in zip(spots, places, strict=True):
        for other, there in zip(spots, places, strict=True):
            way = road_metres(place, there)
            model.add_edge(one, other, distance=way, duration=ride_minutes(way))
    model.add_vehicle_type(1, start_depot=first, end_depot=last, tw_early=from_minute, tw_late=DAY_ENDS)
    result = model.solve(MaxIterations(ITERATIONS), seed=SEED, display=False, collect_stats=False)
    return [
        chosen[activity.idx] for route in result.best.routes() for activity in route.schedule() if activity.is_client()
    ]


def _opens(errand: Errand) -> tuple[int, int]:
    """The minutes in which a visit may begin so that it ends while the shop is open, and before the day's end."""
    opens, closes = opening_hours(errand.industry)
    end = min(closes, DAY_ENDS) - errand.minutes
    return opens, max(opens, end)


def _can_start(errand: Errand, from_minute: int) -> bool:
    return _opens(errand)[1] >= from_minute
