"""A shop where vouchers are turned into money, and the desks that look at it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import SimpleNamespace
from uuid import UUID

from spent_city import Till, open_till
from stores.city import SEALING, SmallCity, small_city

from yongquan.flows.day_desk import DayDesk
from yongquan.flows.watch_facts import hour_of
from yongquan.flows.watch_shops import Watched, watch_hour
from yongquan.flows.work_alert import AlertDesk
from yongquan.flows.work_fraud_case import CaseDesk
from yongquan.plumbing.clock import Clock, set_clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.watching.store import Alert, AlertFilter, alerts_listed
from yongquan.staff import Role, RoleGrant, Staff


def officer(login: str, *, role: Role = Role.BUREAU_OFFICER, adcode: str | None = None) -> Staff:
    return Staff(fresh_id(), login, login, frozenset({RoleGrant(role, adcode)}))


@dataclass
class Beat:
    """What a test works with; no bank is asked here."""

    city: SmallCity
    clock: Clock
    scalped: Till
    honest: Till
    now: datetime
    cases: CaseDesk
    alerts: AlertDesk
    one: Staff = field(default_factory=lambda: officer("one"))
    two: Staff = field(default_factory=lambda: officer("two"))

    async def scalp(self, count: int = 8) -> list[UUID]:
        """Vouchers redeemed at their threshold within a minute, by people who had just claimed them."""
        round_ = await self.city.round(stock=count)
        payments = []
        for n in range(count):
            citizen = await self.city.citizen()
            won = await self.city.claim(citizen, round_)
            at = self.now + timedelta(seconds=5 * n)
            payments.append(await self.scalped.pay(citizen, 2_500, voucher=UUID(won.voucher_id), off_fen=500, at=at))
        return payments

    async def watch(self) -> Watched:
        """Judge the hour of `now`."""
        return await watch_hour(self.city.database, hour_of(self.now), now=self.now + timedelta(hours=1))

    async def found(self) -> list[Alert]:
        async with self.city.database.transaction() as connection:
            return await alerts_listed(connection, AlertFilter(day=hour_of(self.now).day))


__all__ = ["SEALING", "Beat", "beat", "officer"]


@asynccontextmanager
async def beat(conninfo: str) -> AsyncIterator[Beat]:
    """Two shops, one of them scalped."""
    async with small_city(conninfo) as city:
        # A minute of sales fits into the hour.
        now = city.now.replace(microsecond=0) - timedelta(minutes=3 if city.now.minute >= 57 else 0)
        async with city.database.transaction() as connection:
            await set_clock(connection, shows=now)
            clock = Clock()
            await clock.refresh(connection)
        scalped, honest = await open_till(city), await open_till(city)
        cases = CaseDesk(city.database, SEALING)
        days = DayDesk(city.database, clock, SimpleNamespace(), 1)  # type: ignore[arg-type]
        yield Beat(city, clock, scalped, honest, now, cases, AlertDesk(city.database, days, cases))
