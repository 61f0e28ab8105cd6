"""The payments room's SQL for payouts: taken once for a number, leased while banks are told, counted into the day."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from yongquan.payments.clearing import Moved
from yongquan.payments.payouts import After, PayingAccount, Payout, PayoutState, PayoutWish, Stage
from yongquan.plumbing.db import Connection
from yongquan.plumbing.sealing import Sealing

AT_ONCE = 1_000
LEASE = timedelta(seconds=30)
_COLUMNS = """
       p.cell, p.payout_id, p.payer, p.payout_no, p.body_hash, p.turn, p.payer_bank, p.payer_sealed, p.payee_bank,
       p.payee_sealed, p.payee_name_sealed, p.amount_fen, p.purpose, p.funder_id, p.state, p.stage, p.reason,
       p.settlement_date, p.returned_on, p.facts, p.asked_at, p.ended_at
"""
_TAKE = f"""
insert into payments.payout as p (cell, payout_id, payer, payout_no, body_hash, payer_bank, payer_sealed, payee_bank,
                                  payee_sealed, payee_name_sealed, payee_tail, amount_fen, purpose, funder_id, state,
                                  stage, facts, asked_at, look_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'accepted', 'debit', %s, %s, %s)
on conflict (cell, payer, payout_no) do nothing returning {_COLUMNS}
"""
_BY_NO = f"select {_COLUMNS} from payments.payout p where p.cell = %s and p.payer = %s and p.payout_no = %s"
_BY_ID = f"select {_COLUMNS} from payments.payout p where p.cell = %s and p.payout_id = %s"
_OF_PAYER = f"""
select {_COLUMNS} from payments.payout p where p.cell = %s and p.payer = %s
 order by p.asked_at desc limit %s
"""
_LEASE = f"""
with due as (select cell, payout_id from payments.payout where look_at <= %(now)s
              order by look_at limit %(limit)s for no key update skip locked)
update payments.payout p set look_at = %(until)s from due where p.cell = due.cell and p.payout_id = due.payout_id
returning {_COLUMNS}
"""
_BEGIN = f"""
update payments.payout p set state = 'processing', settlement_date = d.day
  from (select payments.open_day(%(now)s) as day) d, unnest(%(ids)s::uuid[]) u(payout_id)
 where p.cell = %(cell)s and p.payout_id = u.payout_id and p.state = 'accepted'
returning {_COLUMNS}
"""
_MOVE = f"""
update payments.payout p
   set stage = u.stage, state = u.state, reason = u.reason,
       ended_at = case when u.stage = 'done' then %(now)s::timestamptz end,
       look_at = case when u.stage = 'done' then null else %(look_at)s::timestamptz end
  from unnest(%(id)s::uuid[], %(turn)s::int[], %(from)s::text[], %(stage)s::text[], %(state)s::text[],
              %(reason)s::text[]) as u(payout_id, turn, was, stage, state, reason)
 where p.cell = %(cell)s and p.payout_id = u.payout_id and p.stage = u.was and p.turn = u.turn
returning {_COLUMNS}
"""
_LATER = """
update payments.payout set look_at = %s where cell = %s and payout_id = any (%s) and stage <> 'done'
"""
_TAKE_BACK = f"""
update payments.payout p
   set stage = 'take_back', reason = %(reason)s, returned_on = d.day, look_at = %(now)s
  from (select payments.open_day(%(now)s) as day) d
 where p.cell = %(cell)s and p.payout_id = %(id)s and p.turn = %(turn)s and p.state = 'succeeded' and p.stage = 'done'
   and p.returned_on is null
returning {_COLUMNS}
"""
_READ_TO = "select read_to from payments.returned_credits_read where institution = %s"
_MARK_READ = """
insert into payments.returned_credits_read (institution, read_to) values (%s, %s)
on conflict (institution) do update set read_to = greatest(payments.returned_credits_read.read_to, excluded.read_to)
"""
_UNFINISHED = """
select count(*) from payments.payout
 where stage <> 'done' and state <> 'accepted' and (settlement_date = %(day)s or returned_on = %(day)s)
"""
_SENT = "select cell, institution, sent_fen from payments.payouts_between(%s)"
_SUMS = """
select 221, payer_bank, sum(amount_fen)::bigint from payments.payout
 where state in ('succeeded', 'returned') and payer_bank <> payee_bank group by payer_bank
"""
_RETURNED_FOR = """
select payout_no, facts ->> %(fact)s, reason from payments.payout
 where returned_on > (%(since)s at time zone 'Asia/Shanghai')::date and state = 'returned' and facts ? %(fact)s
"""
_ONE_AT_A_TIME = "select pg_advisory_xact_lock(20023, hashtext(%s))"
_SENT_BY = """
select coalesce(sum(amount_fen), 0)::bigint from payments.payout
 where cell = %s and payer = %s and asked_at >= %s and state not in ('failed', 'returned') and payout_no <> %s
"""
_EMIT = """
select plumbing.emit(%s, %s, array(select md5(e)::uuid from unnest(%s::text[]) e), %s::uuid[], %s::jsonb[], %s)
"""


async def take(
    connection: Connection,
    cell: int,
    payout_id: UUID,
    account: PayingAccount,
    wish: PayoutWish,
    *,
    sealing: Sealing,
    body_hash: UUID,
    facts: Mapping[str, object],
    now: datetime,
) -> Payout | None:
    """Write a payout that the caller goes on with at once; None if the payer has used the number."""
    row = await (
        await connection.execute(
            _TAKE,
            [
                *(cell, payout_id, account.payer, wish.payout_no, body_hash, account.bank),
                *(sealing.seal(account.account, what="account"), wish.bank, sealing.seal(wish.account, what="account")),
                *(sealing.seal(wish.name, what="name"), wish.account[-4:], wish.amount_fen, wish.purpose),
                *(account.funder_id, json.dumps(facts, ensure_ascii=False), now, now + LEASE),
            ],
        )
    ).fetchone()
    return None if row is None else _payout(row, sealing)


async def payout_by_no(
    connection: Connection, cell: int, payer: str, payout_no: str, sealing: Sealing
) -> Payout | None:
    """A payer's payout by its number."""
    row = await (await connection.execute(_BY_NO, [cell, payer, payout_no])).fetchone()
    return None if row is None else _payout(row, sealing)


async def payout_by_id(connection: Connection, cell: int, payout_id: UUID, sealing: Sealing) -> Payout | None:
    """A payout by id."""
    row = await (await connection.execute(_BY_ID, [cell, payout_id])).fetchone()
    return None if row is None else _payout(row, sealing)


async def payouts_of(
    connection: Connection, cell: int, payer: str, sealing: Sealing, *, limit: int = 50
) -> list[Payout]:
    """A payer's payouts, the newest first."""
    rows = await (await connection.execute(_OF_PAYER, [cell, payer, limit])).fetchall()
    return [_payout(row, sealing) for row in rows]


async def lease_payouts(connection: Connection, sealing: Sealing, *, now: datetime) -> list[Payout]:
    """Payouts for which something is due, kept from others for a while."""
    values = {"now": now, "limit": AT_ONCE, "until": now + LEASE}
    return _in_order(await (await connection.execute(_LEASE, values)).fetchall(), sealing)


async def begin_payouts(
    connection: Connection, cell: int, ids: Sequence[UUID], sealing: Sealing, *, now: datetime
) -> list[Payout]:
    """Stamp accepted payouts with the open settlement day: from here on their banks may be told."""
    values = {"cell": cell, "ids": list(ids), "now": now}
    return _in_order(await (await connection.execute(_BEGIN, values)).fetchall(), sealing)


async def move_payouts(
    connection: Connection,
    cell: int,
    moves: Sequence[tuple[Payout, After]],
    sealing: Sealing,
    *,
    now: datetime,
) -> list[Payout]:
    """Write what banks' answers made of payouts; returns those that were still where we thought."""
    values = {
        "cell": cell,
        "id": [payout.payout_id for payout, _ in moves],
        "turn": [payout.turn for payout, _ in moves],
        "from": [payout.stage.value for payout, _ in moves],
        "stage": [to.stage.value for _, to in moves],
        "state": [to.state.value for _, to in moves],
        "reason": [to.reason for _, to in moves],
        "now": now,
        "look_at": now + LEASE,
    }
    return _in_order(await (await connection.execute(_MOVE, values)).fetchall(), sealing)


async def look_later(connection: Connection, cell: int, ids: Sequence[UUID], *, at: datetime) -> None:
    """Ask again at a time about payouts that a bank did not answer for."""
    await connection.execute(_LATER, [at, cell, list(ids)])


async def take_back(
    connection: Connection, cell: int, payout_id: UUID, *, turn: int, reason: str, now: datetime
) -> bool:
    """Begin the way back of a payout that had arrived, on the open settlement day; False if there is none."""
    values = {"cell": cell, "id": payout_id, "turn": turn, "reason": reason, "now": now}
    return (await connection.execute(_TAKE_BACK, values)).rowcount == 1


async def read_to(connection: Connection, institution: str) -> int:
    """How far an institution's list of credits to be taken back was read."""
    row = await (await connection.execute(_READ_TO, [institution])).fetchone()
    return int(row[0]) if row else 0


async def mark_read(connection: Connection, institution: str, number: int) -> None:
    """The list was read up to this number."""
    await connection.execute(_MARK_READ, [institution, number])


async def count_unfinished(connection: Connection, day: date) -> int:
    """Payouts of a settlement day whose banks have not all answered."""
    row = await (await connection.execute(_UNFINISHED, {"day": day})).fetchone()
    return int(row[0]) if row else 0


async def sent_on(connection: Connection, day: date) -> list[Moved]:
    """What institutions' accounts sent elsewhere on the day, less what they received."""
    rows = await (await connection.execute(_SENT, [day])).fetchall()
    return [Moved(cell, institution, sent_fen=fen) for cell, institution, fen in rows]


async def sums_of_payouts(connection: Connection) -> dict[tuple[int, str], int]:
    """What payers' banks sent to other banks, by the posting's code and the bank: for the proof."""
    rows = await (await connection.execute(_SUMS)).fetchall()
    return {(row[0], row[1]): row[2] for row in rows}


async def returned_for(connection: Connection, fact: str, *, since: datetime) -> list[tuple[str, str, str]]:
    """Payouts with a fact that came back after they had arrived: number, the fact, why."""
    rows = await (await connection.execute(_RETURNED_FOR, {"fact": fact, "since": since})).fetchall()
    return [(row[0], row[1], row[2]) for row in rows]


async def sent_since(connection: Connection, cell: int, payer: str, *, since: datetime, but: str) -> int:
    """What a payer sent, or is sending, since a time, leaving one number out; locks the payer until the commit."""
    await connection.execute(_ONE_AT_A_TIME, [payer])
    row = await (await connection.execute(_SENT_BY, [cell, payer, since, but])).fetchone()
    return int(row[0]) if row else 0


async def tell(connection: Connection, cell: int, payouts: Iterable[Payout], *, now: datetime) -> None:
    """Put payout.<state> into the outbox, once for each turn."""
    by_state: dict[PayoutState, list[Payout]] = {}
    for payout in payouts:
        by_state.setdefault(payout.state, []).append(payout)
    for state, some in by_state.items():
        kind = f"payout.{state.value}"
        events = [f"{p.payout_id}:{kind}:{p.turn}" for p in some]
        payloads = [
            json.dumps(
                {
                    "payer": p.payer,
                    "payout_no": p.payout_no,
                    "amount_fen": p.amount_fen,
                    "state": state.value,
                    "reason": p.reason,
                    "facts": p.facts,
                },
                ensure_ascii=False,
            )
            for p in some
        ]
        await connection.execute(_EMIT, [cell, kind, events, [p.payout_id for p in some], payloads, now])


def _in_order(rows: Sequence[Sequence[Any]], sealing: Sealing) -> list[Payout]:
    return sorted((_payout(row, sealing) for row in rows), key=lambda payout: payout.asked_at)


def _payout(row: Sequence[Any], sealing: Sealing) -> Payout:
    return Payout(
        cell=row[0],
        payout_id=row[1],
        payer=row[2],
        payout_no=row[3],
        body_hash=row[4],
        turn=row[5],
        payer_bank=row[6],
        payer_account=sealing.open(row[7], what="account"),
        payee_bank=row[8],
        payee_account=sealing.open(row[9], what="account"),
        payee_name=sealing.open(row[10], what="name"),
        amount_fen=row[11],
        purpose=row[12],
        funder_id=row[13],
        state=PayoutState(row[14]),
        stage=Stage(row[15]),
        reason=row[16],
        settlement_date=row[17],
        returned_on=row[18],
        facts=row[19],
        asked_at=row[20],
        ended_at=row[21],
    )
