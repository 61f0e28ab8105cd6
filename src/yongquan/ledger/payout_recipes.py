"""Recipes of payouts: banks owe each other what their accounts sent; a funder's supervised money is spent. Pure."""

from uuid import UUID

from yongquan.ledger.chains import chain_of, steps
from yongquan.ledger.model import Kind, Posting, Transfer


def pay_out(
    *, event: UUID, payer_bank: object, payee_bank: object, amount_fen: int, funder_id: object | None = None
) -> list[Transfer]:
    """The payer's bank owes the payee's; within one bank nothing is owed."""
    sent = (Posting.PAY_OUT, (payer_bank, Kind.CLEARING), (payee_bank, Kind.CLEARING), amount_fen)
    drawn = (Posting.SPEND_PREPAID, (funder_id, Kind.SPENT), (funder_id, Kind.SUPERVISED), amount_fen)
    wanted = [sent] if payer_bank != payee_bank else []
    return chain_of(steps(event, *wanted, *([drawn] if funder_id is not None else [])))


def return_payout(
    *, event: UUID, payer_bank: object, payee_bank: object, amount_fen: int, funder_id: object | None = None
) -> list[Transfer]:
    """What had arrived came back: the payee's bank owes it to the payer's."""
    back = (Posting.RETURN_PAYOUT, (payee_bank, Kind.CLEARING), (payer_bank, Kind.CLEARING), amount_fen)
    refilled = (Posting.RESTORE_PREPAID, (funder_id, Kind.SUPERVISED), (funder_id, Kind.SPENT), amount_fen)
    wanted = [back] if payer_bank != payee_bank else []
    return chain_of(steps(event, *wanted, *([refilled] if funder_id is not None else [])))
