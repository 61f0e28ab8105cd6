"""Several vouchers of one type are claimed together: each as any claim, with its conditions and caps, or none."""

from collections.abc import Sequence
from uuid import UUID

from yongquan.flows.claim_voucher import SOLD_OUT, Claim, ClaimDesk, ClaimOutcome
from yongquan.plumbing.db import Connection, Database

WON = frozenset({"claimed", "again"})


class _NotAll(Exception):
    """One of them is refused: the transaction must not commit."""

    def __init__(self, outcome: ClaimOutcome) -> None:
        super().__init__(outcome.code)
        self.outcome = outcome


async def claim_several(
    database: Database, claims: ClaimDesk, cell: int, wanted: Sequence[Sequence[Claim]]
) -> tuple[ClaimOutcome, tuple[UUID, ...]]:
    """The last outcome, and all the vouchers or none; each item's claims are tried in turn while one is sold out.

    Takes the cell's claim lock at the first claim and keeps it until the commit. Vouchers that the same keys won
    before are among those answered.
    """
    try:
        async with database.transaction() as connection:
            outcomes = [await _require(connection, claims, cell, turns) for turns in wanted]
    except _NotAll as refused:
        return refused.outcome, ()
    return outcomes[-1], tuple(UUID(outcome.voucher_id) for outcome in outcomes)


async def _require(connection: Connection, claims: ClaimDesk, cell: int, turns: Sequence[Claim]) -> ClaimOutcome:
    outcome = await _first_that_has(connection, claims, cell, turns)
    if outcome.code not in WON:
        raise _NotAll(outcome)
    return outcome


async def _first_that_has(connection: Connection, claims: ClaimDesk, cell: int, turns: Sequence[Claim]) -> ClaimOutcome:
    outcome = SOLD_OUT
    for claim in turns:
        (outcome,) = await claims.take(connection, cell, [claim])
        while outcome.code == "retry":  # this cell has just taken stock from another
            (outcome,) = await claims.take(connection, cell, [claim])
        if outcome.code != "sold_out":
            return outcome
    return outcome
