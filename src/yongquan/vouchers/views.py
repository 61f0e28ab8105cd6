"""What screens and the API read of vouchers: the wallet and the rounds."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

PAGE = 100
# Rows come in order of their id (which is the order of claiming), newest first; `before` pages on.
_WALLET = """
select voucher_id, round_id, type_id, state, amount_fen, threshold_fen, valid_from, valid_until, claimed_at, payment_id
  from vouchers.voucher
 where cell = %(cell)s and citizen_id = %(citizen)s and (%(before)s::uuid is null or voucher_id < %(before)s)
 order by voucher_id desc limit %(limit)s
"""


@dataclass(frozen=True, slots=True)
class WalletRow:
    """A voucher in a citizen's wallet; `state` is what a citizen is told, one of the contract's."""

    voucher_id: UUID
    round_id: UUID
    type_id: UUID
    state: str
    amount_fen: int
    threshold_fen: int
    valid_from: datetime
    valid_until: datetime
    claimed_at: datetime
    payment_id: UUID | None


async def wallet_of(
    connection: Connection, cell: int, citizen_id: UUID, *, now: datetime, before: UUID | None = None
) -> Sequence[WalletRow]:
    """One page of a wallet, newest first; a next page exists if the page is full (`PAGE` rows)."""
    values = {"cell": cell, "citizen": citizen_id, "before": before, "limit": PAGE}
    rows = await (await connection.execute(_WALLET, values)).fetchall()
    return [WalletRow(*(*row[:3], _told(row[3], row[6], row[7], now), *row[4:])) for row in rows]


def _told(state: str, valid_from: datetime, valid_until: datetime, now: datetime) -> str:
    # A held voucher is told by the clock, whether or not the sweep of due ones has come by.
    if state != "held":
        return state
    if now >= valid_until:
        return "expired"
    return "not_yet_valid" if now < valid_from else "held"
