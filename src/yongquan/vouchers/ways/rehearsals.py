"""Rehearsals: a copy of a round that only testers see and claim, made void at its end. Its SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

from yongquan.plumbing.db import Connection

_ROUND = """
select r.round_id, r.campaign_id, r.name, r.name_en, r.mode, r.state, c.state, c.adcode
  from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id where r.round_id = %s
"""
# The conditions are the list of testers; caps, hours and places are the original's.
_COPY_ROUND = """
insert into vouchers.round
select (jsonb_populate_record(r, jsonb_build_object(
           'round_id', %(copy)s::uuid, 'name', r.name || '（演练）', 'name_en', r.name_en || ' (rehearsal)',
           'state', 'draft', 'opens_at', %(now)s::timestamptz, 'closes_at', %(closes)s::timestamptz,
           'daily_from', null, 'daily_until', null, 'age_min', null, 'card_issuers', null,
           'door', nullif(r.door - 'weekdays', '{}'),
           'terms', case when r.terms ? 'caps' then jsonb_build_object('caps', r.terms -> 'caps') end,
           'list_id', %(list)s::uuid, 'version', 1))).*
  from vouchers.round r where r.round_id = %(original)s
"""
# Valid only after the rehearsal is over: no shop can take what a tester claimed.
_COPY_TYPES = """
insert into vouchers.voucher_type
select (jsonb_populate_record(t, jsonb_build_object(
           'type_id', md5(t.type_id || ':' || %(copy)s)::uuid, 'round_id', %(copy)s::uuid, 'stock', %(stock)s::int,
           'valid_from', %(closes)s::timestamptz, 'valid_until', %(closes)s::timestamptz + interval '1 day',
           'valid_days', null))).*
  from vouchers.voucher_type t where t.round_id = %(original)s
"""
_SAVE = """
insert into vouchers.rehearsal (round_id, original_id, list_id, made_by, made_at) values (%s, %s, %s, %s, %s)
"""
_ALL = """
select h.round_id, h.original_id, h.list_id, h.made_at, h.ended_at, h.report, r.name, r.name_en, l.name, r.closes_at,
       c.adcode, r.campaign_id
  from vouchers.rehearsal h
  join vouchers.round r on r.round_id = h.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
  join vouchers.list l on l.list_id = h.list_id
 where (%(places)s::text[] is null or c.adcode = any (%(places)s))
   and (%(round)s::uuid is null or h.round_id = %(round)s)
   and (%(due)s::timestamptz is null or (h.ended_at is null and r.closes_at <= %(due)s))
 order by h.made_at desc limit 100
"""
_LOCK = "select 1 from vouchers.rehearsal where round_id = %s and ended_at is null for no key update"
_VOID = """
update vouchers.voucher v set state = 'void', recycled_fen = v.amount_fen
 where v.cell = %s and v.round_id = %s and v.state = 'held' and v.citizen_id in (
       select m.citizen_id from vouchers.list_member m where m.cell = %s and m.list_id = %s)
returning v.voucher_id, v.type_id, v.amount_fen
"""
_END = "update vouchers.rehearsal set ended_at = %s, report = %s where round_id = %s"
_CLAIMS = """
select count(distinct v.citizen_id)::int, count(*)::int, min(v.claimed_at), max(v.claimed_at)
  from vouchers.voucher v where v.round_id = %s
"""
_BY_TYPE = """
select t.name, t.name_en, t.stock, count(v.voucher_id)::int from vouchers.voucher_type t
  left join vouchers.voucher v on v.type_id = t.type_id where t.round_id = %s group by t.type_id order by t.amount_fen
"""
_QUIET = """
select m.citizen_id from vouchers.list_member m
 where m.list_id = %s and not exists (
       select from vouchers.voucher v where v.cell = m.cell and v.citizen_id = m.citizen_id and v.round_id = %s)
 order by m.cell, m.citizen_id limit %s
"""
_MAY_SEE = """
select not exists (select from vouchers.rehearsal h where h.round_id = %(round)s and not exists (
           select from vouchers.list_member m
            where m.cell = %(cell)s and m.list_id = h.list_id and m.citizen_id = %(citizen)s))
"""


@dataclass(frozen=True, slots=True)
class RehearsedRound:
    """A round that is to be rehearsed."""

    round_id: UUID
    campaign_id: UUID
    name: str
    name_en: str
    mode: str
    state: str
    campaign_state: str
    adcode: str | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A rehearsal with its report, which is fixed when it ended."""

    round_id: UUID
    original_id: UUID
    list_id: UUID
    made_at: datetime
    ended_at: datetime | None
    report: dict[str, object] | None
    name: str
    name_en: str
    list_name: str
    closes_at: datetime
    adcode: str | None
    campaign_id: UUID


@dataclass(frozen=True, slots=True)
class RehearsalFacts:
    """What happened so far: testers who claimed, vouchers, first and last claim, (name, name_en, stock, claimed)."""

    claimants: int
    vouchers: int
    first_at: datetime | None
    last_at: datetime | None
    by_type: list[tuple[str, str, int, int]]


async def round_to_rehearse(connection: Connection, round_id: UUID) -> RehearsedRound | None:
    """A round as a rehearsal sees it."""
    row = await (await connection.execute(_ROUND, [round_id])).fetchone()
    return RehearsedRound(*row) if row else None


async def copy_round(
    connection: Connection, original: UUID, copy: UUID, *, list_id: UUID, stock: int, now: datetime, closes_at: datetime
) -> None:
    """Make a draft copy for testers, with a stock of its own for each type."""
    facts = {"original": original, "copy": copy, "list": list_id, "stock": stock, "now": now, "closes": closes_at}
    await connection.execute(_COPY_ROUND, facts)
    await connection.execute(_COPY_TYPES, facts)


async def save_rehearsal(
    connection: Connection, round_id: UUID, *, original_id: UUID, list_id: UUID, made_by: str, now: datetime
) -> None:
    """Write a rehearsal down."""
    await connection.execute(_SAVE, [round_id, original_id, list_id, made_by, now])


async def rehearsals(
    connection: Connection,
    *,
    places: Sequence[str] | None = None,
    round_id: UUID | None = None,
    due: datetime | None = None,
) -> list[Rehearsal]:
    """Rehearsals of some divisions' campaigns, one of them, or those that are over at `due` and not ended."""
    facts = {"places": None if places is None else list(places), "round": round_id, "due": due}
    return [Rehearsal(*row) for row in await (await connection.execute(_ALL, facts)).fetchall()]


async def lock_rehearsal(connection: Connection, round_id: UUID) -> bool:
    """Keep a running rehearsal from others until the commit; False if it has ended."""
    return await (await connection.execute(_LOCK, [round_id])).fetchone() is not None


async def void_vouchers(connection: Connection, cell: int, rehearsal: Rehearsal) -> list[tuple[UUID, UUID, int]]:
    """Make void what testers of a cell hold: voucher, type, fen."""
    values = [cell, rehearsal.round_id, cell, rehearsal.list_id]
    return [(row[0], row[1], row[2]) for row in await (await connection.execute(_VOID, values)).fetchall()]


async def end_rehearsal(connection: Connection, round_id: UUID, *, report: dict[str, object], now: datetime) -> None:
    """Fix the report."""
    await connection.execute(_END, [now, Jsonb(report), round_id])


async def facts_of(connection: Connection, round_id: UUID) -> RehearsalFacts:
    """What happened so far."""
    row = await (await connection.execute(_CLAIMS, [round_id])).fetchone()
    by_type = await (await connection.execute(_BY_TYPE, [round_id])).fetchall()
    claimants, vouchers, first_at, last_at = row or (0, 0, None, None)
    return RehearsalFacts(claimants, vouchers, first_at, last_at, [(r[0], r[1], r[2], r[3]) for r in by_type])


async def quiet_testers(connection: Connection, rehearsal: Rehearsal, *, limit: int) -> list[UUID]:
    """Testers who have claimed nothing."""
    rows = await connection.execute(_QUIET, [rehearsal.list_id, rehearsal.round_id, limit])
    return [row[0] for row in await rows.fetchall()]


async def may_see(connection: Connection, round_id: UUID, cell: int, citizen_id: UUID | None) -> bool:
    """Whether this visitor sees a round: all do, but for rehearsals, which are the testers'."""
    facts = {"round": round_id, "cell": cell, "citizen": citizen_id}
    row = await (await connection.execute(_MAY_SEE, facts)).fetchone()
    return bool(row and row[0])
