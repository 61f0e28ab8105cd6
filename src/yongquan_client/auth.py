"""How a request says who sends it: a citizen's or store's token, or an institution's signature."""

import secrets
from collections.abc import Generator
from pathlib import Path

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms

COVERED = ("@method", "@authority", "@path", "@query")


class Bearer(httpx.Auth):
    """The token of a citizen or of a store."""

    def __init__(self, token: str) -> None:
        self._token = token

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        request.headers["Authorization"] = f"Bearer {self._token}"
        yield request


class Signed(httpx.Auth):
    """HTTP Message Signatures (RFC 9421) with an institution's ed25519 key; each try has a nonce of its own."""

    requires_request_body = True

    def __init__(self, key_id: str, key: Ed25519PrivateKey) -> None:
        keys = MappingKeyResolver(public_keys={}, private_keys={key_id: key})
        self._key_id = key_id
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    @classmethod
    def from_file(cls, key_id: str, file: Path) -> "Signed":
        """With a private key in PEM. Raises `TypeError` if it is another kind of key."""
        key = load_pem_private_key(file.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{file} is not an ed25519 private key")
        return cls(key_id, key)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        message = _Outgoing(request)
        nonce = secrets.token_urlsafe(24)
        body = request.content or None
        self._signer.sign(message, key_id=self._key_id, nonce=nonce, covered_component_ids=COVERED, body=body)
        yield request


class _Outgoing:
    """A request as the signer reads it; the signer writes its headers into the request's own."""

    def __init__(self, request: httpx.Request) -> None:
        self.method = request.method
        self.url = str(request.url)
        self.headers = request.headers
