"""The ledger: accounts, transfers, pending transfers, balance limits, recipes, snapshots, proof, replay.

Only recipes make transfers; `post` writes them in the caller's transaction.
"""

from yongquan.ledger import funder_recipes, payment_recipes, payout_recipes, recipes, statements
from yongquan.ledger.chains import chain_of
from yongquan.ledger.errors import PostingRefused
from yongquan.ledger.model import (
    Account,
    AccountFlags,
    AccountOutcome,
    Balances,
    Kind,
    Posting,
    Transfer,
    TransferFlags,
    TransferOutcome,
    TransferRow,
    account_for,
    account_id,
)
from yongquan.ledger.proof import Check, MakeChecks, Proof, ReadTypeFacts, TypeFacts, prove
from yongquan.ledger.replay import replay_lines
from yongquan.ledger.snapshots import take_snapshots
from yongquan.ledger.store import (
    balances_of,
    create_accounts,
    create_transfers,
    expire_pending,
    open_accounts,
    post,
    take_snapshot,
    transfers_of,
)

__all__ = [
    "Account",
    "AccountFlags",
    "AccountOutcome",
    "Balances",
    "Check",
    "Kind",
    "MakeChecks",
    "Posting",
    "PostingRefused",
    "Proof",
    "ReadTypeFacts",
    "Transfer",
    "TransferFlags",
    "TransferOutcome",
    "TransferRow",
    "TypeFacts",
    "account_for",
    "account_id",
    "balances_of",
    "chain_of",
    "create_accounts",
    "create_transfers",
    "expire_pending",
    "funder_recipes",
    "open_accounts",
    "payment_recipes",
    "payout_recipes",
    "post",
    "prove",
    "recipes",
    "replay_lines",
    "statements",
    "take_snapshot",
    "take_snapshots",
    "transfers_of",
]
