"""What expired unused is granted again, once, by a campaign's own rule: from its push rounds, when they open.

A voucher that expired in another round of the campaign becomes one of the like type (amount, threshold, rate, industry)
of a push round, for the same citizen; the longest expired first, while the stock lasts. What expires while the round is
open follows a day later at the latest. A voucher that was itself granted again is not granted a second time.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.kernel.ids import named_id
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.clock import business_day
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.ways import pushes
from yongquan.vouchers.ways.audience import ExpiredHolders
from yongquan.vouchers.ways.pushes import PushState

AGAIN_AFTER = timedelta(days=1)
ACTOR = "system:regrant"
_NOTE_ROUNDS = """
insert into vouchers.regrant_due (round_id, due_at)
select r.round_id, r.opens_at from vouchers.round r join vouchers.campaign c on c.campaign_id = r.campaign_id
 where r.mode = 'push' and r.state = 'published' and (c.rules ->> 'regrant_expired')::boolean
on conflict do nothing
"""
_DUE = """
select d.round_id from vouchers.regrant_due d
  join vouchers.round r on r.round_id = d.round_id
  join vouchers.campaign c on c.campaign_id = r.campaign_id
 where d.due_at <= %(now)s and r.opens_at <= %(now)s and r.closes_at > %(now)s and r.state = 'published'
   and c.state = 'published' and (c.rules ->> 'regrant_expired')::boolean
 order by d.due_at, d.round_id limit 1 for no key update of d skip locked
"""
_AGAIN = "update vouchers.regrant_due set due_at = %s where round_id = %s"
# Pairs of a type to give and a round whose like types expired.
_PAIRS = """
select distinct t.type_id, t.name, s.round_id
  from vouchers.voucher_type t
  join vouchers.round r on r.round_id = t.round_id
  join vouchers.round o on o.campaign_id = r.campaign_id and o.round_id <> r.round_id
  join vouchers.voucher_type s on s.round_id = o.round_id and s.amount_fen = t.amount_fen
   and s.threshold_fen = t.threshold_fen and s.rate_bp is not distinct from t.rate_bp
   and s.industry is not distinct from t.industry
 where r.round_id = %s order by t.type_id, s.round_id
"""
_ROOM = """
select (select coalesce(sum(s.stock - s.claimed), 0) from vouchers.stock s where s.type_id = %(type)s)
     - (select coalesce(sum(g.copies), 0) from vouchers.push p
          join vouchers.push_target g on g.push_id = p.push_id and g.outcome is null
         where p.type_id = %(type)s and p.state = 'sending')
"""
_NOTE = """
insert into vouchers.regranted (cell, voucher_id, push_id)
select v.cell, v.voucher_id, %(push)s
  from vouchers.voucher v
  join vouchers.voucher_type s on s.type_id = v.type_id
  join vouchers.voucher_type t on t.type_id = %(type)s and s.amount_fen = t.amount_fen
   and s.threshold_fen = t.threshold_fen and s.rate_bp is not distinct from t.rate_bp
   and s.industry is not distinct from t.industry
  join citizens.citizen c on c.cell = v.cell and c.citizen_id = v.citizen_id
 where v.cell = %(cell)s and v.round_id = %(source)s and v.state = 'expired' and v.origin <> 'regrant'
   and c.state = 'active'
   and not exists (select from citizens.push_opt_out o where o.cell = v.cell and o.citizen_id = v.citizen_id)
   and not exists (select from vouchers.regranted g where g.cell = v.cell and g.voucher_id = v.voucher_id)
 order by v.valid_until, v.voucher_id limit %(room)s
on conflict do nothing
"""
_TARGETS = """
insert into vouchers.push_target (cell, push_id, citizen_id, copies)
select v.cell, g.push_id, v.citizen_id, count(*)
  from vouchers.regranted g join vouchers.voucher v on v.cell = g.cell and v.voucher_id = g.voucher_id
 where g.push_id = %s group by v.cell, g.push_id, v.citizen_id
"""
_FORGET = "delete from vouchers.push where push_id = %s"


async def regrant_expired(database: Database, *, cells: int, now: datetime) -> int:
    """Start the pushes that are due, a commit a round; says how many vouchers are on their way.

    The pushes are sent like any other. Locks the round's row of due work.
    """
    started = 0
    async with database.transaction() as connection:
        await connection.execute(_NOTE_ROUNDS)
    while True:
        async with database.transaction() as connection:
            row = await (await connection.execute(_DUE, {"now": now})).fetchone()
            if row is None:
                return started
            started += await _start(connection, row[0], cells=cells, now=now)
            await connection.execute(_AGAIN, [now + AGAIN_AFTER, row[0]])


async def _start(connection: Connection, round_id: UUID, *, cells: int, now: datetime) -> int:
    started = 0
    for type_id, name, source in await (await connection.execute(_PAIRS, [round_id])).fetchall():
        room = await (await connection.execute(_ROOM, {"type": type_id})).fetchone()
        facts = {"type": type_id, "source": source, "room": max(int(room[0]), 0) if room else 0}
        facts["push"] = named_id("regrant", type_id, source, business_day(now).isoformat())
        facts["name"] = name
        started += await _push(connection, facts, cells=cells, now=now)
    return started


async def _push(connection: Connection, facts: dict[str, Any], *, cells: int, now: datetime) -> int:
    push_id: UUID = facts["push"]
    if not facts["room"] or await pushes.push_of(connection, push_id) is not None:
        return 0
    audience = ExpiredHolders(facts["source"])
    await pushes.save_push(
        connection, push_id, name=facts["name"], type_id=facts["type"], audience=audience, made_by=ACTOR, now=now
    )
    wanted = 0
    for cell in range(cells):
        room = facts["room"] - wanted
        wanted += (await connection.execute(_NOTE, facts | {"cell": cell, "room": room})).rowcount
    if not wanted:
        await connection.execute(_FORGET, [push_id])
        return 0
    await connection.execute(_TARGETS, [push_id])
    await pushes.note_count(connection, push_id, total=wanted, by_district={}, now=now)
    await pushes.move_push(connection, push_id, to=PushState.SENDING, now=now)
    entry = AuditEntry(actor=ACTOR, action="push.started", subject=f"push:{push_id}", after={"vouchers": wanted})
    await append(connection, entry, now=now)
    return wanted
