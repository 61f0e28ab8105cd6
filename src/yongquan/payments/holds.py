"""Holding a shop's settlement: its states, and how a recovery is shared among funders. Pure, and its SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from yongquan.kernel.money import share_out
from yongquan.plumbing.db import Connection


class HoldState(StrEnum):
    """The life of a hold; `ending` waits for a second person, `executing` for the acquirer."""

    PROPOSED = "proposed"
    REFUSED = "refused"
    ACTIVE = "active"
    ENDING = "ending"
    EXECUTING = "executing"
    RELEASED = "released"
    RECOVERED = "recovered"


HOLD_MOVES: Mapping[HoldState, frozenset[HoldState]] = {
    HoldState.PROPOSED: frozenset({HoldState.ACTIVE, HoldState.REFUSED}),
    HoldState.REFUSED: frozenset(),
    HoldState.ACTIVE: frozenset({HoldState.ENDING, HoldState.EXECUTING}),  # executing at once: the deadline has come
    HoldState.ENDING: frozenset({HoldState.ACTIVE, HoldState.EXECUTING}),  # active again: its end was refused
    HoldState.EXECUTING: frozenset({HoldState.RELEASED, HoldState.RECOVERED}),
    HoldState.RELEASED: frozenset(),
    HoldState.RECOVERED: frozenset(),
}
_COLUMNS = """h.hold_id, h.store_id, h.acquirer, h.account_no, h.scope, h.basis, h.notice, h.deadline, h.state, h.wish,
       h.held_fen, h.recovered_fen, h.proposed_by, h.proposed_at, h.decided_by, h.ending_by, h.end_reason, h.ended_at"""
_LISTED = f"select {_COLUMNS} from payments.hold h order by (h.ended_at is not null), h.proposed_at desc limit 200"
_OF_STORE = f"select {_COLUMNS} from payments.hold h where h.store_id = %s order by h.proposed_at desc limit 20"
_ONE = f"select {_COLUMNS} from payments.hold h where h.hold_id = %s"
_STORES = "select distinct store_id from payments.hold where store_id = any (%s) and state = any (%s)"
_OVERDUE = "select hold_id from payments.hold where state in ('active', 'ending') and deadline <= %s"
_EXECUTING = "select hold_id from payments.hold where state = 'executing'"
_ADD = """
insert into payments.hold (hold_id, store_id, acquirer, account_no, scope, basis, notice, deadline, state,
                           proposed_by, proposed_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'proposed', %s, %s) on conflict do nothing returning hold_id
"""
_MOVE = """
update payments.hold
   set state = %(state)s, wish = coalesce(%(wish)s, wish), decided_by = coalesce(%(decided)s, decided_by),
       ending_by = coalesce(%(ending)s, ending_by), end_reason = coalesce(%(reason)s, end_reason),
       ended_at = case when %(state)s in ('released', 'recovered', 'refused') then %(now)s::timestamptz end
 where hold_id = %(hold)s
"""
_ACTIVE = """
select store_id, scope from payments.hold
 where state in ('active', 'ending') and (deadline > %s or state = 'ending') and acquirer = any (%s)
"""
_HELD = """
select coalesce(sum(held_fen), 0)::bigint,
       coalesce(sum(least(held_fen, greatest(subsidy_fen + brought_subsidy_fen - carried_subsidy_fen, 0))), 0)::bigint,
       min(day), count(*) filter (where state in ('planned', 'instructed'))
  from payments.settlement
 where store_id = %s and acquirer = %s and hold <> 'none' and state in ('held', 'planned', 'instructed')
"""
_PAID = """
select s.cell, s.funder_id, sum(s.amount_fen - payments.given_back(s))::bigint
  from payments.share s join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where p.store_id = %s and p.acquirer = %s and p.settlement_date >= %s
   and p.state in ('succeeded', 'refunding', 'refunded')
 group by s.cell, s.funder_id having sum(s.amount_fen - payments.given_back(s)) > 0
 order by s.cell, s.funder_id
"""
_FIX = "update payments.hold set held_fen = %s, recovered_fen = %s where hold_id = %s"
_RECOVER = """
insert into payments.recovery (hold_id, cell, funder_id, acquirer, day, amount_fen) values (%s, %s, %s, %s, %s, %s)
"""
_DAY = "select payments.open_day(%s)"
_UNBOOKED = """
select hold_id, acquirer, day, sum(amount_fen)::bigint from payments.recovery
 where not is_booked and (%(day)s::date is null or day = %(day)s) and (%(hold)s::uuid is null or hold_id = %(hold)s)
 group by hold_id, acquirer, day order by hold_id
"""
_BOOKED = "update payments.recovery set is_booked = true where hold_id = %s"
_OF_DAY = "select acquirer, sum(amount_fen)::bigint from payments.recovery where day = %s group by acquirer"
_END_LINES = """
update payments.settlement
   set state = %(state)s, hold_ended_at = %(now)s,
       paid_fen = paid_fen + case when %(state)s = 'released' then held_fen else held_fen
                  - least(held_fen, greatest(subsidy_fen + brought_subsidy_fen - carried_subsidy_fen, 0)) end
 where store_id = %(store)s and acquirer = %(acquirer)s and state = 'held'
"""


@dataclass(frozen=True, slots=True)
class HeldShop:
    """A hold as it stands; amounts in fen."""

    hold_id: UUID
    store_id: UUID
    acquirer: str
    account_no: str
    scope: str
    basis: str
    notice: str
    deadline: datetime
    state: HoldState
    wish: str | None
    held_fen: int
    recovered_fen: int
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    ending_by: str | None
    end_reason: str
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class HeldMoney:
    """What an acquirer holds of a shop: in all, of it subsidies, since which day; lines not yet answered for."""

    held_fen: int
    subsidy_fen: int
    since: date | None
    open_lines: int


@dataclass(frozen=True, slots=True)
class Recovery:
    """What one funder gets back in one cell."""

    cell: int
    funder_id: str
    amount_fen: int


def share_recovery(amount_fen: int, paid: Sequence[tuple[int, str, int]]) -> list[Recovery]:
    """Share a recovery by what each funder paid (cell, funder, fen) to the shop, by largest remainder."""
    parts = share_out(amount_fen, [fen for _, _, fen in paid])
    return [Recovery(cell, funder, part) for (cell, funder, _), part in zip(paid, parts, strict=True) if part]


async def add_hold(connection: Connection, values: Sequence[object]) -> bool:
    """Write a proposal; False if the shop has a hold already."""
    return await (await connection.execute(_ADD, values)).fetchone() is not None


async def hold_of(connection: Connection, hold_id: UUID, *, lock: bool = False) -> HeldShop | None:
    """One hold; with `lock`, nobody else moves it until the commit."""
    row = await (await connection.execute((_ONE + (" for update" if lock else "")).encode(), [hold_id])).fetchone()
    return None if row is None else _hold(row)


async def holds_listed(connection: Connection, *, store_id: UUID | None = None) -> list[HeldShop]:
    """Holds, those that stand first; of one store the latest first."""
    cursor = await (connection.execute(_LISTED) if store_id is None else connection.execute(_OF_STORE, [store_id]))
    return [_hold(row) for row in await cursor.fetchall()]


async def stores_held(connection: Connection, store_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Which of some stores have money held now."""
    standing = [HoldState.ACTIVE.value, HoldState.ENDING.value, HoldState.EXECUTING.value]
    rows = await (await connection.execute(_STORES, [list(store_ids), standing])).fetchall()
    return frozenset(row[0] for row in rows)


async def overdue_holds(connection: Connection, now: datetime) -> list[UUID]:
    """Holds whose deadline has come."""
    return [row[0] for row in await (await connection.execute(_OVERDUE, [now])).fetchall()]


async def executing_holds(connection: Connection) -> list[UUID]:
    """Holds whose end the acquirer has not confirmed."""
    return [row[0] for row in await (await connection.execute(_EXECUTING)).fetchall()]


async def move_hold(
    connection: Connection,
    hold_id: UUID,
    state: HoldState,
    *,
    now: datetime,
    wish: str | None = None,
    decided_by: str | None = None,
    ending_by: str | None = None,
    reason: str | None = None,
) -> None:
    """Move a hold; the caller has checked the move."""
    values = {"hold": hold_id, "state": state.value, "now": now, "wish": wish, "decided": decided_by}
    await connection.execute(_MOVE, values | {"ending": ending_by, "reason": reason})


async def move_account(connection: Connection, store_id: UUID, account_no: str) -> None:
    """What is held of a shop goes to its new account when it is released."""
    query = """update payments.hold set account_no = %s
                where store_id = %s and state in ('proposed', 'active', 'ending')"""
    await connection.execute(query, [account_no, store_id])


async def active_scopes(connection: Connection, acquirers: Sequence[str], now: datetime) -> dict[UUID, str]:
    """What of each held shop's lines is to be kept back."""
    return dict(await (await connection.execute(_ACTIVE, [now, list(acquirers)])).fetchall())


async def money_of(connection: Connection, hold: HeldShop) -> HeldMoney:
    """What is held under a hold now."""
    row = await (await connection.execute(_HELD, [hold.store_id, hold.acquirer])).fetchone()
    return HeldMoney(*row) if row else HeldMoney(0, 0, None, 0)


async def fix_end(
    connection: Connection, hold: HeldShop, money: HeldMoney, *, recover: bool, now: datetime
) -> tuple[date, list[Recovery]]:
    """Fix what an end moves; with `recover`, the funders' parts, stamped with the open settlement day."""
    parts: list[Recovery] = []
    row = await (await connection.execute(_DAY, [now])).fetchone()
    day: date = row[0] if row else now.date()
    if recover and money.subsidy_fen:
        paid = await (await connection.execute(_PAID, [hold.store_id, hold.acquirer, money.since])).fetchall()
        parts = share_recovery(money.subsidy_fen, [(r[0], r[1], r[2]) for r in paid])
        async with connection.cursor() as cursor:
            await cursor.executemany(
                _RECOVER, [(hold.hold_id, p.cell, p.funder_id, hold.acquirer, day, p.amount_fen) for p in parts]
            )
    recovered_fen = sum(part.amount_fen for part in parts)
    await connection.execute(_FIX, [money.held_fen, recovered_fen, hold.hold_id])
    return day, parts


async def unbooked_recoveries(
    connection: Connection, *, day: date | None = None, hold_id: UUID | None = None
) -> list[tuple[UUID, str, date, int]]:
    """Recoveries the acquirer has not booked: hold, acquirer, day, fen."""
    rows = await (await connection.execute(_UNBOOKED, {"day": day, "hold": hold_id})).fetchall()
    return [(row[0], row[1], row[2], row[3]) for row in rows]


async def mark_booked(connection: Connection, hold_id: UUID) -> None:
    """The acquirer has booked a hold's recovery."""
    await connection.execute(_BOOKED, [hold_id])


async def recovered_on(connection: Connection, day: date) -> dict[str, int]:
    """What each acquirer gives back to funders on a settlement day."""
    return dict(await (await connection.execute(_OF_DAY, [day])).fetchall())


async def end_lines(connection: Connection, hold: HeldShop, state: HoldState, *, now: datetime) -> None:
    """The held lines of a shop are answered for."""
    values = {"state": state.value, "store": hold.store_id, "acquirer": hold.acquirer, "now": now}
    await connection.execute(_END_LINES, values)


def _hold(row: Sequence[Any]) -> HeldShop:
    named = dict(zip([field.name for field in fields(HeldShop)], row, strict=True))
    return HeldShop(**{**named, "state": HoldState(row[8])})
