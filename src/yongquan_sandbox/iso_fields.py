"""The network's ISO 8583:1987 field table, as this side of the line reads it.

Two-byte big-endian length, four ASCII digits of message type, binary bitmaps, all fields ASCII.
`docs/iso8583.md` is the published copy; the network's own code keeps its own table, and a test
compares the two, as certification would.
"""

from typing import Any, Final

FIXED, LLVAR, LLLVAR = 0, 2, 3

FIELDS: Final[dict[int, tuple[str, int, int]]] = {
    2: ("primary account number: card or wallet number", LLVAR, 19),
    3: ("processing code", FIXED, 6),
    4: ("amount in fen", FIXED, 12),
    7: ("transmission date and time MMDDhhmmss, UTC", FIXED, 10),
    11: ("system trace audit number (STAN)", FIXED, 6),
    12: ("local time hhmmss, Asia/Shanghai", FIXED, 6),
    13: ("business date MMDD, Asia/Shanghai", FIXED, 4),
    15: ("settlement date MMDD", FIXED, 4),
    18: ("merchant category code", FIXED, 4),
    22: ("entry mode: 072 a phone was tapped", FIXED, 3),
    25: ("condition: 00 (or absent) a purchase, 06 belongs to a pre-authorisation", FIXED, 2),
    32: ("acquiring institution", LLVAR, 11),
    33: ("forwarding institution: the network", LLVAR, 11),
    37: ("retrieval reference number", FIXED, 12),
    38: ("authorization code; in what follows a pre-authorisation, that of the hold", FIXED, 6),
    39: ("response code", FIXED, 2),
    41: ("terminal", FIXED, 8),
    42: ("merchant number", FIXED, 15),
    44: ("state of the original (inquiry answers)", LLVAR, 25),
    48: ("private: four digits, the year of field 13, then the payment id", LLLVAR, 64),
    49: ("currency, always 156", FIXED, 3),
    54: ("balance: 0002156, C or D, 12 digits of fen", LLLVAR, 20),
    61: ("holder to be verified: name as hex of UTF-8, then | and the phone", LLLVAR, 255),
    62: ("authority of a collection: the mandate's and the payee's id, 32 hex digits each", LLLVAR, 64),
    70: ("network management code: 001 sign-on, 002 sign-off, 201 cut-off, 301 echo", FIXED, 3),
    90: ("original data elements: type 4, STAN 6, field 7 10, fields 32 and 33 11 each", FIXED, 42),
    102: ("bank account's number, in place of field 2", LLVAR, 28),
}


def _text(length_digits: int, max_length: int) -> dict[str, Any]:
    return {"data_enc": "ascii", "len_enc": "ascii", "len_type": length_digits, "max_len": max_length}


def _bitmap() -> dict[str, Any]:
    return {"data_enc": "b", "len_enc": "ascii", "len_type": 0, "max_len": 8}


SPEC: Final[dict[str, dict[str, Any]]] = {
    "h": _text(FIXED, 0),
    "t": _text(FIXED, 4),
    "p": _bitmap(),
    "1": _bitmap(),
    **{str(number): _text(kind, length) for number, (_, kind, length) in FIELDS.items()},
}
