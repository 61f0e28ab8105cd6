"""Recipes are pure: what they build adds up, repeats itself, and is chained."""

from uuid import UUID

import pytest

from yongquan.kernel.ids import named_id
from yongquan.ledger import Kind, Posting, TransferFlags, account_for, account_id, chain_of, payment_recipes, recipes

EVENT, VOUCHER, TYPE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_percentage_voucher_returns_what_it_did_not_take() -> None:
    chain = recipes.redeem_voucher(event=EVENT, voucher_id=VOUCHER, type_id=TYPE, amount_fen=5000, redeemed_fen=3200)

    assert [(t.code, t.amount) for t in chain] == [(Posting.REDEEM_VOUCHER, 3200), (Posting.RELEASE_REMAINDER, 1800)]
    assert [t.flags for t in chain] == [TransferFlags.LINKED, TransferFlags(0)]


def test_more_than_the_voucher_cannot_be_redeemed() -> None:
    with pytest.raises(ValueError, match="cannot be redeemed"):
        recipes.redeem_voucher(event=EVENT, voucher_id=VOUCHER, type_id=TYPE, amount_fen=5000, redeemed_fen=5001)


def test_the_same_event_gives_the_same_transfers() -> None:
    first = recipes.lock_voucher(event=EVENT, voucher_id=VOUCHER, type_id=TYPE, amount_fen=5000)
    again = recipes.lock_voucher(event=EVENT, voucher_id=VOUCHER, type_id=TYPE, amount_fen=5000)
    other = recipes.lock_voucher(event=UUID(int=9), voucher_id=VOUCHER, type_id=TYPE, amount_fen=5000)

    assert first == again
    assert first[0].id != other[0].id


def test_two_vouchers_of_one_type_in_one_payment_are_two_transfers() -> None:
    chain = chain_of(
        recipes.lock_voucher(event=EVENT, voucher_id=UUID(int=4), type_id=TYPE, amount_fen=5000),
        recipes.lock_voucher(event=EVENT, voucher_id=UUID(int=5), type_id=TYPE, amount_fen=5000),
    )

    assert len({t.id for t in chain}) == 2


def test_steps_of_nothing_are_left_out() -> None:
    assert payment_recipes.settle_net(event=EVENT, institution_id="bank", net_fen=0) == []
    assert payment_recipes.pay_by_issuer(event=EVENT, issuer_id="a", acquirer_id="b", amount_fen=0) == []


def test_a_joined_chain_is_open_only_between_its_transfers() -> None:
    chain = chain_of(
        payment_recipes.pay_by_issuer(event=EVENT, issuer_id="bank", acquirer_id="acquirer", amount_fen=900),
        payment_recipes.subsidise(event=EVENT, funder_id="bureau", acquirer_id="acquirer", amount_fen=100),
    )

    assert [bool(t.flags & TransferFlags.LINKED) for t in chain] == [True, False]
    assert {t.chain_id for t in chain} == {EVENT}


def test_institution_that_owes_pays_into_clearing() -> None:
    (transfer,) = payment_recipes.settle_net(event=EVENT, institution_id="bank", net_fen=-700)

    assert transfer.amount == 700
    assert transfer.debit_account_id == account_id("bank", Kind.CENTRAL)
    assert transfer.credit_account_id == account_id("bank", Kind.CLEARING)


def test_advanced_subsidy_leaves_the_funder_in_debt() -> None:
    chain = payment_recipes.call_subsidy(event=EVENT, funder_id="bureau", payer_id="bank", amount_fen=50, advanced=True)

    assert [t.code for t in chain] == [Posting.CALL_SUBSIDY, Posting.SPEND_ADVANCE, Posting.RECORD_ADVANCE]


def test_only_kinds_that_must_not_go_below_zero_are_guarded() -> None:
    guarded = {kind for kind in Kind if account_for("owner", kind).guarded}

    assert guarded == {Kind.CASH, Kind.ADVANCE_LIMIT, Kind.BUDGET}


def test_account_is_named_after_owner_and_kind() -> None:
    assert account_id(TYPE, Kind.STOCK) == named_id(f"{TYPE}:stock")
