"""SQL of the proof: each statement reads the whole book of all cells and returns what is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass

from yongquan.ledger.model import VOUCHER_KINDS, Kind, Posting
from yongquan.plumbing.db import Connection

# Each returns the number of faults and one example.
FAULTS = {
    "transfers_name_accounts_of_their_ledger": """
        select count(*), min(t.transfer_id::text)
          from ledger.transfer t
          left join ledger.account d on d.cell = t.cell and d.account_id = t.debit_account_id and d.ledger = t.ledger
          left join ledger.account c on c.cell = t.cell and c.account_id = t.credit_account_id and c.ledger = t.ledger
         where d.account_id is null or c.account_id is null or t.debit_account_id = t.credit_account_id
        """,
    "ledgers_balance": """
        select count(*), min(o.ledger::text)
          from (select a.ledger
                  from (select cell, debit_account_id as account_id, -amount::numeric as net from ledger.transfer
                         where flags & 10 = 0
                        union all
                        select cell, credit_account_id, amount from ledger.transfer where flags & 10 = 0) m
                  join ledger.account a using (cell, account_id)
                 group by a.ledger having sum(m.net) <> 0) o
        """,
    "chains_are_whole": """
        select count(*), min(o.chain_id::text)
          from (select chain_id from ledger.transfer where chain_id is not null
                 group by chain_id
                having min(cell) <> max(cell) or min(ledger) <> max(ledger) or bool_and(flags & 1 = 1)) o
        """,
    "guarded_rows_equal_their_transfers": """
        select count(*), min(g.account_id::text)
          from ledger.guarded g
          left join (select cell, account_id, sum(debit) as debit, sum(credit) as credit
                       from (select cell, debit_account_id as account_id, amount as debit, 0 as credit
                               from ledger.transfer where flags & 10 = 0
                             union all
                             select cell, credit_account_id, 0, amount from ledger.transfer where flags & 10 = 0) m
                      group by cell, account_id) p using (cell, account_id)
          left join (select cell, account_id, sum(debit) as debit, sum(credit) as credit
                       from (select cell, debit_account_id as account_id, amount as debit, 0 as credit
                               from ledger.pending where state = 'pending'
                             union all
                             select cell, credit_account_id, 0, amount from ledger.pending where state = 'pending') m
                      group by cell, account_id) h using (cell, account_id)
         where (g.debits_posted, g.credits_posted, g.debits_pending, g.credits_pending)
               <> (coalesce(p.debit, 0), coalesce(p.credit, 0), coalesce(h.debit, 0), coalesce(h.credit, 0))
        """,
    "pending_transfers_resolve_once": """
        select count(*), min(coalesce(l.transfer_id, t.transfer_id)::text)
          from ledger.pending l
          full join (select cell, transfer_id from ledger.transfer where flags & 2 <> 0) t using (cell, transfer_id)
          left join (select cell, pending_id as transfer_id, count(*) as times, bool_or(flags & 4 <> 0) as posted
                       from ledger.transfer where pending_id is not null group by cell, pending_id) r
         using (cell, transfer_id)
         where l.transfer_id is null or t.transfer_id is null or r.times > 1
            or (r.posted is null) <> (l.state in ('pending', 'expired'))
            or r.posted is not null and (l.state = 'posted') <> r.posted
        """,
    "snapshots_hold_only_what_was_posted": """
        select count(*), min(s.account_id::text)
          from ledger.snapshot s
          join ledger.snapshot_mark k on k.cell = s.cell
          left join (select m.cell, m.account_id, sum(m.debit) as debit, sum(m.credit) as credit
                       from (select cell, xid, debit_account_id as account_id, amount as debit, 0 as credit
                               from ledger.transfer where flags & 10 = 0
                             union all
                             select cell, xid, credit_account_id, 0, amount
                               from ledger.transfer where flags & 10 = 0) m
                       join ledger.snapshot_mark k on k.cell = m.cell and m.xid < k.below_xid
                      group by m.cell, m.account_id) p on p.cell = s.cell and p.account_id = s.account_id
         where (s.debits_posted, s.credits_posted) <> (coalesce(p.debit, 0), coalesce(p.credit, 0))
        """,
}
_IN_TRANSIT = """
select coalesce(sum(abs(o.net)), 0)::bigint
  from (select a.owner_id, sum(case when a.account_id = t.credit_account_id then t.amount else -t.amount end) as net
          from ledger.account a
          join ledger.transfer t on t.cell = a.cell and t.flags & 10 = 0
           and (t.debit_account_id = a.account_id or t.credit_account_id = a.account_id)
         where a.kind = %s and t.code = any (%s)
         group by a.owner_id) o
"""
_TYPES = """
select a.owner_id, a.kind, sum(m.net)::bigint, sum(m.put)::bigint,
       coalesce(sum(m.net) filter (where m.code = any (%s)), 0)::bigint
  from ledger.account a
  join (select cell, debit_account_id as account_id, -amount as net, 0 as put, code
          from ledger.transfer where flags & 10 = 0
        union all
        select cell, credit_account_id, amount, amount, code from ledger.transfer where flags & 10 = 0) m
 using (cell, account_id)
 where a.kind = any (%s)
 group by a.owner_id, a.kind
"""
_CROSSING = (
    *(Posting.PUBLISH_ROUND, Posting.RECYCLE_TYPE, Posting.SEND_TO_CELL, Posting.RECEIVE_IN_CELL),
    Posting.MOVE_STOCK,
)
_OF_PAYMENTS = """
select t.code, a.owner_id, sum(t.amount)::bigint
  from ledger.transfer t
  join ledger.account a on a.cell = t.cell and a.account_id = t.debit_account_id
 where t.code = any (%s) and t.flags & 10 = 0 group by t.code, a.owner_id
"""
_PAYING = (
    Posting.PAY_BY_ISSUER,
    Posting.SUBSIDISE,
    Posting.CHARGE_ISSUER_FEE,
    Posting.CHARGE_NETWORK_FEE,
    Posting.PAY_OUT,
)


@dataclass(frozen=True, slots=True)
class TypeBalance:
    """One account kind of a voucher type over all cells, in fen.

    `put_fen` is everything that ever came in; `reserved_fen` what came from the budget, other cells excluded.
    """

    type_id: str
    kind: Kind
    net_fen: int
    put_fen: int
    reserved_fen: int


async def postings_of_payments(connection: Connection) -> dict[tuple[Posting, str], int]:
    """What issuers, funders and fees were posted for payments, by posting and the owner that pays."""
    rows = await (await connection.execute(_OF_PAYMENTS, [list(_PAYING)])).fetchall()
    return {(Posting(row[0]), str(row[1])): int(row[2]) for row in rows}


async def count_faults(connection: Connection, statement: str) -> tuple[int, str]:
    row = await (await connection.execute(statement.encode())).fetchone()
    return (int(row[0]), str(row[1] or "")) if row else (0, "")


async def count_transfers(connection: Connection) -> int:
    row = await (await connection.execute("select count(*) from ledger.transfer")).fetchone()
    return int(row[0]) if row else 0


async def in_transit_fen(connection: Connection) -> int:
    """What was sent to another cell and has not arrived there."""
    codes = [int(Posting.SEND_TO_CELL), int(Posting.RECEIVE_IN_CELL)]
    row = await (await connection.execute(_IN_TRANSIT, [Kind.IN_TRANSIT.value, codes])).fetchone()
    return int(row[0]) if row else 0


async def type_balances(connection: Connection) -> Sequence[TypeBalance]:
    """The balances of every voucher type, by account kind."""
    parameters = [[int(code) for code in _CROSSING], [kind.value for kind in VOUCHER_KINDS]]
    rows = await (await connection.execute(_TYPES, parameters)).fetchall()
    return [TypeBalance(row[0], Kind(row[1]), row[2], row[3], row[4]) for row in rows]
