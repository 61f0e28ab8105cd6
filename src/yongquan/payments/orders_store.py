"""The payments room's SQL for orders and their attempts."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.kernel.ids import bucket_of
from yongquan.payments.orders import Attempt, AttemptState, Deed, NewOrder, OrderKind, OrderState, TradeOrder
from yongquan.plumbing.db import Connection

AT_ONCE = 100
LOOK_AGAIN = timedelta(seconds=5)
NEVER_BEGUN = UUID(int=0)
_ORDER = """
       order_id, store_id, order_no, door, body_hash, amount_fen, subject, state, attempts, payment_id, refunded_fen,
       facts, created_at, expires_at, paid_at, ended_at, kind, paid_fen
"""
_OPEN = f"""
insert into payments.trade_order (cell, order_id, store_id, order_no, door, body_hash, amount_fen, subject, state,
                                  facts, created_at, expires_at, look_at, kind)
values (%(cell)s, %(order)s, %(store)s, %(no)s, %(door)s, %(hash)s, %(fen)s, %(subject)s, 'created', %(facts)s,
        %(now)s, %(expires)s, %(expires)s, %(kind)s)
    on conflict (cell, store_id, order_no) do nothing
returning {_ORDER}
"""
_BY_NO = f"select {_ORDER} from payments.trade_order where cell = %s and store_id = %s and order_no = %s"
_BY_ID = f"select {_ORDER} from payments.trade_order where cell = %s and order_id = %s"
_OF_PAYMENT = f"""
select {_ORDER} from payments.trade_order o
 where o.payment_id = %(payment)s
   and (o.cell, o.order_id) in (select a.cell, a.order_id from payments.attempt a where a.payment_id = %(payment)s)
"""
_LOCKED = f"{_BY_ID} for no key update"
_ATTEMPTS = """
select attempt_no, bucket, state, payment_id, reason, is_late, begun_at, ended_at, deed, amount_fen
  from payments.attempt
 where cell = %s and order_id = %s order by attempt_no
"""
_BEGIN = """
insert into payments.attempt (cell, order_id, attempt_no, bucket, state, begun_at, deed, amount_fen)
values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_MOVE = """
update payments.trade_order
   set state = %(state)s, attempts = %(attempts)s, payment_id = %(payment)s, refunded_fen = %(refunded)s,
       paid_at = %(paid_at)s, ended_at = %(ended_at)s, look_at = %(look_at)s, paid_fen = %(paid)s
 where cell = %(cell)s and order_id = %(order)s
"""
_MOVE_ATTEMPT = """
update payments.attempt set state = %(state)s, payment_id = %(payment)s, reason = %(reason)s, is_late = %(late)s,
                            ended_at = %(ended_at)s
 where cell = %(cell)s and order_id = %(order)s and attempt_no = %(no)s
"""
_LOOK = "update payments.trade_order set look_at = %s where cell = %s and order_id = %s"
_LEASE = """
with due as (select cell, order_id from payments.trade_order where look_at <= %s
              order by look_at limit %s for no key update skip locked)
update payments.trade_order o set look_at = %s from due where o.cell = due.cell and o.order_id = due.order_id
returning o.cell, o.order_id
"""
_BEGUN_AS = "select payment_id from payments.request where cell = %s and caller_id = %s and key = %s"
# Whoever comes later with this key is refused: the attempt was given up, and must not begin behind our back.
_FENCE = """
insert into payments.request (cell, caller_id, key, body_hash, payment_id)
values (%(cell)s, %(order)s, %(key)s, %(none)s, %(none)s) on conflict do nothing
"""
# An order concerns its store (as `store:` and its id), the store's acquirer and, once somebody pays, the payer's bank.
_EMIT = """
select plumbing.emit(%(cell)s, %(kind)s, array[md5(%(event)s)::uuid], array[%(order)s::uuid],
                     array[%(payload)s::jsonb || jsonb_build_object('institutions', to_jsonb(array(
                         select distinct i from unnest(array['store:' || replace(%(store)s::text, '-', ''), s.acquirer,
                                                             p.issuer]) i where i is not null order by 1)))], %(now)s)
  from merchants.store_facts(array[%(store)s::uuid], %(now)s) s
  left join payments.payment p
    on p.cell = %(bucket)s::int %% (select cells from plumbing.cells) and p.payment_id = %(payment)s
"""


@dataclass(frozen=True, slots=True)
class Move:
    """What becomes of an order's row. `look_at` None: nothing is due any more."""

    state: OrderState
    attempts: int
    payment_id: UUID | None
    refunded_fen: int
    paid_at: datetime | None
    ended_at: datetime | None
    look_at: datetime | None
    paid_fen: int | None = None


async def insert_order(
    connection: Connection, cell: int, order_id: UUID, new: NewOrder, *, now: datetime
) -> TradeOrder | None:
    """Write an order; None if the store has used the number."""
    values = {
        "cell": cell,
        "order": order_id,
        "store": new.store_id,
        "no": new.order_no,
        "door": new.door,
        "hash": new.body_hash,
        "fen": new.amount_fen,
        "subject": new.subject,
        "facts": json.dumps(new.facts, ensure_ascii=False),
        "now": now,
        "expires": new.expires_at,
        "kind": new.kind.value,
    }
    return _order(await (await connection.execute(_OPEN, values)).fetchone())


async def order_by_no(connection: Connection, cell: int, store_id: UUID, order_no: str) -> TradeOrder | None:
    """A store's order by its number."""
    return _order(await (await connection.execute(_BY_NO, [cell, store_id, order_no])).fetchone())


async def order_by_id(connection: Connection, cell: int, order_id: UUID, *, lock: bool = False) -> TradeOrder | None:
    """An order by id; `lock` keeps it until the commit."""
    return _order(await (await connection.execute(_LOCKED if lock else _BY_ID, [cell, order_id])).fetchone())


async def order_of_payment(connection: Connection, payment_id: UUID) -> TradeOrder | None:
    """The order that a payment paid; asks every cell."""
    return _order(await (await connection.execute(_OF_PAYMENT, {"payment": payment_id})).fetchone())


async def attempts_of(connection: Connection, cell: int, order_id: UUID) -> list[Attempt]:
    """An order's attempts, the first first."""
    rows = await (await connection.execute(_ATTEMPTS, [cell, order_id])).fetchall()
    return [Attempt(*(*row[:2], AttemptState(row[2]), *row[3:8], Deed(row[8]), row[9])) for row in rows]


async def begin_attempt(
    connection: Connection,
    cell: int,
    order_id: UUID,
    attempt_no: int,
    *,
    bucket: int,
    state: AttemptState = AttemptState.PENDING,
    now: datetime,
    deed: Deed = Deed.PAY,
    amount_fen: int | None = None,
) -> None:
    """Write an attempt before anything is done for it; a completion has an amount of its own."""
    row = [cell, order_id, attempt_no, bucket, state.value, now, deed.value, amount_fen]
    await connection.execute(_BEGIN, row)


async def move_order(connection: Connection, cell: int, order_id: UUID, move: Move) -> None:
    """Write what became of an order that the caller has locked."""
    values = {
        "cell": cell,
        "order": order_id,
        "state": move.state.value,
        "attempts": move.attempts,
        "payment": move.payment_id,
        "refunded": move.refunded_fen,
        "paid_at": move.paid_at,
        "ended_at": move.ended_at,
        "look_at": move.look_at,
        "paid": move.paid_fen,
    }
    await connection.execute(_MOVE, values)


async def move_attempt(connection: Connection, cell: int, order_id: UUID, attempt: Attempt) -> None:
    """Write what became of an attempt of an order that the caller has locked."""
    values = {
        "cell": cell,
        "order": order_id,
        "no": attempt.attempt_no,
        "state": attempt.state.value,
        "payment": attempt.payment_id,
        "reason": attempt.reason,
        "late": attempt.is_late,
        "ended_at": attempt.ended_at,
    }
    await connection.execute(_MOVE_ATTEMPT, values)


async def look_again(connection: Connection, cell: int, order_id: UUID, *, at: datetime) -> None:
    """Let the sweeper look at an order at a time."""
    await connection.execute(_LOOK, [at, cell, order_id])


async def lease_orders(connection: Connection, *, now: datetime) -> Sequence[tuple[int, UUID]]:
    """Orders (cell, id) that are due to be looked at, kept from others for a while."""
    return await (await connection.execute(_LEASE, [now, AT_ONCE, now + LOOK_AGAIN])).fetchall()


async def begun_as(connection: Connection, cell: int, order_id: UUID, key: UUID) -> UUID | None:
    """The payment that an attempt's key led to; `NEVER_BEGUN` if the attempt was given up, None if nothing is there."""
    row = await (await connection.execute(_BEGUN_AS, [cell, order_id, key])).fetchone()
    return None if row is None else row[0]


async def give_up(connection: Connection, cell: int, order_id: UUID, key: UUID) -> bool:
    """Make sure that an attempt can never begin; False if it has."""
    values = {"cell": cell, "order": order_id, "key": key, "none": NEVER_BEGUN}
    return (await connection.execute(_FENCE, values)).rowcount == 1


async def tell(connection: Connection, cell: int, order: TradeOrder, what: str, *, part: str, now: datetime) -> None:
    """Put `order.<what>` into the outbox, once for `part`."""
    payload = {
        "order_id": str(order.order_id),
        "store_id": str(order.store_id),
        "order_no": order.order_no,
        "door": order.door,
        "state": order.state.value,
        "amount_fen": order.amount_fen,
        "paid_fen": order.paid_fen,
        "refunded_fen": order.refunded_fen,
        "payment_id": str(order.payment_id) if order.payment_id else None,
        "part": part,
    }
    event = f"{order.order_id}:{what}:{part}"
    values: dict[str, object] = {
        "cell": cell,
        "kind": f"order.{what}",
        "event": event,
        "order": order.order_id,
        "now": now,
    }
    values |= {"payload": json.dumps(payload), "store": order.store_id, "payment": order.payment_id}
    values["bucket"] = bucket_of(order.payment_id) if order.payment_id else 0
    await connection.execute(_EMIT, values)


def _order(row: Sequence[Any] | None) -> TradeOrder | None:
    return None if row is None else TradeOrder(*(*row[:7], OrderState(row[7]), *row[8:16], OrderKind(row[16]), row[17]))
