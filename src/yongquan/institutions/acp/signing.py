"""ACP's signatures: RSA over a hash of the sorted fields (a double hash), or a hash keyed with a shared secret.

The signed text is `k=v` of every field but `signature`, sorted by key and joined by `&`, values as they are.
Version 5.0.0 uses SHA-1 where 5.1.0 uses SHA-256.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256, SM3, Hash
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_public_key

RSA: Final = "01"
KEYED_SHA256: Final = "11"
KEYED_SM3: Final = "12"
METHODS: Final = frozenset({RSA, KEYED_SHA256, KEYED_SM3})
OLD: Final = "5.0.0"


def signed_text(fields: Mapping[str, str]) -> str:
    """What is signed of some fields."""
    return "&".join(f"{key}={fields[key]}" for key in sorted(fields) if key != "signature")


def digest(text: str, *, version: str) -> str:
    """The hash that RSA signs: lower-case hex."""
    if version == OLD:
        # 5.0.0 knows no other; clients of that version would not understand a better one.
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    return hashlib.sha256(text.encode()).hexdigest()


def keyed_signature(fields: Mapping[str, str], secret: str) -> str:
    """The signature of methods 11 (SHA-256) and 12 (SM3), lower-case hex."""
    hash_ = _sm3 if fields.get("signMethod") == KEYED_SM3 else _sha256
    return hash_(f"{signed_text(fields)}&{hash_(secret)}")


def rsa_signature(fields: Mapping[str, str], key: RSAPrivateKey) -> str:
    """The signature of method 01, base64."""
    version = fields.get("version", "")
    hashed = digest(signed_text(fields), version=version).encode()
    return base64.b64encode(key.sign(hashed, PKCS1v15(), _hash_of(version))).decode()


def holds(fields: Mapping[str, str], *, public_key_pem: str, secret: str | None) -> bool:
    """Whether the fields carry a right signature; `secret` None: the merchant has none for methods 11 and 12.

    Some clients sign empty values and others drop them first, so both readings are tried.
    """
    present = {key: value for key, value in fields.items() if value}
    return any(_holds(reading, public_key_pem, secret) for reading in (fields, present))


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs what the gateway says, with the platform's key or with a merchant's shared secret."""

    key: RSAPrivateKey
    certificate: x509.Certificate

    @property
    def serial(self) -> str:
        """The certificate's serial as ACP writes it."""
        return str(self.certificate.serial_number)

    def sign(self, fields: Mapping[str, str], *, secret: str | None) -> dict[str, str]:
        """The fields with the signature of their `signMethod`; the certificate is itself a signed field.

        Without a shared secret the platform's key signs, whatever was asked: the answer can then always be checked.
        """
        if fields.get("signMethod") in {KEYED_SHA256, KEYED_SM3} and secret is not None:
            return {**fields, "signature": keyed_signature(fields, secret)}
        whole = {**fields, "signMethod": RSA, **self._names_certificate(fields.get("version", ""))}
        return {**whole, "signature": rsa_signature(whole, self.key)}

    def _names_certificate(self, version: str) -> dict[str, str]:
        if version == OLD:
            return {"certId": self.serial}
        return {"signPubKeyCert": crlf_pem(self.certificate)}


def crlf_pem(certificate: x509.Certificate) -> str:
    """A certificate as PEM with the line ends that clients expect to be signed."""
    return certificate.public_bytes(Encoding.PEM).decode().replace("\n", "\r\n")


def _holds(fields: Mapping[str, str], public_key_pem: str, secret: str | None) -> bool:
    signature = fields.get("signature", "")
    if fields.get("signMethod") != RSA:
        return secret is not None and signature == keyed_signature(fields, secret)
    version = fields.get("version", "")
    key = load_pem_public_key(public_key_pem.encode())
    if not isinstance(key, RSAPublicKey):
        return False
    try:
        hashed = digest(signed_text(fields), version=version).encode()
        # A client that does not escape the plus of its base64 sends us a space.
        signed = base64.b64decode(signature.replace(" ", "+"), validate=True)
        key.verify(signed, hashed, PKCS1v15(), _hash_of(version))
    except (InvalidSignature, binascii.Error):
        return False
    return True


def _hash_of(version: str) -> SHA1 | SHA256:
    return SHA1() if version == OLD else SHA256()  # noqa: S303 - see `digest`


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _sm3(text: str) -> str:
    sm3 = Hash(SM3())
    sm3.update(text.encode())
    return sm3.finalize().hex()
