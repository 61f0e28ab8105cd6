"""A provider with two people in the running town, and tasks at two of its stores, made beside the server."""

import asyncio
import threading
from datetime import date, datetime
from uuid import UUID

from yongquan.flows.recruit_provider import (
    ProviderDecision,
    admit_application,
    admit_surveyor,
    decide_provider,
)
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import named_id
from yongquan.merchants.providers.model import NewProvider, NewSurveyor, ProviderStep
from yongquan.merchants.tasks.model import TaskKind
from yongquan.merchants.tasks.planning import NewTask, period_of
from yongquan.merchants.tasks.store import add_tasks
from yongquan.merchants.views import mcc_of, store_of
from yongquan.payments.emvco import MerchantCode, make_merchant_code
from yongquan.plumbing.clock import Clock, business_day
from yongquan.plumbing.db import Connection, database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings

PROVIDER = named_id("journey provider")
LEAD, SECOND = named_id("journey lead"), named_id("journey second")
PHONES = {LEAD: "19811110001", SECOND: "19811110002"}


def open_field(data_dir: str, stores: list[UUID]) -> tuple[list[UUID], list[str]]:
    """A task under the second person's name at each store; their ids, and the codes of the stores."""
    made: list[tuple[list[UUID], list[str]]] = []

    async def work() -> None:
        settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
        sealing = Sealing(load_keys(settings.keys_dir))
        with database_of(settings) as conninfo:
            async with opened(conninfo) as database, database.transaction() as connection:
                clock = Clock()
                await clock.refresh(connection)
                now, today = clock.now(), business_day(clock.now())
                new = NewProvider(
                    provider_id=PROVIDER,
                    name="旅途走访服务社",
                    licence_no=credit_code(31_000_000, adcode="330203", is_company=True),
                    contact="某人",
                    phone=PHONES[LEAD],
                    capacity_minutes=6_000,
                    depot_address="海曙区演示路 1 号",
                    depot_lon=121.545,
                    depot_lat=29.872,
                )
                await admit_application(connection, new, sealing, by="command:test", now=now)
                contract = (date(today.year, 1, 1), date(today.year + 1, 12, 31))
                decision = ProviderDecision(ProviderStep.APPROVE, "试点", contract)
                await decide_provider(connection, PROVIDER, decision, by="command:other", now=now)
                for who in (LEAD, SECOND):
                    person = NewSurveyor(
                        surveyor_id=who,
                        provider_id=PROVIDER,
                        name="张走访" if who == LEAD else "李走访",
                        phone=PHONES[who],
                        is_lead=who == LEAD,
                    )
                    await admit_surveyor(connection, person, sealing, by="command:test", now=now)
                made.append(await _tasks_at(connection, stores, now))

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    thread.join()
    return made[0]


async def _tasks_at(connection: Connection, stores: list[UUID], now: datetime) -> tuple[list[UUID], list[str]]:
    today = business_day(now)
    tasks = [
        NewTask(
            task_id=named_id("journey task", store_id),
            kind=TaskKind.INSPECTION,
            period=period_of(today),
            store_id=store_id,
            minutes=20,
            due_day=today,
            provider_id=PROVIDER,
            surveyor_id=SECOND,
            note="核对码牌",
        )
        for store_id in stores
    ]
    await add_tasks(connection, tasks, actor="command:test", now=now)
    codes = []
    for store_id in stores:
        shop = await store_of(connection, store_id)
        assert shop is not None
        code = MerchantCode(store_id, shop.name, "", await mcc_of(connection, store_id))
        codes.append(make_merchant_code(code))
    return [task.task_id for task in tasks], codes
