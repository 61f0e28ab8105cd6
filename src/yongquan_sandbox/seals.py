"""Signed HTTP as this side reads it: RFC 9421 message signatures (ed25519) over method, URI and digest."""

import os
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

REQUEST_PARTS: Final = ("@method", "@target-uri", "content-digest")
# An answer also covers its content digest; and the signature of its request, so
# that it cannot be taken for the answer to another.
ANSWER_PARTS: Final = ("@status", '"signature";req')
AGE_MAX: Final = timedelta(minutes=5)
NETWORK_KEY_ID: Final = "network"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the signature library sees it."""

    method: str
    url: str
    headers: MutableMapping[str, str]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and the request it belongs to."""

    status_code: int
    request: Request
    headers: MutableMapping[str, str] = field(default_factory=dict)


class Seal:
    """Checks the network's requests and signs this institution's answers."""

    def __init__(self, *, code: str, own_key: Ed25519PrivateKey, network_key: Ed25519PublicKey) -> None:
        keys = MappingKeyResolver(public_keys={NETWORK_KEY_ID: network_key}, private_keys={code: own_key})
        self._code = code
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)
        self._verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    def accepts(self, request: Request, body: bytes) -> bool:
        """Whether the network signed this request, body included, within the last five minutes."""
        try:
            self._verifier.verify(request, max_age=AGE_MAX, require_components=REQUEST_PARTS, body=body)
        except InvalidSignature:
            return False
        return True

    def sign(self, answer: Answer, body: bytes, *, accepted: bool) -> None:
        """Add digest and signature to an answer's headers, bound to its request if that was accepted."""
        parts = ANSWER_PARTS if accepted else ANSWER_PARTS[:1]
        self._signer.sign(answer, key_id=self._code, covered_component_ids=parts, body=body)


def load_or_make_key(path: Path) -> Ed25519PrivateKey:
    """The institution's private key, made at first use and readable by its owner only."""
    if not path.exists():
        pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        draft = path.with_suffix(".new")
        draft.touch(mode=0o600)
        draft.write_bytes(pem)
        os.replace(draft, path)  # noqa: PTH105 - the atomic replacement is the point
    key = load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{path} holds no ed25519 key")
    return key


def load_public_key(path: Path) -> Ed25519PublicKey:
    """The network's public key from a PEM file."""
    key = load_pem_public_key(path.read_bytes())
    if not isinstance(key, Ed25519PublicKey):
        raise TypeError(f"{path} holds no ed25519 key")
    return key


def public_pem(key: Ed25519PrivateKey) -> str:
    """The public half of a key, as PEM text."""
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
