"""WeChat Pay v3 as a shape: who may call in it, its request and answer signatures (WECHATPAY2-SHA256-RSA2048)."""

import base64
import os
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection

SCHEME: Final = "WECHATPAY2-SHA256-RSA2048"
CLOCK_WINDOW: Final = timedelta(minutes=5)
_PART = re.compile(r'(\w+)="([^"]*)"')
_ADD = """
insert into institutions.v3_merchant (mchid, appid, institution, serial_no, public_key_pem, added_at)
values (%s, %s, %s, %s, %s, %s)
on conflict (mchid) do update set appid = excluded.appid, serial_no = excluded.serial_no,
                                  public_key_pem = excluded.public_key_pem
"""
_FIND = """
select mchid, appid, institution, serial_no, public_key_pem from institutions.v3_merchant where mchid = %s
"""


@dataclass(frozen=True, slots=True)
class V3Merchant:
    """A caller in the v3 shape; what it does is done as its institution's app."""

    mchid: str
    appid: str
    institution: str
    serial_no: str
    public_key_pem: str


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
    claimed: Claimed, merchant: V3Merchant, *, method: str, target: str, body: bytes, now: datetime
) -> str | None:
    """What is wrong with a request's signature; None if it holds. `target` is path?query."""
    if not claimed.timestamp.isdecimal() or not 1 <= len(claimed.nonce) <= 64:
        return "timestamp or nonce_str is malformed"
    if abs(now - datetime.fromtimestamp(int(claimed.timestamp), UTC)) > CLOCK_WINDOW:
        return "timestamp is more than 5 minutes off"
    if claimed.serial_no.upper() != merchant.serial_no.upper():
        return "serial_no is not the registered certificate's"
    key = load_pem_public_key(merchant.public_key_pem.encode())
    if not isinstance(key, RSAPublicKey):
        return "the registered key is not RSA"
    message = f"{method}\n{target}\n{claimed.timestamp}\n{claimed.nonce}\n".encode() + body + b"\n"
    try:
        key.verify(claimed.signature, message, PKCS1v15(), SHA256())
    except InvalidSignature:
        return "signature does not fit METHOD, path?query, timestamp, nonce and body"
    return None


async def save_merchant(connection: Connection, merchant: V3Merchant, *, now: datetime) -> None:
    """Register a caller, or its new certificate."""
    m = merchant
    await connection.execute(_ADD, [m.mchid, m.appid, m.institution, m.serial_no, m.public_key_pem, now])


async def merchant_of(connection: Connection, mchid: str) -> V3Merchant | None:
    """A registered caller."""
    row = await (await connection.execute(_FIND, [mchid])).fetchone()
    return V3Merchant(*row) if row else None


def checked_key(pem: str) -> str:
    """An RSA public key. Raises `BadInput`."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as error:
        raise BadInput(f"not a public key in PEM: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise BadInput("not an RSA public key")
    return pem


def load_seal(folder: Path) -> Seal:
    """The platform's v3 key and its self-signed certificate under `folder`, made at the first use."""
    key_file, certificate_file = folder / "v3-sign.key", folder / "v3-sign.cer"
    if not certificate_file.exists():
        _make(key_file, certificate_file)
    key = load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, RSAPrivateKey):
        raise BadInput(f"{key_file} is not an RSA key: restore it from your backup")
    return Seal(key, x509.load_pem_x509_certificate(certificate_file.read_bytes()))


def _make(key_file: Path, certificate_file: Path) -> None:
    key_file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key, now = generate_private_key(65537, 2048), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Yongquan v3 signing")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .sign(key, SHA256())
    )
    key_file.touch(mode=0o600)
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    certificate_file.write_bytes(certificate.public_bytes(Encoding.PEM))
