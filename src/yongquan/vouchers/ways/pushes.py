"""A push: vouchers of one type on their way to an audience. Its life, and its SQL."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection
from yongquan.vouchers.ways.audience import Audience, audience_document


class PushState(StrEnum):
    DRAFT = "draft"
    SENDING = "sending"
    SENT = "sent"
    STOPPED = "stopped"


PUSH_MOVES: Mapping[PushState, frozenset[PushState]] = {
    PushState.DRAFT: frozenset({PushState.SENDING, PushState.STOPPED}),
    PushState.SENDING: frozenset({PushState.SENT, PushState.STOPPED}),
    PushState.SENT: frozenset(),
    PushState.STOPPED: frozenset(),
}
_COLUMNS = """
select p.push_id, p.round_id, p.type_id, p.name, p.audience, p.state, p.counted, p.districts, p.counted_at, p.made_at,
       p.started_at, p.ended_at, c.adcode, t.name, t.name_en, t.amount_fen, r.name, r.name_en, r.mode, r.state,
       (select coalesce(sum(s.stock - s.claimed), 0)::int from vouchers.stock s where s.type_id = p.type_id)
  from vouchers.push p
  join vouchers.voucher_type t on t.type_id = p.type_id
  join vouchers.round r on r.round_id = p.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
"""
_SAVE = """
insert into vouchers.push (push_id, round_id, type_id, name, audience, state, made_by, made_at)
select %s, t.round_id, t.type_id, %s, %s, 'draft', %s, %s from vouchers.voucher_type t where t.type_id = %s
"""
_ONE = f"{_COLUMNS} where p.push_id = %s"
_ALL = f"{_COLUMNS} where %(places)s::text[] is null or c.adcode = any (%(places)s) order by p.made_at desc limit 100"
_LOCK = "select state from vouchers.push where push_id = %s for no key update"
_COUNTED = "update vouchers.push set counted = %s, districts = %s, counted_at = %s where push_id = %s"
_MOVE = """
update vouchers.push set state = %(to)s,
       started_at = case when %(to)s = 'sending' then %(now)s else started_at end,
       ended_at = case when %(to)s in ('sent', 'stopped') then %(now)s else ended_at end
 where push_id = %(push)s
"""
_SENDING = "select push_id from vouchers.push where state = 'sending' order by started_at"
_OPEN = """
select citizen_id, copies from vouchers.push_target
 where cell = %s and push_id = %s and outcome is null order by citizen_id limit %s for no key update
"""
_DONE = """
update vouchers.push_target t set granted = u.granted, outcome = u.outcome
  from unnest(%s::uuid[], %s::int[], %s::text[]) as u(citizen_id, granted, outcome)
 where t.cell = %s and t.push_id = %s and t.citizen_id = u.citizen_id
"""
_PROGRESS = """
select coalesce(outcome, 'waiting'), count(*)::int, sum(copies)::int, coalesce(sum(granted), 0)::int
  from vouchers.push_target where push_id = %s group by 1 order by 1
"""
_OFFERED = """
select t.type_id, t.name, t.name_en, r.round_id, r.name, r.name_en, t.amount_fen, r.mode,
       (select coalesce(sum(s.stock - s.claimed), 0)::int from vouchers.stock s where s.type_id = t.type_id), c.adcode
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where r.mode = any (%(modes)s) and r.state = 'published' and r.closes_at > %(now)s
   and (%(places)s::text[] is null or c.adcode = any (%(places)s))
 order by r.opens_at desc, t.amount_fen, t.type_id limit 300
"""


@dataclass(frozen=True, slots=True)
class Push:
    """A push with what it gives. `counted` is in vouchers; `adcode` is the campaign's division."""

    push_id: UUID
    round_id: UUID
    type_id: UUID
    name: str
    audience: Audience
    state: PushState
    counted: int | None
    districts: dict[str, int] | None
    counted_at: datetime | None
    made_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    adcode: str | None
    type_name: str
    type_name_en: str
    amount_fen: int
    round_name: str
    round_name_en: str
    round_mode: str
    round_state: str
    remaining: int


@dataclass(frozen=True, slots=True)
class Progress:
    """Citizens by outcome (waiting: not yet), vouchers wanted and vouchers given."""

    citizens: dict[str, int]
    wanted: int
    granted: int

    @property
    def waiting(self) -> int:
        return self.citizens.get("waiting", 0)


@dataclass(frozen=True, slots=True)
class OfferedType:
    """A voucher type that a way can give from, with its round and what is left of it."""

    type_id: UUID
    name: str
    name_en: str
    round_id: UUID
    round_name: str
    round_name_en: str
    amount_fen: int
    mode: str
    remaining: int
    adcode: str | None


async def save_push(
    connection: Connection, push_id: UUID, *, name: str, type_id: UUID, audience: Audience, made_by: str, now: datetime
) -> bool:
    """Write a draft down; False if there is no such type."""
    document = Jsonb(audience_document(audience), dumps=lambda o: msgspec.json.encode(o).decode())
    return (await connection.execute(_SAVE, [push_id, name, document, made_by, now, type_id])).rowcount == 1


async def push_of(connection: Connection, push_id: UUID) -> Push | None:
    """One push."""
    row = await (await connection.execute(_ONE, [push_id])).fetchone()
    return _push(row) if row else None


async def pushes_for_desk(connection: Connection, *, places: Sequence[str] | None) -> list[Push]:
    """The latest pushes of these divisions' campaigns; None: all of them."""
    bounds = None if places is None else list(places)
    return [_push(row) for row in await (await connection.execute(_ALL, {"places": bounds})).fetchall()]


async def lock_push(connection: Connection, push_id: UUID) -> PushState | None:
    """A push's state, kept from others until the commit."""
    row = await (await connection.execute(_LOCK, [push_id])).fetchone()
    return PushState(row[0]) if row else None


async def note_count(
    connection: Connection, push_id: UUID, *, total: int, by_district: Mapping[str, int], now: datetime
) -> None:
    """Keep what was counted."""
    await connection.execute(_COUNTED, [total, Jsonb(dict(by_district)), now, push_id])


async def move_push(connection: Connection, push_id: UUID, *, to: PushState, now: datetime) -> None:
    """Set the state; the caller has asked `PUSH_MOVES`."""
    await connection.execute(_MOVE, {"push": push_id, "to": to, "now": now})


async def sending(connection: Connection) -> list[UUID]:
    """The pushes that are being sent."""
    return [row[0] for row in await (await connection.execute(_SENDING)).fetchall()]


async def open_targets(connection: Connection, push_id: UUID, cell: int, *, limit: int) -> list[tuple[UUID, int]]:
    """Citizens who have not got theirs, and how many each gets; locked until the commit."""
    return [(row[0], row[1]) for row in await (await connection.execute(_OPEN, [cell, push_id, limit])).fetchall()]


async def close_targets(
    connection: Connection, push_id: UUID, cell: int, outcomes: Mapping[UUID, tuple[int, str]]
) -> None:
    """Write down what each of them got."""
    granted, codes = [n for n, _ in outcomes.values()], [code for _, code in outcomes.values()]
    await connection.execute(_DONE, [list(outcomes), granted, codes, cell, push_id])


async def progress_of(connection: Connection, push_id: UUID) -> Progress:
    """How far a push has come."""
    rows = await (await connection.execute(_PROGRESS, [push_id])).fetchall()
    return Progress({row[0]: row[1] for row in rows}, sum(row[2] for row in rows), sum(row[3] for row in rows))


async def offered_types(
    connection: Connection, *modes: str, places: Sequence[str] | None, now: datetime
) -> list[OfferedType]:
    """Types of published rounds of these modes that are not over."""
    facts = {"modes": list(modes), "now": now, "places": None if places is None else list(places)}
    return [OfferedType(*row) for row in await (await connection.execute(_OFFERED, facts)).fetchall()]


def _push(row: Sequence[object]) -> Push:
    audience = msgspec.convert(row[4], Audience)
    return Push(*(*row[:4], audience, PushState(str(row[5])), *row[6:]))
