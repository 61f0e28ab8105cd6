"""A funder's money comes in, and part of it is set aside as a campaign's budget."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from yongquan import ledger
from yongquan.flows.funds import HOME_CELL, budget_owner, post_or_name
from yongquan.institutions.store import Funder, save_funders
from yongquan.kernel.ids import named_id
from yongquan.plumbing.db import Connection
from yongquan.vouchers.funding_store import lead_of


async def open_books(
    connection: Connection, institutions: Sequence[str], funders: Sequence[Funder], *, cells: int, now: datetime
) -> None:
    """Open the accounts of the network, its members and its funders in every cell; repeat at will."""
    await save_funders(connection, funders)
    accounts = [
        *ledger.recipes.network_accounts(),
        *(a for code in institutions for a in ledger.recipes.institution_accounts(code)),
        *(a for funder in funders for a in ledger.recipes.funder_accounts(funder.funder_id)),
    ]
    for cell in range(cells):
        await ledger.open_accounts(connection, accounts, cell=cell, now=now)
    grants = [
        transfer
        for funder in funders
        if funder.advance_limit_fen
        for transfer in ledger.recipes.grant_advance(
            event=named_id("advance-limit", funder.funder_id),
            funder_id=funder.funder_id,
            amount_fen=funder.advance_limit_fen,
        )
    ]
    await ledger.post(connection, grants, cell=HOME_CELL, now=now)


async def record_prepayment(
    connection: Connection, *, receipt: str, funder_id: str, amount_fen: int, now: datetime
) -> None:
    """Money arrived in the funder's supervised account; `receipt` names it, a repeat changes nothing."""
    transfers = ledger.recipes.prepay(
        event=named_id("prepayment", funder_id, receipt), funder_id=funder_id, amount_fen=amount_fen
    )
    await ledger.post(connection, transfers, cell=HOME_CELL, now=now)


async def fund_campaign(
    connection: Connection, *, campaign_id: UUID, funder_id: str, cash_fen: int, advance_fen: int = 0, now: datetime
) -> None:
    """Set a funder's part of the budget aside. Raises `FundsShort` if its cash or advance limit is short."""
    owner = budget_owner(campaign_id, funder_id, lead=await lead_of(connection, campaign_id))
    await ledger.open_accounts(connection, ledger.recipes.campaign_accounts(owner), cell=HOME_CELL, now=now)
    transfers = ledger.recipes.fund_campaign(
        event=named_id("fund-campaign", owner),
        funder_id=funder_id,
        campaign_id=owner,
        cash_fen=cash_fen,
        advance_fen=advance_fen,
    )
    needs = {
        (funder_id, funder_id, ledger.Kind.CASH): cash_fen,
        (funder_id, funder_id, ledger.Kind.ADVANCE_LIMIT): advance_fen,
    }
    await post_or_name(connection, transfers, needs, now=now)
