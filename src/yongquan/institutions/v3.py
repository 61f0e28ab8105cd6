"""WeChat Pay v3 as a shape: who may call in it, its request and answer signatures (WECHATPAY2-SHA256-RSA2048)."""

import base64
import os
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP, PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

from yongquan.institutions.gateway import GatewayMerchant
from yongquan.kernel.errors import BadInput

API_KEY_BYTES: Final = 32
SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
_BEYOND_ASCII = re.compile(rb"%([89A-Fa-f][0-9A-Fa-f])")
CLOCK_WINDOW: Final = timedelta(minutes=5)
_PART = re.compile(r'(\w+)="([^"]*)"')


@dataclass(frozen=True, slots=True)
class Claimed:
    """What an Authorization header says of itself, before anything is proven."""

    mchid: str
    nonce: str
    timestamp: str
    serial_no: str
    signature: bytes


class Seal:
    """The platform's v3 key and certificate; its serial is what clients look it up by."""

    def __init__(self, key: RSAPrivateKey, certificate: x509.Certificate) -> None:
        self._key = key
        self.certificate = certificate

    @property
    def serial(self) -> str:
        """The certificate's serial in upper-case hex."""
        return f"{self.certificate.serial_number:X}"

    @property
    def pem(self) -> str:
        """The certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def open(self, sealed: str) -> str:
        """What a client encrypted to the certificate (RSA-OAEP). Raises `BadInput`."""
        try:
            plain = self._key.decrypt(base64.b64decode(sealed, validate=True), OAEP(MGF1(SHA1()), SHA1(), None))  # noqa: S303
            return plain.decode()
        except ValueError as error:
            raise BadInput("not encrypted to the platform's certificate") from error

    def headers(self, body: bytes, *, now: datetime) -> dict[str, str]:
        """The headers that prove an answer. `now` is real time in UTC."""
        nonce, timestamp = os.urandom(16).hex(), str(int(now.timestamp()))
        signed = self._key.sign(f"{timestamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
        return {
            "Wechatpay-Timestamp": timestamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Signature": base64.b64encode(signed).decode(),
            "Wechatpay-Serial": self.serial,
            "Wechatpay-Signature-Type": SCHEME,
        }


def read_authorization(header: str) -> Claimed | None:
    """The parts of an Authorization header, None if it is of another scheme or misses one."""
    scheme, _, rest = header.partition(" ")
    parts = dict(_PART.findall(rest))
    if scheme != SCHEME or {"mchid", "nonce_str", "timestamp", "serial_no", "signature"} - parts.keys():
        return None
    try:
        signature = base64.b64decode(parts["signature"], validate=True)
    except ValueError:
        return None
    return Claimed(parts["mchid"], parts["nonce_str"], parts["timestamp"], parts["serial_no"], signature)


def why_unsound(
    claimed: Claimed, merchant: GatewayMerchant, *, method: str, target: str, body: bytes, now: datetime
) -> str | None:
    """What is wrong with a request's signature; None if it holds. `target` is path?query as it was sent.

    Clients that sign a plate before its Chinese sign is percent-encoded are believed too: only bytes beyond ASCII are
    decoded for that, so that what is signed says the same.
    """
    if not claimed.timestamp.isdecimal() or not 1 <= len(claimed.nonce) <= 64:
        return "timestamp or nonce_str is malformed"
    if abs(now - datetime.fromtimestamp(int(claimed.timestamp), UTC)) > CLOCK_WINDOW:
        return "timestamp is more than 5 minutes off"
    if claimed.serial_no.upper() != merchant.serial_no.upper():
        return "serial_no is not the registered certificate's"
    key = load_pem_public_key(merchant.public_key_pem.encode())
    if not isinstance(key, RSAPublicKey):
        return "the registered key is not RSA"
    for signed in dict.fromkeys((target.encode(), _readable(target))):
        head = f"\n{claimed.timestamp}\n{claimed.nonce}\n".encode()
        try:
            key.verify(claimed.signature, method.encode() + b"\n" + signed + head + body + b"\n", PKCS1v15(), SHA256())
        except InvalidSignature:
            continue
        return None
    return "signature does not fit METHOD, path?query, timestamp, nonce and body"


def _readable(target: str) -> bytes:
    return _BEYOND_ASCII.sub(lambda found: bytes([int(found[1], 16)]), target.encode())


def checked_key(pem: str) -> str:
    """An RSA public key. Raises `BadInput`."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadInput(f"not a public key in PEM: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise BadInput("not an RSA public key")
    return pem


def checked_api_key(text: str) -> str:
    """An API v3 key: 32 characters of one byte. Raises `BadInput`."""
    key = text.strip()
    if len(key) != API_KEY_BYTES or not key.isascii():
        raise BadInput(f"an API v3 key has {API_KEY_BYTES} letters and digits, not {len(key)}")
    return key


def encrypt_resource(plain: str, *, api_key: str, associated_data: str) -> dict[str, str]:
    """A text for a merchant's eyes only: AEAD_AES_256_GCM under its API v3 key, as clients expect it."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(api_key.encode()).encrypt(nonce.encode(), plain.encode(), associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }
