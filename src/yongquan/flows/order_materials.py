"""A shop asks for stickers, table cards and code plates; the desk sends them; the shop says whether they came."""

from datetime import datetime
from uuid import UUID

from yongquan.flows.recruit_provider import FIELD_ROLES
from yongquan.flows.space_parties import BadField, NotInSpace, checked, store_in_space
from yongquan.flows.work_tasks import Asked, open_task
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.materials import store
from yongquan.merchants.materials.model import (
    MOST,
    NOTE_MAX,
    ORDER_MOVES,
    SHOP_MOVES,
    MaterialOrder,
    OrderState,
    Pieces,
)
from yongquan.merchants.tasks.model import TaskKind
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.db import Connection, Database
from yongquan.staff import Staff
from yongquan.vouchers.model import require_move


class OrderOpen(Refusal):
    """The shop waits for materials already."""

    code = "materials_open"


async def order_materials(
    database: Database, store_id: UUID, pieces: Pieces, *, note: str, key: str, now: datetime
) -> UUID:
    """Ask for materials; the same key again is the same order. Raises `BadField`, `NotInSpace`, `OrderOpen`."""
    note = checked("note", note, longest=NOTE_MAX, least=0)
    for item, most in MOST.items():
        if not 0 <= getattr(pieces, item) <= most:
            raise BadField(item, "out_of_range")
    if not (pieces.stickers or pieces.table_cards or pieces.code_plates):
        raise BadField("stickers", "missing")
    order_id = named_id("material-order", store_id, key)
    async with database.transaction() as connection:
        await store_in_space(connection, store_id)
        by = f"store:{store_id}"
        is_new = await store.add_order(
            connection, order_id, store_id=store_id, pieces=pieces, note=note, by=by, now=now
        )
        if not is_new and await store.order_of(connection, order_id) is None:
            raise OrderOpen
    return order_id


async def answer_delivery(
    database: Database, store_id: UUID, order_id: UUID, to: OrderState, *, said: str, now: datetime
) -> None:
    """The shop confirms what came, says what did not (with words), or withdraws an order that was not sent.

    Raises `BadField`, `NotInSpace`, `ForbiddenMove`.
    """
    said = checked("said", said, longest=NOTE_MAX, least=1 if to is OrderState.MISSING else 0)
    async with database.transaction() as connection:
        found = await _found(connection, order_id)
        if found.store_id != store_id:
            raise NotInSpace
        if found.state is to:
            return
        require_move(SHOP_MOVES, found.state, to)
        await _move(connection, found, to, said=said, actor=f"store:{store_id}", now=now)


async def send_materials(database: Database, staff: Staff, order_id: UUID, *, now: datetime) -> UUID:
    """Send an order out with a delivery task of its own; the task's id. A repeat is the same task.

    Raises `NotInSpace`, `Forbidden`, `ForbiddenMove`.
    """
    async with database.transaction() as connection:
        found = await _found(connection, order_id)
        staff.require(*FIELD_ROLES, adcode=found.adcode)
        if found.state is OrderState.SENT and found.task_id is not None:
            return found.task_id
        # What did not come is carried again, by a task of its own.
        asked = Asked(
            key=f"materials/{order_id}/{found.task_id or ''}",
            kind=TaskKind.DELIVERY,
            store_id=found.store_id,
            note=_carried(found),
        )
        task_id = await open_task(connection, asked, actor=staff.actor, now=now)
        await _move(connection, found, OrderState.SENT, said="", actor=staff.actor, now=now, task_id=task_id)
    return task_id


async def refuse_materials(database: Database, staff: Staff, order_id: UUID, *, reason: str, now: datetime) -> None:
    """Refuse an order, with words for the shop. Raises `BadField`, `NotInSpace`, `Forbidden`, `ForbiddenMove`."""
    reason = checked("reason", reason, longest=NOTE_MAX)
    async with database.transaction() as connection:
        found = await _found(connection, order_id)
        staff.require(*FIELD_ROLES, adcode=found.adcode)
        if found.state is OrderState.REFUSED:
            return
        await _move(connection, found, OrderState.REFUSED, said=reason, actor=staff.actor, now=now)


def _carried(order: MaterialOrder) -> str:
    pieces = order.pieces
    counted = (("门贴", pieces.stickers), ("台卡", pieces.table_cards), ("收款码牌", pieces.code_plates))
    listed = "、".join(f"{name} {count}" for name, count in counted if count)
    return f"{listed}（{order.ordered_at.astimezone(SHANGHAI):%m-%d} 申领）"


async def _found(connection: Connection, order_id: UUID) -> MaterialOrder:
    found = await store.order_of(connection, order_id, lock=True)
    if found is None:
        raise NotInSpace
    return found


async def _move(
    connection: Connection,
    found: MaterialOrder,
    to: OrderState,
    *,
    said: str,
    actor: str,
    now: datetime,
    task_id: UUID | None = None,
) -> None:
    require_move(ORDER_MOVES, found.state, to)
    await store.move_order(connection, found.order_id, to, said=said, now=now, task_id=task_id)
    entry = AuditEntry(
        actor=actor,
        action=f"materials.{to.value}",
        subject=f"store:{found.store_id}",
        before={"state": found.state.value},
        after={"state": to.value, "order": str(found.order_id), "said": said},
    )
    await append(connection, entry, now=now)
