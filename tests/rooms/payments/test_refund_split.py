"""Refunds in parts add up: to the fen, for the citizen, each funder of each voucher, and the fees."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from yongquan.payments.refund_split import Bill, PaidShare, RefundParts, split_next, split_refund

FUNDERS = ("city", "district", "bank")


def share(voucher: int, funder: str, paid_fen: int) -> PaidShare:
    return PaidShare(UUID(int=voucher), UUID(int=voucher), funder, paid_fen, 0)


def after(bill: Bill, parts: RefundParts) -> Bill:
    shares = [
        replace(s, refunded_fen=s.refunded_fen + fen) for s, fen in zip(bill.shares, parts.shares_fen, strict=True)
    ]
    a, b, c = (before + now for before, now in zip(bill.fees_back_fen, parts.fees_fen, strict=True))
    return replace(
        bill, charged_back_fen=bill.charged_back_fen + parts.charged_fen, shares=tuple(shares), fees_back_fen=(a, b, c)
    )


@st.composite
def bills(draw: st.DrawFn) -> Bill:
    shares = [
        share(voucher, funder, draw(st.integers(1, 5_000)))
        for voucher in range(draw(st.integers(0, 3)))
        for funder in FUNDERS[: draw(st.integers(1, 3))]
    ]
    charged_fen = draw(st.integers(0 if shares else 1, 50_000))
    fees = (charged_fen * 24 // 10_000, charged_fen * 4 // 10_000, charged_fen * 10 // 10_000)
    return Bill(charged_fen, 0, tuple(shares), fees, (0, 0, 0))


@given(bills(), st.lists(st.integers(1, 4_000), max_size=12))
def test_any_sequence_of_refunds_adds_up_and_the_last_completes_every_part(bill: Bill, amounts: list[int]) -> None:
    start = bill

    for amount_fen in [min(a, 10**9) for a in amounts]:
        if bill.left_fen <= amount_fen:
            break
        parts = split_refund(bill, amount_fen)
        assert parts.charged_fen + parts.discount_fen == amount_fen
        assert min((parts.charged_fen, *parts.shares_fen, *parts.fees_fen)) >= 0
        bill = after(bill, parts)
        assert bill.charged_back_fen <= start.charged_fen
        assert all(s.refunded_fen <= s.paid_fen for s in bill.shares)
    bill = after(bill, split_refund(bill, bill.left_fen))

    assert bill.left_fen == 0
    assert bill.charged_back_fen == start.charged_fen
    assert all(s.refunded_fen == s.paid_fen for s in bill.shares)
    assert bill.fees_back_fen == start.fees_fen


@given(st.lists(st.integers(1, 300), min_size=2, max_size=5), st.data())
def test_no_part_runs_more_than_a_fen_ahead_of_its_target(of: list[int], data: st.DataObject) -> None:
    done, whole = [0] * len(of), sum(of)

    while sum(done) < whole:
        amount = data.draw(st.integers(1, whole - sum(done)))
        done = [before + now for before, now in zip(done, split_next(amount, of=of, done=done), strict=True)]

        assert all(d * whole < sum(done) * part + whole for d, part in zip(done, of, strict=True))


def test_a_third_of_a_voucher_of_three_funders_is_borne_by_each_in_proportion() -> None:
    bill = Bill(
        6_000, 0, (share(1, "city", 1_500), share(1, "district", 900), share(1, "bank", 600)), (14, 2, 6), (0, 0, 0)
    )

    parts = split_refund(bill, 3_000)

    assert (parts.charged_fen, parts.shares_fen) == (2_000, (500, 300, 200))
    assert parts.fees_fen == (4, 0, 2)
