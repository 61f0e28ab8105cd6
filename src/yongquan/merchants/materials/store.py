"""SQL of orders of materials."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from yongquan.merchants.materials.model import MaterialOrder, OrderState, Pieces
from yongquan.plumbing.db import Connection

LISTED_MAX: Final = 200
_SELECT = """
select o.order_id, o.store_id, o.stickers, o.table_cards, o.code_plates, o.note, o.state, o.task_id, o.said,
       o.ordered_by, o.ordered_at, o.changed_at, s.name, s.address, s.adcode
  from merchants.material_order o join merchants.store s using (store_id)
"""
_ADD = """
insert into merchants.material_order
       (order_id, store_id, stickers, table_cards, code_plates, note, ordered_by, ordered_at, changed_at)
values (%(id)s, %(store)s, %(stickers)s, %(table_cards)s, %(code_plates)s, %(note)s, %(by)s, %(now)s, %(now)s)
    on conflict do nothing
"""
_MOVE = """
update merchants.material_order
   set state = %(state)s, task_id = coalesce(%(task)s, task_id), said = %(said)s, changed_at = %(now)s
 where order_id = %(id)s
"""
_ARRIVE = """
update merchants.material_order set state = %(state)s, changed_at = %(now)s
 where task_id = %(task)s and state = 'sent'
"""
_COUNTS = """
select o.state, count(*) from merchants.material_order o join merchants.store s using (store_id)
 where %(places)s::text[] is null or s.adcode = any (%(places)s) group by o.state
"""


async def add_order(
    connection: Connection, order_id: UUID, *, store_id: UUID, pieces: Pieces, note: str, by: str, now: datetime
) -> bool:
    """Write an order; False if it, or another open one of this store, is there already."""
    values = {
        "id": order_id,
        "store": store_id,
        "stickers": pieces.stickers,
        "table_cards": pieces.table_cards,
        "code_plates": pieces.code_plates,
        "note": note,
        "by": by,
        "now": now,
    }
    return (await connection.execute(_ADD, values)).rowcount == 1


async def order_of(connection: Connection, order_id: UUID, *, lock: bool = False) -> MaterialOrder | None:
    """One order, kept from changing for this transaction if `lock`."""
    query = f"{_SELECT} where o.order_id = %s{' for update of o' if lock else ''}"
    row = await (await connection.execute(query, [order_id])).fetchone()
    return _order(row) if row else None


async def move_order(
    connection: Connection, order_id: UUID, state: OrderState, *, said: str, now: datetime, task_id: UUID | None = None
) -> None:
    """Write its next state, what was said about it, and the task it goes out with."""
    values = {"id": order_id, "state": state, "said": said, "task": task_id, "now": now}
    await connection.execute(_MOVE, values)


async def end_delivery(connection: Connection, task_id: UUID, *, is_delivered: bool, now: datetime) -> None:
    """The order that went out with this task, if any, was handed over, or never will be with this task."""
    state = OrderState.DELIVERED if is_delivered else OrderState.MISSING
    await connection.execute(_ARRIVE, {"task": task_id, "state": state, "now": now})


async def orders_of_store(connection: Connection, store_id: UUID) -> Sequence[MaterialOrder]:
    """A store's orders, the latest first."""
    query = f"{_SELECT} where o.store_id = %s order by o.ordered_at desc limit {LISTED_MAX}"
    return [_order(row) for row in await (await connection.execute(query, [store_id])).fetchall()]


async def orders_listed(
    connection: Connection, state: OrderState, *, places: Sequence[str] | None
) -> Sequence[MaterialOrder]:
    """Orders in a state of some divisions' shops (None: of all), those that wait longest first."""
    query = f"""{_SELECT} where o.state = %(state)s and (%(places)s::text[] is null or s.adcode = any (%(places)s))
 order by o.changed_at, o.order_id limit {LISTED_MAX}"""
    values = {"state": state, "places": None if places is None else list(places)}
    return [_order(row) for row in await (await connection.execute(query, values)).fetchall()]


async def count_orders(connection: Connection, *, places: Sequence[str] | None) -> Mapping[str, int]:
    """How many orders are in each state that has any."""
    found = await connection.execute(_COUNTS, {"places": None if places is None else list(places)})
    return dict(await found.fetchall())


def _order(row: tuple[Any, ...]) -> MaterialOrder:
    return MaterialOrder(*(*row[:2], Pieces(*row[2:5]), row[5], OrderState(row[6]), *row[7:]))
