"""The whole proof: the ledger's own invariants, and the ledger against the vouchers' tables."""

from collections.abc import Sequence

from yongquan import ledger
from yongquan.plumbing.db import Connection
from yongquan.vouchers.facts import type_facts


async def prove_books(connection: Connection) -> ledger.Proof:
    """Check everything at one moment; nothing is locked."""
    return await ledger.prove(connection, type_facts=_facts)


async def _facts(connection: Connection) -> Sequence[ledger.TypeFacts]:
    return [
        ledger.TypeFacts(
            type_id=row[0],
            stock_fen=row[1],
            claimed_fen=row[2],
            locked_fen=row[3],
            frozen_fen=row[4],
            redeemed_fen=row[5],
            recycled_fen=row[6],
        )
        for row in await type_facts(connection)
    ]
