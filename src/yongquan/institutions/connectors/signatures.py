"""HTTP message signatures (RFC 9421, ed25519) on what we send, and proof of what comes back."""

from collections.abc import Generator
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    InvalidSignature,
    MappingKeyResolver,
    algorithms,
)

from yongquan.kernel.errors import BadInput

NETWORK_KEY_ID: Final = "network"
# The content digest is covered besides, on both ways.
REQUEST_PARTS: Final = ("@method", "@target-uri")
ANSWER_PARTS: Final = ("@status", "content-digest", '"signature";req')
AGE_MAX: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class _SentRequest:
    method: str
    url: str
    headers: httpx.Headers


@dataclass(frozen=True, slots=True)
class _ReceivedAnswer:
    status_code: int
    headers: httpx.Headers
    request: _SentRequest


class NetworkSignature(httpx.Auth):
    """Signs each request as the network; key id `network`, created now."""

    requires_request_body = True

    def __init__(self, our_private_key: Ed25519PrivateKey) -> None:
        keys = MappingKeyResolver(public_keys={}, private_keys={NETWORK_KEY_ID: our_private_key})
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Sign and send once."""
        message = _SentRequest(request.method, str(request.url), request.headers)
        self._signer.sign(message, key_id=NETWORK_KEY_ID, covered_component_ids=REQUEST_PARTS, body=request.content)
        yield request


class AnswerCheck:
    """Whether an answer was signed by the institution we asked, for the request we sent."""

    def __init__(self, *, code: str, their_public_key: Ed25519PublicKey) -> None:
        keys = MappingKeyResolver(public_keys={code: their_public_key}, private_keys={})
        self._verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    def holds(self, response: httpx.Response) -> bool:
        """True when status, body and the request's signature are covered by a fresh, valid signature."""
        request = _SentRequest(response.request.method, str(response.request.url), response.request.headers)
        answer = _ReceivedAnswer(response.status_code, response.headers, request)
        try:
            self._verifier.verify(answer, max_age=AGE_MAX, require_components=ANSWER_PARTS, body=response.content)
        except InvalidSignature:
            return False
        return True


def public_key(pem: str) -> Ed25519PublicKey:
    """An institution's public key from PEM. Raises `BadInput`."""
    try:
        key = load_pem_public_key(pem.encode())
    except ValueError as problem:
        raise BadInput(f"An institution's public key is not PEM: {problem}") from problem
    if not isinstance(key, Ed25519PublicKey):
        raise BadInput("An institution's public key is not ed25519.")
    return key
