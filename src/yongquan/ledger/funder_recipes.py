"""Recipes of a funder's account after the money is spent: advances repaid, audits' deductions, budgets moved. Pure."""

from collections.abc import Mapping
from uuid import UUID

from yongquan.ledger.chains import chain_of, steps
from yongquan.ledger.model import Kind, Posting, Transfer
from yongquan.ledger.recipes import publish_round, recycle_type


def repay_advance(*, event: UUID, funder_id: object, amount_fen: int, cash_fen: int = 0) -> list[Transfer]:
    """The funder pays its advancer back, `cash_fen` of it from free cash of its supervised account.

    The limit is there again to be promised. `exceeds_credits` if the free cash is short.
    """
    cash = (funder_id, Kind.CASH)
    return chain_of(
        steps(
            event,
            (Posting.PAY_ADVANCER, cash, (funder_id, Kind.SUPERVISED), cash_fen),
            (Posting.REPAY_ADVANCE, (funder_id, Kind.ADVANCED), (funder_id, Kind.REIMBURSABLE), amount_fen),
            (Posting.RENEW_LIMIT, (funder_id, Kind.ADVANCE_GIVEN), (funder_id, Kind.ADVANCE_LIMIT), amount_fen),
        )
    )


def deduct(*, event: UUID, funder_id: object, amount_fen: int, advanced_fen: int = 0) -> list[Transfer]:
    """An audit does not recognise spending; `advanced_fen` of it the advancer is not reimbursed."""
    return chain_of(
        steps(
            event,
            (Posting.DEDUCT, (funder_id, Kind.DEDUCTED), (funder_id, Kind.SPENT), amount_fen),
            (Posting.WRITE_OFF_ADVANCE, (funder_id, Kind.ADVANCED), (funder_id, Kind.REIMBURSABLE), advanced_fen),
            (Posting.RENEW_LIMIT, (funder_id, Kind.ADVANCE_GIVEN), (funder_id, Kind.ADVANCE_LIMIT), advanced_fen),
        )
    )


def recover_deduction(*, event: UUID, funder_id: object, amount_fen: int) -> list[Transfer]:
    """Money that an audit did not recognise came back into the supervised account."""
    supervised = (funder_id, Kind.SUPERVISED)
    return steps(event, (Posting.RECOVER_DEDUCTION, supervised, (funder_id, Kind.CASH), amount_fen))


def move_budget(
    *,
    event: UUID,
    source_type: UUID,
    target_type: UUID,
    freed_fen: Mapping[str, int],
    needed_fen: Mapping[str, int],
) -> list[Transfer]:
    """Take unclaimed stock of one type back into its funders' budgets, and reserve another's out of them.

    Both by the owner of the budget. `exceeds_credits` if a funder's part does not cover what it needs.
    """
    freed = [
        recycle_type(event=event, campaign_id=owner, type_id=source_type, unsold_fen=fen, recycled_fen=0)
        for owner, fen in sorted(freed_fen.items())
    ]
    needed = [
        publish_round(event=event, campaign_id=owner, reserve_fen={target_type: fen})
        for owner, fen in sorted(needed_fen.items())
    ]
    return chain_of(*freed, *needed)
