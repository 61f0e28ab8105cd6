"""Clearing as arithmetic: nothing is made or lost between citizens, funders, institutions and shops."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.payments.clearing import (
    NOTHING,
    DayState,
    FunderShort,
    FunderTerms,
    Moved,
    Owed,
    StoreDay,
    StoreLine,
    draw_line,
    in_chunks,
    over_all_cells,
    plan_call,
    positions,
    share_call,
)

FEN = st.integers(min_value=0, max_value=10**9)
SIGNED = st.integers(min_value=-(10**9), max_value=10**9)
OWED = st.builds(Owed, SIGNED, SIGNED, st.integers(min_value=-(10**6), max_value=10**6))
MEMBERS = ("bank_a", "bank_b", "wallet")
MOVEMENT = st.tuples(
    st.sampled_from(MEMBERS),  # issuer
    st.sampled_from(("acq_a", "acq_b")),
    st.sampled_from((*MEMBERS, "acq_a")),  # who pays for the funder
    st.sampled_from((1, -1)),
    st.integers(0, 3),  # cell
    FEN,
    FEN,
    st.integers(0, 10**5),
    st.integers(0, 10**5),
)


def moves_of(movements: list[tuple[str, str, str, int, int, int, int, int, int]]) -> list[Moved]:
    moves = []
    for issuer, acquirer, payer, sign, cell, charged, subsidy, interchange, network in movements:
        moves += [
            Moved(cell, issuer, charged_fen=sign * charged, fees_fen=sign * interchange),
            Moved(cell, acquirer, acquired_fen=sign * (charged + subsidy), fees_fen=-sign * (interchange + network)),
            Moved(cell, payer, called_fen=sign * subsidy),
            Moved(cell, "network", fees_fen=sign * network),
        ]
    return moves


@given(st.lists(MOVEMENT, max_size=20))
def test_net_positions_and_network_fees_add_up_to_zero_in_every_cell(movements: list[tuple]) -> None:  # type: ignore[type-arg]
    found = positions(moves_of(movements))

    for cell in range(4):
        assert sum(p.net_fen for (at, _), p in found.items() if at == cell) == 0


@given(st.lists(MOVEMENT, max_size=20))
def test_positions_over_all_cells_are_the_sums_of_the_cells(movements: list[tuple]) -> None:  # type: ignore[type-arg]
    found = positions(moves_of(movements))

    whole = {p.institution: p.net_fen for p in over_all_cells(found.values())}

    assert whole == {
        code: sum(p.net_fen for (_, other), p in found.items() if other == code) for code in {c for _, c in found}
    }


@given(OWED, OWED)
def test_a_line_is_never_negative_and_what_is_not_paid_is_carried(own: Owed, brought: Owed) -> None:
    day = StoreDay(acquirer="acq_a", store_id=UUID(int=1), payments=1, refunds=1, own=own, brought=brought)

    line = draw_line(day)

    assert line.due + line.carried == own + brought
    assert line.due.net_fen >= 0
    assert line.due.fee_fen >= 0
    assert line.due.gross_fen >= 0


def test_refunds_beyond_the_days_trade_are_carried_whole() -> None:
    day = StoreDay(acquirer="acq_a", store_id=UUID(int=1), payments=1, refunds=1, own=Owed(-500, 100, -2))

    line = draw_line(day)

    assert (line.due, line.carried) == (NOTHING, Owed(-500, 100, -2))


@given(FEN, FEN, FEN, st.integers(-(10**9), 10**9))
def test_a_call_takes_all_that_is_due_and_stays_within_prepaid_money_and_limit(
    prepaid: int, limit: int, advanced: int, due: int
) -> None:
    terms = FunderTerms("bureau", "bank_a", prepaid, "bank_b", limit, min(advanced, limit))

    try:
        call = plan_call(terms, due)
    except FunderShort:
        assert due > prepaid + limit - min(advanced, limit)
    else:
        assert call.supervised_fen + call.advanced_fen == due
        assert call.supervised_fen <= prepaid
        assert 0 <= terms.advanced_fen + call.advanced_fen <= limit


def test_a_funder_without_an_advancer_is_short_beyond_its_prepaid_money() -> None:
    with pytest.raises(FunderShort):
        plan_call(FunderTerms("bureau", "bank_a", 100), 101)


@given(st.dictionaries(st.integers(0, 31), SIGNED, min_size=1, max_size=8), FEN, FEN)
def test_a_call_shared_among_cells_conserves_each_cells_due_and_both_sources(
    due_by_cell: dict[int, int], prepaid: int, advanced: int
) -> None:
    terms = FunderTerms("bureau", "bank_a", prepaid, "bank_b", 10**12, advanced)
    call = plan_call(terms, sum(due_by_cell.values()))

    shared = share_call(due_by_cell, call)

    assert {cell: part.supervised_fen + part.advanced_fen for cell, part in shared.items()} == due_by_cell
    assert sum(part.advanced_fen for part in shared.values()) == call.advanced_fen
    assert sum(part.supervised_fen for part in shared.values()) == call.supervised_fen


@given(st.integers(0, 10**9), st.integers(0, 10**9), st.integers(0, 10**6), st.integers(0, 10**6))
def test_an_acquirer_pays_shops_and_fees_out_of_what_it_receives(
    trade: int, subsidy: int, interchange: int, network: int
) -> None:
    (position,) = positions(
        [Moved(0, "acq_a", acquired_fen=trade + subsidy, fees_fen=-(interchange + network))]
    ).values()

    own_fen = position.own_funds_fen(trade + subsidy)

    # In its books: own funds pay the fees, the instruction takes the gross; together that is its position.
    assert own_fen == interchange + network
    assert own_fen - (trade + subsidy) == position.net_fen


def test_lines_are_cut_into_instructions_of_one_acquirer_each() -> None:
    lines = [
        StoreLine(StoreDay(acquirer=code, store_id=UUID(int=n), payments=1, refunds=0, own=Owed(1)), Owed(1), NOTHING)
        for n, code in enumerate(["a", "b", "a", "a", "b"])
    ]

    chunks = in_chunks(lines, 2)

    assert [[line.of.acquirer for line in chunk] for chunk in chunks] == [["a", "a"], ["a"], ["b", "b"]]


def test_a_day_moves_forward_only() -> None:
    order = list(DayState)

    assert all(later.reached(earlier) for n, earlier in enumerate(order) for later in order[n:])
    assert not any(earlier.reached(later) for n, earlier in enumerate(order) for later in order[n + 1 :])
