"""Several funders of one voucher pay exactly its worth, and none of them more than it set aside."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import share_out
from yongquan.vouchers.sharing import FunderShare, deal, holdings_of, parts_of, require_whole, reserves_of

THREE = (FunderShare("city", 5_000), FunderShare("district", 3_000), FunderShare("bank", 2_000))


@st.composite
def _shares(draw: st.DrawFn) -> tuple[FunderShare, ...]:
    cuts = sorted(draw(st.sets(st.integers(1, 9_999), max_size=5)))
    bounds = [0, *cuts, 10_000]
    return tuple(FunderShare(f"f{n}", b - a) for n, (a, b) in enumerate(pairwise(bounds)))


def test_fifty_thirty_twenty_of_a_yuan_and_a_fen() -> None:
    parts = parts_of(101, THREE, held_fen=101, face_fen=101)

    assert [(p.funder_id, p.amount_fen) for p in parts] == [("city", 51), ("district", 30), ("bank", 20)]


@given(shares=_shares(), amounts=st.lists(st.integers(1, 5_000), min_size=3, max_size=3))
def test_parts_add_up_and_stay_below_what_was_reserved(shares: tuple[FunderShare, ...], amounts: list[int]) -> None:
    amount, held, face = sorted(amounts)

    parts = parts_of(amount, shares, held_fen=held, face_fen=face)

    reserved = reserves_of(face, shares)
    assert sum(p.amount_fen for p in parts) == amount
    assert sum(p.face_fen for p in parts) == held
    assert all(0 <= p.amount_fen <= p.face_fen <= reserved[p.funder_id] for p in parts)


@given(shares=_shares(), face=st.integers(1, 5_000))
def test_a_whole_voucher_is_split_by_plain_largest_remainder(shares: tuple[FunderShare, ...], face: int) -> None:
    parts = {p.funder_id: p.amount_fen for p in parts_of(face, shares, held_fen=face, face_fen=face)}

    plain = share_out(face, [s.share_bp for s in shares])
    assert [parts.get(s.funder_id, 0) for s in shares] == plain


@given(shares=_shares(), amounts=st.lists(st.integers(1, 5_000), min_size=2, max_size=2))
def test_a_refunded_voucher_holds_what_each_had_paid(shares: tuple[FunderShare, ...], amounts: list[int]) -> None:
    redeemed, face = sorted(amounts)

    paid = {p.funder_id: p.amount_fen for p in parts_of(redeemed, shares, held_fen=face, face_fen=face)}

    held = holdings_of(redeemed, shares, face_fen=face)
    assert {f: fen for f, fen in held.items() if fen} == {f: fen for f, fen in paid.items() if fen}


def test_dealing_gives_each_its_own_and_never_more_than_there_is() -> None:
    assert deal(10, {"a": 7, "b": 3}) == {"a": 7, "b": 3}
    assert deal(10, {"a": 11, "b": -1}) == {"a": 10, "b": 0}
    assert sum(deal(9, {"a": 7, "b": 3}).values()) == 9


@pytest.mark.parametrize("shares", [[("a", 9_999)], [("a", 5_000), ("a", 5_000)], [("a", 10_001), ("b", -1)]])
def test_shares_that_are_not_the_whole_are_bad_input(shares: list[tuple[str, int]]) -> None:
    with pytest.raises(BadInput, match="10000"):
        require_whole([FunderShare(*share) for share in shares])
