"""What screens and the API read of a payment's refunds. Amounts in fen."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from yongquan.plumbing.db import Connection

_REFUNDS = """
select r.refund_id, r.refund_no, r.amount_fen, r.charged_fen,
       r.interchange_fen + r.network_fee_fen + r.acquirer_fee_fen, r.state, r.reason, r.settlement_date, r.begun_at,
       r.ended_at
  from payments.refund r where r.cell = %s and r.payment_id = %s order by r.begun_at, r.refund_id
"""
_SHARES = """
select b.refund_id, b.voucher_id, b.type_id, b.funder_id, b.amount_fen, b.became
  from payments.refund r join payments.refund_share b on b.cell = r.cell and b.refund_id = r.refund_id
 where r.cell = %s and r.payment_id = %s order by b.voucher_id, b.funder_id
"""


@dataclass(frozen=True, slots=True)
class ShareBack:
    """What a funder got back through a voucher, and what became of the voucher (None: the refund has not ended)."""

    refund_id: UUID
    voucher_id: UUID
    type_id: UUID
    funder_id: str
    amount_fen: int
    became: str | None


@dataclass(frozen=True, slots=True)
class RefundRow:
    """One refund: `amount_fen` of the bill, of which the citizen got `charged_fen`; `fee_fen` of fees went back."""

    refund_id: UUID
    refund_no: str
    amount_fen: int
    charged_fen: int
    fee_fen: int
    state: str
    reason: str
    settlement_date: date
    begun_at: datetime
    shares: tuple[ShareBack, ...] = ()
    ended_at: datetime | None = None


async def refunds_of(connection: Connection, cell: int, payment_id: UUID) -> Sequence[RefundRow]:
    """A payment's refunds in the order they were begun, with what each funder got back."""
    rows = await (await connection.execute(_REFUNDS, [cell, payment_id])).fetchall()
    shares = [ShareBack(*row) for row in await (await connection.execute(_SHARES, [cell, payment_id])).fetchall()]
    return [RefundRow(*(*row[:9], tuple(s for s in shares if s.refund_id == row[0]), row[9])) for row in rows]


def fates_of(refunds: Sequence[RefundRow]) -> dict[tuple[UUID, UUID], str]:
    """What became of each voucher (with its type) in the last refund that touched it."""
    return {(s.voucher_id, s.type_id): s.became for refund in refunds for s in refund.shares if s.became}
