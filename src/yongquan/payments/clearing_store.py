"""The payments room's SQL for clearing: the day, funders' calls, positions. Set-based: one statement a question."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from yongquan.payments.clearing import DayState, FunderCall, Moved, Position
from yongquan.plumbing.db import Connection

_DAY = """
select state, waiting_for, closed_at, cleared_at, settled_at from payments.settlement_day where day = %s
"""
_ENTER = """
update payments.settlement_day
   set state = %(state)s, waiting_for = '',
       cleared_at = case when %(state)s = 'cleared' then %(now)s else cleared_at end,
       settled_at = case when %(state)s = 'settled' then %(now)s else settled_at end
 where day = %(day)s and state <> %(state)s
"""
_OPEN = """
select (select count(*) from payments.payment p
         where p.settlement_date = %(day)s and p.state in ('charging', 'unknown')),
       (select count(*) from payments.refund r
         where r.settlement_date = %(day)s and r.state in ('refunding', 'unknown'))
"""
_DUES = """
insert into payments.funder_due (day, cell, funder_id, amount_fen)
select %(day)s, d.cell, d.funder_id, sum(d.amount_fen)
  from (select s.cell, s.funder_id, s.amount_fen
          from payments.movements(%(day)s) m
          join payments.share s on s.cell = m.cell and s.payment_id = m.payment_id
         where m.sign > 0 and m.discount_fen > 0
        union all
        select b.cell, b.funder_id, -b.amount_fen
          from payments.refund r
          join payments.refund_share b on b.cell = r.cell and b.refund_id = r.refund_id
         where r.settlement_date = %(day)s and r.state = 'succeeded'
        union all
        select v.cell, v.funder_id, -v.amount_fen from payments.recovery v where v.day = %(day)s) d
 group by d.cell, d.funder_id
"""
_DUE_ROWS = "select cell, funder_id, amount_fen from payments.funder_due where day = %s order by funder_id, cell"
_ADD_CALL = """
insert into payments.funder_call (day, funder_id, source, institution, amount_fen) values (%s, %s, %s, %s, %s)
on conflict (day, funder_id, source) do update
   set amount_fen = payments.funder_call.amount_fen + excluded.amount_fen, state = 'planned'
"""
_CALLS = """
select funder_id, source, institution, amount_fen, state from payments.funder_call
 where day = %s order by funder_id, source desc
"""
_END_CALL = "update payments.funder_call set state = %s where day = %s and funder_id = %s and source = %s"
_MOVED = """
select m.cell, m.institution, sum(m.charged)::bigint, sum(m.acquired)::bigint, sum(m.fees)::bigint
  from (
select m.cell, v.institution, v.charged, v.acquired, v.fees
  from payments.movements(%(day)s) m
 cross join lateral (values
       (m.issuer, m.sign * m.charged_fen, 0, m.sign * m.interchange_fen),
       (m.acquirer, 0, m.sign * (m.charged_fen + m.discount_fen), -m.sign * (m.interchange_fen + m.network_fee_fen)),
       ('network', 0, 0, m.sign * m.network_fee_fen)) as v(institution, charged, acquired, fees)
union all
select r.cell, r.acquirer, 0, -r.amount_fen, 0 from payments.recovery r where r.day = %(day)s) m
 group by m.cell, m.institution
"""
_ADD_POSITION = """
insert into payments.position (day, cell, institution, charged_fen, acquired_fen, called_fen, fees_fen, sent_fen,
                               net_fen)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_POSITIONS = """
select cell, institution, charged_fen, acquired_fen, called_fen, fees_fen, sent_fen from payments.position
 where day = %s order by institution, cell
"""
NETWORK = "network"


@dataclass(frozen=True, slots=True)
class Day:
    """A settlement day as it stands; `waiting_for` says what keeps it from going on."""

    day: date
    state: DayState
    waiting_for: str
    closed_at: datetime | None
    cleared_at: datetime | None
    settled_at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    """What one institution pays for one funder (below zero: gets back); `source` is supervised or advanced."""

    funder_id: str
    source: str
    institution: str
    amount_fen: int
    state: str = "planned"


async def close_day(connection: Connection, day: date, *, now: datetime) -> None:
    """Let no further payment join. Commit it, then `wait_for_stamped`."""
    await connection.execute("select payments.close_day(%s, %s)", [day, now])


async def wait_for_stamped(connection: Connection, day: date) -> None:
    """Wait for payments that were stamped with a closed day and are not committed yet."""
    await connection.execute("select payments.wait_for_stamped(%s)", [day])


async def day_of(connection: Connection, day: date, *, lock: bool = False) -> Day | None:
    """A day; with `lock`, nobody else moves it on until the commit."""
    lock_clause = " for no key update" if lock else ""
    row = await (await connection.execute((_DAY + lock_clause).encode(), [day])).fetchone()
    return None if row is None else Day(day, DayState(row[0]), *row[1:])


async def enter_state(connection: Connection, day: date, state: DayState, *, now: datetime) -> None:
    """Move a day on."""
    await connection.execute(_ENTER, {"day": day, "state": state.value, "now": now})


async def say_waiting(connection: Connection, day: date, what_for: str) -> None:
    """Write down what a day waits for."""
    await connection.execute("update payments.settlement_day set waiting_for = %s where day = %s", [what_for, day])


async def days_to_clear(connection: Connection, *, before: date) -> list[date]:
    """Unsettled days before the one given, and any whose clearing has begun; the oldest first."""
    rows = await (
        await connection.execute(
            """select day from payments.settlement_day
                where state <> 'settled' and (day < %s or state <> 'open') order by day""",
            [before],
        )
    ).fetchall()
    return [row[0] for row in rows]


async def count_open(connection: Connection, day: date) -> tuple[int, int]:
    """Payments and refunds of the day that have not ended."""
    row = await (await connection.execute(_OPEN, {"day": day})).fetchone()
    return (row[0], row[1]) if row else (0, 0)


async def write_dues(connection: Connection, day: date) -> Mapping[str, Mapping[int, int]]:
    """What each funder owes for the day, by cell; written once."""
    await connection.execute(_DUES, {"day": day})
    return await dues_of(connection, day)


async def dues_of(connection: Connection, day: date) -> Mapping[str, Mapping[int, int]]:
    """What each funder owes for the day, by cell."""
    dues: dict[str, dict[int, int]] = {}
    for cell, funder_id, amount_fen in await (await connection.execute(_DUE_ROWS, [day])).fetchall():
        dues.setdefault(funder_id, {})[cell] = amount_fen
    return dues


async def add_calls(connection: Connection, day: date, calls: Iterable[Call]) -> None:
    """Plan calls; a call that is there already grows."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _ADD_CALL, [(day, c.funder_id, c.source, c.institution, c.amount_fen) for c in calls if c.amount_fen]
        )


async def calls_of(connection: Connection, day: date) -> Sequence[Call]:
    """The calls of a day, each funder's supervised one first."""
    return [Call(*row) for row in await (await connection.execute(_CALLS, [day])).fetchall()]


async def end_call(connection: Connection, day: date, call: Call, *, state: str) -> None:
    """A call was paid or refused."""
    await connection.execute(_END_CALL, [state, day, call.funder_id, call.source])


def paid_by_source(calls: Iterable[Call], funder_id: str) -> FunderCall:
    """What was really paid for a funder."""
    paid = {call.source: call.amount_fen for call in calls if call.funder_id == funder_id and call.state == "paid"}
    return FunderCall(paid.get("supervised", 0), paid.get("advanced", 0))


async def moved_on(connection: Connection, day: date) -> list[Moved]:
    """What payments and refunds of the day moved, by cell and institution (the operator's fees as `network`)."""
    return [Moved(*row) for row in await (await connection.execute(_MOVED, {"day": day})).fetchall()]


async def write_positions(connection: Connection, day: date, positions: Mapping[tuple[int, str], Position]) -> None:
    """Fix the positions of a day."""
    async with connection.cursor() as cursor:
        await cursor.executemany(
            _ADD_POSITION,
            [
                (day, cell, code, p.charged_fen, p.acquired_fen, p.called_fen, p.fees_fen, p.sent_fen, p.net_fen)
                for (cell, code), p in positions.items()
            ],
        )


async def positions_of(connection: Connection, day: date) -> dict[tuple[int, str], Position]:
    """The positions of a day by cell and institution."""
    rows = await (await connection.execute(_POSITIONS, [day])).fetchall()
    return {(row[0], row[1]): Position(*row[1:]) for row in rows}


async def day_is_open(connection: Connection, day: date) -> bool:
    """Whether payments of this settlement day may still be undone; keeps the day open until the commit."""
    row = await (
        await connection.execute("select state from payments.settlement_day where day = %s for key share", [day])
    ).fetchone()
    return row is not None and row[0] == "open"
