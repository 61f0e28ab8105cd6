"""Pay codes: 18 digits, one use. The citizen's bucket is in the code so that it leads to one cell.

Layout: 62, four digits of bucket, eleven random digits, a Luhn check digit.
"""

from stdnum import luhn

from yongquan.kernel.errors import Refusal

PREFIX = "62"
RANDOM_DIGITS = 11
LASTS_S = 60


class PayCodeMalformed(Refusal):
    """Not a pay code of ours: wrong length, prefix, bucket or check digit."""

    code = "code_unknown"


def make_pay_code(*, bucket: int, entropy: int) -> str:
    """The code for a bucket and some randomness (at least 40 bits)."""
    body = f"{PREFIX}{bucket:04d}{entropy % 10**RANDOM_DIGITS:0{RANDOM_DIGITS}d}"
    return body + luhn.calc_check_digit(body)


def bucket_of_pay_code(code: str) -> int:
    """The bucket inside a code. Raises `PayCodeMalformed`."""
    if len(code) != 18 or not code.isascii() or not code.isdecimal() or not code.startswith(PREFIX):
        raise PayCodeMalformed("a pay code has 18 digits and begins with 62")
    if not luhn.is_valid(code) or int(code[2:6]) > 1023:
        raise PayCodeMalformed("the check digit of this pay code is wrong: scan it again")
    return int(code[2:6])
