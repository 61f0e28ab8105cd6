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
