"""What refunds give back to a funder undoes the call, account by account."""

from collections import Counter
from uuid import UUID

import pytest

from yongquan.ledger import payment_recipes


@pytest.mark.parametrize("advanced", [False, True])
def test_a_returned_subsidy_leaves_nothing_of_the_call(advanced: bool) -> None:
    facts = {"funder_id": "bureau", "payer_id": "bank", "amount_fen": 50, "advanced": advanced}

    called = payment_recipes.call_subsidy(event=UUID(int=1), **facts)
    returned = payment_recipes.return_subsidy(event=UUID(int=2), **facts)

    left: Counter[UUID] = Counter()
    for transfer in (*called, *returned):
        left[transfer.debit_account_id] -= transfer.amount
        left[transfer.credit_account_id] += transfer.amount
    assert set(left.values()) == {0}
