"""Ids carry their bucket; splits keep the total."""

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.ids import bucket_of, bucket_of_hex, cell_of, make_id, named_id
from yongquan.kernel.money import rate_of, share_out, yuan
from yongquan.plumbing.fresh import fresh_hexes, fresh_id


@given(st.integers(0, 2**48 - 1), st.integers(0, 1023), st.integers(0, 2**64 - 1))
def test_an_id_keeps_its_time_and_bucket(at_ms: int, bucket: int, entropy: int) -> None:
    made = make_id(at_ms=at_ms, bucket=bucket, entropy=entropy)

    assert (made.int >> 80, bucket_of(made), bucket_of_hex(made.hex)) == (at_ms, bucket, bucket)
    assert (made.version, made.variant) == (8, "specified in RFC 4122")
    assert cell_of(made, 32) == bucket % 32


@given(st.integers(0, 1023))
def test_both_ways_to_a_fresh_id_agree_on_the_layout(bucket: int) -> None:
    for made in (fresh_id(bucket), UUID(hex=fresh_hexes([bucket])[0])):
        assert (bucket_of(made), made.version, made.variant) == (bucket, 8, "specified in RFC 4122")


def test_a_name_always_has_the_same_id() -> None:
    assert named_id("a", 1) == named_id("a", 1)
    assert named_id("a", 1) != named_id("a", 2)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10**9), min_size=1, max_size=8).filter(any))
def test_shares_add_up_and_stay_near_their_proportion(amount_fen: int, weights: list[int]) -> None:
    parts = share_out(amount_fen, weights)

    assert sum(parts) == amount_fen
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part * sum(weights) - amount_fen * weight) < sum(weights)


def test_rates_round_half_up_and_amounts_read_as_yuan() -> None:
    assert [rate_of(fen, 50) for fen in (99, 100, 101)] == [0, 1, 1]
    assert [yuan(fen) for fen in (0, 5, 123_456, -99)] == ["0.00", "0.05", "1,234.56", "-0.99"]
