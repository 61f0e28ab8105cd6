"""The SQL of bindings: which terminal stands at which store, and what was there before."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_BINDING = """
select b.binding_id, b.store_id, s.name, b.terminal_no, b.bound_by, b.bound_at, b.replaces, b.reason, b.ended_at
  from merchants.binding b join merchants.store s using (store_id)
"""
_TURN = "select pg_advisory_xact_lock(20040, hashtext(%s))"
_END = "update merchants.binding set ended_by = %s, ended_at = %s where binding_id = %s and ended_at is null"
_NEW = """
insert into merchants.binding (binding_id, store_id, terminal_no, code, task_id, bound_by, bound_at, replaces, reason)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""


@dataclass(frozen=True, slots=True)
class Binding:
    """A terminal at a store; one that was ended stays as a trace."""

    binding_id: UUID
    store_id: UUID
    store_name: str
    terminal_no: str
    bound_by: str
    bound_at: datetime
    replaces: UUID | None
    reason: str
    ended_at: datetime | None


async def binding_of_terminal(connection: Connection, terminal_no: str) -> Binding | None:
    """Where a terminal stands now; takes the terminal's turn until the end of the transaction."""
    await connection.execute(_TURN, [terminal_no])
    query = f"{_BINDING} where b.terminal_no = %s and b.ended_at is null"
    row = await (await connection.execute(query, [terminal_no])).fetchone()
    return Binding(*row) if row else None


async def bindings_of_store(connection: Connection, store_id: UUID) -> list[Binding]:
    """All that was ever bound to a store, the newest first."""
    query = f"{_BINDING} where b.store_id = %s order by b.bound_at desc, b.binding_id"
    return [Binding(*row) for row in await (await connection.execute(query, [store_id])).fetchall()]


async def write_binding(
    connection: Connection,
    binding_id: UUID,
    store_id: UUID,
    terminal_no: str,
    *,
    code: str,
    task_id: UUID,
    by: str,
    replaces: UUID | None,
    reason: str,
    now: datetime,
) -> None:
    """Bind a terminal, ending the binding it replaces."""
    if replaces is not None:
        await connection.execute(_END, [by, now, replaces])
    await connection.execute(_NEW, [binding_id, store_id, terminal_no, code, task_id, by, now, replaces, reason])
