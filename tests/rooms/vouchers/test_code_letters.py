"""Codes: no two alike, no typing mistake passes, what people confuse is read as meant."""

from hypothesis import given
from hypothesis import strategies as st

from yongquan.vouchers.ways.codes import ALPHABET, BODY, LENGTH, fresh_codes, read_code, shown

CODES = st.builds(lambda _: next(fresh_codes(1)), st.integers())


def test_codes_differ_and_are_read_again() -> None:
    codes = list(fresh_codes(10_000))

    assert len(set(codes)) == 10_000
    assert all(read_code(shown(code).lower()) == code for code in codes[:500])


@given(CODES, st.integers(0, LENGTH - 1), st.sampled_from(ALPHABET))
def test_no_single_wrong_character_passes(code: str, place: int, letter: str) -> None:
    typed = code[:place] + letter + code[place + 1 :]

    assert (read_code(typed) is None) == (typed != code)


@given(CODES, st.integers(0, BODY - 2))
def test_no_swap_of_neighbours_passes(code: str, place: int) -> None:
    typed = code[:place] + code[place + 1] + code[place] + code[place + 2 :]

    assert (read_code(typed) is None) == (typed != code)


def test_letters_that_look_like_digits_are_read_as_digits() -> None:
    code = next(code for code in fresh_codes(10_000) if "0" in code and "1" in code)

    assert read_code(code.replace("0", "o").replace("1", "l")) == code


def test_what_is_no_code_is_none() -> None:
    assert [read_code(typed) for typed in ("", "ABC", "0" * 17, "券" * 16, "!" * 16)] == [None] * 5
