"""SQL of calls for shops, the shops in them and nominations. Joining a call is joining its shop group."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from yongquan.merchants.enrolment.conditions import CallConditions
from yongquan.merchants.enrolment.model import (
    Call,
    CallPlan,
    Enrolment,
    EnrolmentState,
    Nomination,
    NominationState,
)
from yongquan.merchants.views import OVER_A_COUNTER
from yongquan.plumbing.db import Connection

CANDIDATES_MAX = 60
_GROUP = """
insert into merchants.shop_group (code, name, name_en) values (%s, %s, %s) on conflict (code) do nothing
"""
_ADD = """
insert into merchants.call (call_id, campaign_id, group_code, opens_at, closes_at, starts_at, places, conditions)
values (%s, %s, %s, %s, %s, %s, %s, %s) on conflict (call_id) do update
   set campaign_id = excluded.campaign_id, group_code = excluded.group_code, opens_at = excluded.opens_at,
       closes_at = excluded.closes_at, starts_at = excluded.starts_at, places = excluded.places,
       conditions = excluded.conditions
"""
_CALLS = """
select c.call_id, c.campaign_id, c.group_code, c.opens_at, c.closes_at, c.starts_at, c.places, c.conditions,
       (select count(*) from merchants.enrolment e where e.call_id = c.call_id and e.state = 'joined')
  from merchants.call c where c.call_id = any (%s) order by c.closes_at, c.call_id
"""
_LOCK = "select 1 from merchants.call where call_id = %s for update"
_JOIN = """
insert into merchants.enrolment (call_id, store_id, state, via, by, joined_at, facts)
values (%(call)s, %(store)s, 'joined', %(via)s, %(by)s, %(now)s, %(facts)s)
    on conflict (call_id, store_id) do update
   set state = 'joined', via = excluded.via, by = excluded.by, joined_at = excluded.joined_at, left_at = null,
       facts = excluded.facts
 where merchants.enrolment.state = 'withdrawn'
"""
_ENTER = "insert into merchants.shop_group_member (store_id, code) values (%s, %s) on conflict do nothing"
_LEAVE = """
update merchants.enrolment set state = 'withdrawn', left_at = %s where call_id = %s and store_id = %s
   and state = 'joined'
"""
# Another call that leads to the same group keeps the shop in it.
_QUIT = """
delete from merchants.shop_group_member m where m.store_id = %(store)s and m.code = %(code)s
   and not exists (select from merchants.enrolment e join merchants.call c on c.call_id = e.call_id
                    where e.store_id = %(store)s and e.state = 'joined' and c.group_code = %(code)s)
"""
_ENROLLED = "select call_id, store_id, state, via, by, joined_at, left_at from merchants.enrolment"
_NOMINATE = """
insert into merchants.nomination (nomination_id, call_id, adcode, stores, reason, proposed_by, proposed_at)
values (%s, %s, %s, %s, %s, %s, %s) on conflict do nothing
"""
_NOMINATIONS = """
select nomination_id, call_id, adcode, stores, reason, state, proposed_by, proposed_at, decided_by, decided_at, left_out
  from merchants.nomination
"""
_DECIDE = """
update merchants.nomination set state = %s, decided_by = %s, decided_at = %s, left_out = %s where nomination_id = %s
"""
_FACTS = """
select s.store_id, s.name, s.industry, s.adcode, s.acquirer, s.licence_no, s.state = 'open', s.hardship,
       s.registered_at, coalesce(l.status, '') not in ('cancelled', 'revoked')
  from merchants.store s left join merchants.licence l on l.licence_no = s.licence_no where s.store_id = any (%s)
"""
_CANDIDATES = f"""
select s.store_id from merchants.store s
 where s.adcode = %(adcode)s and s.state <> 'closed' and {OVER_A_COUNTER}
   and (%(industry)s = '' or s.industry = %(industry)s) and (%(part)s = '' or strpos(s.name, %(part)s) > 0)
   and not exists (select from merchants.enrolment e
                    where e.call_id = %(call)s and e.store_id = s.store_id and e.state = 'joined')
 order by s.name, s.store_id limit %(limit)s
"""


async def save_call(connection: Connection, call_id: UUID, plan: CallPlan, *, name: str, name_en: str) -> None:
    """Write a draft's call and its shop group, which begins empty; an existing group keeps its name and shops."""
    await connection.execute(_GROUP, [plan.group_code, name, name_en])
    conditions = Jsonb(msgspec.to_builtins(plan.conditions))
    await connection.execute(
        _ADD,
        [
            *(call_id, plan.campaign_id, plan.group_code, plan.opens_at, plan.closes_at, plan.starts_at, plan.places),
            conditions,
        ],
    )


async def calls_of(connection: Connection, call_ids: Sequence[UUID]) -> Mapping[UUID, Call]:
    """Calls by id, what closes first first."""
    rows = await (await connection.execute(_CALLS, [list(call_ids)])).fetchall()
    return {row[0]: _call(row) for row in rows}


async def lock_call(connection: Connection, call_id: UUID) -> Call | None:
    """One call, kept from changing for this transaction: its places are counted under this lock."""
    await connection.execute(_LOCK, [call_id])
    return (await calls_of(connection, [call_id])).get(call_id)


async def join_call(
    connection: Connection, call: Call, store_id: UUID, *, via: str, by: str, facts: Mapping[str, object], now: datetime
) -> bool:
    """Write a shop into a call and its group; False if it is in it already."""
    values = {"call": call.call_id, "store": store_id, "via": via, "by": by, "now": now, "facts": Jsonb(dict(facts))}
    done = await connection.execute(_JOIN, values)
    await connection.execute(_ENTER, [store_id, call.plan.group_code])
    return done.rowcount == 1


async def leave_call(connection: Connection, call: Call, store_id: UUID, *, now: datetime) -> bool:
    """Take a shop out of a call and its group; False if it was not in it."""
    done = await connection.execute(_LEAVE, [now, call.call_id, store_id])
    await connection.execute(_QUIT, {"store": store_id, "code": call.plan.group_code})
    return done.rowcount == 1


async def enrolments_of_store(connection: Connection, store_id: UUID) -> Mapping[UUID, Enrolment]:
    """A shop's enrolments by call."""
    rows = await (await connection.execute(f"{_ENROLLED} where store_id = %s", [store_id])).fetchall()
    return {row[0]: _enrolment(row) for row in rows}


async def enrolments_of_call(connection: Connection, call_id: UUID, *, limit: int) -> Sequence[Enrolment]:
    """The shops of a call, the latest first."""
    query = f"{_ENROLLED} where call_id = %s order by joined_at desc, store_id limit %s"
    return [_enrolment(row) for row in await (await connection.execute(query, [call_id, limit])).fetchall()]


async def add_nomination(
    connection: Connection,
    nomination_id: UUID,
    *,
    call_id: UUID,
    adcode: str,
    stores: Sequence[UUID],
    reason: str,
    by: str,
    now: datetime,
) -> bool:
    """Write a nomination; False if it is there already."""
    values = [nomination_id, call_id, adcode, list(stores), reason, by, now]
    return (await connection.execute(_NOMINATE, values)).rowcount == 1


async def nomination_of(connection: Connection, nomination_id: UUID) -> Nomination | None:
    """One nomination, kept from changing for this transaction."""
    query = f"{_NOMINATIONS} where nomination_id = %s for update"
    row = await (await connection.execute(query, [nomination_id])).fetchone()
    return _nomination(row) if row else None


async def nominations_of(
    connection: Connection, call_id: UUID, *, places: Sequence[str] | None
) -> Sequence[Nomination]:
    """A call's nominations by some divisions (None: all), what waits first."""
    query = f"""{_NOMINATIONS} where call_id = %(call)s and (%(places)s::text[] is null or adcode = any (%(places)s))
 order by state <> 'proposed', proposed_at desc"""
    values = {"call": call_id, "places": None if places is None else list(places)}
    return [_nomination(row) for row in await (await connection.execute(query, values)).fetchall()]


async def decide_nomination(
    connection: Connection,
    nomination_id: UUID,
    state: NominationState,
    *,
    by: str,
    left_out: Mapping[UUID, str],
    now: datetime,
) -> None:
    """Write the decision, and which shops were left out for which condition."""
    out = Jsonb({str(store): condition for store, condition in left_out.items()})
    await connection.execute(_DECIDE, [state, by, now, out, nomination_id])


async def known_of_stores(connection: Connection, store_ids: Sequence[UUID]) -> Mapping[UUID, tuple[Any, ...]]:
    """Of each store: name, industry, division, acquirer, licence, open, relief, since when, does its licence stand."""
    rows = await (await connection.execute(_FACTS, [list(store_ids)])).fetchall()
    return {row[0]: row[1:] for row in rows}


async def candidates(connection: Connection, call_id: UUID, *, adcode: str, industry: str, part: str) -> Sequence[UUID]:
    """Stores of a division that are not in a call, `CANDIDATES_MAX` at most, by name; "" is any industry or name."""
    values = {"call": call_id, "adcode": adcode, "industry": industry, "part": part, "limit": CANDIDATES_MAX}
    return [row[0] for row in await (await connection.execute(_CANDIDATES, values)).fetchall()]


def _call(row: tuple[Any, ...]) -> Call:
    conditions = msgspec.convert(row[7], CallConditions)
    return Call(row[0], CallPlan(*(*row[1:7], conditions)), int(row[8]))


def _enrolment(row: tuple[Any, ...]) -> Enrolment:
    return Enrolment(row[0], row[1], EnrolmentState(row[2]), *row[3:])


def _nomination(row: tuple[Any, ...]) -> Nomination:
    return Nomination(*(*row[:3], tuple(row[3]), row[4], NominationState(row[5]), *row[6:]))
