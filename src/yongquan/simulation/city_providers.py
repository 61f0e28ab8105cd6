"""The demo city's field: 22 providers, their trained people, an assignment in force, a month's tasks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from yongquan.flows.assign_providers import keep_proposal, propose, settle_version
from yongquan.flows.plan_tasks import plan_tasks
from yongquan.flows.recruit_provider import (
    ProviderDecision,
    admit_application,
    admit_surveyor,
    decide_provider,
    require_at_work,
)
from yongquan.flows.work_tasks import take_step
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import named_id
from yongquan.kernel.regions import Regions
from yongquan.merchants.grids.store import drawing_of, grids_of_stores, version_on
from yongquan.merchants.near import Fitting, stores_near
from yongquan.merchants.providers.assigning import GridWork, works_of
from yongquan.merchants.providers.assignments import assignment_version
from yongquan.merchants.providers.model import NewProvider, NewSurveyor, ProviderStep, Surveyor
from yongquan.merchants.providers.store import provider_of
from yongquan.merchants.providers.training import record_test
from yongquan.merchants.tasks.model import Task, TaskKind, TaskState, TaskStep
from yongquan.merchants.tasks.planning import MINUTES, NewTask, period_of
from yongquan.merchants.tasks.store import TaskFilter, add_tasks, move_task, tasks_of
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.dice import key_of
from yongquan.simulation.people import name_from

PROVIDERS: Final = 22
APPLIED_BY, DECIDED_BY = "command:demo", "command:demo approval"
# The demo's licences of shops are numbered from 0; providers' come after all of them.
LICENCES_FROM: Final = 20_000_000
NAMES: Final = (
    *("青柚", "潮汐", "小满", "百灯", "远帆", "竹马", "云梯", "拾光", "北巷", "麦田", "山茶"),
    *("晴川", "木桥", "石榴", "海棠", "星槎", "半亩", "知了", "归雁", "长亭", "白露", "听松"),
)
# Capacities beside each other differ; together they are a fifth above the work.
SIZES: Final = (90, 110, 130, 100, 150, 120, 140)
SPARE: Final = 1.2
NEAR: Final = 12


@dataclass(frozen=True, slots=True)
class Field:
    """Who can be tried in the demo: the phone and name of the first provider's lead."""

    phone: str
    name: str
    provider: str


async def open_field(database: Database, sealing: Sealing, regions: Regions, *, seed: int, now: datetime) -> Field:
    """Recruit everybody, put an assignment in force on the day of `now`, and plan its month."""
    today = business_day(now)
    async with database.transaction() as connection:
        version_no = await version_on(connection, today)
        if version_no is None:
            raise LookupError("the demo city has no grids")
        drawing, _ = await drawing_of(connection, version_no)
        works = works_of(drawing)
        total = sum(work.minutes for work in works)
        for number in range(PROVIDERS):
            await _recruit(connection, sealing, regions, works, number, total=total, seed=seed, now=now)
    proposal = await propose(database, today)
    kept = await keep_proposal(database, proposal, today, reason="首次分派", actor=APPLIED_BY, now=now, real_now=now)
    async with database.transaction() as connection:
        version = await assignment_version(connection, kept, lock=True)
        if version is not None:
            await settle_version(connection, version, approve=True, actor=DECIDED_BY, now=now, real_now=now)
    await plan_tasks(database, sealing, now=now)
    return Field(phone_of(0, 0), _name(seed, 0, 0), _company(0))


async def work_a_while(database: Database, sealing: Sealing, *, now: datetime) -> None:
    """Some tasks of the first provider in every state, and a pay appeal."""
    async with database.transaction() as connection:
        lead = await require_at_work(connection, person_id(0, 0), sealing, now=now)
        await _ask_around(connection, lead, now=now)
        wanted = TaskFilter(surveyor_id=lead.surveyor_id, states=(TaskState.ASSIGNED,))
        tasks = await tasks_of(connection, wanted)
        story = (TaskStep.ACCEPT, TaskStep.START, TaskStep.FINISH)
        for n, task in enumerate(tasks):
            # Two wait for an answer, two are returned or checked, two done, one is under way; the rest is accepted.
            steps = 0 if n < 2 else 3 if n < 6 else 2 if n == 6 else 1
            for step in story[:steps]:
                task = await take_step(connection, lead, task.task_id, step, "门店正常营业", now=now)  # noqa: PLW2901
            if n in {2, 3}:
                await _review(connection, task, is_good=n == 2, now=now)
        appeal = NewTask(
            task_id=named_id("demo appeal"),
            kind=TaskKind.PAY_APPEAL,
            period=period_of(business_day(now) - timedelta(days=31)),
            store_id=None,
            minutes=0,
            due_day=business_day(now) + timedelta(days=15),
            provider_id=lead.provider_id,
            note="上月有两家门店的复访没有计入结算。",
        )
        await add_tasks(connection, [appeal], actor=lead.actor, now=now)


def phone_of(provider: int, person: int) -> str:
    """A surveyor's phone: of a block that the demo's citizens use no more than any other."""
    return f"1980000{provider + 1:02d}{person + 1:02d}"


def person_id(provider: int, person: int) -> UUID:
    """The id of one of a provider's people; the first is its lead."""
    return named_id("demo surveyor", provider, person)


async def _ask_around(connection: Connection, lead: Surveyor, *, now: datetime) -> None:
    """A small city has few shops a grid: the lead is sent to those nearest to the depot as well."""
    provider = await provider_of(connection, lead.provider_id)
    if provider is None:
        return
    lon, lat = provider.depot_lon, provider.depot_lat
    near = (await stores_near(connection, lon=lon, lat=lat, fitting=Fitting()))[:NEAR]
    today = business_day(now)
    grids = await grids_of_stores(connection, today, [shop.store_id for shop in near])
    asked = [
        NewTask(
            task_id=named_id("demo task", shop.store_id),
            kind=(TaskKind.INSPECTION, TaskKind.TRAINING)[n % 2],
            period=period_of(today),
            store_id=shop.store_id,
            minutes=(20, MINUTES[TaskKind.TRAINING])[n % 2],
            due_day=today + timedelta(days=n - 2),
            grid_code=grids.get(shop.store_id),
            provider_id=lead.provider_id,
            surveyor_id=lead.surveyor_id,
            note="核对门店名称、地址和码牌",
        )
        for n, shop in enumerate(near)
    ]
    await add_tasks(connection, asked, actor=DECIDED_BY, now=now - timedelta(days=5))


async def _recruit(
    connection: Connection,
    sealing: Sealing,
    regions: Regions,
    works: Sequence[GridWork],
    number: int,
    *,
    total: int,
    seed: int,
    now: datetime,
) -> None:
    home = works[number * len(works) // PROVIDERS]
    share = SIZES[number % len(SIZES)]
    whole = sum(SIZES[n % len(SIZES)] for n in range(PROVIDERS))
    new = NewProvider(
        provider_id=named_id("demo provider", number),
        name=_company(number),
        licence_no=credit_code(LICENCES_FROM + number, adcode=home.code[:6], is_company=True),
        contact=_name(seed, number, 0),
        phone=phone_of(number, 0),
        capacity_minutes=round(total * SPARE * share / whole) + 1,
        depot_address=f"{regions.division(home.code[:6]).name}演示路 {number + 1} 号",
        depot_lon=home.place[0],
        depot_lat=home.place[1],
    )
    await admit_application(connection, new, sealing, by=APPLIED_BY, now=now)
    contract = (date(now.year, 1, 1), date(now.year, 12, 31))
    decision = ProviderDecision(ProviderStep.APPROVE, "资质齐全，试点一年", contract)
    await decide_provider(connection, new.provider_id, decision, by=DECIDED_BY, now=now)
    for person in range(2 + number % 2):
        who = NewSurveyor(
            surveyor_id=person_id(number, person),
            provider_id=new.provider_id,
            name=_name(seed, number, person),
            phone=phone_of(number, person),
            is_lead=person == 0,
        )
        await admit_surveyor(connection, who, sealing, by=APPLIED_BY, now=now)
        score = 80 + 10 * ((number + person) % 3)
        test_id = named_id("demo test", number, person)
        day = business_day(now)
        await record_test(connection, test_id, who.surveyor_id, score, day=day, by=APPLIED_BY, now=now)


async def _review(connection: Connection, task: Task, *, is_good: bool, now: datetime) -> None:
    await move_task(
        connection,
        task,
        step=TaskStep.CHECK if is_good else TaskStep.RETURN,
        state=TaskState.CHECKED if is_good else TaskState.RETURNED,
        provider_id=task.provider_id,
        surveyor_id=task.surveyor_id,
        actor=DECIDED_BY,
        note="" if is_good else "门头照片不清，请重拍",
        now=now,
    )


def _company(number: int) -> str:
    return f"{NAMES[number]}走访服务社"


def _name(seed: int, provider: int, person: int) -> str:
    return name_from(key_of(seed, "surveyor", provider, person))
