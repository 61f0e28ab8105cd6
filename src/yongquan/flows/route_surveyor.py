"""A surveyor's route of the day: computed when it is first looked at, and again when the tasks have changed."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.merchants.providers.model import Surveyor, UnknownProvider
from yongquan.merchants.providers.store import provider_of
from yongquan.merchants.roads import Place
from yongquan.merchants.tasks.model import IN_HAND, Task
from yongquan.merchants.tasks.routes import KeptRoute, keep_route, kept_route, last_place
from yongquan.merchants.tasks.routing import DAY_ENDS, DAY_STARTS, DayRoute, Errand, route_day
from yongquan.merchants.tasks.store import TaskFilter, tasks_of
from yongquan.plumbing.clock import SHANGHAI, business_day, day_start
from yongquan.plumbing.db import Database

# So late nobody sets out any more: the route is tomorrow's.
LAST_START = DAY_ENDS - 30


@dataclass(frozen=True, slots=True)
class RoutedDay:
    """A day's route with its tasks by id and its depot; `is_new`: it was computed just now."""

    day: date
    depot: Place
    route: DayRoute
    tasks: Mapping[UUID, Task]
    made_at: datetime
    is_new: bool


async def route_of(database: Database, surveyor: Surveyor, *, now: datetime) -> RoutedDay:
    """The route of what somebody has in hand, for today or, late in the day, for tomorrow.

    It starts where the last task of the day was finished, else at the depot. Raises `UnknownProvider`.
    """
    minute = _minute(now)
    is_today = minute < LAST_START
    day = business_day(now) + timedelta(days=0 if is_today else 1)
    async with database.transaction() as connection:
        provider = await provider_of(connection, surveyor.provider_id)
        if provider is None:
            raise UnknownProvider
        tasks = await tasks_of(connection, TaskFilter(surveyor_id=surveyor.surveyor_id, states=IN_HAND))
        since, until = day_start(day), day_start(day + timedelta(days=1))
        start = await last_place(connection, surveyor.surveyor_id, since=since, until=until)
        kept = await kept_route(connection, surveyor.surveyor_id, day)
    depot = (provider.depot_lon, provider.depot_lat)
    basis = _basis(tasks, depot, start, day)
    by_id = {task.task_id: task for task in tasks}
    if kept is not None and kept.basis == basis:
        return RoutedDay(day, depot, kept.route, by_id, kept.made_at, is_new=False)
    errands = [
        Errand(task.task_id, (task.lon, task.lat), task.industry, task.minutes, task.due_day)
        for task in tasks
        if task.lon is not None and task.lat is not None
    ]
    from_minute = max(DAY_STARTS, minute) if is_today else DAY_STARTS
    route = await asyncio.to_thread(route_day, errands, depot=depot, start=start, from_minute=from_minute, day=day)
    async with database.transaction() as connection:
        await keep_route(connection, surveyor.surveyor_id, day, KeptRoute(basis, route, now))
    return RoutedDay(day, depot, route, by_id, now, is_new=True)


def _basis(tasks: Sequence[Task], depot: Place, start: Place | None, day: date) -> bytes:
    facts = [(str(t.task_id), t.minutes, str(t.due_day), t.lon, t.lat) for t in sorted(tasks, key=lambda t: t.task_id)]
    return hashlib.blake2b(repr((facts, depot, start, str(day))).encode(), digest_size=16).digest()


def _minute(now: datetime) -> int:
    local = now.astimezone(SHANGHAI)
    return local.hour * 60 + local.minute
