"""The published result of a draw: everything that is needed to compute it again, as one JSON document.

Large lists are base64 of fixed records, so that a million registrants are 27 MB and read in a second.
"""

import binascii
import hashlib
from base64 import b64decode, b64encode

import msgspec

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.draw_list import PSEUDONYM_BYTES, RegistrantList
from yongquan.vouchers.draw_lots import Drawn, winners_of
from yongquan.vouchers.draw_plan import FORMAT, SECRET_BYTES, read_announcement

ENTRY_BYTES = PSEUDONYM_BYTES + 1
HASH_HEX = 64


class PublishedList(msgspec.Struct, frozen=True):
    """How many registrants, the Merkle root of their records, and the records in base64."""

    count: int
    hash: str
    records: str


class PublishedWinners(msgspec.Struct, frozen=True):
    """How many vouchers were won, SHA-256 of the entries, and the entries in base64."""

    count: int
    hash: str
    entries: str


class DrawFile(msgspec.Struct, frozen=True, rename={"registrants": "list"}):
    """A result file. Hashes and the secret are lower-case hex; `quotas` are places by category and district."""

    format: str
    announcement: str
    commitment: str
    registrants: PublishedList
    beacon: str
    secret: str
    seed: str
    quotas: list[list[int]]
    winners: PublishedWinners


def publish(
    announcement: str,
    *,
    commitment: bytes,
    listed: RegistrantList,
    list_hash: bytes,
    beacon_value: str,
    secret: bytes,
    seed: bytes,
    drawn: Drawn,
) -> bytes:
    """The bytes of the result file."""
    entries = winners_of(listed, drawn)
    return msgspec.json.encode(
        DrawFile(
            format=FORMAT,
            announcement=announcement,
            commitment=commitment.hex(),
            registrants=PublishedList(listed.count, list_hash.hex(), b64encode(listed.records).decode()),
            beacon=beacon_value,
            secret=secret.hex(),
            seed=seed.hex(),
            quotas=drawn.quotas,
            winners=PublishedWinners(
                len(entries) // ENTRY_BYTES, hashlib.sha256(entries).hexdigest(), b64encode(entries).decode()
            ),
        )
    )


def read_draw_file(content: bytes) -> DrawFile:
    """A result file out of its bytes. Raises `BadInput` naming the field if it is none."""
    try:
        file = msgspec.json.decode(content, type=DrawFile)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(str(error)) from error
    if file.format != FORMAT:
        raise BadInput(f"format: {file.format!r} is not {FORMAT!r}")
    plan = read_announcement(file.announcement)
    for field, text, length in (
        ("commitment", file.commitment, HASH_HEX),
        ("list.hash", file.registrants.hash, HASH_HEX),
        ("secret", file.secret, 2 * SECRET_BYTES),
        ("seed", file.seed, HASH_HEX),
        ("winners.hash", file.winners.hash, HASH_HEX),
    ):
        if len(text) != length or set(text) - set("0123456789abcdef"):
            raise BadInput(f"{field}: not {length} lower-case hex digits")
    if len(decoded(file.registrants.records, field="list.records")) % (ENTRY_BYTES + plan.wishes_max):
        raise BadInput(f"list.records: not a whole number of records of {ENTRY_BYTES + plan.wishes_max} bytes")
    if len(decoded(file.winners.entries, field="winners.entries")) % ENTRY_BYTES:
        raise BadInput(f"winners.entries: not a whole number of entries of {ENTRY_BYTES} bytes")
    return file


def decoded(text: str, *, field: str) -> bytes:
    """Bytes out of base64. Raises `BadInput`."""
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadInput(f"{field}: not base64: {error}") from error
