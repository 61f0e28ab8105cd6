"""The four-party table: which rule prices a payment, and what each party gets of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
from yongquan.payments.fee_versions import read_table, write_table
from yongquan.payments.fees import (
    EVERYTHING,
    FIRST_TABLE,
    CardKind,
    FeeRule,
    Fees,
    FeeTable,
    Rate,
    RefundRule,
    require_sound,
)

TABLE = FeeTable(
    rules=(
        FeeRule(name="医疗教育", mccs=("8062", "82"), exempt=True),
        FeeRule(
            name="超市",
            mccs=("5411",),
            cards=(CardKind.DEBIT,),
            interchange=Rate(26, cap_fen=1_000),
            network=Rate(3, cap_fen=250),
            acquirer=Rate(8, floor_fen=5),
        ),
        FeeRule(name="信用卡", cards=(CardKind.CREDIT,), interchange=Rate(45), network=Rate(4), acquirer=Rate(11)),
        FeeRule(name="钱包", cards=(CardKind.WALLET,), interchange=Rate(20), network=Rate(2), acquirer=Rate(16)),
        EVERYTHING,
    ),
    credit_prefixes=frozenset({"622155"}),
    wallet_prefixes=frozenset({"629951"}),
    refunds=RefundRule.KEPT,
)


@pytest.mark.parametrize(
    ("charged_fen", "mcc", "number", "fees"),
    [
        (10_000, "8062", "6299010000000000", Fees(0, 0, 0)),  # exempt
        (10_000, "8211", "6221558812340000", Fees(0, 0, 0)),  # exempt before its card counts
        (10_000, "5411", "6299010000000000", Fees(26, 3, 8)),
        (1_000_000, "5411", "6299010000000000", Fees(1_000, 250, 800)),  # caps of issuer and network
        (100, "5411", "6299010000000000", Fees(0, 0, 5)),  # the acquirer's floor
        (3, "5411", "6299010000000000", Fees(0, 0, 3)),  # never more than the amount
        (10_000, "5411", "6221558812340000", Fees(45, 4, 11)),  # a credit card
        (10_000, "5812", "6299510000000000000", Fees(20, 2, 16)),  # a wallet
        (10_000, "5812", "6299010000000000", Fees(24, 4, 10)),  # everything else
        (0, "5812", "6299010000000000", Fees(0, 0, 0)),
    ],
)
def test_the_first_rule_that_fits_prices_a_payment(charged_fen: int, mcc: str, number: str, fees: Fees) -> None:
    assert TABLE.fees_on(charged_fen, mcc=mcc, card=TABLE.card_kind(number)) == fees


rates = st.builds(Rate, st.integers(0, 1_000), st.integers(0, 50), st.none() | st.integers(50, 500))


@given(rates, rates, rates, st.integers(0, 10**9))
def test_fees_are_never_below_zero_nor_above_the_amount(a: Rate, b: Rate, c: Rate, charged_fen: int) -> None:
    fees = FeeRule(name="r", interchange=a, network=b, acquirer=c).fees_on(charged_fen)

    assert min(fees.interchange_fen, fees.network_fen, fees.acquirer_fen) >= 0
    assert fees.total_fen <= charged_fen


def test_a_table_survives_its_document() -> None:
    assert read_table(write_table(TABLE)) == TABLE
    assert read_table(write_table(FIRST_TABLE)) == FIRST_TABLE


@pytest.mark.parametrize(
    "table",
    [
        FeeTable(rules=()),
        FeeTable(rules=(FeeRule(name="only", mccs=("5411",)),)),
        FeeTable(rules=(FeeRule(name="r", network=Rate(1_001)),)),
        FeeTable(rules=(FeeRule(name="r", network=Rate(1, floor_fen=5, cap_fen=4)),)),
        FeeTable(rules=(FeeRule(name=""),)),
        FeeTable(rules=(FeeRule(name="r", mccs=("54110",)), EVERYTHING)),
        FeeTable(credit_prefixes=frozenset({"62"})),
    ],
)
def test_an_unsound_table_is_refused(table: FeeTable) -> None:
    with pytest.raises(BadInput):
        require_sound(table)


def test_a_document_with_another_form_is_refused() -> None:
    wrong_rate = '{"rules": [{"name": "r", "interchange": {"bps": 30}}]}'
    for text in (
        "",
        "[]",
        '{"rules": [{"name": 1}]}',
        "{}",
        '{"rules": [{"name": "r", "intercharge": {}}]}',
        wrong_rate,
    ):
        with pytest.raises(BadInput):
            read_table(text)
