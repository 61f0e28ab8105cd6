"""The demo's draw from announcement to vouchers: citizens sign up through a door, a notary enters the beacon."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.flows.announce_draw import Terms, announce_draw
from yongquan.flows.run_draw import Draws
from yongquan.kernel.ids import named_id
from yongquan.simulation.behaviour import tries_round
from yongquan.simulation.city import City
from yongquan.simulation.day import Won
from yongquan.simulation.doors import CityDoor, SignUpWish
from yongquan.simulation.populate import Population, Tick
from yongquan.simulation.season_draw import BEACON_VALUE, WISHES_MAX, PlannedDraw
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.draw_views import experiment_rows
from yongquan.vouchers.model import DrawState

PATIENCE_S = 300.0
CLOSES_WITHIN_S = 60.0
NOTARY = Staff(named_id("demo notary"), "notary", "公证员", frozenset({RoleGrant(Role.NOTARY)}))
SetClock = Callable[[datetime], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class DrawDay:
    """The draw of one city; who signs up, with which wishes and who wins follows from the seed alone."""

    planned: PlannedDraw
    city: City
    people: Population
    draws: Draws
    seed: int
    set_clock: SetClock

    async def announce(self) -> UUID:
        """Publish rules and commitment; the demo's secrets come from its seed, so that a demo can be repeated."""
        desk, times = self.draws.desk, self.planned.times
        districts = [division.adcode for division in self.city.divisions]
        terms = Terms(times.closes_at, times.beacon, times.reveal_by, WISHES_MAX, districts)
        numbers = iter(range(2))

        def secret() -> bytes:
            return hashlib.sha256(f"demo draw {self.seed} {next(numbers)}".encode()).digest()

        async with desk.database.apart() as connection:
            draw = await announce_draw(
                connection,
                self.planned.round.round_id,
                terms,
                desk.sealing,
                actor="command:demo",
                now=desk.clock.now(),
                make_secret=secret,
            )
        return draw.draw_id

    def registrants(self) -> list[int]:
        """Citizens who sign up."""
        name, interest_bp = str(self.planned.round.round_id), self.planned.interest_bp
        return [
            citizen
            for citizen, claim_bp in enumerate(self.city.citizens.claim_bp.tolist())
            if tries_round(seed=self.seed, citizen=citizen, round_code=name, claim_bp=claim_bp, interest_bp=interest_bp)
        ]

    async def sign_up(self, door: CityDoor, registrants: Sequence[int], tick: Tick) -> None:
        """Everybody registers; the order does not matter, nobody is earlier than another."""
        await self.set_clock(self.planned.times.opens_at)
        for start in range(0, len(registrants), door.at_once):
            together = [self._wish(citizen) for citizen in registrants[start : start + door.at_once]]
            for code in await door.sign_up(together):
                if code not in {"registered", "again"}:
                    raise RuntimeError(f"a demo citizen could not sign up for the draw: {code}")
            tick(len(together))

    async def run(self, draw_id: UUID) -> list[Won]:
        """Close, enter the beacon, draw, grant and publish; the answer is who holds which voucher now."""
        await self.set_clock(self.planned.times.closes_at)
        await self._wait_for_close(draw_id)
        await self.set_clock(self.planned.times.beacon.at)
        await self.draws.enter_beacon(NOTARY, draw_id, BEACON_VALUE, now=self.draws.desk.clock.now())
        state = await self.draws.run_draw(draw_id, patience_s=PATIENCE_S)
        if state is not DrawState.PUBLISHED:
            raise RuntimeError(f"the demo's draw is still {state} after {PATIENCE_S:.0f} s")
        return await self._winners(draw_id)

    async def _wait_for_close(self, draw_id: UUID) -> None:
        async with asyncio.timeout(CLOSES_WITHIN_S):
            while await self.draws.run_draw(draw_id, patience_s=0.3) in {DrawState.ANNOUNCED, DrawState.OPEN}:
                pass

    async def _winners(self, draw_id: UUID) -> list[Won]:
        numbers = {citizen_id: number for number, citizen_id in enumerate(self.people.citizens)}
        types = {type_.type_id: type_ for type_ in self.planned.types}
        async with self.draws.desk.database.apart() as connection:
            won = [
                Won(numbers[row.citizen_id], types[type_id])
                async for row in experiment_rows(connection, draw_id)
                for type_id in row.won
            ]
        return sorted(won, key=lambda one: (one.citizen, str(one.type.type_id)))

    def _wish(self, citizen: int) -> SignUpWish:
        people = self.city.citizens
        return SignUpWish(
            citizen_id=self.people.citizens[citizen],
            round_id=self.planned.round.round_id,
            wishes=tuple(self.planned.wishes_of(self.seed, citizen)),
            lon=float(people.lon[citizen]),
            lat=float(people.lat[citizen]),
            adcode=self.city.divisions[int(people.division[citizen])].adcode,
        )
