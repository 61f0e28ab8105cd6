"""The payments room's SQL for mandates, the payees that may hold them, and the debits under them."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.payments.mandates import (
    CollectionState,
    Cycle,
    Mandate,
    MandateState,
    NewMandate,
    Scene,
    Terms,
    Used,
)
from yongquan.plumbing.db import Connection

AT_ONCE = 100
LEASE = timedelta(seconds=20)
_ALLOW = """
insert into payments.mandate_payee (store_id, scene, allowed_at)
select %s, s, %s from unnest(%s::text[]) s on conflict do nothing
"""
_ALLOWED = "select scene from payments.mandate_payee where store_id = %s"
_TAKE_NO = """
insert into payments.mandate_no (cell, store_id, contract_no, mandate_id) values (%s, %s, %s, %s)
on conflict do nothing
"""
_BY_NO = "select mandate_id from payments.mandate_no where cell = %s and store_id = %s and contract_no = %s"
_INSERT = """
insert into payments.mandate (cell, mandate_id, store_id, contract_no, payee_name, citizen_id, instrument_id, issuer,
                              holder_sealed, purpose, scene, cycle, debit_max_fen, cycle_max_fen, starts_on, ends_on,
                              cycle_times, notice_hours, tries, try_every_hours, state, body_hash, facts, asked_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'asked', %s, %s, %s)
"""
_MANDATE = """
select m.mandate_id, m.store_id, m.contract_no, m.payee_name, m.citizen_id, m.instrument_id, m.issuer, i.pan_tail,
       m.purpose, m.scene, m.cycle, m.debit_max_fen, m.cycle_max_fen, m.starts_on, m.ends_on, m.cycle_times,
       m.notice_hours, m.tries, m.try_every_hours, m.state, m.reason, m.revoked_by, m.body_hash, m.facts, m.asked_at,
       m.signed_at, m.ended_at
  from payments.mandate m join payments.instrument i on i.cell = m.cell and i.instrument_id = m.instrument_id
"""
_ONE = f"{_MANDATE} where m.cell = %s and m.mandate_id = %s"
_LOCKED = f"{_ONE} for no key update of m"
_OF_CITIZEN = f"{_MANDATE} where m.cell = %s and m.citizen_id = %s and m.state <> 'refused' order by m.asked_at desc"
_SECRETS = """
select i.pan_sealed, m.holder_sealed, m.bank_knows from payments.mandate m
  join payments.instrument i on i.cell = m.cell and i.instrument_id = m.instrument_id
 where m.cell = %s and m.mandate_id = %s
"""
_INSTRUMENT = """
select issuer, state from payments.instrument where cell = %s and instrument_id = %s and citizen_id = %s
"""
_MOVE = """
update payments.mandate
   set state = %(state)s, reason = %(reason)s, revoked_by = %(by)s, bank_knows = %(knows)s, look_at = %(look_at)s,
       signed_at = case when %(state)s = 'active' then %(now)s else signed_at end,
       ended_at = case when %(state)s in ('refused', 'revoked', 'expired') then %(now)s else ended_at end,
       holder_sealed = case when %(state)s = 'asked' then holder_sealed end
 where cell = %(cell)s and mandate_id = %(id)s
"""
_LOOK = "update payments.mandate set look_at = %s, bank_knows = %s where cell = %s and mandate_id = %s"
_LEASE = """
with due as (select cell, mandate_id from payments.mandate where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked)
update payments.mandate m set look_at = %(until)s from due where m.cell = due.cell and m.mandate_id = due.mandate_id
returning m.cell, m.mandate_id
"""
_USED = """
select count(*), coalesce(sum(amount_fen), 0)::bigint from payments.collection
 where cell = %s and mandate_id = %s and cycle_key = %s and order_id is distinct from %s
   and state in ('waiting', 'collecting', 'succeeded')
"""
_PLAN = """
insert into payments.collection (cell, order_id, mandate_id, store_id, order_no, amount_fen, subject, cycle_key, state,
                                 due_at, notice, look_at, asked_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, 'waiting', %s, %s, %s, %s) on conflict do nothing
"""
_COLLECTION = """
select cell, order_id, mandate_id, store_id, order_no, amount_fen, subject, state, reason, tries, due_at, notice,
       look_at, asked_at, ended_at from payments.collection
"""
_ONE_COLLECTION = f"{_COLLECTION} where cell = %s and order_id = %s"
_LOCKED_COLLECTION = f"{_ONE_COLLECTION} for no key update"
_OF_MANDATES = f"{_COLLECTION} where cell = %s and mandate_id = any (%s) order by asked_at desc limit 100"
_OPEN_OF = f"{_COLLECTION} where cell = %s and mandate_id = %s and state in ('waiting', 'collecting')"
_MOVE_COLLECTION = """
update payments.collection
   set state = %(state)s, reason = %(reason)s, tries = %(tries)s, look_at = %(look_at)s,
       ended_at = case when %(state)s in ('succeeded', 'failed', 'cancelled') then %(now)s end
 where cell = %(cell)s and order_id = %(order)s
"""
_LEASE_COLLECTIONS = """
with due as (select cell, order_id from payments.collection where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked)
update payments.collection c set look_at = %(until)s from due where c.cell = due.cell and c.order_id = due.order_id
returning c.cell, c.order_id
"""
_CLAIM_NOTICES = """
update payments.collection c set notice = 'sending'
  from (select cell, order_id from payments.collection where notice = 'due'
         order by asked_at limit %s for update skip locked) due
 where c.cell = due.cell and c.order_id = due.order_id and c.state = 'waiting'
returning c.cell, c.order_id, c.mandate_id, c.amount_fen, c.due_at
"""
_NOTICED = "update payments.collection set notice = 'sent' where cell = %s and order_id = %s"
_EMIT = "select plumbing.emit(%s, %s, array[md5(%s)::uuid], array[%s::uuid], array[%s::jsonb], %s)"


@dataclass(frozen=True, slots=True)
class Collection:
    """A debit under a mandate as it stands; `look_at` is when something is due for it."""

    cell: int
    order_id: UUID
    mandate_id: UUID
    store_id: UUID
    order_no: str
    amount_fen: int
    subject: str
    state: CollectionState
    reason: str
    tries: int
    due_at: datetime
    notice: str
    look_at: datetime | None
    asked_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only the account's bank is told: the card, the holder's name, both sealed; whether it knows of the end."""

    pan_sealed: bytes
    holder_sealed: bytes | None
    bank_knows: bool


async def allow_scenes(connection: Connection, store_id: UUID, scenes: Iterable[Scene], *, now: datetime) -> None:
    """Put scenes on a payee's white list."""
    await connection.execute(_ALLOW, [store_id, now, [scene.value for scene in scenes]])


async def scenes_of(connection: Connection, store_id: UUID) -> frozenset[Scene]:
    """What a payee may collect for."""
    rows = await (await connection.execute(_ALLOWED, [store_id])).fetchall()
    return frozenset(Scene(row[0]) for row in rows)


async def take_contract_no(
    connection: Connection, store_cell: int, store_id: UUID, contract_no: str, mandate_id: UUID
) -> UUID:
    """The mandate that this number stands for: the one given, unless the payee used the number before."""
    await connection.execute(_TAKE_NO, [store_cell, store_id, contract_no, mandate_id])
    found = await mandate_by_no(connection, store_cell, store_id, contract_no)
    return found or mandate_id


async def mandate_by_no(connection: Connection, store_cell: int, store_id: UUID, contract_no: str) -> UUID | None:
    """The mandate of a payee's number."""
    row = await (await connection.execute(_BY_NO, [store_cell, store_id, contract_no])).fetchone()
    return None if row is None else row[0]


async def issuer_of(connection: Connection, cell: int, citizen_id: UUID, instrument_id: UUID) -> str | None:
    """Who issued a citizen's bound instrument; None if it is not bound."""
    row = await (await connection.execute(_INSTRUMENT, [cell, instrument_id, citizen_id])).fetchone()
    return None if row is None or row[1] != "bound" else str(row[0])


async def insert_mandate(
    connection: Connection,
    cell: int,
    mandate_id: UUID,
    new: NewMandate,
    *,
    issuer: str,
    holder_sealed: bytes | None,
    body_hash: UUID,
    now: datetime,
) -> None:
    """Write a mandate that is asked for."""
    terms = new.terms
    await connection.execute(
        _INSERT,
        [
            *(cell, mandate_id, new.store_id, new.contract_no, new.payee_name, new.citizen_id, new.instrument_id),
            *(issuer, holder_sealed, terms.purpose, terms.scene.value, terms.cycle.value, terms.debit_max_fen),
            *(terms.cycle_max_fen, terms.starts_on, terms.ends_on, terms.cycle_times, terms.notice_hours),
            *(terms.tries, terms.try_every_hours, body_hash, json.dumps(new.facts, ensure_ascii=False), now),
        ],
    )


async def mandate_of(connection: Connection, cell: int, mandate_id: UUID, *, lock: bool = False) -> Mandate | None:
    """A mandate; `lock` keeps it until the commit."""
    row = await (await connection.execute(_LOCKED if lock else _ONE, [cell, mandate_id])).fetchone()
    return None if row is None else _mandate(row)


async def mandates_of(connection: Connection, cell: int, citizen_id: UUID) -> list[Mandate]:
    """A citizen's mandates, the newest first."""
    return [_mandate(row) for row in await (await connection.execute(_OF_CITIZEN, [cell, citizen_id])).fetchall()]


async def secrets_of(connection: Connection, cell: int, mandate_id: UUID) -> Secrets | None:
    """What the bank is told."""
    row = await (await connection.execute(_SECRETS, [cell, mandate_id])).fetchone()
    return None if row is None else Secrets(*row)


async def move_mandate(
    connection: Connection,
    cell: int,
    mandate_id: UUID,
    state: MandateState,
    *,
    now: datetime,
    reason: str = "",
    by: str = "",
    bank_knows: bool = True,
    look_at: datetime | None = None,
) -> None:
    """Write what became of a mandate that the caller has locked."""
    values = {
        "cell": cell,
        "id": mandate_id,
        "state": state.value,
        "reason": reason,
        "by": by,
        "knows": bank_knows,
        "look_at": look_at,
        "now": now,
    }
    await connection.execute(_MOVE, values)


async def look_at_mandate(
    connection: Connection, cell: int, mandate_id: UUID, *, at: datetime | None, bank_knows: bool
) -> None:
    """Let the sweeper speak to the bank at a time."""
    await connection.execute(_LOOK, [at, bank_knows, cell, mandate_id])


async def lease_mandates(connection: Connection, *, now: datetime) -> Sequence[tuple[int, UUID]]:
    """Mandates whose bank is to be spoken to, kept from others for a while."""
    values = {"now": now, "limit": AT_ONCE, "until": now + LEASE}
    return await (await connection.execute(_LEASE, values)).fetchall()


async def used_in(connection: Connection, cell: int, mandate_id: UUID, key: str, *, but: UUID | None = None) -> Used:
    """What other debits of a cycle took or will take."""
    row = await (await connection.execute(_USED, [cell, mandate_id, key, but])).fetchone()
    return Used(row[0], row[1]) if row else Used()


async def plan_collection(connection: Connection, collection: Collection, *, cycle_key: str) -> None:
    """Write a debit before anything is done for it."""
    c = collection
    await connection.execute(
        _PLAN,
        [
            *(c.cell, c.order_id, c.mandate_id, c.store_id, c.order_no, c.amount_fen, c.subject, cycle_key),
            *(c.due_at, c.notice, c.look_at, c.asked_at),
        ],
    )


async def collection_of(connection: Connection, cell: int, order_id: UUID, *, lock: bool = False) -> Collection | None:
    """A debit by its order; `lock` keeps it until the commit."""
    statement = _LOCKED_COLLECTION if lock else _ONE_COLLECTION
    row = await (await connection.execute(statement, [cell, order_id])).fetchone()
    return None if row is None else _collection(row)


async def collections_of(connection: Connection, cell: int, mandate_ids: Sequence[UUID]) -> list[Collection]:
    """The last debits of some mandates, the newest first."""
    rows = await (await connection.execute(_OF_MANDATES, [cell, list(mandate_ids)])).fetchall()
    return [_collection(row) for row in rows]


async def open_collections_of(connection: Connection, cell: int, mandate_id: UUID) -> list[Collection]:
    """The debits of a mandate that have not ended."""
    rows = await (await connection.execute(_OPEN_OF, [cell, mandate_id])).fetchall()
    return [_collection(row) for row in rows]


async def move_collection(
    connection: Connection,
    collection: Collection,
    state: CollectionState,
    *,
    now: datetime,
    reason: str = "",
    tries: int | None = None,
    look_at: datetime | None = None,
) -> None:
    """Write what became of a debit that the caller has locked."""
    values = {
        "cell": collection.cell,
        "order": collection.order_id,
        "state": state.value,
        "reason": reason,
        "tries": collection.tries if tries is None else tries,
        "look_at": look_at,
        "now": now,
    }
    await connection.execute(_MOVE_COLLECTION, values)


async def lease_collections(connection: Connection, *, now: datetime) -> Sequence[tuple[int, UUID]]:
    """Debits (cell, order) that are due, kept from others for a while."""
    values = {"now": now, "limit": AT_ONCE, "until": now + LEASE}
    return await (await connection.execute(_LEASE_COLLECTIONS, values)).fetchall()


async def claim_notices(connection: Connection) -> Sequence[tuple[int, UUID, UUID, int, datetime]]:
    """Notices to be sent (cell, order, mandate, fen, due), each claimed once."""
    return await (await connection.execute(_CLAIM_NOTICES, [AT_ONCE])).fetchall()


async def note_notice(connection: Connection, cell: int, order_id: UUID) -> None:
    """The payer's phone has the notice."""
    await connection.execute(_NOTICED, [cell, order_id])


async def tell(
    connection: Connection, cell: int, kind: str, subject: UUID, facts: dict[str, object], *, part: str, now: datetime
) -> None:
    """Put an event about a mandate or a debit into the outbox, once for `part`."""
    await connection.execute(_EMIT, [cell, kind, f"{subject}:{kind}:{part}", subject, json.dumps(facts), now])


def _mandate(row: Sequence[Any]) -> Mandate:
    terms = Terms(
        purpose=row[8],
        scene=Scene(row[9]),
        cycle=Cycle(row[10]),
        debit_max_fen=row[11],
        cycle_max_fen=row[12],
        starts_on=row[13],
        ends_on=row[14],
        cycle_times=row[15],
        notice_hours=row[16],
        tries=row[17],
        try_every_hours=row[18],
    )
    return Mandate(
        mandate_id=row[0],
        store_id=row[1],
        contract_no=row[2],
        payee_name=row[3],
        citizen_id=row[4],
        instrument_id=row[5],
        issuer=row[6],
        card_tail=row[7],
        terms=terms,
        state=MandateState(row[19]),
        reason=row[20],
        revoked_by=row[21],
        body_hash=row[22],
        facts=row[23],
        asked_at=row[24],
        signed_at=row[25],
        ended_at=row[26],
    )


def _collection(row: Sequence[Any]) -> Collection:
    return Collection(*(*row[:7], CollectionState(row[7]), *row[8:]))
