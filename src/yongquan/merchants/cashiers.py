"""Who may open a store's till, and the store's terminals."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_ADD = """
insert into merchants.cashier (store_id, citizen_id, role, since) values (%s, %s, %s, %s)
    on conflict (store_id, citizen_id) do update set role = excluded.role, until = null
"""
_END = """
update merchants.cashier set until = %s
 where store_id = %s and citizen_id = %s and role = 'cashier' and until is null
"""
_STORES = """
select s.store_id, s.name, s.address, s.adcode, s.licence_no, s.state, c.role
  from merchants.cashier c join merchants.store s on s.store_id = c.store_id
 where c.citizen_id = %s and c.until is null order by s.name, s.store_id
"""
_OF_STORE = """
select citizen_id, role, since from merchants.cashier where store_id = %s and until is null order by since, citizen_id
"""
_TERMINAL = """
insert into merchants.terminal (store_id, terminal_no, serial_no, since) values (%s, %s, %s, %s) on conflict do nothing
"""
_TERMINALS = """
select terminal_no, serial_no from merchants.terminal where store_id = %s and until is null order by terminal_no
"""


@dataclass(frozen=True, slots=True)
class MannedStore:
    """A store whose till somebody may open, as `manager` or `cashier`."""

    store_id: UUID
    name: str
    address: str
    adcode: str
    licence_no: str
    state: str
    role: str


async def add_cashier(connection: Connection, store_id: UUID, citizen_id: UUID, *, role: str, now: datetime) -> None:
    """Let somebody open a store's till."""
    await connection.execute(_ADD, [store_id, citizen_id, role, now])


async def end_cashier(connection: Connection, store_id: UUID, citizen_id: UUID, *, now: datetime) -> None:
    """A cashier opens the till no more; a manager stays."""
    await connection.execute(_END, [now, store_id, citizen_id])


async def stores_manned_by(connection: Connection, citizen_id: UUID) -> Sequence[MannedStore]:
    """The stores whose till this account may open."""
    return [MannedStore(*row) for row in await (await connection.execute(_STORES, [citizen_id])).fetchall()]


async def cashiers_of(connection: Connection, store_id: UUID) -> Sequence[tuple[UUID, str, datetime]]:
    """Who may open a store's till: account, role, since when."""
    return await (await connection.execute(_OF_STORE, [store_id])).fetchall()


async def add_terminal(
    connection: Connection, store_id: UUID, terminal_no: str, *, serial_no: str | None, now: datetime
) -> None:
    """Bind a terminal to a store."""
    await connection.execute(_TERMINAL, [store_id, terminal_no, serial_no, now])


async def terminals_of(connection: Connection, store_id: UUID) -> Sequence[tuple[str, str | None]]:
    """A store's terminals: number, and the maker's serial number."""
    return await (await connection.execute(_TERMINALS, [store_id])).fetchall()
