"""What an attempt's outcome and a refund do to an order, state by state."""

from itertools import product

import pytest

from yongquan.payments.model import PaymentState
from yongquan.payments.orders import (
    ATTEMPT_MOVES,
    ORDER_MOVES,
    PAYABLE,
    AttemptState,
    Deed,
    OrderState,
    after_attempt,
    after_refund,
    outcome_of,
)


@pytest.mark.parametrize(("order", "attempt", "deed"), list(product(OrderState, AttemptState, Deed)))
def test_an_attempt_moves_an_order_only_along_its_table(order: OrderState, attempt: AttemptState, deed: Deed) -> None:
    after = after_attempt(order, attempt, deed)

    assert after is order or after in ORDER_MOVES[order]


@pytest.mark.parametrize("order", [state for state in OrderState if OrderState.REFUNDED in ORDER_MOVES[state]])
@pytest.mark.parametrize(("refunded", "undone"), [(0, False), (1, False), (99, False), (100, False), (100, True)])
def test_a_refund_moves_an_order_only_along_its_table(order: OrderState, refunded: int, undone: bool) -> None:
    after = after_refund(order, refunded_fen=refunded, amount_fen=100, undone=undone)

    assert after is order or after in ORDER_MOVES[order]


def test_no_way_leads_from_a_timeout_to_failure_without_the_issuers_answer() -> None:
    assert outcome_of(PaymentState.CHARGING, None) is AttemptState.PENDING
    assert outcome_of(PaymentState.UNKNOWN, None) is AttemptState.UNKNOWN
    assert after_attempt(OrderState.UNKNOWN, AttemptState.UNKNOWN) is OrderState.UNKNOWN


def test_what_the_issuer_undid_is_told_from_what_it_declined() -> None:
    assert outcome_of(PaymentState.FAILED, "51") is AttemptState.FAILED
    assert outcome_of(PaymentState.FAILED, "68") is AttemptState.REVERSED


def test_an_order_over_is_not_payable_and_money_for_it_is_returned() -> None:
    over = {OrderState.CLOSED, OrderState.REFUNDED, OrderState.REVERSED, OrderState.SUCCEEDED}

    assert not over & PAYABLE
    assert AttemptState.RETURNED in ATTEMPT_MOVES[AttemptState.SUCCEEDED]
