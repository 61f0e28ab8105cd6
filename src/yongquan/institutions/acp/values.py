"""ACP's nested values: `{k=v&k=v}`, customer information, and what is encrypted to the gateway's certificate."""

import base64
import binascii
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

from yongquan.kernel.errors import Refusal

_OPENING = {"{": "}", "[": "]"}


class BadValue(Refusal):
    """A value that cannot be read: its message names the field."""

    code = "bad_value"


def is_balanced(text: str) -> bool:
    """Whether braces and brackets close as they open: clients read them as nesting."""
    waiting: list[str] = []
    for letter in text:
        if letter in _OPENING:
            waiting.append(_OPENING[letter])
        elif letter in _OPENING.values() and (not waiting or waiting.pop() != letter):
            return False
    return not waiting


def may_be_echoed(text: str) -> bool:
    """Whether an answer can carry the text and still be read: nesting is balanced, no `&` outside it."""
    return is_balanced(text) and len(list(_pieces(text))) == 1


def read_nested(text: str, *, name: str) -> dict[str, str]:
    """The pairs of `{k=v&k=v}`; values keep their own nesting. Raises `BadValue`."""
    if not (text.startswith("{") and text.endswith("}") and is_balanced(text)):
        raise BadValue(name)
    inner = text[1:-1]
    pairs = [piece.partition("=") for piece in _pieces(inner)] if inner else []
    if any(not key or not equals for key, equals, _ in pairs):
        raise BadValue(name)
    return {key: value for key, _, value in pairs}


def say_nested(values: Mapping[str, str]) -> str:
    """`{k=v&k=v}` of the values that are there."""
    return "{" + "&".join(f"{key}={value}" for key, value in values.items() if value) + "}"


@dataclass(frozen=True, slots=True)
class CustomerInfo:
    """What a merchant says of the payer; empty where it says nothing."""

    certif_type: str = ""
    certif_id: str = ""
    name: str = ""
    sms_code: str = ""
    phone: str = ""
    cvn2: str = field(default="", repr=False)
    expired: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Opener:
    """Opens what clients encrypted to `encrypt.cer`, whose serial is `serial`."""

    key: RSAPrivateKey
    serial: str

    def account(self, fields: Mapping[str, str]) -> str:
        """The card number of `accNo`: encrypted with `encryptCertId`, or plain. Raises `BadValue`."""
        text = fields.get("accNo", "")
        return text if text.isdecimal() else self._open(text, fields, name="accNo")

    def customer(self, fields: Mapping[str, str]) -> CustomerInfo:
        """`customerInfo`, with its encrypted part opened. Raises `BadValue`."""
        text = fields.get("customerInfo", "")
        if not text:
            return CustomerInfo()
        try:
            outer = read_nested(_base64(text, name="customerInfo").decode(), name="customerInfo")
        except UnicodeDecodeError as error:
            raise BadValue("customerInfo") from error
        if "encryptedInfo" in outer:
            opened = self._open(outer["encryptedInfo"], fields, name="customerInfo.encryptedInfo")
            outer |= read_nested(f"{{{opened.strip('{}')}}}", name="customerInfo.encryptedInfo")
        return CustomerInfo(
            certif_type=outer.get("certifTp", ""),
            certif_id=outer.get("certifId", ""),
            name=outer.get("customerNm", ""),
            sms_code=outer.get("smsCode", ""),
            phone=outer.get("phoneNo", ""),
            cvn2=outer.get("cvn2", ""),
            expired=outer.get("expired", ""),
        )

    def _open(self, text: str, fields: Mapping[str, str], *, name: str) -> str:
        if fields.get("encryptCertId", self.serial) != self.serial:
            raise BadValue("encryptCertId")
        try:
            return self.key.decrypt(_base64(text, name=name), PKCS1v15()).decode()
        except ValueError as error:
            raise BadValue(name) from error


def unpack_file(text: str, *, name: str = "fileContent", size_max: int = 32 * 2**20) -> bytes:
    """A file that travels as base64 of zlib. Raises `BadValue`, also for one that would be too large."""
    reader = zlib.decompressobj()
    try:
        content = reader.decompress(_base64(text, name=name), size_max)
    except zlib.error as error:
        raise BadValue(name) from error
    if reader.unconsumed_tail or not reader.eof:
        raise BadValue(name)
    return content


def pack_file(content: bytes) -> str:
    """A file as it travels."""
    return base64.b64encode(zlib.compress(content)).decode()


def _base64(text: str, *, name: str) -> bytes:
    try:
        return base64.b64decode(text.replace(" ", "+"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadValue(name) from error


def _pieces(text: str) -> Iterator[str]:
    """The parts of a text between the `&` that stand outside any nesting."""
    depth, start = 0, 0
    for at, letter in enumerate(text):
        if letter in "{[":
            depth += 1
        elif letter in "}]":
            depth -= 1
        elif letter == "&" and depth == 0:
            yield text[start:at]
            start = at + 1
    yield text[start:]
