"""What accounts show a reader: their postings by day and kind, and the latest ones. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.ledger.model import Posting
from yongquan.plumbing.db import Connection

# Flags 2 and 8: a pending transfer and a void move nothing.
_MINE = """
  from ledger.transfer t
 where (t.debit_account_id = any (%(ids)s) or t.credit_account_id = any (%(ids)s)) and t.flags & 10 = 0
"""
_BY_DAY = f"""
select (t.recorded_at at time zone 'Asia/Shanghai')::date, t.code, count(*)::int, sum(t.amount)::bigint
  {_MINE} group by 1, 2 order by 1 desc, 2 limit 200
"""
_LATEST = f"""
select t.recorded_at, t.code, t.amount, t.debit_account_id, t.credit_account_id, coalesce(t.chain_id, t.transfer_id)
  {_MINE} order by t.recorded_at desc, t.transfer_id desc limit %(limit)s
"""
_BETWEEN = """
select coalesce(sum(case when t.debit_account_id = %(a)s then t.amount else -t.amount end), 0)::bigint
  from ledger.transfer t
 where (t.debit_account_id, t.credit_account_id) in ((%(a)s, %(b)s), (%(b)s, %(a)s)) and t.flags & 10 = 0
"""
_SIDES = """
select (t.recorded_at at time zone 'Asia/Shanghai')::date,
       coalesce(sum(t.amount) filter (where t.credit_account_id = %(id)s), 0)::bigint,
       coalesce(sum(t.amount) filter (where t.debit_account_id = %(id)s), 0)::bigint
  from ledger.transfer t
 where (t.debit_account_id = %(id)s or t.credit_account_id = %(id)s) and t.flags & 10 = 0 group by 1 order by 1
"""
_LINES = """
select t.transfer_id, t.recorded_at, t.code, t.amount, t.debit_account_id, t.credit_account_id,
       coalesce(t.chain_id, t.transfer_id)
  from ledger.transfer t
 where (t.debit_account_id = any (%(ids)s) or t.credit_account_id = any (%(ids)s)) and t.flags & 10 = 0
   and t.recorded_at >= %(since)s and t.recorded_at < %(until)s
 order by t.recorded_at, t.transfer_id
"""
_CHAIN = """
select t.transfer_id, t.recorded_at, t.code, t.amount, t.debit_account_id, t.credit_account_id,
       coalesce(t.chain_id, t.transfer_id)
  from ledger.transfer t where t.chain_id = %s order by t.code, t.transfer_id
"""
_OPENING = """
select u.id, coalesce(sum(case when t.credit_account_id = u.id then t.amount else -t.amount end), 0)::bigint
  from unnest(%(ids)s::uuid[]) as u(id)
  left join ledger.transfer t on (t.debit_account_id = u.id or t.credit_account_id = u.id) and t.flags & 10 = 0
   and t.recorded_at < %(at)s
 group by u.id
"""


@dataclass(frozen=True, slots=True)
class StatementLine:
    """One transfer as a statement shows it."""

    transfer_id: UUID
    recorded_at: datetime
    posting: Posting
    amount_fen: int
    debit_account_id: UUID
    credit_account_id: UUID
    event_id: UUID


@dataclass(frozen=True, slots=True)
class DayOfAccount:
    """What came in on an account's credit side and left on its debit side on a day (Asia/Shanghai)."""

    day: date
    credit_fen: int
    debit_fen: int


@dataclass(frozen=True, slots=True)
class PostingsOfDay:
    """All postings of one kind on one day (Asia/Shanghai)."""

    day: date
    posting: Posting
    count: int
    amount_fen: int


@dataclass(frozen=True, slots=True)
class PostingRow:
    """One posting; `event_id` is the business event it belongs to."""

    recorded_at: datetime
    posting: Posting
    amount_fen: int
    debit_account_id: UUID
    credit_account_id: UUID
    event_id: UUID


async def postings_by_day(connection: Connection, account_ids: Sequence[UUID]) -> list[PostingsOfDay]:
    """What was posted on some accounts, the latest day first."""
    rows = await (await connection.execute(_BY_DAY, {"ids": list(account_ids)})).fetchall()
    return [PostingsOfDay(row[0], Posting(row[1]), *row[2:]) for row in rows]


async def latest_postings(connection: Connection, account_ids: Sequence[UUID], *, limit: int = 50) -> list[PostingRow]:
    """The last postings on some accounts, the latest first; asks every cell."""
    rows = await (await connection.execute(_LATEST, {"ids": list(account_ids), "limit": limit})).fetchall()
    return [PostingRow(row[0], Posting(row[1]), *row[2:]) for row in rows]


async def moved_between(connection: Connection, source: UUID, target: UUID) -> int:
    """What went from one account to another, less what came back; over all cells."""
    row = await (await connection.execute(_BETWEEN, {"a": source, "b": target})).fetchone()
    return int(row[0]) if row else 0


async def days_of_account(connection: Connection, account_id: UUID) -> list[DayOfAccount]:
    """An account's days, the first first; over all cells."""
    return [DayOfAccount(*row) for row in await (await connection.execute(_SIDES, {"id": account_id})).fetchall()]


async def credit_of(connection: Connection, account_id: UUID) -> int:
    """What is left on an account's credit side over all cells."""
    return sum(day.credit_fen - day.debit_fen for day in await days_of_account(connection, account_id))


async def lines_of(
    connection: Connection, account_ids: Sequence[UUID], *, since: datetime, until: datetime
) -> list[StatementLine]:
    """Every transfer on some accounts in a half-open period, in order; over all cells."""
    values = {"ids": list(account_ids), "since": since, "until": until}
    rows = await (await connection.execute(_LINES, values)).fetchall()
    return [StatementLine(row[0], row[1], Posting(row[2]), *row[3:]) for row in rows]


async def chain_lines(connection: Connection, event_id: UUID) -> list[StatementLine]:
    """The transfers of one business event."""
    rows = await (await connection.execute(_CHAIN, [event_id])).fetchall()
    return [StatementLine(row[0], row[1], Posting(row[2]), *row[3:]) for row in rows]


async def credits_at(connection: Connection, account_ids: Sequence[UUID], *, at: datetime) -> dict[UUID, int]:
    """What was left on each account's credit side before a moment; over all cells."""
    values = {"ids": list(account_ids), "at": at}
    return dict(await (await connection.execute(_OPENING, values)).fetchall())
