"""The payments room's SQL for pre-authorisations."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.payments.preauths import Hold, HoldState
from yongquan.plumbing.db import Connection

AT_ONCE = 100
LOOK_AGAIN = timedelta(seconds=5)
_NAMES = (
    *("cell", "order_id", "attempt_no", "store_id", "citizen_id", "instrument_id", "issuer", "acquirer", "mcc"),
    *("amount_fen", "state", "authorization", "response_code", "settlement_date", "stan", "sent_at", "free_stan"),
    *("free_sent_at", "free_reason", "begun_at", "expires_at", "ended_at"),
)
_COLUMNS = ", ".join("authorization_code" if name == "authorization" else name for name in _NAMES)
_FACTS = """
select i.issuer, i.pan_sealed, s.acquirer, s.mcc, s.state
  from payments.instrument i, merchants.store s
 where i.cell = %s and i.instrument_id = %s and i.citizen_id = %s and i.state = 'bound' and s.store_id = %s
"""
_PAN = "select pan_sealed from payments.instrument where cell = %s and instrument_id = %s"
_INSERT = f"""
insert into payments.preauth ({_COLUMNS}, look_at)
values ({", ".join(f"%({name})s" for name in _NAMES)}, %(look_at)s)
"""
_LATEST = f"""
select {_COLUMNS} from payments.preauth where cell = %s and order_id = %s order by attempt_no desc limit 1
"""
_ANSWERED = """
update payments.preauth
   set state = %(state)s, authorization_code = %(authorization)s, response_code = %(response)s,
       ended_at = %(ended_at)s, look_at = %(look_at)s
 where cell = %(cell)s and order_id = %(order)s and attempt_no = %(no)s and state in ('asking', 'unknown')
"""
_FREE = f"""
update payments.preauth
   set state = 'freeing', free_stan = %(stan)s, free_sent_at = %(now)s, free_reason = %(reason)s, look_at = %(look_at)s
 where cell = %(cell)s and order_id = %(order)s and attempt_no = %(no)s and state = 'held'
returning {_COLUMNS}
"""
_FREED = """
update payments.preauth set state = 'freed', ended_at = %s, look_at = null
 where cell = %s and order_id = %s and attempt_no = %s and state = 'freeing'
"""
_LEASE = f"""
with due as (select cell, order_id, attempt_no from payments.preauth where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked)
update payments.preauth p set look_at = %(again)s from due
 where p.cell = due.cell and p.order_id = due.order_id and p.attempt_no = due.attempt_no
returning {", ".join(f"p.{name}" for name in _COLUMNS.split(", "))}
"""
_LOOK = "update payments.preauth set look_at = %s where cell = %s and order_id = %s and attempt_no = %s"


@dataclass(frozen=True, slots=True)
class HoldFacts:
    """What a hold's message needs to know of the card and the store."""

    issuer: str
    pan_sealed: bytes
    acquirer: str
    mcc: str
    store_state: str


async def hold_facts(
    connection: Connection, cell: int, instrument_id: UUID | None, citizen_id: UUID | None, store_id: UUID
) -> HoldFacts | None:
    """The bound card and the store; None if the card is not bound to the citizen."""
    row = await (await connection.execute(_FACTS, [cell, instrument_id, citizen_id, store_id])).fetchone()
    return None if row is None else HoldFacts(*row)


async def sealed_pan(connection: Connection, cell: int, instrument_id: UUID) -> bytes:
    """The sealed number of an instrument, bound or not."""
    row = await (await connection.execute(_PAN, [cell, instrument_id])).fetchone()
    if row is None:
        raise LookupError(f"a hold names instrument {instrument_id}, which is not there")
    return bytes(row[0])


async def insert_hold(connection: Connection, hold: Hold, *, look_at: datetime) -> None:
    """Write a hold before its message is sent."""
    await connection.execute(_INSERT, asdict(hold) | {"state": hold.state.value, "look_at": look_at})


async def latest_hold(connection: Connection, cell: int, order_id: UUID) -> Hold | None:
    """The newest hold of an order."""
    return _hold(await (await connection.execute(_LATEST, [cell, order_id])).fetchone())


async def hold_answered(
    connection: Connection,
    hold: Hold,
    state: HoldState,
    *,
    response: str,
    authorization: str | None,
    now: datetime,
    look_at: datetime | None,
) -> bool:
    """Write the issuer's answer, or that there is none yet; False if one was written before."""
    values = {
        "cell": hold.cell,
        "order": hold.order_id,
        "no": hold.attempt_no,
        "state": state.value,
        "response": response,
        "authorization": authorization,
        "ended_at": now if state is HoldState.DECLINED else None,
        "look_at": look_at,
    }
    return (await connection.execute(_ANSWERED, values)).rowcount == 1


async def begin_freeing(connection: Connection, hold: Hold, *, stan: int, reason: str, now: datetime) -> Hold | None:
    """Fix the message that frees a hold; None if the hold is not held."""
    values = {
        "cell": hold.cell,
        "order": hold.order_id,
        "no": hold.attempt_no,
        "stan": stan,
        "now": now.replace(microsecond=0),
        "reason": reason,
        "look_at": now + LOOK_AGAIN,
    }
    return _hold(await (await connection.execute(_FREE, values)).fetchone())


async def end_freeing(connection: Connection, hold: Hold, *, now: datetime) -> bool:
    """Write that the issuer freed a hold; False if that was written before."""
    done = await connection.execute(_FREED, [now, hold.cell, hold.order_id, hold.attempt_no])
    return done.rowcount == 1


async def lease_holds(connection: Connection, *, now: datetime) -> Sequence[Hold]:
    """Holds that are due to be looked at, kept from others for a while."""
    values = {"now": now, "limit": AT_ONCE, "again": now + LOOK_AGAIN}
    rows = await (await connection.execute(_LEASE, values)).fetchall()
    return [hold for row in rows if (hold := _hold(row)) is not None]


async def look_at_hold(connection: Connection, hold: Hold, *, at: datetime | None) -> None:
    """Let the sweeper look at a hold at a time, or not any more."""
    await connection.execute(_LOOK, [at, hold.cell, hold.order_id, hold.attempt_no])


def _hold(row: Sequence[Any] | None) -> Hold | None:
    if row is None:
        return None
    facts = dict(zip(_NAMES, row, strict=True))
    return Hold(**(facts | {"state": HoldState(facts["state"])}))
