"""The payments room's SQL for payments that wait for their payer's word."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.payments.asking import Asked, AskedState
from yongquan.plumbing.db import Connection

AT_ONCE = 100
LOOK_AGAIN = timedelta(seconds=5)
_ROW = """
       payment_id, citizen_id, instrument_id, voucher_ids, caller_id, key, body_hash, store_id, order_no, amount_fen,
       wish, state, reason, asked_at, expires_at, ended_at
"""
_CODE = """
select c.citizen_id, c.instrument_id, c.voucher_ids, c.payment_id, c.expires_at from payments.pay_code c
 where c.cell = %s and c.code_hash = %s for no key update
"""
_SPEND = "update payments.pay_code set payment_id = %s where cell = %s and code_hash = %s"
_RENEW = """
insert into payments.pay_code (cell, code_hash, citizen_id, instrument_id, voucher_ids, expires_at)
values (%(cell)s, %(code)s, %(citizen)s, %(instrument)s, %(vouchers)s, %(expires)s)
    on conflict (cell, code_hash) do update set expires_at = excluded.expires_at
"""
_USED_NO = "select body_hash, payment_id from payments.store_order where cell = %s and store_id = %s and order_no = %s"
_ADD = f"""
insert into payments.asked (cell, payment_id, citizen_id, instrument_id, voucher_ids, caller_id, key, body_hash,
                            store_id, order_no, amount_fen, wish, state, asked_at, expires_at, look_at)
values (%(cell)s, %(payment)s, %(citizen)s, %(instrument)s, %(vouchers)s, %(caller)s, %(key)s, %(hash)s, %(store)s,
        %(no)s, %(fen)s, %(wish)s, 'asking', %(now)s, %(expires)s, %(expires)s)
returning {_ROW}
"""
_BY_ID = f"select {_ROW} from payments.asked where cell = %s and payment_id = %s"
_LOCKED = f"{_BY_ID} for no key update"
_BY_KEY = f"select {_ROW} from payments.asked where cell = %s and caller_id = %s and key = %s"
_ISSUER = """
select i.issuer from payments.asked a
  join payments.instrument i on i.cell = a.cell and i.instrument_id = a.instrument_id
 where a.cell = %s and a.payment_id = %s
"""
_MOVE = """
update payments.asked set state = %(state)s, reason = %(reason)s, ended_at = %(ended)s, look_at = %(look)s
 where cell = %(cell)s and payment_id = %(payment)s
"""
_LEASE = """
with due as (select cell, payment_id from payments.asked where look_at <= %s
              order by look_at limit %s for no key update skip locked)
update payments.asked a set look_at = %s from due where a.cell = due.cell and a.payment_id = due.payment_id
returning a.cell, a.payment_id
"""
_TELL = """
select plumbing.emit(a.cell, 'payment.user_paying', array[md5(a.payment_id || ':user_paying')::uuid],
                     array[a.payment_id],
                     array[jsonb_build_object('store_id', a.store_id, 'citizen_id', a.citizen_id,
                                              'order_no', a.order_no, 'amount_fen', a.amount_fen,
                                              'expires_at', a.expires_at)
                           || institutions.concerned(a.cell, a.citizen_id, array[i.issuer])], a.asked_at)
  from payments.asked a
  join payments.instrument i on i.cell = a.cell and i.instrument_id = a.instrument_id
 where a.cell = %s and a.payment_id = %s
"""


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A pay code as it is kept; `payment_id` is what it was used for."""

    citizen_id: UUID
    instrument_id: UUID
    voucher_ids: tuple[UUID, ...] | None
    payment_id: UUID | None
    expires_at: datetime


async def lock_code(connection: Connection, cell: int, code_hash: UUID) -> ShownCode | None:
    """A pay code, kept from others until the commit."""
    row = await (await connection.execute(_CODE, [cell, code_hash])).fetchone()
    return None if row is None else ShownCode(row[0], row[1], None if row[2] is None else tuple(row[2]), *row[3:])


async def spend_code(connection: Connection, cell: int, code_hash: UUID, payment_id: UUID) -> None:
    """Let nobody use the code for another payment."""
    await connection.execute(_SPEND, [payment_id, cell, code_hash])


async def renew_code(connection: Connection, cell: int, asked: Asked, code_hash: UUID, *, until: datetime) -> None:
    """Give the agreed payment a code of its own, which nobody was ever shown."""
    values = {
        "cell": cell,
        "code": code_hash,
        "citizen": asked.citizen_id,
        "instrument": asked.instrument_id,
        "vouchers": None if asked.voucher_ids is None else list(asked.voucher_ids),
        "expires": until,
    }
    await connection.execute(_RENEW, values)


async def used_number(
    connection: Connection, store_cell: int, store_id: UUID, order_no: str
) -> tuple[UUID, UUID] | None:
    """The body's hash and the payment that a store's order number stands for."""
    return await (await connection.execute(_USED_NO, [store_cell, store_id, order_no])).fetchone()


async def add_asked(connection: Connection, cell: int, values: Mapping[str, Any]) -> Asked:
    """Write a question. Raises `UniqueViolation` if the key or the order number has one."""
    row = {**values, "cell": cell, "wish": json.dumps(values["wish"])}
    asked = _asked(await (await connection.execute(_ADD, row)).fetchone())
    if asked is None:
        raise LookupError("the row just written is not there")
    await connection.execute(_TELL, [cell, asked.payment_id])
    return asked


async def asked_by_id(connection: Connection, cell: int, payment_id: UUID, *, lock: bool = False) -> Asked | None:
    """A question; `lock` keeps it until the commit."""
    return _asked(await (await connection.execute(_LOCKED if lock else _BY_ID, [cell, payment_id])).fetchone())


async def asked_by_key(connection: Connection, cell: int, caller_id: UUID, key: UUID) -> Asked | None:
    """The question that a caller's key led to."""
    return _asked(await (await connection.execute(_BY_KEY, [cell, caller_id, key])).fetchone())


async def move_asked(
    connection: Connection,
    cell: int,
    payment_id: UUID,
    state: AskedState,
    *,
    reason: str = "",
    ended_at: datetime | None,
    look_at: datetime | None,
) -> None:
    """Write what became of a question that the caller has locked."""
    values = {
        "cell": cell,
        "payment": payment_id,
        "state": state.value,
        "reason": reason,
        "ended": ended_at,
        "look": look_at,
    }
    await connection.execute(_MOVE, values)


async def issuer_asked(connection: Connection, cell: int, payment_id: UUID) -> str | None:
    """The issuer of the card that a question is about."""
    row = await (await connection.execute(_ISSUER, [cell, payment_id])).fetchone()
    return None if row is None else str(row[0])


async def lease_asked(connection: Connection, *, now: datetime) -> Sequence[tuple[int, UUID]]:
    """Questions (cell, id) that are due, kept from others for a while."""
    return await (await connection.execute(_LEASE, [now, AT_ONCE, now + LOOK_AGAIN])).fetchall()


def _asked(row: Sequence[Any] | None) -> Asked | None:
    if row is None:
        return None
    return Asked(
        payment_id=row[0],
        citizen_id=row[1],
        instrument_id=row[2],
        voucher_ids=None if row[3] is None else tuple(row[3]),
        caller_id=row[4],
        key=row[5],
        body_hash=row[6],
        store_id=row[7],
        order_no=row[8],
        amount_fen=row[9],
        wish=row[10],
        state=AskedState(row[11]),
        reason=row[12],
        asked_at=row[13],
        expires_at=row[14],
        ended_at=row[15],
    )
