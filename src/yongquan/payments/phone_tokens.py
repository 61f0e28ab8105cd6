"""Pay by phone: the token's number and life, and the tap message (BER-TLV with a cryptogram). Pure; docs/codes.md.

The message's objects, in this order: 5A the token number, 9F02 the amount (12 digits, fen), 5F2A the currency, 9F37 the
till's unpredictable number, 9F36 the counter, 9F16 the store, 9F26 the cryptogram: the first 8 bytes of HMAC-SHA-256
with the token's key over all before it. The tags are EMV's.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final
from uuid import UUID

from stdnum import luhn

from yongquan.payments.emvco import CodeMalformed
from yongquan.payments.emvco_consumer import read_ber, write_ber
from yongquan.payments.model import merchant_no

PREFIX: Final = "629990"  # of token numbers: no issuer has it
RANDOM_DIGITS: Final = 8
NUMBER_DIGITS: Final = 19
KEY_BYTES: Final = 32
CURRENCY: Final = bytes.fromhex("0156")
COUNTER_MAX: Final = 65_535
CONTACTLESS: Final = "072"
TAGS: Final = ("5A", "9F02", "5F2A", "9F37", "9F36", "9F16", "9F26")
_LENGTHS: Final = (10, 6, 2, 4, 2, 15, 8)
# Every text of this form is read; whose it is, and whether it is genuine, the token's key tells.
TAP_PATTERN: Final = (
    rf"^5A0A{PREFIX}(0[0-9]{{3}}|10[01][0-9]|102[0-3])[0-9]{{9}}F9F0206[0-9]{{12}}5F2A0201569F3704[0-9A-F]{{8}}"
    r"9F3602[0-9A-F]{4}9F160F([2-7][0-9A-F]){15}9F2608[0-9A-F]{16}$"
)
PAYMENT_FEN: Final = 100_000
DAY_FEN: Final = 300_000
PAYMENT_FEN_MAX: Final = 500_000
DAY_FEN_MAX: Final = 2_000_000


class TokenState(StrEnum):
    """`asked`: the bank's code is awaited. `suspended`: the phone is lost; the card and other phones go on."""

    ASKED = "asked"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    DELETED = "deleted"


TOKEN_MOVES: Mapping[TokenState, frozenset[TokenState]] = {
    TokenState.ASKED: frozenset({TokenState.ACTIVE, TokenState.DELETED}),
    TokenState.ACTIVE: frozenset({TokenState.SUSPENDED, TokenState.DELETED}),
    TokenState.SUSPENDED: frozenset({TokenState.ACTIVE, TokenState.DELETED}),
    TokenState.DELETED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Tap:
    """A tap as a till brings it. `signed` is what the cryptogram stands over."""

    number: str
    amount_fen: int
    counter: int
    store: str
    signed: bytes
    cryptogram: bytes

    @property
    def bucket(self) -> int:
        """The citizen's bucket, which the number carries."""
        return int(self.number[6:10])

    @property
    def name(self) -> str:
        """What the pay code that this tap stands for is known by."""
        return f"tap:{self.number}:{self.counter}"


def make_number(*, bucket: int, entropy: int) -> str:
    """A token number: prefix, four digits of bucket, eight random ones, a Luhn check digit."""
    body = f"{PREFIX}{bucket:04d}{entropy % 10**RANDOM_DIGITS:0{RANDOM_DIGITS}d}"
    return body + luhn.calc_check_digit(body)


def make_tap(*, number: str, key: bytes, counter: int, amount_fen: int, store_id: UUID, unpredictable: bytes) -> str:
    """The message a phone answers a till with, in hex."""
    signed = write_ber(
        [
            ("5A", bytes.fromhex(number + "F")),
            ("9F02", bytes.fromhex(f"{amount_fen:012d}")),
            ("5F2A", CURRENCY),
            ("9F37", unpredictable),
            ("9F36", counter.to_bytes(2, "big")),
            ("9F16", merchant_no(store_id).encode()),
        ]
    )
    return (signed + write_ber([("9F26", cryptogram(key, signed))])).hex().upper()


def read_tap(text: str) -> Tap:
    """A tap message. Raises `CodeMalformed`."""
    try:
        content = bytes.fromhex(text)
    except ValueError as wrong:
        raise CodeMalformed("a tap message is hex") from wrong
    objects = list(read_ber(content))
    if tuple(tag for tag, _ in objects) != TAGS or tuple(len(value) for _, value in objects) != _LENGTHS:
        raise CodeMalformed(f"a tap message has the objects {' '.join(TAGS)}, in this order and of fixed lengths")
    told = dict(objects)
    number, amount = told["5A"].hex().rstrip("f"), told["9F02"].hex()
    if not (number.isdecimal() and len(number) == NUMBER_DIGITS and amount.isdecimal()):
        raise CodeMalformed("the token number or the amount of this tap message is wrong")
    if not number.startswith(PREFIX) or int(number[6:10]) > 1023 or told["5F2A"] != CURRENCY:
        raise CodeMalformed("this tap message belongs to another network or currency")
    return Tap(
        number=number,
        amount_fen=int(amount),
        counter=int.from_bytes(told["9F36"], "big"),
        store=told["9F16"].decode("ascii", "replace"),
        signed=content[: -len(write_ber([objects[-1]]))],
        cryptogram=told["9F26"],
    )


def cryptogram(key: bytes, signed: bytes) -> bytes:
    """What only the phone and we can compute."""
    return hmac.new(key, signed, hashlib.sha256).digest()[:8]


def is_genuine(tap: Tap, key: bytes) -> bool:
    """Whether the token's own key made the cryptogram."""
    return hmac.compare_digest(tap.cryptogram, cryptogram(key, tap.signed))
