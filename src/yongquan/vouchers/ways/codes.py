"""Codes that become vouchers: 70 random bits in 14 characters, then two check characters.

The alphabet has 32 characters without I, L, O and U; what people type for them is read as 1, 1, 0 and V. The check is
the body, read as a number in base 32, modulo 1021, a prime: every single wrong character and every swap of two
neighbours in the body changes it.
"""

import os
from collections.abc import Iterator

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
BODY = 14
LENGTH = BODY + 2
_VALUES = {letter: value for value, letter in enumerate(ALPHABET)} | {"I": 1, "L": 1, "O": 0, "U": 27}
_PAIRS = [a + b for a in ALPHABET for b in ALPHABET]  # ten bits at a time
_PRIME = 1021


def fresh_codes(count: int) -> Iterator[str]:
    """So many new codes of sixteen characters."""
    per_draw = 4_096
    for start in range(0, count, per_draw):
        drawn = os.urandom(9 * min(per_draw, count - start))
        for at in range(0, len(drawn), 9):
            number = int.from_bytes(drawn[at : at + 9], "big") >> 2
            check = number % _PRIME
            yield (
                _PAIRS[number >> 60]
                + _PAIRS[number >> 50 & 1023]
                + _PAIRS[number >> 40 & 1023]
                + _PAIRS[number >> 30 & 1023]
                + _PAIRS[number >> 20 & 1023]
                + _PAIRS[number >> 10 & 1023]
                + _PAIRS[number & 1023]
                + _PAIRS[check]
            )


def read_code(typed: str) -> str | None:
    """The code somebody typed, in capitals without gaps; None if its characters or its check are wrong."""
    values = [_VALUES.get(letter) for letter in typed.upper() if letter not in " -\u3000"]
    if len(values) != LENGTH or None in values:
        return None
    number = 0
    for value in values[:BODY]:
        number = number << 5 | (value or 0)
    if number % _PRIME != (values[BODY] or 0) << 5 | (values[BODY + 1] or 0):
        return None
    return "".join(ALPHABET[value or 0] for value in values)


def shown(code: str) -> str:
    """A code as it is printed: four groups of four."""
    return "-".join(code[at : at + 4] for at in range(0, LENGTH, 4))
