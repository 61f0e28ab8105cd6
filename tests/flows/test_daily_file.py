"""A closed day as one file for an institution's app."""

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from flows.clearing_world import DAY, NOON, World, city, outside

from yongquan.flows.serve_app import AppDesk, open_id_of
from yongquan.flows.write_daily_file import NotClosedYet, daily_file, write_daily_files
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import save_app, save_link
from yongquan.plumbing.clock import set_clock

BANK = App("yuehu", "悦湖", "Yuehu", 10, 10, "active")


async def _day(world: World) -> None:
    platform, person = world.platform, world.people[1]
    desk = AppDesk(platform.database, platform.sealing, platform.claims, platform.packs, 1)
    open_id = open_id_of(platform.sealing, "yuehu", person.citizen_id)
    round_id, type_id = world.types["bureau"]
    offer = await platform.find_round(round_id.hex)
    type_ = platform.catalogue.type(type_id.hex)
    assert offer is not None
    assert type_ is not None
    async with platform.database.transaction() as connection:
        await save_app(connection, BANK, now=NOON)
        known = {"open_id": open_id, "citizen_id": person.citizen_id, "is_new": True, "now": NOON}
        await save_link(connection, 0, "yuehu", **known)
    won = await desk.claim(BANK, person.citizen_id, offer, type_, key=uuid4().hex, body_hash=uuid4().hex, place=None)
    assert won.code == "claimed"
    await world.buy(person, world.stores[0], 5_000)
    paid = await world.buy(world.people[0], world.stores[0], 5_000, voucher="bureau")
    await world.refund(await world.buy(person, world.stores[1], 700))
    with pytest.raises(NotClosedYet):
        async with platform.database.transaction() as connection:
            await daily_file(connection, "yuehu", DAY, now=NOON)

    await platform.clearing.clear_day(DAY, patience_s=60.0)
    async with platform.database.transaction() as connection:
        await set_clock(connection, shows=NOON + timedelta(days=1))
    await platform.refresh()
    assert await write_daily_files(platform.database, now=platform.clock.now()) == 1
    assert await write_daily_files(platform.database, now=platform.clock.now()) == 0

    async with platform.database.transaction() as connection:
        made = await daily_file(connection, "yuehu", DAY, now=platform.clock.now())
    lines = made.body.decode().splitlines()
    trailer = lines[-1].split("|")
    above = made.body[: made.body.rindex(b"T|")]
    assert lines[0] == f"H|YQ-DAILY-1|yuehu|{DAY}"
    assert [line[0] for line in lines[1:-1]] == ["C", "P", "P", "R"]
    assert trailer[1:-1] == ["1", "1000", "2", "5700", "5700", "0", "1", "700", "700", "0"]
    assert trailer[-1] == hashlib.sha256(above).hexdigest()
    assert str(paid.payment_id) not in made.body.decode()
    assert str(person.citizen_id) not in made.body.decode()


def test_file_of_a_closed_day_adds_up(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        async with city(tmp_path, fresh_database, sandbox) as world:
            await _day(world)

    with outside(tmp_path) as sandbox:
        asyncio.run(run())
