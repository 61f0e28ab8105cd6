"""The payments room's SQL for tokens on phones and their taps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from yongquan.payments.phone_tokens import TokenState
from yongquan.plumbing.db import Connection

_ROW = """
       token_id, citizen_id, instrument_id, number, device, key_sealed, counter, payment_fen, day_fen, state,
       asked_at, code_until
"""
_ADD = """
insert into payments.phone_token (cell, token_id, citizen_id, instrument_id, number, device, payment_fen, day_fen,
                                  asked_at, code_until)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_ONE = f"select {_ROW} from payments.phone_token where cell = %s and citizen_id = %s and token_id = %s"
_BY_NUMBER = f"select {_ROW} from payments.phone_token where cell = %s and number = %s for no key update"
_ALL = f"""
select {_ROW} from payments.phone_token where cell = %s and citizen_id = %s and state in ('active', 'suspended')
 order by asked_at, token_id
"""
_CODE_UNTIL = "update payments.phone_token set code_until = %s where cell = %s and token_id = %s"
_MOVE = """
update payments.phone_token set state = %(to)s, key_sealed = coalesce(%(key)s, key_sealed),
       ended_at = case when %(to)s = 'deleted' then %(now)s::timestamptz end
 where cell = %(cell)s and token_id = %(token)s
"""
_LIMIT = "update payments.phone_token set payment_fen = %s, day_fen = %s where cell = %s and token_id = %s"
_DELETE_OF = """
update payments.phone_token set state = 'deleted', ended_at = %s
 where cell = %s and instrument_id = %s and state <> 'deleted'
"""
_END_CODES = """
update payments.pay_code set expires_at = %s
 where cell = %s and payment_id is null and expires_at > %s
   and code_hash in (select t.code_hash from payments.phone_tap t where t.cell = %s and t.token_id = %s)
"""
_TAPPED = "select caller_id, key from payments.phone_tap where cell = %s and token_id = %s and counter = %s"
_TAP = """
insert into payments.phone_tap (cell, token_id, counter, caller_id, key, code_hash, amount_fen, day, tapped_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
_COUNT = "update payments.phone_token set counter = %s where cell = %s and token_id = %s"
# What failed, or was never asked for in time, leaves the day's limit as it was.
_USED = """
select coalesce(sum(t.amount_fen), 0)::bigint from payments.phone_tap t
  join payments.pay_code c on c.cell = t.cell and c.code_hash = t.code_hash
  left join payments.payment p on p.cell = t.cell and p.payment_id = c.payment_id
  left join payments.asked a on a.cell = t.cell and a.payment_id = c.payment_id
 where t.cell = %(cell)s and t.token_id = %(token)s and t.day = %(day)s
   and coalesce(p.state, '') <> 'failed'
   and (p.payment_id is not null or coalesce(a.state in ('asking', 'agreed'), c.expires_at > %(now)s))
"""


@dataclass(frozen=True, slots=True)
class PhoneToken:
    """A bound card's token on a device. Limits in fen; `counter` is the last one seen."""

    token_id: UUID
    citizen_id: UUID
    instrument_id: UUID
    number: str
    device: str
    key_sealed: bytes | None
    counter: int
    payment_fen: int
    day_fen: int
    state: TokenState
    asked_at: datetime
    code_until: datetime


async def add_token(connection: Connection, cell: int, token: PhoneToken) -> None:
    """Write a token before the bank's code is texted."""
    await connection.execute(
        _ADD,
        [
            *(cell, token.token_id, token.citizen_id, token.instrument_id, token.number, token.device),
            *(token.payment_fen, token.day_fen, token.asked_at, token.code_until),
        ],
    )


async def token_of(
    connection: Connection, cell: int, citizen_id: UUID, token_id: UUID, *, lock: bool = False
) -> PhoneToken | None:
    """A citizen's token."""
    statement = f"{_ONE} for no key update" if lock else _ONE
    return _read(await (await connection.execute(statement, [cell, citizen_id, token_id])).fetchone())


async def lock_token(connection: Connection, cell: int, number: str) -> PhoneToken | None:
    """The token of a number, locked until the commit."""
    return _read(await (await connection.execute(_BY_NUMBER, [cell, number])).fetchone())


async def tokens_of(connection: Connection, cell: int, citizen_id: UUID) -> list[PhoneToken]:
    """A citizen's tokens that are in use or suspended."""
    rows = await (await connection.execute(_ALL, [cell, citizen_id])).fetchall()
    return [found for row in rows if (found := _read(row)) is not None]


async def await_code(connection: Connection, cell: int, token_id: UUID, *, until: datetime) -> None:
    """Take a code for this token until then."""
    await connection.execute(_CODE_UNTIL, [until, cell, token_id])


async def move_token(
    connection: Connection, cell: int, token_id: UUID, to: TokenState, *, now: datetime, key_sealed: bytes | None = None
) -> None:
    """Change a token's state; codes that its taps left unused end with it unless it becomes active."""
    values = {"cell": cell, "token": token_id, "to": to.value, "now": now, "key": key_sealed}
    await connection.execute(_MOVE, values)
    if to is not TokenState.ACTIVE:
        await connection.execute(_END_CODES, [now, cell, now, cell, token_id])


async def limit_token(connection: Connection, cell: int, token_id: UUID, *, payment_fen: int, day_fen: int) -> None:
    """Set what a token may pay at once and in a day."""
    await connection.execute(_LIMIT, [payment_fen, day_fen, cell, token_id])


async def delete_tokens_of(connection: Connection, cell: int, instrument_id: UUID, *, now: datetime) -> None:
    """End all tokens of a card."""
    await connection.execute(_DELETE_OF, [now, cell, instrument_id])


async def tapped(connection: Connection, cell: int, token_id: UUID, counter: int) -> tuple[UUID, UUID] | None:
    """Who brought this counter, and under which key."""
    return await (await connection.execute(_TAPPED, [cell, token_id, counter])).fetchone()


async def add_tap(connection: Connection, cell: int, token_id: UUID, values: Sequence[object]) -> None:
    """Note a tap: counter, caller, key, code, amount, day, moment."""
    await connection.execute(_TAP, [cell, token_id, *values])
    await connection.execute(_COUNT, [values[0], cell, token_id])


async def used_today(connection: Connection, cell: int, token_id: UUID, *, day: date, now: datetime) -> int:
    """What a token has paid, or is about to pay, on a business day; in fen."""
    values = {"cell": cell, "token": token_id, "day": day, "now": now}
    row = await (await connection.execute(_USED, values)).fetchone()
    return int(row[0]) if row else 0


def _read(row: Sequence[Any] | None) -> PhoneToken | None:
    if row is None:
        return None
    token = PhoneToken(*row)
    return replace(token, state=TokenState(token.state))
