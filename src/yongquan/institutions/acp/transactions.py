"""What a merchant asked through ACP, under merId + orderId + txnTime, and its SQL."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.errors import UniqueViolation

from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection
from yongquan.plumbing.fresh import fresh_id

DRAWS: Final = 5
_COLUMNS = """
       mer_id, order_id, txn_time, query_id, txn_type, txn_sub_type, biz_type, channel, amount_fen, body_hash,
       original_id, trade_order_id, refund_no, subject, tn, resp_code, request, answer, received_at
"""
_ADD = f"""
insert into institutions.acp_transaction ({_COLUMNS})
values (%(mer_id)s, %(order_id)s, %(txn_time)s, %(query_id)s, %(txn_type)s, %(txn_sub_type)s, %(biz_type)s,
        %(channel)s, %(amount_fen)s, %(body_hash)s, %(original_id)s, %(trade_order_id)s, %(refund_no)s, %(subject)s,
        %(tn)s, %(resp_code)s, %(request)s, %(answer)s, %(received_at)s)
    on conflict (mer_id, order_id, txn_time) do nothing
returning {_COLUMNS}
"""
_SELECT = f"select {_COLUMNS} from institutions.acp_transaction"
_BY_NUMBERS = f"{_SELECT} where mer_id = %s and order_id = %s and txn_time = %s"
_BY_QUERY_ID = f"{_SELECT} where query_id = %s"
_BY_TN = f"{_SELECT} where tn = %s"
_OF_ORDERS = f"{_SELECT} where trade_order_id = any (%s) order by received_at"
_OF_ORIGINAL = f"{_SELECT} where original_id = %s order by received_at"
_END = """
update institutions.acp_transaction set resp_code = %s, answer = answer || %s::jsonb
 where query_id = %s and resp_code is null
"""
_LINK = "update institutions.acp_transaction set subject = %s where query_id = %s"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewTransaction:
    """A transaction to remember. `request` is said again in answers and notifications; amounts in fen."""

    mer_id: str
    order_id: str
    txn_time: str
    txn_type: str
    txn_sub_type: str
    biz_type: str
    channel: str
    amount_fen: int
    body_hash: UUID
    request: Mapping[str, str]
    received_at: datetime
    original_id: str | None = None
    trade_order_id: UUID | None = None
    refund_no: str | None = None
    subject: str | None = None
    tn: str | None = None
    resp_code: str | None = None
    answer: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A transaction as it is remembered; `resp_code` is there once it is said for good."""

    mer_id: str
    order_id: str
    txn_time: str
    query_id: str
    txn_type: str
    txn_sub_type: str
    biz_type: str
    channel: str
    amount_fen: int
    body_hash: UUID
    original_id: str | None
    trade_order_id: UUID | None
    refund_no: str | None
    subject: str | None
    tn: str | None
    resp_code: str | None
    request: Mapping[str, str]
    answer: Mapping[str, str]
    received_at: datetime

    @property
    def kind(self) -> tuple[str, str]:
        """txnType and txnSubType."""
        return self.txn_type, self.txn_sub_type

    @property
    def trace_no(self) -> str:
        """The system trace number as ACP shows it: six digits."""
        return self.query_id[-6:]

    @property
    def trace_time(self) -> str:
        """When we received it: MMDDhhmmss in Shanghai."""
        return f"{self.received_at.astimezone(SHANGHAI):%m%d%H%M%S}"


def order_no_of(order_id: str, txn_time: str) -> str:
    """The number under which the product keeps an ACP order or refund."""
    return f"{order_id}-{txn_time}"


async def add_transaction(connection: Connection, new: NewTransaction) -> Transaction | None:
    """Remember a transaction under a fresh query id; None if its numbers are used."""
    values = {name: getattr(new, name) for name in NewTransaction.__slots__}
    values |= {"request": json.dumps(dict(new.request)), "answer": json.dumps(dict(new.answer))}
    for _ in range(DRAWS):
        try:
            async with connection.transaction():
                row = await (
                    await connection.execute(_ADD, {**values, "query_id": fresh_digits(new.received_at)})
                ).fetchone()
        except UniqueViolation:
            # Two of ten million drew the same number in one second.
            continue
        return _transaction(row)
    raise RuntimeError("no free query id in this second")


def fresh_digits(at: datetime) -> str:
    """21 digits: the Shanghai time to the second, then seven by chance."""
    return f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}{fresh_id().int % 10_000_000:07d}"


async def transaction_of(connection: Connection, mer_id: str, order_id: str, txn_time: str) -> Transaction | None:
    """A merchant's transaction by its own numbers."""
    return _transaction(await (await connection.execute(_BY_NUMBERS, [mer_id, order_id, txn_time])).fetchone())


async def transaction_by_query_id(connection: Connection, query_id: str) -> Transaction | None:
    """A transaction by the number we gave it."""
    return _transaction(await (await connection.execute(_BY_QUERY_ID, [query_id])).fetchone())


async def transaction_by_tn(connection: Connection, tn: str) -> Transaction | None:
    """The transaction that an app pays."""
    return _transaction(await (await connection.execute(_BY_TN, [tn])).fetchone())


async def transactions_of_orders(connection: Connection, orders: Sequence[UUID]) -> list[Transaction]:
    """Everything that was asked about some orders of the product, the oldest first."""
    rows = await (await connection.execute(_OF_ORDERS, [list(orders)])).fetchall()
    return [Transaction(*row) for row in rows]


async def transactions_of_original(connection: Connection, query_id: str) -> list[Transaction]:
    """What was asked about an original, the oldest first."""
    rows = await (await connection.execute(_OF_ORIGINAL, [query_id])).fetchall()
    return [Transaction(*row) for row in rows]


async def end_transaction(
    connection: Connection, query_id: str, resp_code: str, answer: Mapping[str, str] | None = None
) -> None:
    """Say for good what became of a transaction; what was said before stays."""
    await connection.execute(_END, [resp_code, json.dumps(dict(answer or {})), query_id])


async def link_transaction(connection: Connection, query_id: str, subject: str) -> None:
    """Note what a transaction led to in another family."""
    await connection.execute(_LINK, [subject, query_id])


def _transaction(row: Sequence[Any] | None) -> Transaction | None:
    return None if row is None else Transaction(*row)
