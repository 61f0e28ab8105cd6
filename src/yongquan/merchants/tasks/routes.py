"""The SQL of day routes."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.merchants.tasks.routing import DayRoute, Stop
from yongquan.plumbing.db import Connection

_READ = """
select basis, metres, minutes, left_out, made_at from merchants.day_route where surveyor_id = %s and day = %s
"""
_STOPS = """
select task_id, arrive_minute, leave_minute, metres from merchants.day_stop
 where surveyor_id = %s and day = %s order by no
"""
_FORGET = "delete from merchants.day_route where surveyor_id = %s and day = %s"
_WRITE = """
insert into merchants.day_route (surveyor_id, day, basis, metres, minutes, left_out, made_at)
values (%s, %s, %s, %s, %s, %s, %s)
"""
_WRITE_STOPS = """
insert into merchants.day_stop (surveyor_id, day, no, task_id, arrive_minute, leave_minute, metres)
select %s, %s, n, task_id, arrive_minute, leave_minute, metres
  from unnest(%s::uuid[], %s::int[], %s::int[], %s::int[]) with ordinality
       as s (task_id, arrive_minute, leave_minute, metres, n)
"""
_TURN = "select pg_advisory_xact_lock(20039, hashtext(%s::text))"
_LAST_PLACE = """
select s.lon, s.lat from merchants.task_event e join merchants.task t using (task_id)
  join merchants.store s on s.store_id = t.store_id
 where t.surveyor_id = %s and e.step = 'finish' and e.at >= %s and e.at < %s order by e.at desc limit 1
"""


@dataclass(frozen=True, slots=True)
class KeptRoute:
    """A route with what it was computed from (`basis`) and when."""

    basis: bytes
    route: DayRoute
    made_at: datetime


async def kept_route(connection: Connection, surveyor_id: UUID, day: date) -> KeptRoute | None:
    """The last route of a person's day."""
    row = await (await connection.execute(_READ, [surveyor_id, day])).fetchone()
    if row is None:
        return None
    stops = await (await connection.execute(_STOPS, [surveyor_id, day])).fetchall()
    route = DayRoute(tuple(Stop(*stop) for stop in stops), tuple(row[3]), row[1], row[2])
    return KeptRoute(bytes(row[0]), route, row[4])


async def keep_route(connection: Connection, surveyor_id: UUID, day: date, kept: KeptRoute) -> None:
    """Write a route in the place of the day's last one. Takes the person's turn."""
    await connection.execute(_TURN, [surveyor_id])
    await connection.execute(_FORGET, [surveyor_id, day])
    route = kept.route
    values = [kept.basis, route.metres, route.minutes, list(route.left_out), kept.made_at]
    await connection.execute(_WRITE, [surveyor_id, day, *values])
    columns = [
        [stop.task_id for stop in route.stops],
        [stop.arrive_minute for stop in route.stops],
        [stop.leave_minute for stop in route.stops],
        [stop.metres for stop in route.stops],
    ]
    await connection.execute(_WRITE_STOPS, [surveyor_id, day, *columns])


async def last_place(
    connection: Connection, surveyor_id: UUID, *, since: datetime, until: datetime
) -> tuple[float, float] | None:
    """Where a person finished a task last in a time."""
    row = await (await connection.execute(_LAST_PLACE, [surveyor_id, since, until])).fetchone()
    return (row[0], row[1]) if row else None
