"""Consumer-presented QR codes (EMVCo CPM) around a pay code: base64 of BER-TLV. Pure.

85 is the payload format (CPV01); 61 an application: 4F its identifier, 50 its label, 5A the number, which for ours is
the pay code, padded with F as card numbers are.
"""

import base64
from collections.abc import Iterator
from typing import Final

from yongquan.payments.codes import bucket_of_pay_code
from yongquan.payments.emvco import CodeMalformed

FORMAT: Final = b"CPV01"
OUR_APPLICATION: Final = bytes.fromhex("F0796F6E677175616E")  # F: an identifier that nobody registers
LABEL: Final = b"YONGQUAN"
BEGINS: Final = "hQVDUFYwM"
CODE_DIGITS: Final = 18
BerTlv = tuple[str, bytes]


def make_consumer_code(pay_code: str) -> str:
    """A pay code as a consumer-presented code."""
    bucket_of_pay_code(pay_code)
    application = write_ber([("4F", OUR_APPLICATION), ("50", LABEL), ("5A", bytes.fromhex(pay_code))])
    return base64.b64encode(write_ber([("85", FORMAT), ("61", application)])).decode()


def pay_code_in(text: str) -> str:
    """The 18 digits that somebody scanned or typed, bare or inside a consumer-presented code. Raises `Refusal`."""
    if len(text) == CODE_DIGITS or not is_consumer_code(text):
        return text
    for tag, value in read_consumer_code(text):
        if tag == "61":
            parts = dict(read_ber(value))
            if parts.get("4F") == OUR_APPLICATION:
                pay_code = parts.get("5A", b"").hex().rstrip("f")
                bucket_of_pay_code(pay_code)
                return pay_code
    raise CodeMalformed("this code belongs to another network")


def is_consumer_code(text: str) -> bool:
    """Whether a text begins like a consumer-presented code, of whatever network."""
    return text.startswith(BEGINS)


def read_consumer_code(text: str) -> list[BerTlv]:
    """The objects of anybody's consumer-presented code. Raises `CodeMalformed`."""
    try:
        content = base64.b64decode(text, validate=True)
    except ValueError as wrong:
        raise CodeMalformed("a consumer's code is base64") from wrong
    objects = list(read_ber(content))
    if not objects or objects[0] != ("85", FORMAT):
        raise CodeMalformed("a consumer's code begins with its format, CPV01")
    return objects


def write_ber(objects: list[BerTlv]) -> bytes:
    """Objects one after the other; lengths up to 65535."""
    return b"".join(bytes.fromhex(tag) + _length(len(value)) + value for tag, value in objects)


def read_ber(content: bytes) -> Iterator[BerTlv]:
    """Objects in their order, tags in capital hex. Raises `CodeMalformed`."""
    at = 0
    while at < len(content):
        start = at
        at += 1
        if content[start] & 0x1F == 0x1F:
            while at < len(content) and content[at] & 0x80:
                at += 1
            at += 1
        tag = content[start:at].hex().upper()
        if at >= len(content):
            raise CodeMalformed(f"the object {tag} has no length")
        length, at = _read_length(content, at)
        if at + length > len(content):
            raise CodeMalformed(f"the object {tag} is cut off")
        yield tag, content[at : at + length]
        at += length


def _length(length: int) -> bytes:
    if length < 0x80:
        return bytes([length])
    size = 1 if length < 0x100 else 2
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def _read_length(content: bytes, at: int) -> tuple[int, int]:
    first = content[at]
    if first < 0x80:
        return first, at + 1
    size = first & 0x7F
    if not 1 <= size <= 2 or at + 1 + size > len(content):
        raise CodeMalformed("a length has one to three bytes")
    return int.from_bytes(content[at + 1 : at + 1 + size], "big"), at + 1 + size
