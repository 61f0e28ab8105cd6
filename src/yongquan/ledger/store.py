"""The ledger's only SQL. Every call works in the caller's transaction and on one cell.

Locks pending transfers, then guarded accounts, each in id order.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from psycopg import errors

from yongquan.ledger.errors import PostingRefused
from yongquan.ledger.model import (
    Account,
    AccountOutcome,
    Balances,
    Transfer,
    TransferFlags,
    TransferOutcome,
    TransferRow,
)
from yongquan.plumbing.db import Connection

CREATE_ACCOUNTS = """
select ledger.create_accounts(%s::int, %s::uuid[], %s::text[], %s::text[], %s::bigint[], %s::int[], %s::int[],
                              %s::boolean[], %s::timestamptz)
"""
CREATE_TRANSFERS = """
select ledger.create_transfers(%s::int, %s::uuid[], %s::uuid[], %s::uuid[], %s::uuid[], %s::bigint[], %s::uuid[],
                               %s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::timestamptz,
                               %s::boolean[])
"""
EXPIRE_PENDING = "select ledger.expire_pending(%s::int, %s::timestamptz)"
TAKE_SNAPSHOT = "select ledger.take_snapshot(%s::int)"
LOOKUP_ACCOUNTS = """
select a.account_id, a.ledger, a.code, a.flags, b.debits_pending, b.debits_posted, b.credits_pending, b.credits_posted
  from unnest(%(ids)s::uuid[]) with ordinality as i(id, ord)
  join ledger.account a on a.cell = %(cell)s and a.account_id = i.id
  join ledger.balances(%(cell)s, %(ids)s::uuid[]) b on b.account_id = i.id
 order by i.ord
"""
LOOKUP_TRANSFERS = """
select t.transfer_id, t.debit_account_id, t.credit_account_id, t.amount, t.pending_id, t.ledger, t.code, t.flags,
       t.recorded_at
  from unnest(%(ids)s::uuid[]) with ordinality as i(id, ord)
  join ledger.transfer t on t.cell = %(cell)s and t.transfer_id = i.id
 order by i.ord
"""
_BALANCES = "select * from ledger.balances(%s::int, %s::uuid[])"

_ATTEMPTS = 5
_Answer = TypeVar("_Answer")


async def create_accounts(
    connection: Connection, accounts: Sequence[Account], *, cell: int, now: datetime
) -> list[AccountOutcome]:
    """Create accounts; one outcome each, in order. An account that is there already is `exists`."""
    parameters = [
        cell,
        [a.id for a in accounts],
        [a.owner_id for a in accounts],
        [a.kind for a in accounts],
        [a.ledger for a in accounts],
        [a.code for a in accounts],
        [int(a.flags) for a in accounts],
        [a.guarded for a in accounts],
        now,
    ]
    outcomes = await _again_if_raced(connection, lambda: _one_array(connection, CREATE_ACCOUNTS, parameters))
    return [AccountOutcome(outcome) for outcome in outcomes]


async def open_accounts(connection: Connection, accounts: Sequence[Account], *, cell: int, now: datetime) -> None:
    """Create those of the accounts that are not there yet. Raises `PostingRefused` if one is there but differs."""
    outcomes = await create_accounts(connection, accounts, cell=cell, now=now)
    if not {*outcomes} <= {AccountOutcome.CREATED, AccountOutcome.EXISTS}:
        raise PostingRefused([o for o in outcomes if o is not AccountOutcome.EXISTS])


async def create_transfers(
    connection: Connection, transfers: Sequence[Transfer], *, cell: int, now: datetime
) -> list[TransferOutcome]:
    """Create transfers; one outcome each, in order. Chains are all or nothing; a batch of chains is not."""
    parameters = [
        cell,
        [t.id for t in transfers],
        [t.chain_id for t in transfers],
        [t.debit_account_id for t in transfers],
        [t.credit_account_id for t in transfers],
        [t.amount for t in transfers],
        [t.pending_id for t in transfers],
        [t.timeout_s for t in transfers],
        [t.ledger for t in transfers],
        [t.code for t in transfers],
        [int(t.flags) for t in transfers],
        now,
        None,
    ]
    outcomes = await _again_if_raced(connection, lambda: _one_array(connection, CREATE_TRANSFERS, parameters))
    return [TransferOutcome(outcome) for outcome in outcomes]


async def post(connection: Connection, transfers: Sequence[Transfer], *, cell: int, now: datetime) -> None:
    """Create the transfers of recipes: each is new, or the very repeat of one that is there.

    Raises `PostingRefused` otherwise; the caller's transaction then has nothing of the refused chain.
    """
    if not transfers:
        return
    outcomes = await create_transfers(connection, transfers, cell=cell, now=now)
    done = (TransferOutcome.CREATED, TransferOutcome.EXISTS)
    if all(outcome in done for outcome in outcomes) or _all_there(transfers, outcomes):
        return
    raise PostingRefused(outcomes)


async def balances_of(connection: Connection, ids: Sequence[UUID], *, cell: int) -> Mapping[UUID, Balances]:
    """Balances of accounts, guarded or not; all 0 where nothing was ever posted."""
    rows = await (await connection.execute(_BALANCES, [cell, list(ids)])).fetchall()
    return {row[0]: Balances(*row[1:]) for row in rows}


async def transfers_of(connection: Connection, ids: Sequence[UUID], *, cell: int) -> list[TransferRow]:
    """The transfers with these ids, in the order asked; those that do not exist are left out."""
    rows = await (await connection.execute(LOOKUP_TRANSFERS, {"cell": cell, "ids": list(ids)})).fetchall()
    return [
        TransferRow(
            id=row[0],
            debit_account_id=row[1],
            credit_account_id=row[2],
            amount=row[3],
            pending_id=row[4],
            ledger=row[5],
            code=row[6],
            flags=TransferFlags(row[7]),
            recorded_at=row[8],
        )
        for row in rows
    ]


async def expire_pending(connection: Connection, *, cell: int, now: datetime) -> int:
    """Release the pending transfers that are due; returns how many."""
    return await _one_int(connection, EXPIRE_PENDING, [cell, now])


async def take_snapshot(connection: Connection, *, cell: int) -> int:
    """Fold finished transactions into the cell's snapshot; returns the number of transfers folded."""
    return await _one_int(connection, TAKE_SNAPSHOT, [cell])


def _all_there(transfers: Sequence[Transfer], outcomes: Sequence[TransferOutcome]) -> bool:
    # A repeated chain fails at its first row, which exists; since chains are all or nothing, all of it is there.
    chains: list[list[TransferOutcome]] = [[]]
    for transfer, outcome in zip(transfers, outcomes, strict=True):
        chains[-1].append(outcome)
        if not transfer.flags & TransferFlags.LINKED:
            chains.append([])
    whole = ({TransferOutcome.CREATED}, {TransferOutcome.EXISTS})
    return all(
        set(chain) in whole
        or (chain[0] is TransferOutcome.EXISTS and set(chain[1:]) == {TransferOutcome.LINKED_EVENT_FAILED})
        for chain in chains
        if chain
    )


async def _again_if_raced(connection: Connection, call: Callable[[], Awaitable[_Answer]]) -> _Answer:
    # Another connection created the same id, or resolved the same pending transfer, at the same moment.
    for _ in range(_ATTEMPTS - 1):
        try:
            async with connection.transaction():
                return await call()
        except (errors.UniqueViolation, errors.SerializationFailure):
            continue
    return await call()


async def _one_array(connection: Connection, statement: str, parameters: Sequence[object]) -> list[str]:
    row = await (await connection.execute(statement.encode(), parameters)).fetchone()
    return list(row[0]) if row else []


async def _one_int(connection: Connection, statement: str, parameters: Sequence[object]) -> int:
    row = await (await connection.execute(statement.encode(), parameters)).fetchone()
    return int(row[0]) if row else 0
