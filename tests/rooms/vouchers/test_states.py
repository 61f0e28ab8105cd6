"""Every life has one table: what is in it is allowed, everything else is refused."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product
from typing import Any

import pytest

from yongquan.payments.asking import ASKED_MOVES, AskedState
from yongquan.payments.model import PAYMENT_MOVES, PaymentState
from yongquan.payments.orders import ATTEMPT_MOVES, ORDER_MOVES, AttemptState, OrderState
from yongquan.payments.preauths import HOLD_MOVES, HoldState
from yongquan.vouchers.model import (
    CAMPAIGN_MOVES,
    DRAW_MOVES,
    ROUND_MOVES,
    VOUCHER_MOVES,
    CampaignState,
    DrawState,
    ForbiddenMove,
    RoundState,
    VoucherState,
    require_move,
)

TABLES: list[tuple[type[StrEnum], Mapping[Any, frozenset[Any]]]] = [
    (CampaignState, CAMPAIGN_MOVES),
    (RoundState, ROUND_MOVES),
    (VoucherState, VOUCHER_MOVES),
    (DrawState, DRAW_MOVES),
    (PaymentState, PAYMENT_MOVES),
    (OrderState, ORDER_MOVES),
    (AttemptState, ATTEMPT_MOVES),
    (HoldState, HOLD_MOVES),
    (AskedState, ASKED_MOVES),
]


@pytest.mark.parametrize(("states", "moves"), TABLES)
def test_only_what_the_table_says_is_allowed(states: type[StrEnum], moves: Mapping[Any, frozenset[Any]]) -> None:
    for now, wanted in product(states, states):
        if wanted in moves[now]:
            require_move(moves, now, wanted)
        else:
            with pytest.raises(ForbiddenMove):
                require_move(moves, now, wanted)


@pytest.mark.parametrize(
    ("moves", "ends"),
    [
        (VOUCHER_MOVES, {VoucherState.EXPIRED, VoucherState.FORFEITED, VoucherState.VOID}),
        (PAYMENT_MOVES, {PaymentState.FAILED, PaymentState.REFUNDED, PaymentState.CLOSED}),
        (ORDER_MOVES, {OrderState.REFUNDED, OrderState.REVERSED, OrderState.CLOSED}),
        (ATTEMPT_MOVES, {AttemptState.FAILED, AttemptState.REVERSED, AttemptState.RETURNED}),
        (HOLD_MOVES, {HoldState.DECLINED, HoldState.FREED}),
        (ROUND_MOVES, {RoundState.ENDED}),
        (DRAW_MOVES, {DrawState.PUBLISHED, DrawState.VOIDED}),
    ],
)
def test_a_life_ends_where_it_should(moves: Mapping[Any, frozenset[Any]], ends: set[StrEnum]) -> None:
    assert {state for state, onward in moves.items() if not onward} == ends
