"""Institutions' own apps: who may call our API, proven by a signature, within a quota."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, MappingKeyResolver, algorithms

from yongquan.institutions.connectors.signatures import public_key
from yongquan.kernel.errors import BadInput, Refusal

CLOCK_WINDOW: Final = timedelta(minutes=5)
REQUEST_PARTS: Final = ("@method", "@authority", "@path", "@query")
NONCE_LENGTHS: Final = range(16, 65)
_CODE = re.compile(r"[a-z][a-z0-9-]{1,31}")
_KEY_ID = re.compile(r'keyid="([^"]{1,80})"')


class SignatureRefused(Refusal):
    """The request was not signed by a registered key, or was sent before; the message says what to do."""

    code = "signature_refused"


class QuotaExceeded(Refusal):
    """The institution called more often than was agreed."""

    code = "quota_exceeded"


@dataclass(frozen=True, slots=True)
class App:
    """An institution's app and what it may call a second and a (real) day."""

    institution: str
    name: str
    name_en: str
    per_second: int
    per_day: int
    state: str


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """A request as its sender signed it. `headers` by lower-case name."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Message:
    method: str
    url: str
    headers: httpx.Headers


def key_id_of(request: SignedRequest) -> str:
    """The key that a request says it was signed with. Raises `SignatureRefused`."""
    found: list[str] = _KEY_ID.findall(request.headers.get("signature-input", ""))
    if len(found) != 1 or "signature" not in request.headers:
        raise SignatureRefused("sign the request (RFC 9421, ed25519): one signature with keyid, created and nonce")
    return found[0]


def checked_nonce(request: SignedRequest, *, key_id: str, public_key_pem: str) -> str:
    """The nonce of a soundly signed request. Raises `SignatureRefused` saying what is wrong."""
    keys = MappingKeyResolver(public_keys={key_id: public_key(public_key_pem)}, private_keys={})
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=keys)
    verifier.max_clock_skew = CLOCK_WINDOW
    message = _Message(request.method, request.url, httpx.Headers(dict(request.headers)))
    try:
        found = verifier.verify(
            message,
            # The library adds its skew to the age.
            max_age=timedelta(0),
            require_components=REQUEST_PARTS,
            body=request.body,
        )
    except InvalidSignature as error:
        raise SignatureRefused(f"{error}: cover {', '.join(REQUEST_PARTS)} and content-digest, made now") from error
    nonce = found[0].nonce or ""
    if len(nonce) not in NONCE_LENGTHS:
        raise SignatureRefused("give each request a fresh nonce of 16 to 64 characters")
    return nonce


def checked_code(code: str) -> str:
    """An institution's code: lower-case letters, digits, hyphens. Raises `BadInput`."""
    if not _CODE.fullmatch(code):
        raise BadInput(f"{code!r} is no code of an institution: 2 to 32 of a-z, 0-9 and -, beginning with a letter")
    return code


def nonce_cut(now: datetime) -> datetime:
    """Nonces seen before this moment can be forgotten: their requests are too old anyway."""
    return now.astimezone(UTC) - 3 * CLOCK_WINDOW
