"""The payments room's SQL for reconciliation: day files, our own rows, runs. Cases are in `case_store`."""

import gzip
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import polars as pl
from psycopg.types.json import Jsonb

from yongquan.payments.day_files import DayFile
from yongquan.payments.reconciliation import Count, Fate, Reconciled
from yongquan.payments.reconciliation_cases import PartyKind
from yongquan.plumbing.db import Connection

# The trace key of a card message is what the bank knows it by: network, time of sending in UTC, STAN.
_TRACE = """%(network)s || '-' || to_char({0}.sent_at at time zone 'UTC', 'YYYYMMDDHH24MISS')
            || '-' || lpad({0}.stan::text, 6, '0')"""
_STATE = """case when {0}.state in ('charging', 'unknown') then 'unknown'
                 when {0}.state = 'failed' then 'failed' else 'succeeded' end"""
_REFUND_STATE = "case when r.state = 'succeeded' then 'succeeded' else 'unknown' end"
_OF_ISSUER = f"""
select {_TRACE.format("p")} as key, 'purchase' as kind, {_STATE.format("p")} as state, p.charged_fen, p.sent_at
  from payments.payment p
 where p.issuer = %(party)s and p.settlement_date = %(day)s and p.charged_fen > 0
union all
select {_TRACE.format("r")}, 'refund', {_REFUND_STATE}, r.charged_fen, r.sent_at
  from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
 where p.issuer = %(party)s and r.settlement_date = %(day)s and r.charged_fen > 0
 order by 5, 1
"""
_OF_STORE = f"""
select p.order_no as key, 'purchase' as kind, {_STATE.format("p")} as state, p.amount_fen, p.begun_at
  from payments.payment p where p.store_id = %(party)s::uuid and p.settlement_date = %(day)s
union all
select p.order_no || '/' || r.refund_no, 'refund', {_REFUND_STATE}, r.amount_fen, r.begun_at
  from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
 where p.store_id = %(party)s::uuid and r.settlement_date = %(day)s
 order by 5, 1
"""
# What an acquirer was told to pay a shop, what it released of held money, and what it gave back for funders.
_OF_ACQUIRER = """
with line as (
    select s.*, s.subsidy_fen + s.brought_subsidy_fen - s.carried_subsidy_fen as subsidy from payments.settlement s
     where s.acquirer = %(party)s and s.day = %(day)s and s.instruction_id is not null and s.state <> 'planned'
), told as (
    select instruction_id || '/' || store_id as key, 'payout' as kind,
           case state when 'instructed' then 'unknown' when 'returned' then 'failed' else 'succeeded' end as state,
           case hold when 'whole' then 0 when 'subsidy' then due_fen - subsidy else due_fen end as amount, paid_at as at
      from line
    union all
    select 'release-' || hold_id, 'release', case state when 'executing' then 'unknown' else 'succeeded' end,
           held_fen - recovered_fen, ended_at
      from payments.hold
     where acquirer = %(party)s and (proposed_at at time zone 'Asia/Shanghai')::date = %(day)s
       and state in ('executing', 'released', 'recovered')
    union all
    select 'recover-' || hold_id, 'return', case when bool_and(is_booked) then 'succeeded' else 'unknown' end,
           sum(amount_fen)::bigint, null
      from payments.recovery where acquirer = %(party)s and day = %(day)s group by hold_id
)
select key, kind, state, amount, coalesce(at, (%(day)s::date + 1)::timestamp at time zone 'Asia/Shanghai') from told
 where amount > 0 order by 5, 1
"""
_STORE_KEYS = """
select p.order_no, p.payment_id, null::uuid, null::text, p.begun_at, p.amount_fen
  from payments.payment p where p.store_id = %(party)s and p.settlement_date = %(day)s
union all
select p.order_no || '/' || r.refund_no, p.payment_id, r.refund_id, r.refund_no, r.begun_at, r.amount_fen
  from payments.refund r join payments.payment p on p.cell = r.cell and p.payment_id = r.payment_id
 where p.store_id = %(party)s and r.settlement_date = %(day)s
"""
_KIND = """
select case kind when 'acquirer' then 'acquirer' else 'issuer' end from institutions.institution where code = %(party)s
union all select 'merchant' from merchants.store where store_id::text = %(party)s
"""
_SAVE_FILE = """
insert into payments.day_file (file_id, party, party_kind, day, encoding, rows, sum_fen, content, imported_by,
                               imported_at)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict do nothing returning file_id
"""
_SAVE_RUN = """
insert into payments.reconciliation (party, day, run_no, file_id, ours, theirs, ran_by, ran_at)
select %(party)s, %(day)s, coalesce(max(run_no), 0) + 1, %(file)s, %(ours)s, %(theirs)s, %(by)s, %(now)s
  from payments.reconciliation where party = %(party)s and day = %(day)s
"""
_RUNS = """
select distinct on (r.day, r.party) r.party, f.party_kind, r.day, r.run_no, r.file_id, r.ours, r.theirs, r.ran_at
  from payments.reconciliation r join payments.day_file f using (file_id)
 order by r.day desc, r.party, r.run_no desc limit 60
"""
_OF_PARTY: Final = {
    PartyKind.ISSUER: _OF_ISSUER,
    PartyKind.ACQUIRER: _OF_ACQUIRER,
    PartyKind.MERCHANT: _OF_STORE,
}
SCHEMA: Final[dict[str, pl.DataType | type[pl.DataType]]] = {
    "key": pl.String,
    "kind": pl.String,
    "state": pl.String,
    "amount_fen": pl.Int64,
    "at": pl.Datetime("us", "UTC"),
}


@dataclass(frozen=True, slots=True)
class Run:
    """The last run of a party's day, as it stands."""

    party: str
    party_kind: PartyKind
    day: date
    run_no: int
    file_id: str
    ours: Mapping[Fate, Count]
    theirs: Mapping[Fate, Count]
    ran_at: datetime


async def kind_of(connection: Connection, party: str) -> PartyKind | None:
    """Whether a name is a bank's or wallet's code, an acquirer's, or a store's id; None if it is none of them."""
    row = await (await connection.execute(_KIND, {"party": party})).fetchone()
    return PartyKind(row[0]) if row else None


async def our_rows(connection: Connection, party: str, kind: PartyKind, day: date, *, network: str) -> pl.DataFrame:
    """What we have of a party's settlement day, in the shape of a day file."""
    values: dict[str, Any] = {"party": UUID(party) if kind is PartyKind.MERCHANT else party, "day": day}
    if kind is PartyKind.ISSUER:
        values["network"] = network
    cursor = await connection.execute(_OF_PARTY[kind], values)
    rows = pl.DataFrame(await cursor.fetchall(), schema=SCHEMA, orient="row")
    return rows.with_columns(line=pl.int_range(1, pl.len() + 1, dtype=pl.Int64))


@dataclass(frozen=True, slots=True)
class StoreKey:
    """A row of a store's day by the ids that its own files may name it by."""

    key: str
    payment_id: UUID
    refund_id: UUID | None
    refund_no: str | None
    begun_at: datetime
    amount_fen: int


async def store_keys(connection: Connection, store_id: UUID, day: date) -> list[StoreKey]:
    """The keys of a store's payments and refunds of a settlement day, as `our_rows` has them."""
    values = {"party": store_id, "day": day}
    return [StoreKey(*row) for row in await (await connection.execute(_STORE_KEYS, values)).fetchall()]


async def lock_day(connection: Connection, party: str, day: date) -> None:
    """One run of a party's day at a time, to the end of the transaction."""
    await connection.execute("select pg_advisory_xact_lock(hashtextextended(%s, 24))", [f"{party}/{day}"])


async def save_file(
    connection: Connection, file: DayFile, kind: PartyKind, content: bytes, *, actor: str, now: datetime
) -> bool:
    """Keep a file; False if it is here already."""
    sum_fen = int(file.rows["amount_fen"].sum())
    row = (file.sha256, file.party, kind.value, file.day, file.encoding, file.rows.height, sum_fen)
    cursor = await connection.execute(_SAVE_FILE, [*row, gzip.compress(content, 1), actor, now])
    return await cursor.fetchone() is not None


async def save_run(connection: Connection, file: DayFile, found: Reconciled, *, actor: str, now: datetime) -> None:
    """Keep what a run counted."""
    values = {
        "party": file.party,
        "day": file.day,
        "file": file.sha256,
        "by": actor,
        "now": now,
        "ours": Jsonb(_plain(found.ours)),
        "theirs": Jsonb(_plain(found.theirs)),
    }
    await connection.execute(_SAVE_RUN, values)


async def latest_runs(connection: Connection) -> list[Run]:
    """The last run of each party's day, the latest days first."""
    return [
        Run(row[0], PartyKind(row[1]), row[2], row[3], row[4], _counts(row[5]), _counts(row[6]), row[7])
        for row in await (await connection.execute(_RUNS)).fetchall()
    ]


def _plain(counts: Mapping[Fate, Count]) -> dict[str, list[int]]:
    return {fate.value: [count.rows, count.fen] for fate, count in counts.items()}


def _counts(plain: Mapping[str, list[int]]) -> dict[Fate, Count]:
    return {Fate(fate): Count(*pair) for fate, pair in plain.items()}
