"""Shops in the middle of the city, and their payments written down: for tests of grades, pay and the pool."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from uuid import UUID

from yongquan.app import load_regions
from yongquan.kernel.ids import make_id
from yongquan.merchants.model import NewStore
from yongquan.merchants.store import register_stores
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database, opened
from yongquan.plumbing.fresh import fresh_id
from yongquan.simulation.city_grids import open_grids
from yongquan.staff import Role, RoleGrant, Staff

NOW = datetime(2022, 3, 3, 2, tzinfo=UTC)
OPENED = datetime(2022, 1, 3, 2, tzinfo=UTC)
FEBRUARY = date(2022, 2, 1)
REGIONS = load_regions()
_PAYMENT = """
insert into payments.payment (cell, payment_id, citizen_id, store_id, order_no, instrument_id, issuer, acquirer,
                              amount_fen, discount_fen, charged_fen, state, settlement_date, stan, sent_at, begun_at,
                              ended_at)
values (0, %(id)s, %(who)s, %(store)s, %(order)s, %(id)s, 'chaoxin', 'suihe', %(fen)s, 0, %(fen)s, 'succeeded',
        %(day)s, 1, %(at)s, %(at)s, %(at)s)
"""
_REFUND = """
with was as (update payments.payment set refunded_fen = %(fen)s where payment_id = %(id)s returning 1)
insert into payments.refund (cell, refund_id, payment_id, charged_fen, discount_fen, settlement_date, state, stan,
                             sent_at, begun_at, ended_at, refund_no, amount_fen)
values (0, %(refund)s, %(id)s, %(fen)s, 0, %(day)s, 'succeeded', 2, %(at)s, %(at)s, %(at)s, 'one', %(fen)s)
"""


def staff(number: int, role: Role = Role.OPERATOR, **bounds: str) -> Staff:
    """A member of staff with one role."""
    id_ = make_id(at_ms=number, bucket=0, entropy=number)
    return Staff(id_, f"someone{number}", "某人", frozenset({RoleGrant(role, **bounds)}))


MAKER, CHECKER = staff(1), staff(2)


def store(n: int, **facts: object) -> NewStore:
    """A shop near the middle of Haishu."""
    given = {
        "store_id": make_id(at_ms=n, bucket=0, entropy=n),
        "name": f"第{n}家",
        "brand": None,
        "licence_no": f"licence-{n}",
        "industry": "dining",
        "mcc": "5812",
        "adcode": "330203",
        "address": f"东街 {n} 号",
        "lon": 121.5440 + n * 0.0001,
        "lat": 29.8720,
        "acquirer": "suihe",
        "account_no": f"shop-{n}",
    }
    return NewStore(**(given | facts))  # type: ignore[arg-type]


@dataclass
class Trade:
    """A database with shops and grids."""

    database: Database
    stores: list[UUID]

    async def pay(self, shop: int, who: int, fen: int = 1_000, *, at: datetime) -> UUID:
        """Write a payment down."""
        id_ = fresh_id()
        person = make_id(at_ms=who, bucket=0, entropy=who)
        values = {"id": id_, "who": person, "store": self.stores[shop], "order": id_.hex, "fen": fen, "at": at}
        async with self.database.transaction() as connection:
            await connection.execute(_PAYMENT, values | {"day": business_day(at)})
        return id_

    async def refund(self, payment_id: UUID, fen: int, *, at: datetime) -> None:
        """Give a payment back."""
        values = {"refund": fresh_id(), "id": payment_id, "fen": fen, "at": at, "day": business_day(at)}
        async with self.database.transaction() as connection:
            await connection.execute(_REFUND, values)

    async def ask(self, question: Callable[[Connection], Awaitable[object]]) -> object:
        """One question in a transaction of its own."""
        async with self.database.transaction() as connection:
            return await question(connection)


def living(conninfo: str, story: Callable[[Trade], Awaitable[None]], *, shops: int = 6) -> None:
    """Let a story happen to shops of its own, with grids in force since January."""

    async def live() -> None:
        async with opened(conninfo) as database:
            made = [store(n) for n in range(1, shops + 1)]
            async with database.transaction() as connection:
                await register_stores(connection, made, now=OPENED)
            await open_grids(database, REGIONS, seed=1, now=OPENED)
            await story(Trade(database, [one.store_id for one in made]))

    asyncio.run(live())
