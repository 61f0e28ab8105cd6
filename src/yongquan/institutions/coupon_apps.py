"""UnionPay's coupon platform as a shape: who calls in it, what a request's signature covers, its sealed fields.

Facts of the shape (public clients of it agree): a signature covers every filled field but `signature` itself, sorted
by name and joined as name=value with &; the token's is SHA-256 in hex with the secret among the fields, the others'
are RSA with SHA-256 in base64. Phones and card numbers are sealed after signing: 3DES, ECB, PKCS#7, base64.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.modes import ECB
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import load_pem_public_key

CLOCK_WINDOW: Final = timedelta(minutes=5)
TOKEN_LASTS: Final = timedelta(seconds=7200)
SEALED: Final = ("mobile", "cardNo")
_BLOCK_BITS: Final = 64


@dataclass(frozen=True, slots=True)
class CouponApp:
    """A caller in the coupon platform's shape, with its opened secrets."""

    app_id: str
    institution: str
    public_key_pem: str
    secret: str
    symmetric_key: str

    @property
    def key(self) -> bytes:
        """The 3DES key; one of 16 bytes is used as first, second, first."""
        raw = bytes.fromhex(self.symmetric_key)
        return raw + raw[:8] if len(raw) == 16 else raw


def fresh_app(app_id: str, institution: str, public_key_pem: str) -> CouponApp:
    """A caller with new secrets."""
    return CouponApp(app_id, institution, public_key_pem, os.urandom(16).hex(), os.urandom(24).hex())


def signed_text(fields: Mapping[str, str]) -> str:
    """What a signature covers."""
    return "&".join(f"{name}={value}" for name, value in sorted(fields.items()) if name != "signature" and value != "")


def token_signature(fields: Mapping[str, str], secret: str) -> str:
    """The signature of a request for a token."""
    return hashlib.sha256(signed_text({**fields, "secret": secret}).encode()).hexdigest()


def why_unsound_token(app: CouponApp, fields: Mapping[str, str], *, now: datetime) -> str | None:
    """What is wrong with a request for a token; None if it holds. `now` is real time in UTC."""
    wrong = _why_untimely(fields, now)
    if wrong is None and not hmac.compare_digest(token_signature(fields, app.secret), fields.get("signature", "")):
        return "signature does not fit appId, nonceStr, secret and timestamp"
    return wrong


def why_unsound(app: CouponApp, fields: Mapping[str, str], *, now: datetime) -> str | None:
    """What is wrong with a signed request (sealed fields opened); None if it holds. `now` is real time in UTC."""
    wrong = _why_untimely(fields, now)
    if wrong is not None:
        return wrong
    key = load_pem_public_key(app.public_key_pem.encode())
    if not isinstance(key, RSAPublicKey):
        return "the registered key is not RSA"
    try:
        signature = base64.b64decode(fields.get("signature", ""), validate=True)
        key.verify(signature, signed_text(fields).encode(), PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return "signature does not fit the other fields"
    return None


def opened_fields(app: CouponApp, fields: Mapping[str, str]) -> dict[str, str]:
    """The fields with phone and card number as they were signed. Raises `ValueError` for what was sealed otherwise."""
    return {name: _opened(app, value) if name in SEALED and value else value for name, value in fields.items()}


def sealed_field(app: CouponApp, text: str) -> str:
    """A phone or a card number as it travels."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(TripleDES(app.key), ECB()).encryptor()  # noqa: S305 - clients of the shape seal so
    padded = padder.update(text.encode()) + padder.finalize()
    return base64.b64encode(encryptor.update(padded) + encryptor.finalize()).decode()


def _opened(app: CouponApp, value: str) -> str:
    decryptor = Cipher(TripleDES(app.key), ECB()).decryptor()  # noqa: S305 - clients of the shape seal so
    padded = decryptor.update(base64.b64decode(value, validate=True)) + decryptor.finalize()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    return (unpadder.update(padded) + unpadder.finalize()).decode()


def _why_untimely(fields: Mapping[str, str], now: datetime) -> str | None:
    timestamp = fields.get("timestamp", "")
    if not (timestamp.isascii() and timestamp.isdecimal() and len(timestamp) == 10):
        return "timestamp is not in seconds"
    if abs(now - datetime.fromtimestamp(int(timestamp), UTC)) > CLOCK_WINDOW:
        return "timestamp is more than 5 minutes off"
    if not 8 <= len(fields.get("nonceStr", "")) <= 64:
        return "nonceStr has 8 to 64 characters"
    return None
