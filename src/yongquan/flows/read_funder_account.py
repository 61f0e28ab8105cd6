"""A funder's account as its bureau reads it: the supervised money, the advances, what is promised and what is spent."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from yongquan import ledger
from yongquan.institutions.store import Funder
from yongquan.ledger import Kind
from yongquan.plumbing.db import Connection
from yongquan.vouchers.board import CampaignBoard

_KINDS = (
    Kind.SUPERVISED,
    Kind.CASH,
    Kind.ADVANCE_GIVEN,
    Kind.ADVANCE_LIMIT,
    Kind.SUBSIDY_DUE,
    Kind.SPENT,
    Kind.ADVANCED,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FunderAccount:
    """Where a funder's money is, in fen.

    `supervised` is in the bank account; `free_cash` of it is not promised. `advance_left` may still be promised,
    `advanced` was fronted and not reimbursed. `budgets` is set aside for campaigns and not laid into rounds;
    `due` was taken off for citizens and not called yet; `spent` was called.
    """

    supervised_fen: int
    free_cash_fen: int
    advance_granted_fen: int
    advance_left_fen: int
    advanced_fen: int
    budgets_fen: int
    due_fen: int
    spent_fen: int


async def read_funder_account(
    connection: Connection, funder: Funder, campaigns: Sequence[CampaignBoard], *, cells: int
) -> FunderAccount:
    """Sum the accounts of a funder and of its campaigns' budgets over the cells."""
    own = {kind: ledger.account_id(funder.funder_id, kind) for kind in _KINDS}
    budgets = [ledger.account_id(c.campaign_id, Kind.BUDGET) for c in campaigns if c.funder_id == funder.funder_id]
    credit: Counter[UUID] = Counter()
    for cell in range(cells):
        balances = await ledger.balances_of(connection, [*own.values(), *budgets], cell=cell)
        for id_, balance in balances.items():
            credit[id_] += balance.credit_fen
    return FunderAccount(
        supervised_fen=-credit[own[Kind.SUPERVISED]],
        free_cash_fen=credit[own[Kind.CASH]],
        advance_granted_fen=funder.advance_limit_fen,
        advance_left_fen=credit[own[Kind.ADVANCE_LIMIT]],
        advanced_fen=credit[own[Kind.ADVANCED]],
        budgets_fen=sum(credit[id_] for id_ in budgets),
        due_fen=-credit[own[Kind.SUBSIDY_DUE]],
        spent_fen=-credit[own[Kind.SPENT]],
    )


def accounts_of(funder_id: str) -> dict[UUID, Kind]:
    """The ids of a funder's accounts, and what each is for."""
    return {ledger.account_id(funder_id, kind): kind for kind in _KINDS}
