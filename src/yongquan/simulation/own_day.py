"""Shops' own vouchers in the demo: a few shops design, prepay and publish one, and people of their division use it.

Shops, designs, takers and baskets follow from the seed alone. How many take one does not grow with the city.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

import numpy as np

from yongquan.flows.apply_own import decide_on_own, enter_own, list_own_voucher
from yongquan.flows.own_money import prepay_in_sandbox
from yongquan.flows.own_parties import Applicant
from yongquan.flows.run_own import plan_of, publish_own
from yongquan.institutions.links import Links
from yongquan.kernel.ids import named_id
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Database
from yongquan.simulation import dice
from yongquan.simulation.behaviour import Visit, basket_fen, choose_instrument, redeems
from yongquan.simulation.city import City
from yongquan.simulation.day import REDEEM_BP, CampaignDay, Won
from yongquan.simulation.doors import PaymentWish
from yongquan.simulation.industries import INDUSTRIES
from yongquan.simulation.populate import Tick, store_id_of
from yongquan.simulation.season import PlannedRound
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.own_model import Design, OwnKind, OwnVoucher

OFFICER: Final = Staff(named_id("demo officer"), "officer", "陈审核", frozenset({RoleGrant(Role.BUREAU_OFFICER)}))
BANK: Final = "chaoxin"
NOON_S: Final = 12 * 3600


@dataclass(frozen=True, slots=True)
class OwnPlan:
    """What a shop of an industry gives: amounts in fen, `takers` who try for one, `days` it lasts."""

    name: str
    name_en: str
    industry: str
    kind: OwnKind
    amount_fen: int
    threshold_fen: int
    stock: int
    takers: int
    rate_bp: int | None = None
    skus: tuple[str, ...] = ()
    days: int = 4


# The second runs out: more people want it than there are.
PLANS: Final = (
    OwnPlan("自家券 满30减8", "Our own: 8 off 30", "dining", OwnKind.AMOUNT_OFF, 800, 3_000, 40, 24),
    OwnPlan("开业券 满60减12", "Opening: 12 off 60", "supermarket", OwnKind.AMOUNT_OFF, 1_200, 6_000, 10, 14),
    OwnPlan("会员日 八八折", "Members' day: 12% off", "convenience", OwnKind.PERCENT_OFF, 1_500, 0, 30, 16, 1_200),
)
FOR_VISITORS: Final = OwnPlan(
    "回馈券 满20减6", "Thank you: 6 off 20", "dining", OwnKind.AMOUNT_OFF, 600, 2_000, 500, 0, days=7
)
WAITING: Final = OwnPlan("换一份点心", "A free bun", "dining", OwnKind.EXCHANGE, 900, 0, 100, 0, skus=("bun",), days=30)


@dataclass(frozen=True, slots=True)
class OwnRound:
    """A published own voucher as a round, the number of its shop and what was planned."""

    plan: OwnPlan
    shop: int
    planned: PlannedRound


@dataclass(frozen=True, slots=True)
class OwnDay:
    """The own vouchers of one city's day."""

    city: City
    database: Database
    links: Links
    cells: int

    async def open(self, *, starts_on: date, now: datetime) -> list[OwnRound]:
        """Apply, approve, list, prepay and publish; a city without a shop of an industry has none there."""
        rounds = []
        for plan in PLANS:
            shop = self._shop(plan)
            if shop is not None:
                own = await self.publish(plan, shop, starts_on=starts_on, now=now)
                _, round_, type_ = plan_of(own)
                rounds.append(OwnRound(plan, shop, PlannedRound(round_, (type_,), 0)))
        return rounds

    async def open_for_visitors(self, *, now: datetime) -> None:
        """The first shop, which visitors sign in as, has one running; another one's waits for an officer."""
        today = business_day(now)
        await self.publish(FOR_VISITORS, 0, starts_on=today, now=now)
        shop = self._shop(WAITING)
        if shop is not None:
            await self._enter(WAITING, shop, starts_on=today, now=now)

    async def publish(self, plan: OwnPlan, shop: int, *, starts_on: date, now: datetime) -> OwnVoucher:
        """Bring a shop's voucher through every step."""
        own = await self._enter(plan, shop, starts_on=starts_on, now=now)
        who = Applicant.shop(own.store_id)
        await decide_on_own(self.database, OFFICER, own.own_id, approve=True, cells=self.cells, now=now)
        await list_own_voucher(self.database, OFFICER, own.own_id, listed=True, now=now)
        await prepay_in_sandbox(self.database, self.links, who, own.own_id, now=now)
        return await publish_own(self.database, who, own.own_id, cells=self.cells, now=now)

    def wishes(self, rounds: Iterable[OwnRound]) -> int:
        """How many will try."""
        return sum(len(self.takers(own.plan, own.shop)) for own in rounds)

    async def take(self, day: CampaignDay, rounds: Iterable[OwnRound], tick: Tick) -> list[tuple[OwnRound, Won]]:
        """People of the shops' divisions try for them; who holds which."""
        return [
            (own, won)
            for own in rounds
            for won in await day.grab(own.planned, tick, by=self.takers(own.plan, own.shop))
        ]

    def takers(self, plan: OwnPlan, shop: int) -> list[int]:
        """Who wants one, in order."""
        people, division = self.city.citizens, self.city.shops.division[shop]
        near = np.flatnonzero(people.division == division)
        thrown = dice.throw(near.astype(np.uint64), self.city.seed, "own takers", plan.name)
        chosen: list[int] = near[np.argsort(thrown, kind="stable")][: plan.takers].tolist()
        return chosen

    def visits(self, day: CampaignDay, held: Sequence[tuple[OwnRound, Won]]) -> list[list[PaymentWish]]:
        """The payments at the shops that gave them, one for each voucher that is used."""
        by_citizen: dict[int, list[PaymentWish]] = {}
        for own, won in held:
            occasion = str(won.type.type_id)
            if redeems(seed=self.city.seed, citizen=won.citizen, occasion=occasion, rate_bp=REDEEM_BP):
                visit = self._visit(own, won.citizen, occasion)
                by_citizen.setdefault(won.citizen, []).append(day.payment(visit, occasion))
        return [by_citizen[citizen] for citizen in sorted(by_citizen)]

    def _visit(self, own: OwnRound, citizen: int, occasion: str) -> Visit:
        people, seed = self.city.citizens, self.city.seed
        return Visit(
            citizen=citizen,
            shop=own.shop,
            basket_fen=basket_fen(
                seed=seed,
                citizen=citizen,
                occasion=occasion,
                industry=int(self.city.shops.industry[own.shop]),
                spend_bp=int(people.spend_bp[citizen]),
                threshold_fen=own.plan.threshold_fen,
            ),
            instrument=choose_instrument(
                seed=seed,
                citizen=citizen,
                occasion=occasion,
                cards=int(people.cards[citizen]),
                wallets=people.wallets_of(citizen),
            ),
            second_of_day=NOON_S,
        )

    async def _enter(self, plan: OwnPlan, shop: int, *, starts_on: date, now: datetime) -> OwnVoucher:
        store_id = store_id_of(self.city.shops.row(shop), self.city.seed)
        design = Design(
            name=plan.name,
            name_en=plan.name_en,
            kind=plan.kind,
            amount_fen=plan.amount_fen,
            threshold_fen=plan.threshold_fen,
            rate_bp=plan.rate_bp,
            skus=plan.skus,
            stock=plan.stock,
            starts_on=starts_on,
            ends_on=starts_on + timedelta(days=plan.days - 1),
            stores=(store_id,),
            bank=BANK,
        )
        who = Applicant.shop(store_id)
        key = f"demo {plan.name} {starts_on}"
        return await enter_own(self.database, who, design, store_id=store_id, key=key, submit=True, now=now)

    def _shop(self, plan: OwnPlan) -> int | None:
        """A shop of the plan's industry that belongs to no chain."""
        shops = self.city.shops
        industry = next(n for n, each in enumerate(INDUSTRIES) if each.code == plan.industry)
        found = np.flatnonzero((shops.industry == industry) & (shops.brand < 0))
        return int(found[dice.key_of(self.city.seed, "own shop", plan.name) % len(found)]) if len(found) else None
