"""The SQL of ACP's batches: taken whole, worked off row by row, told when every row has ended."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from yongquan.institutions.acp.batch_files import BatchFile
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

LEASE_S: Final = 60
ROWS_AT_ONCE: Final = 64
SEALED_AS: Final = "acp_batch"
_COLUMNS = "mer_id, sub_type, batch_no, txn_time, query_id, total_qty, total_fen, version, titles, biz_type, state"
_KEY = "mer_id = %s and sub_type = %s and batch_no = %s and txn_time = %s"
_ADD = f"""
insert into institutions.acp_batch ({_COLUMNS}, received_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'running', %s) on conflict do nothing
"""
_ADD_ROWS = """
copy institutions.acp_batch_row (mer_id, sub_type, batch_no, txn_time, line_no, fields) from stdin
"""
_FIND = f"select {_COLUMNS} from institutions.acp_batch where {_KEY}"
_LEASE = f"""
with due as (select {_COLUMNS} from institutions.acp_batch where state = 'running' and due_at <= now()
              order by due_at limit 1 for update skip locked)
update institutions.acp_batch b set due_at = clock_timestamp() + make_interval(secs => %s)
  from due where (b.mer_id, b.sub_type, b.batch_no, b.txn_time) = (due.mer_id, due.sub_type, due.batch_no, due.txn_time)
returning due.*
"""
_OPEN_ROWS = f"""
select line_no, fields, query_id, resp_code from institutions.acp_batch_row
 where {_KEY} and resp_code is null and line_no > %s order by line_no limit %s
"""
_ROWS = f"select line_no, fields, query_id, resp_code from institutions.acp_batch_row where {_KEY} order by line_no"
_END_ROW = f"update institutions.acp_batch_row set query_id = %s, resp_code = %s where {_KEY} and line_no = %s"
_END = f"""
update institutions.acp_batch b set state = 'ended'
 where {_KEY} and not exists (select from institutions.acp_batch_row r
                               where (r.mer_id, r.sub_type, r.batch_no, r.txn_time)
                                     = (b.mer_id, b.sub_type, b.batch_no, b.txn_time) and r.resp_code is null)
"""
_REST = f"update institutions.acp_batch set due_at = now() + make_interval(secs => %s) where {_KEY}"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch as it stands; its key is the first four."""

    mer_id: str
    sub_type: str
    batch_no: str
    txn_time: str
    query_id: str
    total_qty: int
    total_fen: int
    version: str
    titles: str
    biz_type: str
    state: str

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.mer_id, self.sub_type, self.batch_no, self.txn_time


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A row; `resp_code` is there once it has ended."""

    line_no: int
    values: Mapping[str, str]
    query_id: str | None
    resp_code: str | None


async def add_batch(connection: Connection, batch: Batch, file: BatchFile, sealing: Sealing, *, now: datetime) -> bool:
    """Take a batch whole; False if its numbers are used."""
    row = [getattr(batch, name) for name in Batch.__slots__[:-1]]
    if (await connection.execute(_ADD, [*row, now])).rowcount == 0:
        return False
    async with connection.cursor().copy(_ADD_ROWS) as copy:
        for number, values in enumerate(file.rows, 3):
            sealed = sealing.seal(json.dumps(dict(values), ensure_ascii=False), what=SEALED_AS)
            await copy.write_row((*batch.key, number, sealed))
    return True


async def batch_of(connection: Connection, key: tuple[str, str, str, str]) -> Batch | None:
    """A batch by merchant, kind, number and time."""
    row = await (await connection.execute(_FIND, key)).fetchone()
    return Batch(*row) if row else None


async def lease_batch(connection: Connection) -> Batch | None:
    """A batch that is due to be worked off, kept from others for a while."""
    row = await (await connection.execute(_LEASE, [LEASE_S])).fetchone()
    return Batch(*row) if row else None


async def open_rows(connection: Connection, batch: Batch, sealing: Sealing, *, after: int) -> list[BatchRow]:
    """The next rows that have not ended."""
    rows = await (await connection.execute(_OPEN_ROWS, [*batch.key, after, ROWS_AT_ONCE])).fetchall()
    return [_row(row, sealing) for row in rows]


async def rows_of(connection: Connection, batch: Batch, sealing: Sealing) -> list[BatchRow]:
    """All rows of a batch, in order."""
    rows = await (await connection.execute(_ROWS, batch.key)).fetchall()
    return [_row(row, sealing) for row in rows]


async def end_row(
    connection: Connection, batch: Batch, line_no: int, *, query_id: str | None, resp_code: str | None
) -> None:
    """Note what a row led to, and its end once it has one."""
    await connection.execute(_END_ROW, [query_id, resp_code, *batch.key, line_no])


async def end_batch(connection: Connection, batch: Batch, *, look_again_s: int) -> None:
    """End a batch whose every row has ended; else look at it again soon."""
    if (await connection.execute(_END, batch.key)).rowcount == 0:
        await connection.execute(_REST, [look_again_s, *batch.key])


def _row(row: Sequence[Any], sealing: Sealing) -> BatchRow:
    return BatchRow(row[0], json.loads(sealing.open(row[1], what=SEALED_AS)), row[2], row[3])
