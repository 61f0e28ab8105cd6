"""Tap messages: what is made is read again, what was changed is not genuine; numbers and the life of tokens."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.payments.emvco import CodeMalformed
from yongquan.payments.phone_tokens import TOKEN_MOVES, TokenState, is_genuine, make_number, make_tap, read_tap

KEY, STORE = b"k" * 32, UUID(int=7)


@given(st.integers(0, 1023), st.integers(0, 2**64), st.integers(0, 10**12 - 1), st.integers(0, 65535))
def test_a_tap_is_read_as_it_was_made(bucket: int, entropy: int, fen: int, counter: int) -> None:
    number = make_number(bucket=bucket, entropy=entropy)

    text = make_tap(number=number, key=KEY, counter=counter, amount_fen=fen, store_id=STORE, unpredictable=b"\1\2\3\4")
    tap = read_tap(text)

    assert (tap.number, tap.amount_fen, tap.counter, tap.bucket) == (number, fen, counter, bucket)
    assert is_genuine(tap, KEY)
    assert not is_genuine(tap, b"x" * 32)


@pytest.mark.parametrize("at", [14, 24, 30, 38, 43])
def test_a_changed_tap_is_malformed_or_not_genuine(at: int) -> None:
    number = make_number(bucket=1, entropy=2)
    text = make_tap(number=number, key=KEY, counter=1, amount_fen=100, store_id=STORE, unpredictable=b"\0" * 4)
    content = bytearray.fromhex(text)
    content[at] ^= 1

    try:
        genuine = is_genuine(read_tap(content.hex()), KEY)
    except CodeMalformed:
        genuine = False

    assert not genuine


@pytest.mark.parametrize("text", ["", "zz", "5A", "9F0206000000000100"])
def test_what_is_no_tap_is_refused(text: str) -> None:
    with pytest.raises(CodeMalformed):
        read_tap(text)


def test_a_deleted_token_stays_deleted() -> None:
    assert not TOKEN_MOVES[TokenState.DELETED]
    assert TokenState.ASKED not in {to for moves in TOKEN_MOVES.values() for to in moves}
