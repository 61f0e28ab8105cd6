"""The payments room's SQL for files of payouts: rows that were read, the approval that makes them payouts, progress."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.payments.payout_files import RowDone, RowRead
from yongquan.payments.payouts import PayingAccount
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

_KNOWN = """
select payout_no, body_hash, state from payments.payout where cell = %s and payer = %s and payout_no = any (%s)
"""
_BATCH = """
insert into payments.payout_batch (cell, batch_id, payer, batch_no, file_name, file_hash, payer_bank, payer_sealed,
                                   payer_name, funder_id, rows, amount_fen, errors, repeats, state, made_by, made_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'planned', %s, %s)
on conflict (cell, payer, batch_no) do nothing
"""
_ROWS = """
copy payments.payout_row (cell, batch_id, row_no, payout_id, payout_no, body_hash, payee_bank, payee_sealed,
                          payee_name_sealed, payee_tail, amount_fen, purpose, error) from stdin
"""
_COLUMNS = """
       b.cell, b.batch_id, b.payer, b.batch_no, b.file_name, b.file_hash, b.payer_bank, b.payer_name, b.rows,
       b.amount_fen, b.errors, b.repeats, b.state, b.made_by, b.decided_by, b.made_at, b.decided_at
"""
_BY_NO = f"select {_COLUMNS} from payments.payout_batch b where b.cell = %s and b.payer = %s and b.batch_no = %s"
_BY_ID = f"select {_COLUMNS} from payments.payout_batch b where b.cell = %s and b.batch_id = %s"
_LOCKED = f"{_BY_ID} for no key update"
_NEWEST = f"select {_COLUMNS} from payments.payout_batch b order by b.made_at desc limit %s"
_DECIDE = """
update payments.payout_batch set state = %s, decided_by = %s, decided_at = %s where cell = %s and batch_id = %s
"""
# Rows are told apart by microseconds, so that they are paid in the file's order.
# A number that failed before is tried anew; one that is under way or paid stays as it is.
_APPROVE = """
insert into payments.payout as p (cell, payout_id, payer, payout_no, body_hash, payer_bank, payer_sealed, payee_bank,
                                  payee_sealed, payee_name_sealed, payee_tail, amount_fen, purpose, funder_id, state,
                                  stage, asked_at, look_at)
select b.cell, r.payout_id, b.payer, r.payout_no, r.body_hash, b.payer_bank, b.payer_sealed, r.payee_bank,
       r.payee_sealed, r.payee_name_sealed, r.payee_tail, r.amount_fen, r.purpose, b.funder_id, 'accepted', 'debit',
       %(now)s + r.row_no * interval '1 microsecond', %(now)s + (r.row_no - 10000) * interval '1 microsecond'
  from payments.payout_batch b join payments.payout_row r on r.cell = b.cell and r.batch_id = b.batch_id
 where b.cell = %(cell)s and b.batch_id = %(batch)s and r.error = ''
 order by r.row_no
on conflict (cell, payer, payout_no) do update
   set body_hash = excluded.body_hash, payer_bank = excluded.payer_bank, payer_sealed = excluded.payer_sealed,
       payee_bank = excluded.payee_bank, payee_sealed = excluded.payee_sealed, payee_tail = excluded.payee_tail,
       payee_name_sealed = excluded.payee_name_sealed, amount_fen = excluded.amount_fen, purpose = excluded.purpose,
       state = 'accepted', stage = 'debit', reason = '', turn = p.turn + 1, settlement_date = null,
       asked_at = excluded.asked_at, ended_at = null, look_at = excluded.look_at
 where p.state = 'failed'
"""
_PROGRESS = """
select coalesce(p.state, 'planned'), count(*), sum(r.amount_fen)::bigint
  from payments.payout_row r
  left join payments.payout p on p.cell = r.cell and p.payer = %(payer)s and p.payout_no = r.payout_no
                             and p.body_hash = r.body_hash
 where r.cell = %(cell)s and r.batch_id = %(batch)s and r.error in ('', 'repeat') group by 1
"""
_DONE = """
select r.row_no, r.payout_no, r.payee_tail, r.amount_fen,
       case when r.error not in ('', 'repeat') then 'error' else coalesce(p.state, 'planned') end,
       case when r.error not in ('', 'repeat') then r.error else coalesce(p.reason, '') end
  from payments.payout_row r
  left join payments.payout p on p.cell = r.cell and p.payer = %(payer)s and p.payout_no = r.payout_no
                             and p.body_hash = r.body_hash
 where r.cell = %(cell)s and r.batch_id = %(batch)s
   and (not %(unpaid)s or r.error not in ('', 'repeat') or p.state in ('failed', 'returned'))
 order by r.row_no limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Batch:
    """A file of payouts; `amount_fen` and the rows left after `errors` and `repeats` are what approval pays."""

    cell: int
    batch_id: UUID
    payer: str
    batch_no: str
    file_name: str
    file_hash: UUID
    payer_bank: str
    payer_name: str
    rows: int
    amount_fen: int
    errors: int
    repeats: int
    state: str
    made_by: str
    decided_by: str | None
    made_at: datetime
    decided_at: datetime | None

    @property
    def payable(self) -> int:
        """Rows that approval pays."""
        return self.rows - self.errors - self.repeats


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBatch:
    """A file that was read and checked, to be written down."""

    batch_id: UUID
    batch_no: str
    file_name: str
    file_hash: UUID
    made_by: str
    rows: Sequence[RowRead]
    ids: Sequence[UUID]
    hashes: Sequence[UUID]


async def known_numbers(
    connection: Connection, cell: int, payer: str, numbers: Sequence[str]
) -> dict[str, tuple[UUID, str]]:
    """Which of these numbers the payer has used, with the hash of what was asked and the state."""
    rows = await (await connection.execute(_KNOWN, [cell, payer, list(numbers)])).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


async def write_batch(
    connection: Connection, cell: int, account: PayingAccount, new: NewBatch, sealing: Sealing, *, now: datetime
) -> bool:
    """Write a batch with its rows; False if the payer has used its number."""
    errors = sum(row.error not in {"", "repeat"} for row in new.rows)
    repeats = sum(row.error == "repeat" for row in new.rows)
    amount_fen = sum(row.wish.amount_fen for row in new.rows if not row.error)
    written = await connection.execute(
        _BATCH,
        [
            *(cell, new.batch_id, account.payer, new.batch_no, new.file_name, new.file_hash, account.bank),
            *(sealing.seal(account.account, what="account"), account.name, account.funder_id, len(new.rows)),
            *(amount_fen, errors, repeats, new.made_by, now),
        ],
    )
    if not written.rowcount:
        return False
    async with connection.cursor().copy(_ROWS) as copy:
        for row, payout_id, body_hash in zip(new.rows, new.ids, new.hashes, strict=True):
            wish = row.wish
            await copy.write_row(
                (
                    *(cell, new.batch_id, row.row_no, payout_id, wish.payout_no, body_hash, wish.bank),
                    *(sealing.seal(wish.account, what="account"), sealing.seal(wish.name, what="name")),
                    *(wish.account[-4:], wish.amount_fen, wish.purpose, row.error),
                )
            )
    return True


async def batch_by_no(connection: Connection, cell: int, payer: str, batch_no: str) -> Batch | None:
    """A payer's batch by its number."""
    row = await (await connection.execute(_BY_NO, [cell, payer, batch_no])).fetchone()
    return None if row is None else Batch(*row)


async def batch_by_id(connection: Connection, cell: int, batch_id: UUID, *, lock: bool = False) -> Batch | None:
    """A batch; `lock` keeps it until the commit."""
    row = await (await connection.execute(_LOCKED if lock else _BY_ID, [cell, batch_id])).fetchone()
    return None if row is None else Batch(*row)


async def newest_batches(connection: Connection, *, limit: int = 100) -> list[Batch]:
    """The last batches of all payers; asks every cell."""
    return [Batch(*row) for row in await (await connection.execute(_NEWEST, [limit])).fetchall()]


async def decide_batch(connection: Connection, batch: Batch, state: str, *, by: str, now: datetime) -> None:
    """Approve or reject a batch that the caller has locked."""
    await connection.execute(_DECIDE, [state, by, now, batch.cell, batch.batch_id])


async def make_payouts(connection: Connection, batch: Batch, *, now: datetime) -> int:
    """Turn an approved batch's rows into payouts that are due now; how many."""
    values = {"cell": batch.cell, "batch": batch.batch_id, "now": now}
    return (await connection.execute(_APPROVE, values)).rowcount


async def progress_of(connection: Connection, batch: Batch) -> Mapping[str, tuple[int, int]]:
    """How many rows are in which state, and their sum in fen; `planned` before the approval."""
    values = {"cell": batch.cell, "batch": batch.batch_id, "payer": batch.payer}
    rows = await (await connection.execute(_PROGRESS, values)).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


async def rows_of(
    connection: Connection, batch: Batch, *, only_unpaid: bool = False, limit: int = 10_000
) -> list[RowDone]:
    """A batch's rows and what became of them; `only_unpaid` leaves errors, failed and returned ones."""
    values = {
        "cell": batch.cell,
        "batch": batch.batch_id,
        "payer": batch.payer,
        "unpaid": only_unpaid,
        "limit": limit,
    }
    return [RowDone(*row) for row in await (await connection.execute(_DONE, values)).fetchall()]
