"""One campaign day in the demo city: grabs when rounds open, payments at noon and in the evening.

Who does what follows from (seed, citizen, round) alone. Grabs are submitted in a fixed order: many at once while the
stock cannot run out among them, one by one where it can, so that concurrency cannot change who wins.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from yongquan.simulation.behaviour import ShopDirectory, Visit, grab_order, plan_visit, redeems, tries_round
from yongquan.simulation.city import City
from yongquan.simulation.dice import key_of
from yongquan.simulation.doors import CityDoor, ClaimWish, PaymentWish
from yongquan.simulation.populate import Population, Tick
from yongquan.simulation.season import HAISHU, PlannedRound
from yongquan.vouchers.model import VoucherType

RUSH_MS = 60_000
REDEEM_BP = 8_950
# Payments that would have been made anyway, without a voucher in hand (basis points of the citizens).
PLAIN_BP = 500


@dataclass(frozen=True, slots=True)
class Won:
    """A voucher that a citizen holds."""

    citizen: int
    type: VoucherType


@dataclass(slots=True)
class Tally:
    """What happened, by outcome."""

    claims: Counter[str] = field(default_factory=Counter)
    payments: Counter[str] = field(default_factory=Counter)


class CampaignDay:
    """The day of one city through one door; `tally` counts what happened."""

    def __init__(self, city: City, people: Population, door: CityDoor, *, seed: int) -> None:
        self.city = city
        self.people = people
        self.door = door
        self.seed = seed
        self.tally = Tally()
        self.directory = ShopDirectory(city)
        self._adcodes = [division.adcode for division in city.divisions]

    def wishes(self, rounds: Sequence[PlannedRound]) -> int:
        """How many grabs the rounds will see."""
        return sum(len(self._who_tries(planned)) for planned in rounds)

    async def grab(self, planned: PlannedRound, tick: Tick, *, by: Sequence[int] | None = None) -> list[Won]:
        """Let everybody who wants a voucher of a round (or those named, in order) try for it; who holds one now."""
        wishes = [self._wish(planned, citizen) for citizen in (self._who_tries(planned) if by is None else by)]
        left = {type_.type_id: type_.stock for type_ in planned.types}
        won: list[Won] = []
        for together in _fixed_order(wishes, left, at_once=self.door.at_once):
            codes = await asyncio.gather(*(self.door.claim(wish) for _, _, wish in together))
            self.tally.claims.update(codes)
            for (citizen, type_, _), code in zip(together, codes, strict=True):
                if code == "claimed":
                    left[type_.type_id] -= 1
                    won.append(Won(citizen, type_))
            tick(len(together))
        return won

    def visits(self, won: Iterable[Won], *, plain: str) -> list[list[PaymentWish]]:
        """The payments that holders make with their vouchers, and those that `plain` others make, by citizen."""
        by_citizen: dict[int, list[PaymentWish]] = defaultdict(list)
        for one in won:
            occasion = str(one.type.type_id)
            if redeems(seed=self.seed, citizen=one.citizen, occasion=occasion, rate_bp=REDEEM_BP):
                by_citizen[one.citizen].extend(self._visit(one.citizen, occasion, one.type))
        for citizen in range(len(self.people.citizens)):
            if key_of(self.seed, plain, citizen) % 10_000 < PLAIN_BP:
                by_citizen[citizen].extend(self._visit(citizen, plain, None))
        return [by_citizen[citizen] for citizen in sorted(by_citizen)]

    def payment(self, visit: Visit, name: str, *, by_code: bool = False) -> PaymentWish:
        """The payment of a visit; `name` makes its order number."""
        return PaymentWish(
            citizen_id=self.people.citizens[visit.citizen],
            instrument_id=self._instrument(visit.citizen, visit.instrument.wallet, visit.instrument.card_ordinal),
            store_id=self.people.stores[visit.shop],
            amount_fen=visit.basket_fen,
            name=name,
            by_code=by_code,
        )

    async def pay(self, visits: Sequence[Sequence[PaymentWish]], tick: Tick) -> None:
        """Make payments: citizens beside each other, each citizen's own ones after each other."""

        async def one_citizen(wishes: Sequence[PaymentWish]) -> None:
            for wish in wishes:
                self.tally.payments[await self.door.pay(wish)] += 1
                tick(1)

        await _beside_each_other([_bound(one_citizen, wishes) for wishes in visits], at_once=self.door.at_once)

    def _who_tries(self, planned: PlannedRound) -> list[int]:
        name = str(planned.round.round_id)
        home = next((t.districts for t in planned.types if t.districts), None)
        people = self.city.citizens
        at_home = {i for i, adcode in enumerate(self._adcodes) if home is None or adcode in home}
        citizens = [
            citizen
            for citizen, (division, claim_bp) in enumerate(
                zip(people.division.tolist(), people.claim_bp.tolist(), strict=True)
            )
            if division in at_home
            and tries_round(
                seed=self.seed, citizen=citizen, round_code=name, claim_bp=claim_bp, interest_bp=planned.interest_bp
            )
        ]
        return grab_order(seed=self.seed, citizens=citizens, round_code=name, rush_ms=RUSH_MS)

    def _wish(self, planned: PlannedRound, citizen: int) -> tuple[int, VoucherType, ClaimWish]:
        thrown = key_of(self.seed, "type", citizen, str(planned.round.round_id))
        thrown %= sum(type_.stock for type_ in planned.types)
        for type_ in planned.types:
            thrown -= type_.stock
            if thrown < 0:
                break
        people = self.city.citizens
        wish = ClaimWish(
            citizen_id=self.people.citizens[citizen],
            round_id=planned.round.round_id,
            type_id=type_.type_id,
            lon=float(people.lon[citizen]),
            lat=float(people.lat[citizen]),
            adcode=self._adcodes[int(people.division[citizen])],
        )
        return citizen, type_, wish

    def _visit(self, citizen: int, occasion: str, type_: VoucherType | None) -> Iterator[PaymentWish]:
        visit = plan_visit(
            self.directory,
            seed=self.seed,
            citizen=citizen,
            occasion=occasion,
            industries=(type_.industry,) if type_ and type_.industry else (),
            adcodes=(type_.districts or ()) if type_ else (),
            threshold_fen=type_.threshold_fen if type_ else 0,
        )
        if visit is not None:
            # Haishu: the shop scans the citizen.
            yield self.payment(visit, occasion, by_code=type_ is not None and type_.districts == (HAISHU,))

    def _instrument(self, citizen: int, wallet: str | None, ordinal: int) -> UUID:
        bound = self.people.instruments[citizen]
        if wallet is None:
            return bound[ordinal][1]
        return next(instrument_id for issuer, instrument_id in bound if issuer == wallet)


def _fixed_order(
    wishes: Sequence[tuple[int, VoucherType, ClaimWish]], left: dict[UUID, int], *, at_once: int
) -> Iterator[Sequence[tuple[int, VoucherType, ClaimWish]]]:
    """Cut the wishes, in order, into groups in which no type can run out unless it has already."""
    start = 0
    while start < len(wishes):
        room = {type_id: count for type_id, count in left.items() if count > 0}
        end = start
        while end < len(wishes) and end - start < at_once:
            type_id = wishes[end][1].type_id
            if type_id in room:
                if room[type_id] == 0:
                    break
                room[type_id] -= 1
            end += 1
        yield wishes[start:end]
        start = end


def _bound(
    work: Callable[[Sequence[PaymentWish]], Awaitable[None]], wishes: Sequence[PaymentWish]
) -> Callable[[], Awaitable[None]]:
    return lambda: work(wishes)


async def _beside_each_other(jobs: Sequence[Callable[[], Awaitable[None]]], *, at_once: int) -> None:
    waiting = iter(jobs)

    async def work() -> None:
        for job in waiting:
            await job()

    await asyncio.gather(*(work() for _ in range(at_once)))
