"""The report of a demo day, read from the books: what the contract's `demo --once --json` prints."""

from collections.abc import Mapping
from typing import Any

from yongquan.flows.prove_books import prove_books
from yongquan.plumbing.db import Connection, Database
from yongquan.risk.cases.store import case_counts
from yongquan.risk.verdicts.views import decisions_given

_ROUNDS = """
select r.round_id, r.name, r.mode, t.types, t.stock, v.claimed, v.redeemed, v.expired, v.redeemed_fen
  from vouchers.round r
  join (select round_id, count(*) as types, sum(stock) as stock from vouchers.voucher_type group by round_id) t
    on t.round_id = r.round_id
  left join (select round_id, count(*) as claimed, count(*) filter (where state = 'redeemed') as redeemed,
                    count(*) filter (where state = 'expired') as expired,
                    sum(redeemed_fen) filter (where state = 'redeemed') as redeemed_fen
               from vouchers.voucher group by round_id) v on v.round_id = r.round_id
 order by r.opens_at, r.name
"""
_PAYMENTS = """
select count(*), coalesce(sum(amount_fen), 0), coalesce(sum(amount_fen) filter (where discount_fen > 0), 0),
       coalesce(sum(discount_fen), 0), coalesce(sum(charged_fen), 0)
  from payments.payment where state = 'succeeded'
"""
_SHARES = """
select s.funder_id, sum(s.amount_fen) from payments.share s
  join payments.payment p on p.cell = s.cell and p.payment_id = s.payment_id
 where p.state = 'succeeded' group by s.funder_id order by s.funder_id
"""
_SETTLEMENT = """
select count(distinct store_id), coalesce(sum(paid_fen), 0), coalesce(sum(held_fen) filter (where state = 'held'), 0)
  from payments.settlement
"""
_ADVANCES = "select coalesce(sum(amount_fen), 0) from payments.funder_call where source = 'advanced'"


_EFFECT = "select result from vouchers.effect_report order by computed_at desc limit 1"


async def report_of(
    database: Database, *, campaign: str, seconds: Mapping[str, float], truth_fen: int | None = None
) -> dict[str, Any]:
    """The report of everything in the book. Amounts in fen; parts that are not built yet are None.

    `truth_fen` stands beside the estimated effect per winner: what it really was in a simulated city.
    """
    async with database.transaction() as connection:
        rounds = await (await connection.execute(_ROUNDS)).fetchall()
        paid = await (await connection.execute(_PAYMENTS)).fetchone()
        shares = await (await connection.execute(_SHARES)).fetchall()
        settled = await (await connection.execute(_SETTLEMENT)).fetchone()
        effect = await (await connection.execute(_EFFECT)).fetchone()
        advances = await (await connection.execute(_ADVANCES)).fetchone()
        risk = await _risk(connection)
    connection = await database.connect()
    async with connection:
        proof = await prove_books(connection)
    count, amount_fen, with_voucher_fen, subsidy_fen, charged_fen = (int(n) for n in paid or (0,) * 5)
    claimed = sum(row[5] or 0 for row in rounds)
    return {
        "campaign": campaign,
        "rounds": [
            {
                "id": str(row[0]),
                "name": row[1],
                "mode": row[2],
                "types": row[3],
                "stock": int(row[4]),
                "claimed": row[5] or 0,
                "redeemed": row[6] or 0,
                "expired": row[7] or 0,
                "amount_fen": int(row[8] or 0),
            }
            for row in rounds
        ],
        "redemption_rate": round(sum(row[6] or 0 for row in rounds) / claimed, 4) if claimed else None,
        "pull_ratio": round(with_voucher_fen / subsidy_fen, 2) if subsidy_fen else None,
        "effect": effect[0] | {"truth_fen": truth_fen} if effect else None,
        "payments": {
            "count": count,
            "amount_fen": amount_fen,
            "by_funder": {row[0]: int(row[1]) for row in shares} | {"citizens": charged_fen},
        },
        "settlement": {
            "shops": int(settled[0]) if settled else 0,
            "paid_fen": int(settled[1]) if settled else 0,
            "held_fen": int(settled[2]) if settled else 0,
            "advances_fen": int(advances[0]) if advances else 0,
        },
        "risk": risk,
        "ledger": {"transfers": proof.transfers, "balanced": proof.holds},
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
    }


async def _risk(connection: Connection) -> dict[str, int | None]:
    decisions, blocked = await decisions_given(connection)
    cases = sum((await case_counts(connection)).values())
    return {
        "decisions": decisions,
        "blocked": blocked,
        "cases": cases,
        "planted": None,
        "caught": None,
        "false_alarms": None,
    }
