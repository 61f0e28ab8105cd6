"""A small city with an announced draw: two types, people in two districts, a clock that the test sets."""

import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))

from city import SEALING, SmallCity, small_city

from yongquan.flows.announce_draw import Terms, announce_draw
from yongquan.flows.draw_steps import STEPS, DrawDesk, Step
from yongquan.flows.register_for_draw import SignUp, SignUpOutcome, register_for_draw, withdraw_from_draw
from yongquan.flows.run_draw import Draws
from yongquan.kernel.ids import named_id
from yongquan.plumbing.clock import Clock, set_clock
from yongquan.plumbing.durable import Durable
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, Staff
from yongquan.staff.model import RoleGrant
from yongquan.vouchers.draw_plan import Beacon
from yongquan.vouchers.draw_store import DrawRow, draw_of
from yongquan.vouchers.model import VoucherType
from yongquan.vouchers.store import types_of

OPENS = datetime(2022, 8, 19, 12, tzinfo=UTC)
CLOSES = OPENS + timedelta(days=2)
BEACON_AT = CLOSES + timedelta(hours=20)
REVEAL_BY = BEACON_AT + timedelta(days=1)
DISTRICTS = ("330203", "330225")
NOTARY = Staff(fresh_id(), "notary", "公证员", frozenset({RoleGrant(Role.NOTARY)}))
OFFICER = Staff(fresh_id(), "officer", "经办", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))


@dataclass
class DrawWorld:
    city: SmallCity
    draws: Draws
    durable: Durable
    draw: DrawRow
    types: Sequence[VoucherType]

    async def at(self, moment: datetime) -> None:
        async with self.city.database.transaction() as connection:
            await set_clock(connection, shows=moment)
            await self.draws.desk.clock.refresh(connection)

    async def register(self, citizen: UUID, *wishes: int, adcode: str | None = DISTRICTS[0], **facts: object) -> str:
        return (await self.sign_up_one(citizen, *wishes, adcode=adcode, **facts)).code

    async def sign_up_one(
        self, citizen: UUID, *wishes: int, adcode: str | None = DISTRICTS[0], **facts: object
    ) -> SignUpOutcome:
        sign_up = SignUp(
            citizen, [self.types[n].type_id for n in wishes], adcode, named_id("key", citizen), named_id(*wishes)
        )
        async with self.city.database.transaction() as connection:
            (outcome,) = await register_for_draw(
                connection,
                self.draw,
                [replace(sign_up, **facts)],
                cells=self.city.cells,
                now=self.draws.desk.clock.now(),
            )
        return outcome

    async def withdraw(self, citizen: UUID, key: UUID, platform: str | None = None) -> str:
        async with self.city.database.transaction() as connection:
            return await withdraw_from_draw(
                connection,
                self.draw,
                citizen,
                key=key,
                platform=platform,
                cells=self.city.cells,
                now=self.draws.desk.clock.now(),
            )

    async def sign_up(self, count: int) -> list[UUID]:
        """Citizens of both districts, half of them with two wishes."""
        people = [await self.city.citizen() for _ in range(count)]
        for n, person in enumerate(people):
            assert (
                await self.register(person, *((0, 1) if n % 4 < 2 else (1,)), adcode=DISTRICTS[n % 2]) == "registered"
            )
        return people

    async def now(self) -> DrawRow:
        async with self.city.database.transaction() as connection:
            found = await draw_of(connection, self.draw.draw_id)
        assert found is not None
        return found


@asynccontextmanager
async def draw_world(
    conninfo: str, *, cells: int = 1, stock: int = 8, steps: Sequence[tuple[str, Step]] = STEPS, **facts: object
) -> AsyncIterator[DrawWorld]:
    async with small_city(conninfo, cells=cells) as city:
        city.now = OPENS - timedelta(days=1)
        clock = Clock()
        desk = DrawDesk(city.database, clock, SEALING, cells)
        durable = Durable(conninfo)
        async with city.database.transaction() as connection:
            await set_clock(connection, shows=city.now)
            await clock.refresh(connection)
        round_ = await city.round(
            stock=stock, types=2, mode="draw", opens_at=OPENS, closes_at=REVEAL_BY + timedelta(days=1), **facts
        )
        terms = Terms(CLOSES, Beacon("公开摇奖 097 期", BEACON_AT), REVEAL_BY, 2, DISTRICTS)
        async with city.database.transaction() as connection:
            draw = await announce_draw(connection, round_.round_id, terms, SEALING, actor=OFFICER.actor, now=city.now)
            types = await types_of(connection, [round_.round_id])
        world = DrawWorld(city, Draws(desk, durable, steps), durable, draw, types)
        await world.at(OPENS)
        try:
            yield world
        finally:
            await durable.close()
