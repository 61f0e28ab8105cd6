"""The platform's certificates: a root, an intermediate, and what it signs and is encrypted to with.

Made once for a data directory. The keys lie beside them, sealed with the installation's own secret. Clients of ACP
read a signing certificate's common name split on '@' (its third part says what it is for) and serials below 2^53.
"""

import os
import secrets
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.sealing import Sealing

NAMES: Final = {
    "root": "Yongquan Root CA",
    "middle": "Yongquan Gateway CA",
    "sign": "041@Yongquan Gateway@00040000:SIGN@00000001",
    "encrypt": "041@Yongquan Gateway@00040000:ENCRYPT@00000002",
}
_SERIAL_MIN: Final = 2**52
LASTS: Final = timedelta(days=3650)
_IS_CA: Final = {"root": 1, "middle": 0}


@dataclass(frozen=True, slots=True)
class Chain:
    """The four certificates by their name (root, middle, sign, encrypt), and the keys of the last two."""

    certificates: dict[str, x509.Certificate]
    sign_key: RSAPrivateKey
    encrypt_key: RSAPrivateKey

    def pem(self, name: str) -> bytes:
        """One certificate as PEM."""
        return self.certificates[name].public_bytes(Encoding.PEM)


def load_chain(folder: Path, sealing: Sealing) -> Chain:
    """The chain under `folder`, made at the first use. Raises `BadInput` for a damaged one."""
    home = folder / "gateway"
    if not home.exists():
        _make(home, sealing)
    try:
        certificates = {name: x509.load_pem_x509_certificate((home / f"{name}.cer").read_bytes()) for name in NAMES}
        keys = [_key(home, name, sealing) for name in ("sign", "encrypt")]
    except (OSError, ValueError) as error:
        raise BadInput(f"{home}: {error}: restore it from your backup") from error
    return Chain(certificates, *keys)


def _key(home: Path, name: str, sealing: Sealing) -> RSAPrivateKey:
    opened = sealing.open_bytes((home / f"{name}.key").read_bytes(), what=f"gateway {name}")
    key = load_der_private_key(opened, password=None)
    if not isinstance(key, RSAPrivateKey):
        raise BadInput(f"{home / name}.key is not an RSA key: restore it from your backup")
    return key


def _make(home: Path, sealing: Sealing) -> None:
    # Made aside and moved into place whole: of two processes that start together, the first one's chain stays.
    aside = home.with_name(f"gateway.{os.getpid()}")
    aside.mkdir(mode=0o700, parents=True)
    issuer: tuple[x509.Name, RSAPrivateKey] | None = None
    for name in NAMES:
        key = generate_private_key(65537, 2048)
        certificate = _certificate(name, key, issuer)
        if name in _IS_CA:
            issuer = certificate.subject, key
        der = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        (aside / f"{name}.key").write_bytes(sealing.seal_bytes(der, what=f"gateway {name}"))
        (aside / f"{name}.cer").write_bytes(certificate.public_bytes(Encoding.PEM))
    try:
        aside.rename(home)
    except OSError:
        if not home.exists():
            raise
        shutil.rmtree(aside)


def _certificate(name: str, key: RSAPrivateKey, issuer: tuple[x509.Name, RSAPrivateKey] | None) -> x509.Certificate:
    subject = x509.Name(
        [
            x509.NameAttribute(x509.NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, "Yongquan"),
            x509.NameAttribute(x509.NameOID.COMMON_NAME, NAMES[name]),
        ]
    )
    signer, signing_key = issuer or (subject, key)
    now = datetime.now(UTC)
    is_ca = name in _IS_CA
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(signer)
        .public_key(key.public_key())
        .serial_number(_SERIAL_MIN + secrets.randbelow(_SERIAL_MIN))
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=_IS_CA.get(name)), critical=True)
        .add_extension(_usage(name), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signing_key.public_key()), critical=False)
        .sign(signing_key, SHA256())
    )


def _usage(name: str) -> x509.KeyUsage:
    is_ca = name in _IS_CA
    return x509.KeyUsage(
        digital_signature=name == "sign",
        content_commitment=name == "sign",
        key_encipherment=name == "encrypt",
        data_encipherment=name == "encrypt",
        key_agreement=False,
        key_cert_sign=is_ca,
        crl_sign=is_ca,
        encipher_only=False,
        decipher_only=False,
    )
