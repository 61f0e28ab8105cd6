"""Recipes of payments and clearing. The operator never holds shops' money: institutions owe each other, and settle.

An institution's clearing account shows what it is owed (credit) or owes (debit) for the settlement date; a funder's
`subsidy_due` shows what it owes for vouchers that were redeemed. Pure; conventions as in `recipes`.
"""

from uuid import UUID

from yongquan.ledger.chains import NETWORK, chain_of, step, steps
from yongquan.ledger.model import Kind, Posting, Transfer


def pay_by_issuer(*, event: UUID, issuer_id: object, acquirer_id: object, amount_fen: int) -> list[Transfer]:
    """The issuer debited the citizen, so it owes the acquirer what the citizen paid."""
    return steps(event, (Posting.PAY_BY_ISSUER, (issuer_id, Kind.CLEARING), (acquirer_id, Kind.CLEARING), amount_fen))


def subsidise(*, event: UUID, funder_id: object, acquirer_id: object, amount_fen: int) -> list[Transfer]:
    """A funder owes the acquirer its share of the price."""
    return steps(event, (Posting.SUBSIDISE, (funder_id, Kind.SUBSIDY_DUE), (acquirer_id, Kind.CLEARING), amount_fen))


def charge_fee(
    *, event: UUID, acquirer_id: object, issuer_id: object, issuer_fen: int, network_fen: int
) -> list[Transfer]:
    """The acquirer owes the issuer and the network their fees."""
    acquirer = (acquirer_id, Kind.CLEARING)
    return chain_of(
        steps(
            event,
            (Posting.CHARGE_ISSUER_FEE, acquirer, (issuer_id, Kind.CLEARING), issuer_fen),
            (Posting.CHARGE_NETWORK_FEE, acquirer, (NETWORK, Kind.FEES), network_fen),
        )
    )


def refund_by_issuer(*, event: UUID, issuer_id: object, acquirer_id: object, amount_fen: int) -> list[Transfer]:
    """The issuer gave the citizen the money back, so the acquirer owes it."""
    return steps(
        event, (Posting.REFUND_BY_ISSUER, (acquirer_id, Kind.CLEARING), (issuer_id, Kind.CLEARING), amount_fen)
    )


def refund_subsidy(*, event: UUID, funder_id: object, acquirer_id: object, amount_fen: int) -> list[Transfer]:
    """The acquirer gives a funder its share back."""
    return steps(
        event, (Posting.REFUND_SUBSIDY, (acquirer_id, Kind.CLEARING), (funder_id, Kind.SUBSIDY_DUE), amount_fen)
    )


def recover_subsidy(*, event: UUID, funder_id: object, acquirer_id: object, amount_fen: int) -> list[Transfer]:
    """The acquirer gives a funder its share back out of what it held of a shop's settlement."""
    return steps(
        event, (Posting.RECOVER_SUBSIDY, (acquirer_id, Kind.CLEARING), (funder_id, Kind.SUBSIDY_DUE), amount_fen)
    )


def refund_fee(
    *, event: UUID, acquirer_id: object, issuer_id: object, issuer_fen: int, network_fen: int
) -> list[Transfer]:
    """Fees of a refunded payment go back to the acquirer."""
    acquirer = (acquirer_id, Kind.CLEARING)
    return chain_of(
        steps(
            event,
            (Posting.REFUND_ISSUER_FEE, (issuer_id, Kind.CLEARING), acquirer, issuer_fen),
            (Posting.REFUND_NETWORK_FEE, (NETWORK, Kind.FEES), acquirer, network_fen),
        )
    )


def call_subsidy(
    *, event: UUID, funder_id: object, payer_id: object, amount_fen: int, advanced: bool = False
) -> list[Transfer]:
    """At clearing, the institution that keeps the funder's supervised account pays what the funder owes.

    With `advanced`, `payer_id` is the advancer: it pays, and the funder owes it the money from then on.
    """
    called = (Posting.CALL_SUBSIDY, (payer_id, Kind.CLEARING), (funder_id, Kind.SUBSIDY_DUE), amount_fen)
    spent = (funder_id, Kind.SPENT)
    if not advanced:
        return chain_of(steps(event, called, (Posting.SPEND_PREPAID, spent, (funder_id, Kind.SUPERVISED), amount_fen)))
    return chain_of(
        steps(
            event,
            called,
            (Posting.SPEND_ADVANCE, spent, (funder_id, Kind.ADVANCE_GIVEN), amount_fen),
            (Posting.RECORD_ADVANCE, (funder_id, Kind.REIMBURSABLE), (funder_id, Kind.ADVANCED), amount_fen),
        )
    )


def return_subsidy(
    *, event: UUID, funder_id: object, payer_id: object, amount_fen: int, advanced: bool = False
) -> list[Transfer]:
    """At clearing, refunds of a day exceed its redemptions: what was called comes back, to prepaid money or advance."""
    returned = (Posting.RETURN_SUBSIDY, (funder_id, Kind.SUBSIDY_DUE), (payer_id, Kind.CLEARING), amount_fen)
    spent, supervised = (funder_id, Kind.SPENT), (funder_id, Kind.SUPERVISED)
    if not advanced:
        return chain_of(steps(event, returned, (Posting.RESTORE_PREPAID, supervised, spent, amount_fen)))
    return chain_of(
        steps(
            event,
            returned,
            (Posting.RESTORE_ADVANCE, (funder_id, Kind.ADVANCE_GIVEN), spent, amount_fen),
            (Posting.REDUCE_ADVANCE, (funder_id, Kind.ADVANCED), (funder_id, Kind.REIMBURSABLE), amount_fen),
        )
    )


def settle_net(*, event: UUID, institution_id: object, net_fen: int) -> list[Transfer]:
    """At day close an institution's position is paid through the central bank and returns to 0.

    `net_fen` is what it is owed; negative is what it owes.
    """
    clearing, central = (institution_id, Kind.CLEARING), (institution_id, Kind.CENTRAL)
    if net_fen == 0:
        return []
    debit, credit = (clearing, central) if net_fen > 0 else (central, clearing)
    return [step(event, Posting.SETTLE_NET, debit, credit, abs(net_fen))]
