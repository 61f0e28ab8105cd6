"""SQL of what banks sell to other banks' customers: their stores, the orders, the regular plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.plumbing.db import Connection

AT_ONCE = 100
LEASE = timedelta(seconds=20)
_NAME_STORE = """
insert into programmes.bank_store (bank, kind, store_id) values (%s, %s, %s)
on conflict (bank, kind) do update set store_id = excluded.store_id
"""
_STORE = "select store_id from programmes.bank_store where bank = %s and kind = %s"
_BANKS = "select bank from programmes.bank_store where kind = %s order by bank"
_ADD = """
insert into programmes.bank_order (cell, order_id, citizen_id, kind, bank, amount_fen, fund_code, target_sealed,
                                   target_tail, by_plan, state, made_at, look_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'paying', %s, %s) on conflict do nothing
"""
_COLUMNS = """
       cell, order_id, citizen_id, kind, bank, amount_fen, fund_code, target_sealed, target_tail, by_plan, state,
       reason, shares, nav, made_at
"""
_ONE = f"select {_COLUMNS} from programmes.bank_order where cell = %s and order_id = %s"
_OF_CITIZEN = f"""
select {_COLUMNS} from programmes.bank_order
 where cell = %s and citizen_id = %s and kind = %s order by made_at desc limit 50
"""
_MOVE = """
update programmes.bank_order set state = %s, reason = %s, shares = %s, nav = %s, look_at = %s
 where cell = %s and order_id = %s
"""
_LEASE = f"""
with due as (select cell as c, order_id as o from programmes.bank_order where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked)
update programmes.bank_order set look_at = %(until)s from due where cell = due.c and order_id = due.o
returning {_COLUMNS}
"""
_PLAN_COLUMNS = """
       cell, plan_id, citizen_id, kind, bank, mandate_id, amount_fen, fund_code, target_sealed, target_tail, day,
       next_on
"""
_ADD_PLAN = """
insert into programmes.bank_plan (cell, plan_id, citizen_id, kind, bank, mandate_id, amount_fen, fund_code,
                                  target_sealed, target_tail, day, next_on, made_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_PLANS = f"select {_PLAN_COLUMNS} from programmes.bank_plan where cell = %s and citizen_id = %s and kind = %s"
_DUE_PLANS = f"""
select {_PLAN_COLUMNS} from programmes.bank_plan where next_on <= %s order by next_on, plan_id limit %s
"""
_NEXT = "update programmes.bank_plan set next_on = %s where cell = %s and plan_id = %s and next_on = %s"
_END_PLAN = "delete from programmes.bank_plan where cell = %s and plan_id = %s"


@dataclass(frozen=True, slots=True)
class BankOrder:
    """Something bought from a bank; shares in hundredths, `nav` in ten-thousandths of a yuan."""

    cell: int
    order_id: UUID
    citizen_id: UUID
    kind: str
    bank: str
    amount_fen: int
    fund_code: str
    target_sealed: bytes | None
    target_tail: str
    by_plan: UUID | None
    state: str
    reason: str
    shares: int
    nav: int
    made_at: datetime


@dataclass(frozen=True, slots=True)
class BankPlan:
    """A regular purchase or repayment, next due on `next_on`."""

    cell: int
    plan_id: UUID
    citizen_id: UUID
    kind: str
    bank: str
    mandate_id: UUID
    amount_fen: int
    fund_code: str
    target_sealed: bytes | None
    target_tail: str
    day: int
    next_on: date


async def name_store(connection: Connection, bank: str, kind: str, store_id: UUID) -> None:
    """Say at which store a bank takes money for a kind of goods."""
    await connection.execute(_NAME_STORE, [bank, kind, store_id])


async def store_of(connection: Connection, bank: str, kind: str) -> UUID | None:
    """Where a bank takes money for a kind of goods; None if it sells none."""
    row = await (await connection.execute(_STORE, [bank, kind])).fetchone()
    return None if row is None else row[0]


async def banks_selling(connection: Connection, kind: str) -> list[str]:
    """The banks that sell a kind of goods."""
    return [row[0] for row in await (await connection.execute(_BANKS, [kind])).fetchall()]


async def add_order(connection: Connection, order: BankOrder, *, look_at: datetime) -> None:
    """Write an order before it is paid."""
    o = order
    await connection.execute(
        _ADD,
        [
            *(o.cell, o.order_id, o.citizen_id, o.kind, o.bank, o.amount_fen, o.fund_code, o.target_sealed),
            *(o.target_tail, o.by_plan, o.made_at, look_at),
        ],
    )


async def order_of(connection: Connection, cell: int, order_id: UUID) -> BankOrder | None:
    """An order."""
    row = await (await connection.execute(_ONE, [cell, order_id])).fetchone()
    return None if row is None else BankOrder(*row)


async def orders_of(connection: Connection, cell: int, citizen_id: UUID, kind: str) -> list[BankOrder]:
    """A citizen's last orders of a kind."""
    rows = await (await connection.execute(_OF_CITIZEN, [cell, citizen_id, kind])).fetchall()
    return [BankOrder(*row) for row in rows]


async def move_order(
    connection: Connection,
    order: BankOrder,
    state: str,
    *,
    reason: str = "",
    shares: int = 0,
    nav: int = 0,
    look_at: datetime | None = None,
) -> None:
    """Write what became of an order."""
    await connection.execute(_MOVE, [state, reason, shares, nav, look_at, order.cell, order.order_id])


async def lease_orders(connection: Connection, *, now: datetime) -> Sequence[BankOrder]:
    """Orders for which something is due, kept from others for a while."""
    values = {"now": now, "limit": AT_ONCE, "until": now + LEASE}
    return [BankOrder(*row) for row in await (await connection.execute(_LEASE, values)).fetchall()]


async def add_plan(connection: Connection, plan: BankPlan, *, now: datetime) -> None:
    """Write a plan."""
    p = plan
    await connection.execute(
        _ADD_PLAN,
        [
            *(p.cell, p.plan_id, p.citizen_id, p.kind, p.bank, p.mandate_id, p.amount_fen, p.fund_code),
            *(p.target_sealed, p.target_tail, p.day, p.next_on, now),
        ],
    )


async def plans_of(connection: Connection, cell: int, citizen_id: UUID, kind: str) -> list[BankPlan]:
    """A citizen's plans of a kind."""
    return [BankPlan(*row) for row in await (await connection.execute(_PLANS, [cell, citizen_id, kind])).fetchall()]


async def due_plans(connection: Connection, *, today: date) -> list[BankPlan]:
    """Plans that are due; asks every cell."""
    return [BankPlan(*row) for row in await (await connection.execute(_DUE_PLANS, [today, AT_ONCE])).fetchall()]


async def next_time(connection: Connection, plan: BankPlan, *, on: date) -> None:
    """A plan was carried out: next on this day."""
    await connection.execute(_NEXT, [on, plan.cell, plan.plan_id, plan.next_on])


async def end_plan(connection: Connection, plan: BankPlan) -> None:
    """Forget a plan whose mandate has ended."""
    await connection.execute(_END_PLAN, [plan.cell, plan.plan_id])
