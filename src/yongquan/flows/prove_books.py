"""The whole proof: the ledger's own invariants, and the ledger against the tables of vouchers and payments."""

from collections.abc import Mapping, Sequence

from yongquan import ledger
from yongquan.ledger import Check, Posting
from yongquan.payments.funding_store import count_uneven_payments, sums_of_payments
from yongquan.payments.payouts_store import sums_of_payouts
from yongquan.plumbing.db import Connection
from yongquan.vouchers.facts import type_facts


async def prove_books(connection: Connection) -> ledger.Proof:
    """Check everything at one moment; nothing is locked."""
    return await ledger.prove(connection, type_facts=_facts, payment_checks=_payment_checks)


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


async def _payment_checks(connection: Connection, booked: Mapping[tuple[Posting, str], int]) -> Sequence[Check]:
    """What funders and the citizen paid is what the shop is owed and the fees, payment by payment and in the book."""
    faults, example = await count_uneven_payments(connection)
    sums = await sums_of_payments(connection) | await sums_of_payouts(connection)
    told = {(Posting(code), owner): fen for (code, owner), fen in sums.items() if fen}
    wrong = [
        f"{posting.name.lower()} of {owner}: ledger {booked.get((posting, owner), 0)}, "
        f"payments {told.get((posting, owner), 0)}"
        for posting, owner in sorted({*booked, *told})
        if booked.get((posting, owner), 0) != told.get((posting, owner), 0)
    ]
    return (
        Check("funders_and_citizen_pay_what_is_owed_and_fees", faults, example),
        Check("payments_agree_with_the_ledger", len(wrong), wrong[0] if wrong else ""),
    )
