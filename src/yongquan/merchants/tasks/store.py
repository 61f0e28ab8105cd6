"""The SQL of tasks: written down, moved on a step at a time, listed, counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.merchants.tasks.model import Task, TaskEvent, TaskKind, TaskState, TaskStep
from yongquan.merchants.tasks.planning import NewTask, VisitedShop
from yongquan.merchants.views import OVER_A_COUNTER
from yongquan.plumbing.db import Connection

LISTED_MAX = 200
_TASK = """
select t.task_id, t.kind, t.state, t.period, t.store_id, t.grid_code, t.provider_id, t.surveyor_id, t.not_provider,
       t.of_task, t.minutes, t.due_day, t.note, t.report, t.created_at, t.changed_at, coalesce(s.name, ''),
       coalesce(s.industry, ''), coalesce(s.address, ''), s.lon, s.lat, coalesce(p.name, '')
  from merchants.task t
  left join merchants.store s on s.store_id = t.store_id
  left join merchants.provider p on p.provider_id = t.provider_id
"""
_WHERE = """
 where (%(provider)s::uuid is null or t.provider_id = %(provider)s)
   and (%(surveyor)s::uuid is null or t.surveyor_id = %(surveyor)s)
   and (%(store)s::uuid is null or t.store_id = %(store)s)
   and (%(grid)s::text is null or t.grid_code = %(grid)s)
   and (%(kind)s::text is null or t.kind = %(kind)s)
   and (%(states)s::text[] is null or t.state = any (%(states)s))
   and (%(overdue)s::date is null or t.due_day < %(overdue)s and t.state not in ('done', 'checked', 'cancelled'))
   and (%(places)s::text[] is null or left(t.grid_code, 6) = any (%(places)s))
"""
_ADD = """
with new as (
    insert into merchants.task (task_id, kind, state, period, store_id, grid_code, provider_id, surveyor_id,
                                not_provider, of_task, minutes, due_day, note, created_at, changed_at)
    select n.task_id, n.kind, case when n.provider_id is null or n.kind = 'pay_appeal' then 'open' else 'assigned' end,
           n.period, n.store_id, n.grid_code, n.provider_id, n.surveyor_id, n.not_provider, n.of_task, n.minutes,
           n.due_day, n.note, %(now)s, %(now)s
      from unnest(%(ids)s::uuid[], %(kinds)s::text[], %(periods)s::text[], %(stores)s::uuid[], %(grids)s::text[],
                  %(providers)s::uuid[], %(surveyors)s::uuid[], %(not_providers)s::uuid[], %(of_tasks)s::uuid[],
                  %(minutes)s::int[], %(due_days)s::date[], %(notes)s::text[])
           as n (task_id, kind, period, store_id, grid_code, provider_id, surveyor_id, not_provider, of_task, minutes,
                 due_day, note)
    on conflict (task_id) do nothing
    returning task_id, state, note)
insert into merchants.task_event (task_id, no, step, state, actor, note, at)
select task_id, 1, 'plan', state, %(actor)s, note, %(now)s from new
"""
_EVENT = """
insert into merchants.task_event (task_id, no, step, state, actor, note, at)
select %(id)s, coalesce(max(no), 0) + 1, %(step)s, %(state)s, %(actor)s, %(note)s, %(now)s
  from merchants.task_event where task_id = %(id)s
"""
_MOVE = """
update merchants.task set state = %(state)s, report = coalesce(%(report)s, report), changed_at = %(now)s,
       provider_id = %(provider)s, surveyor_id = %(surveyor)s
 where task_id = %(id)s
"""
_GIVE = """
with given as (
    update merchants.task t set state = 'assigned', provider_id = g.provider_id, surveyor_id = g.surveyor_id,
           changed_at = %(now)s
      from unnest(%(ids)s::uuid[], %(providers)s::uuid[], %(surveyors)s::uuid[])
           as g (task_id, provider_id, surveyor_id)
     where t.task_id = g.task_id and t.state in ('open', 'assigned') and t.kind <> 'pay_appeal'
    returning t.task_id)
insert into merchants.task_event (task_id, no, step, state, actor, note, at)
select task_id, (select coalesce(max(e.no), 0) + 1 from merchants.task_event e where e.task_id = given.task_id),
       'assign', 'assigned', %(actor)s, '', %(now)s
  from given
"""
_RELEASE = """
with freed as (
    update merchants.task set state = 'assigned', surveyor_id = null, changed_at = %(now)s
     where surveyor_id = %(surveyor)s and state in ('assigned', 'accepted', 'under_way', 'returned')
    returning task_id)
insert into merchants.task_event (task_id, no, step, state, actor, note, at)
select task_id, (select coalesce(max(e.no), 0) + 1 from merchants.task_event e where e.task_id = freed.task_id),
       'assign', 'assigned', %(actor)s, '', %(now)s
  from freed
"""
_EVENTS = "select no, step, state, actor, note, at from merchants.task_event where task_id = %s order by no"
_COUNTS = """
select t.grid_code, t.provider_id, t.kind, t.state, count(*), sum(t.minutes),
       count(*) filter (where t.due_day < %(today)s and t.state not in ('done', 'checked', 'cancelled'))
  from merchants.task t
 where (%(period)s::text is null or t.period = %(period)s)
   and (%(places)s::text[] is null or left(t.grid_code, 6) = any (%(places)s))
 group by 1, 2, 3, 4
"""
_SHOPS = f"""
select s.store_id, s.industry, s.hardship,
       exists (select 1 from merchants.task t where t.store_id = s.store_id
                  and t.kind in ('first_visit', 'inspection', 'revisit') and t.state in ('done', 'checked'))
  from merchants.store s where s.state <> 'closed' and {OVER_A_COUNTER} order by s.store_id
"""
_WAITING = """
select task_id, store_id, grid_code, provider_id, not_provider, minutes from merchants.task
 where kind <> 'pay_appeal' and (state = 'open' or state = 'assigned' and surveyor_id is null)
   and not exists (select 1 from merchants.task_event e where e.task_id = task.task_id and e.step = 'decline')
 order by due_day, task_id
"""
_LOADS = """
select surveyor_id, sum(minutes) from merchants.task
 where surveyor_id is not null and state in ('assigned', 'accepted', 'under_way', 'returned') group by surveyor_id
"""
_DONE = """
select task_id, kind, store_id, grid_code, provider_id, minutes from merchants.task
 where kind in ('first_visit', 'inspection') and state in ('done', 'checked') and period = %s order by task_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFilter:
    """Which tasks to list; None is any. `overdue_on` leaves those whose day is over; `places` are divisions."""

    provider_id: UUID | None = None
    surveyor_id: UUID | None = None
    store_id: UUID | None = None
    grid_code: str | None = None
    kind: TaskKind | None = None
    states: Sequence[TaskState] | None = None
    overdue_on: date | None = None
    places: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class WaitingTask:
    """A task that nobody has in hand."""

    task_id: UUID
    store_id: UUID
    grid_code: str | None
    provider_id: UUID | None
    not_provider: UUID | None
    minutes: int


@dataclass(frozen=True, slots=True)
class DoneVisit:
    """A visit that was done."""

    task_id: UUID
    kind: TaskKind
    store_id: UUID
    grid_code: str | None
    provider_id: UUID
    minutes: int


@dataclass(frozen=True, slots=True)
class TaskCount:
    """How many tasks of a kind are in a state, in a grid, with a provider; their minutes; how many are overdue."""

    grid_code: str | None
    provider_id: UUID | None
    kind: TaskKind
    state: TaskState
    count: int
    minutes: int
    overdue: int


async def add_tasks(connection: Connection, new: Sequence[NewTask], *, actor: str, now: datetime) -> int:
    """Write tasks down; those that are there already stay as they are. How many were new."""
    values = {
        "ids": [task.task_id for task in new],
        "kinds": [task.kind.value for task in new],
        "periods": [task.period for task in new],
        "stores": [task.store_id for task in new],
        "grids": [task.grid_code for task in new],
        "providers": [task.provider_id for task in new],
        "surveyors": [task.surveyor_id for task in new],
        "not_providers": [task.not_provider for task in new],
        "of_tasks": [task.of_task for task in new],
        "minutes": [task.minutes for task in new],
        "due_days": [task.due_day for task in new],
        "notes": [task.note for task in new],
    }
    return (await connection.execute(_ADD, values | {"actor": actor, "now": now})).rowcount


async def task_of(connection: Connection, task_id: UUID, *, lock: bool = False) -> Task | None:
    """One task, kept from changing for this transaction if `lock`."""
    query = f"{_TASK} where t.task_id = %s{' for update of t' if lock else ''}"
    row = await (await connection.execute(query, [task_id])).fetchone()
    return _task(row) if row else None


async def tasks_of(connection: Connection, wanted: TaskFilter, *, limit: int = LISTED_MAX) -> list[Task]:
    """Tasks by their day, `limit` at most."""
    values = {
        "provider": wanted.provider_id,
        "surveyor": wanted.surveyor_id,
        "store": wanted.store_id,
        "grid": wanted.grid_code,
        "kind": wanted.kind,
        "states": None if wanted.states is None else [state.value for state in wanted.states],
        "overdue": wanted.overdue_on,
        "places": None if wanted.places is None else list(wanted.places),
        "limit": limit,
    }
    query = f"{_TASK}{_WHERE} order by t.due_day, t.task_id limit %(limit)s"
    return [_task(row) for row in await (await connection.execute(query, values)).fetchall()]


async def events_of(connection: Connection, task_id: UUID) -> list[TaskEvent]:
    """What happened to a task, step by step."""
    rows = await (await connection.execute(_EVENTS, [task_id])).fetchall()
    return [TaskEvent(row[0], row[1], TaskState(row[2]), *row[3:]) for row in rows]


async def move_task(
    connection: Connection,
    task: Task,
    *,
    step: TaskStep,
    state: TaskState,
    provider_id: UUID | None,
    surveyor_id: UUID | None,
    actor: str,
    note: str,
    report: str | None = None,
    now: datetime,
) -> None:
    """Move a task that the caller has locked to a state, and write down who did it."""
    values = {"id": task.task_id, "step": step, "state": state, "actor": actor, "note": note, "now": now}
    more = {"report": report, "provider": provider_id, "surveyor": surveyor_id}
    await connection.execute(_MOVE, values | more)
    await connection.execute(_EVENT, values)


async def give_tasks(
    connection: Connection, given: Sequence[tuple[UUID, UUID, UUID | None]], *, actor: str, now: datetime
) -> int:
    """Give tasks that nobody has accepted to a provider and one of its people; how many were given."""
    columns = [[one[n] for one in given] for n in range(3)]
    values = {"ids": columns[0], "providers": columns[1], "surveyors": columns[2], "actor": actor, "now": now}
    return (await connection.execute(_GIVE, values)).rowcount


async def release_tasks(connection: Connection, surveyor_id: UUID, *, actor: str, now: datetime) -> int:
    """What somebody who leaves had to do goes back to the provider; how many tasks."""
    values = {"surveyor": surveyor_id, "actor": actor, "now": now}
    return (await connection.execute(_RELEASE, values)).rowcount


async def count_tasks(
    connection: Connection, *, today: date, period: str | None = None, places: Sequence[str] | None = None
) -> list[TaskCount]:
    """Tasks of a period, or of all, counted."""
    values = {"today": today, "period": period, "places": None if places is None else list(places)}
    rows = await (await connection.execute(_COUNTS, values)).fetchall()
    return [TaskCount(row[0], row[1], TaskKind(row[2]), TaskState(row[3]), *row[4:]) for row in rows]


async def shops_to_plan(connection: Connection) -> list[VisitedShop]:
    """Every shop that is visited, and whether anybody has been there."""
    return [VisitedShop(*row) for row in await (await connection.execute(_SHOPS)).fetchall()]


async def waiting_tasks(connection: Connection) -> list[WaitingTask]:
    """The tasks that no provider or none of its people has."""
    return [WaitingTask(*row) for row in await (await connection.execute(_WAITING)).fetchall()]


async def loads_of_people(connection: Connection) -> dict[UUID, int]:
    """The minutes of work that each surveyor has to do."""
    rows = await (await connection.execute(_LOADS)).fetchall()
    return {row[0]: int(row[1]) for row in rows}


async def done_visits(connection: Connection, period: str) -> list[DoneVisit]:
    """The visits of a month that were done."""
    rows = await (await connection.execute(_DONE, [period])).fetchall()
    return [DoneVisit(row[0], TaskKind(row[1]), row[2], row[3], row[4], row[5]) for row in rows]


def _task(row: tuple[Any, ...]) -> Task:
    return Task(row[0], TaskKind(row[1]), TaskState(row[2]), *row[3:])
