"""The payments room's SQL for settlement: a shop's line of a day, from being drawn to being answered for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.payments.clearing import NOTHING, Owed, StoreDay, StoreLine
from yongquan.plumbing.db import Connection

_STORE_DAYS = """
with whole as (
    select m.acquirer, m.store_id, count(*) filter (where m.sign > 0) as payments,
           count(*) filter (where m.sign < 0) as refunds, sum(m.sign * m.charged_fen)::bigint as trade,
           sum(m.sign * m.discount_fen)::bigint as subsidy, sum(m.sign * m.fee_fen)::bigint as fee
      from payments.movements(%(day)s) m group by m.acquirer, m.store_id
), early as (
    -- What cut-offs of the day have paid already.
    select s.acquirer, s.store_id, sum(s.payments) as payments, sum(s.refunds) as refunds, sum(s.trade_fen) as trade,
           sum(s.fee_fen - s.same_day_fee_fen) as fee
      from payments.settlement s where s.day = %(day)s and s.cut_no > 0 group by s.acquirer, s.store_id
), own as (
    select w.acquirer, w.store_id, w.payments - coalesce(e.payments, 0) as payments,
           w.refunds - coalesce(e.refunds, 0) as refunds, (w.trade - coalesce(e.trade, 0))::bigint as trade, w.subsidy,
           (w.fee - coalesce(e.fee, 0))::bigint as fee
      from whole w left join early e using (acquirer, store_id)
     where e.store_id is null
        or (w.payments, w.refunds, w.trade, w.subsidy, w.fee) <> (e.payments, e.refunds, e.trade, 0, e.fee)
), waiting as (
    -- A payout too small to be paid does not wait for ever for a shop that no longer trades.
    select s.acquirer, s.store_id from payments.settlement s
     where s.carried_into is null and s.day <= %(day)s - 7
       and (s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen) <> (0, 0, 0)
     group by s.acquirer, s.store_id
    having sum(s.carried_trade_fen + s.carried_subsidy_fen - s.carried_fee_fen) > 0
), moved as (
    select * from own
    union all
    select w.acquirer, w.store_id, 0, 0, 0, 0, 0 from waiting w
     where not exists (select from own o where o.acquirer = w.acquirer and o.store_id = w.store_id)
), brought as (
    update payments.settlement s set carried_into = %(day)s
      from moved own
     where s.acquirer = own.acquirer and s.store_id = own.store_id and s.carried_into is null and s.day <> %(day)s
       and (s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen) <> (0, 0, 0)
    returning s.acquirer, s.store_id, s.carried_trade_fen, s.carried_subsidy_fen, s.carried_fee_fen
), left_over as (
    select acquirer, store_id, sum(carried_trade_fen)::bigint as trade, sum(carried_subsidy_fen)::bigint as subsidy,
           sum(carried_fee_fen)::bigint as fee
      from brought group by acquirer, store_id
)
select o.acquirer, o.store_id, o.payments, o.refunds, o.trade, o.subsidy, o.fee,
       coalesce(l.trade, 0), coalesce(l.subsidy, 0), coalesce(l.fee, 0), coalesce(t.minimum_fen, 0)
  from moved o left join payments.settlement_terms t using (store_id) left join left_over l using (acquirer, store_id)
 order by o.acquirer, o.store_id
"""
_WRITE_LINES = """
copy payments.settlement (day, acquirer, store_id, payments, refunds, trade_fen, subsidy_fen, fee_fen,
                          brought_trade_fen, brought_subsidy_fen, brought_fee_fen,
                          carried_trade_fen, carried_subsidy_fen, carried_fee_fen, hold, state, instruction_id, paid_at,
                          cut_no, same_day_fee_fen)
from stdin
"""
_INSTRUCTED = """
select acquirer, sum(trade_fen + brought_trade_fen - carried_trade_fen
                     + subsidy_fen + brought_subsidy_fen - carried_subsidy_fen)::bigint
  from payments.settlement where day = %s and (not %s or cut_no = 0) and instruction_id is not null group by acquirer
"""
_INSTRUCTIONS = """
select instruction_id, acquirer from payments.settlement
 where day = %s and cut_no = %s and state = any (%s) group by instruction_id, acquirer order by instruction_id
"""
_LINES = """
select store_id, trade_fen + brought_trade_fen - carried_trade_fen,
       subsidy_fen + brought_subsidy_fen - carried_subsidy_fen, fee_fen + brought_fee_fen - carried_fee_fen, hold
  from payments.settlement where instruction_id = %s order by store_id
"""
_MARK = "update payments.settlement set state = 'instructed' where instruction_id = %s and state = 'planned'"
_MATCH = """
update payments.settlement s
   set state = case when r.state = 'refused' then 'returned'
                    when r.paid_fen is null or r.paid_fen + r.held_fen <> s.due_fen then 'disputed'
                    when r.held_fen > 0 then 'held' else 'paid' end,
       paid_fen = coalesce(r.paid_fen, 0), held_fen = coalesce(r.held_fen, 0),
       reason = coalesce(r.reason, 'not in the report'),
       paid_at = case when r.paid_fen is not null and r.state <> 'refused' then %(now)s end
  from payments.settlement i
  left join unnest(%(store)s::uuid[], %(state)s::text[], %(paid)s::bigint[], %(held)s::bigint[], %(reason)s::text[])
       as r(store_id, state, paid_fen, held_fen, reason) on r.store_id = i.store_id
 where i.instruction_id = %(instruction)s and i.state = 'instructed'
   and s.day = i.day and s.acquirer = i.acquirer and s.store_id = i.store_id and s.cut_no = i.cut_no
returning s.state
"""
_SUMMARY = """
select count(distinct store_id), coalesce(sum(payments), 0), coalesce(sum(refunds), 0),
       coalesce(sum(trade_fen), 0)::bigint, coalesce(sum(subsidy_fen), 0)::bigint, coalesce(sum(fee_fen), 0)::bigint,
       coalesce(sum(paid_fen), 0)::bigint,
       coalesce(sum(carried_trade_fen + carried_subsidy_fen - carried_fee_fen), 0)::bigint,
       count(*) filter (where state in ('returned', 'disputed'))
  from payments.settlement where day = %s
"""


@dataclass(frozen=True, slots=True)
class Answer:
    """An acquirer's report on one line; `state` is paid, part_held, held or refused."""

    store_id: UUID
    state: str
    paid_fen: int
    held_fen: int
    reason: str


@dataclass(frozen=True, slots=True)
class SettledSums:
    """A day's settlement in sums; `unpaid_lines` are those that an acquirer refused or reports otherwise."""

    stores: int
    payments: int
    refunds: int
    trade_fen: int
    subsidy_fen: int
    fee_fen: int
    paid_fen: int
    carried_fen: int
    unpaid_lines: int


async def store_days(connection: Connection, day: date) -> list[StoreDay]:
    """Every shop that moved on the day, by acquirer and id; takes over what earlier days left for them."""
    rows = await (await connection.execute(_STORE_DAYS, {"day": day})).fetchall()
    return [
        StoreDay(
            acquirer=row[0],
            store_id=row[1],
            payments=row[2],
            refunds=row[3],
            own=Owed(*row[4:7]),
            brought=Owed(*row[7:10]),
            minimum_fen=row[10],
        )
        for row in rows
    ]


async def write_lines(
    connection: Connection,
    day: date,
    *,
    instructions: Mapping[str, Sequence[StoreLine]],
    unpaid: Sequence[StoreLine],
    now: datetime,
    cut_no: int = 0,
) -> None:
    """Write the drawn lines of the close, or of a cut-off, by instruction.

    A line that pays nothing has none and is answered for at once.
    """
    rows = [(line, instruction_id) for instruction_id, lines in instructions.items() for line in lines]
    async with connection.cursor().copy(_WRITE_LINES) as copy:
        for line, instruction_id in [*rows, *((line, None) for line in unpaid)]:
            of = line.of
            state = "planned" if instruction_id else "carried" if line.carried != NOTHING else "paid"
            await copy.write_row(
                (
                    *(day, of.acquirer, of.store_id, of.payments, of.refunds),
                    *(of.own.trade_fen, of.own.subsidy_fen, of.own.fee_fen),
                    *(of.brought.trade_fen, of.brought.subsidy_fen, of.brought.fee_fen),
                    *(line.carried.trade_fen, line.carried.subsidy_fen, line.carried.fee_fen),
                    *(
                        line.hold,
                        state,
                        instruction_id,
                        now if state == "paid" else None,
                        cut_no,
                        line.same_day_fee_fen,
                    ),
                )
            )


async def instructed_fen(connection: Connection, day: date, *, at_close: bool = False) -> dict[str, int]:
    """The gross of the day's lines by acquirer: what it needs to pay its shops and keep its fees.

    With `at_close`, of the lines of the day's close alone, without those of its cut-offs.
    """
    return dict(await (await connection.execute(_INSTRUCTED, [day, at_close])).fetchall())


async def instructions_in(connection: Connection, day: date, state: str, *, cut_no: int = 0) -> list[tuple[str, str]]:
    """Instructions of the close, or of a cut-off, that have lines in this state, with their acquirers."""
    rows = await (await connection.execute(_INSTRUCTIONS, [day, cut_no, [state]])).fetchall()
    return [(row[0], row[1]) for row in rows]


async def lines_of(connection: Connection, instruction_id: str) -> list[tuple[UUID, Owed, str]]:
    """The lines of an instruction, by shop, and what of each is to be held."""
    rows = await (await connection.execute(_LINES, [instruction_id])).fetchall()
    return [(row[0], Owed(*row[1:4]), row[4]) for row in rows]


async def mark_instructed(connection: Connection, instruction_id: str) -> None:
    """The acquirer has the instruction."""
    await connection.execute(_MARK, [instruction_id])


@dataclass(frozen=True, slots=True)
class LineKey:
    """A shop's line of a day at its acquirer; `cut_no` names the cut-off that paid it early, 0 the day's close."""

    day: date
    acquirer: str
    store_id: UUID
    cut_no: int = 0

    @property
    def values(self) -> tuple[date, str, UUID, int]:
        return self.day, self.acquirer, self.store_id, self.cut_no


async def lock_line(connection: Connection, line: LineKey) -> tuple[str, int] | None:
    """A line's state and how often it was sent again; locked until the commit."""
    query = """select state, payout_no from payments.settlement
                where (day, acquirer, store_id, cut_no) = (%s, %s, %s, %s) for no key update"""
    row = await (await connection.execute(query, line.values)).fetchone()
    return (row[0], row[1]) if row else None


async def plan_again(connection: Connection, line: LineKey, instruction_id: str) -> None:
    """A returned line gets a fresh instruction."""
    query = """update payments.settlement
                  set state = 'planned', payout_no = payout_no + 1, instruction_id = %s, reason = '', paid_at = null
                where (day, acquirer, store_id, cut_no) = (%s, %s, %s, %s) and state = 'returned'"""
    await connection.execute(query, [instruction_id, *line.values])


@dataclass(frozen=True, slots=True)
class UnpaidLine:
    """A line that its acquirer returned, or reports otherwise than it was asked for."""

    day: date
    acquirer: str
    store_id: UUID
    due_fen: int
    paid_fen: int
    state: str
    reason: str
    payout_no: int
    cut_no: int


async def unpaid_lines(connection: Connection) -> list[UnpaidLine]:
    """Lines that wait for a person, the latest day first."""
    query = """select day, acquirer, store_id, due_fen, paid_fen, state, reason, payout_no, cut_no
                 from payments.settlement
                where state in ('returned', 'disputed') order by day desc, acquirer, store_id limit 200"""
    return [UnpaidLine(*row) for row in await (await connection.execute(query)).fetchall()]


async def minimum_of(connection: Connection, store_id: UUID) -> int:
    """Below what a shop's payouts wait, 0 for none."""
    query = "select minimum_fen from payments.settlement_terms where store_id = %s"
    row = await (await connection.execute(query, [store_id])).fetchone()
    return int(row[0]) if row else 0


async def cut_offs_of(connection: Connection, store_id: UUID) -> tuple[int, ...]:
    """When a shop is paid on the day itself, as minutes since midnight in Shanghai; none: after the close."""
    query = "select cut_offs from payments.settlement_terms where store_id = %s"
    row = await (await connection.execute(query, [store_id])).fetchone()
    return tuple(row[0]) if row else ()


async def set_cut_offs(connection: Connection, store_id: UUID, cut_offs: Sequence[int]) -> None:
    """Pay a shop at these minutes of each day; none: after the close."""
    query = """insert into payments.settlement_terms (store_id, cut_offs) values (%s, %s)
               on conflict (store_id) do update set cut_offs = excluded.cut_offs"""
    await connection.execute(query, [store_id, list(cut_offs)])


async def set_minimum(connection: Connection, store_id: UUID, minimum_fen: int) -> None:
    """Payouts of a shop below this wait for more."""
    query = """insert into payments.settlement_terms (store_id, minimum_fen) values (%s, %s)
               on conflict (store_id) do update set minimum_fen = excluded.minimum_fen"""
    await connection.execute(query, [store_id, minimum_fen])


async def match(
    connection: Connection, instruction_id: str, answers: Sequence[Answer], *, now: datetime
) -> Sequence[str]:
    """Hold each line against the report: paid to the fen, held, returned by the acquirer, or disputed."""
    values = {
        "instruction": instruction_id,
        "now": now,
        "store": [a.store_id for a in answers],
        "state": [a.state for a in answers],
        "paid": [a.paid_fen for a in answers],
        "held": [a.held_fen for a in answers],
        "reason": [a.reason for a in answers],
    }
    return [row[0] for row in await (await connection.execute(_MATCH, values)).fetchall()]


async def sums_of(connection: Connection, day: date) -> SettledSums:
    """The day's settlement in sums."""
    row = await (await connection.execute(_SUMMARY, [day])).fetchone()
    return SettledSums(*row) if row else SettledSums(0, 0, 0, 0, 0, 0, 0, 0, 0)
