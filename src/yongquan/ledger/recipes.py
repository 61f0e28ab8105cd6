"""Named recipes: each business event as a linked chain of transfers. Pure; only recipes make transfers.

Every recipe takes `event`, the id of the business event; the ids of its transfers follow from it, so that a repeat
of the event is a repeat of the same transfers. Amounts in fen; a step of 0 fen is left out. A chain is all or
nothing. `chain_of` joins the recipes of one event (a payment: issuer, funders, fees) into one chain.
The table in docs/ledger.md says when each is used.
"""

from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from yongquan.ledger.chains import NETWORK, chain_of, step, steps, turn
from yongquan.ledger.model import VOUCHER_KINDS, Account, Kind, Posting, Transfer, account_for

FUNDER_KINDS = (
    Kind.SUPERVISED,
    Kind.CASH,
    Kind.ADVANCE_GIVEN,
    Kind.ADVANCE_LIMIT,
    Kind.SUBSIDY_DUE,
    Kind.SPENT,
    Kind.REIMBURSABLE,
    Kind.ADVANCED,
    Kind.DEDUCTED,
)


def funder_accounts(funder_id: object) -> list[Account]:
    """The accounts a funder needs before it prepays, is advanced money, or funds a campaign."""
    return [account_for(funder_id, kind) for kind in FUNDER_KINDS]


def campaign_accounts(campaign_id: object) -> list[Account]:
    """A campaign's budget, which must not go below zero."""
    return [account_for(campaign_id, Kind.BUDGET)]


def type_accounts(type_id: object) -> list[Account]:
    """A voucher type's six accounts; every cell that holds its vouchers needs them."""
    return [account_for(type_id, kind) for kind in VOUCHER_KINDS]


def institution_accounts(institution_id: object) -> list[Account]:
    """An institution's position in clearing and its account at the central bank."""
    return [account_for(institution_id, kind) for kind in (Kind.CLEARING, Kind.CENTRAL)]


def network_accounts() -> list[Account]:
    """The operator's own accounts; every cell needs them."""
    return [account_for(NETWORK, Kind.FEES), account_for(NETWORK, Kind.IN_TRANSIT)]


# Funding: nothing is promised that is neither prepaid nor within an advancer's limit.


def prepay(*, event: UUID, funder_id: object, amount_fen: int) -> list[Transfer]:
    """A funder's money arrived in its supervised account."""
    return [step(event, Posting.PREPAY, (funder_id, Kind.SUPERVISED), (funder_id, Kind.CASH), amount_fen)]


def grant_advance(*, event: UUID, funder_id: object, amount_fen: int) -> list[Transfer]:
    """An advancer allows the funder to promise this much before it pays."""
    given, limit = (funder_id, Kind.ADVANCE_GIVEN), (funder_id, Kind.ADVANCE_LIMIT)
    return [step(event, Posting.GRANT_ADVANCE, given, limit, amount_fen)]


def fund_campaign(
    *, event: UUID, funder_id: object, campaign_id: object, cash_fen: int, advance_fen: int = 0
) -> list[Transfer]:
    """Set aside a funder's cash, and as much of its advance limit, as a campaign's budget.

    `exceeds_credits` if either is short.
    """
    budget = (campaign_id, Kind.BUDGET)
    return chain_of(
        steps(
            event,
            (Posting.FUND_CAMPAIGN, (funder_id, Kind.CASH), budget, cash_fen),
            (Posting.FUND_CAMPAIGN, (funder_id, Kind.ADVANCE_LIMIT), budget, advance_fen),
        )
    )


def return_surplus(
    *, event: UUID, funder_id: object, campaign_id: object, cash_fen: int, advance_fen: int = 0
) -> list[Transfer]:
    """Give what a campaign did not use back to where it came from."""
    budget = (campaign_id, Kind.BUDGET)
    return chain_of(
        steps(
            event,
            (Posting.RETURN_SURPLUS, budget, (funder_id, Kind.CASH), cash_fen),
            (Posting.RETURN_SURPLUS, budget, (funder_id, Kind.ADVANCE_LIMIT), advance_fen),
        )
    )


def repay_funder(*, event: UUID, funder_id: object, amount_fen: int) -> list[Transfer]:
    """Free cash left the supervised account, back to the funder."""
    return [step(event, Posting.REPAY_FUNDER, (funder_id, Kind.CASH), (funder_id, Kind.SUPERVISED), amount_fen)]


def publish_round(*, event: UUID, campaign_id: object, reserve_fen: Mapping[UUID, int]) -> list[Transfer]:
    """Reserve each type's whole face value out of the budget; `exceeds_credits` if the budget is short of any."""
    budget = (campaign_id, Kind.BUDGET)
    types = sorted(reserve_fen)
    return chain_of(
        steps(
            event, *((Posting.PUBLISH_ROUND, budget, (type_id, Kind.STOCK), reserve_fen[type_id]) for type_id in types)
        )
    )


def recycle_type(
    *, event: UUID, campaign_id: object, type_id: object, unsold_fen: int, recycled_fen: int
) -> list[Transfer]:
    """Give the budget back what was never claimed and what expired or was void."""
    budget = (campaign_id, Kind.BUDGET)
    return chain_of(
        steps(
            event,
            (Posting.RECYCLE_TYPE, (type_id, Kind.STOCK), budget, unsold_fen),
            (Posting.RECYCLE_TYPE, (type_id, Kind.RECYCLED), budget, recycled_fen),
        )
    )


def move_stock(*, event: UUID, from_type: object, to_type: object, amount_fen: int) -> list[Transfer]:
    """Unclaimed stock of one type becomes stock of another of the same round: a quota is reserved or released."""
    return steps(event, (Posting.MOVE_STOCK, (from_type, Kind.STOCK), (to_type, Kind.STOCK), amount_fen))


def send_to_cell(*, event: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """Stock leaves this cell for another; the outbox makes `receive_in_cell` follow there."""
    return [step(event, Posting.SEND_TO_CELL, (type_id, Kind.STOCK), (NETWORK, Kind.IN_TRANSIT), amount_fen)]


def receive_in_cell(*, event: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """Stock that another cell sent arrives in this one."""
    return [step(event, Posting.RECEIVE_IN_CELL, (NETWORK, Kind.IN_TRANSIT), (type_id, Kind.STOCK), amount_fen)]


# A voucher's life: its face value moves between the six accounts of its type.


def claim_voucher(*, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """A citizen took a voucher. The hot SQL of claiming posts this very transfer, named after the voucher."""
    claim = step(voucher_id, Posting.CLAIM_VOUCHER, (type_id, Kind.STOCK), (type_id, Kind.CLAIMED), amount_fen)
    return [replace(claim, id=voucher_id)]


def lock_voucher(*, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """A payment holds the voucher until the issuer has answered."""
    return turn(
        Posting.LOCK_VOUCHER,
        Kind.CLAIMED,
        Kind.LOCKED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def return_voucher(*, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """The payment failed: the voucher goes back to the wallet."""
    return turn(
        Posting.RETURN_VOUCHER,
        Kind.LOCKED,
        Kind.CLAIMED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def redeem_voucher(
    *, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int, redeemed_fen: int
) -> list[Transfer]:
    """A payment used the voucher; what a percentage voucher reserved and did not take is recycled."""
    if not 0 <= redeemed_fen <= amount_fen:
        raise ValueError(f"{redeemed_fen} fen cannot be redeemed out of {amount_fen}")
    rest_fen = amount_fen - redeemed_fen
    return chain_of(
        turn(
            Posting.REDEEM_VOUCHER,
            Kind.LOCKED,
            Kind.REDEEMED,
            event=event,
            voucher_id=voucher_id,
            type_id=type_id,
            amount_fen=redeemed_fen,
        ),
        turn(
            Posting.RELEASE_REMAINDER,
            Kind.LOCKED,
            Kind.RECYCLED,
            event=event,
            voucher_id=voucher_id,
            type_id=type_id,
            amount_fen=rest_fen,
        ),
    )


def expire_voucher(*, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """Nobody used the voucher in time."""
    return turn(
        Posting.EXPIRE_VOUCHER,
        Kind.CLAIMED,
        Kind.RECYCLED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def freeze_voucher(*, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """Risk control put the voucher aside."""
    return turn(
        Posting.FREEZE_VOUCHER,
        Kind.CLAIMED,
        Kind.FROZEN,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def thaw_voucher(*, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int) -> list[Transfer]:
    """The suspicion did not hold."""
    return turn(
        Posting.THAW_VOUCHER,
        Kind.FROZEN,
        Kind.CLAIMED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def void_voucher(
    *, event: UUID, voucher_id: UUID, type_id: object, amount_fen: int, frozen: bool = False
) -> list[Transfer]:
    """A person made the voucher void, out of the wallet or out of the frozen ones."""
    source = Kind.FROZEN if frozen else Kind.CLAIMED
    return turn(
        Posting.VOID_VOUCHER,
        source,
        Kind.RECYCLED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=amount_fen,
    )


def restore_voucher(*, event: UUID, voucher_id: UUID, type_id: object, redeemed_fen: int) -> list[Transfer]:
    """A refund gives the voucher back to the citizen."""
    return turn(
        Posting.RESTORE_VOUCHER,
        Kind.REDEEMED,
        Kind.CLAIMED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=redeemed_fen,
    )


def forfeit_voucher(*, event: UUID, voucher_id: UUID, type_id: object, redeemed_fen: int) -> list[Transfer]:
    """A refund does not give the voucher back: its money returns to the funder."""
    return turn(
        Posting.FORFEIT_VOUCHER,
        Kind.REDEEMED,
        Kind.RECYCLED,
        event=event,
        voucher_id=voucher_id,
        type_id=type_id,
        amount_fen=redeemed_fen,
    )
