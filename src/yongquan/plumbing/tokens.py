"""Bearer tokens that any process checks without asking: who, until when, and a keyed BLAKE2b over both."""

import base64
import hmac
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from uuid import UUID

import msgspec

_SIZE = 1 + 16 + 4
_MAC_SIZE = 16


class Holder(StrEnum):
    """Who a token speaks for."""

    CITIZEN = "c"
    STORE = "s"
    SURVEYOR = "v"


class Bearer(msgspec.Struct, frozen=True, gc=False):
    """The holder of a valid token: `id_hex` is the citizen's, the store's or the surveyor's id."""

    holder: Holder
    id_hex: str
    expires_at: int


class Tokens:
    """Makes and reads tokens under one secret of at least 32 bytes."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._known: dict[bytes, Bearer] = {}

    def issue(self, holder: Holder, id_: UUID, *, expires_at: datetime) -> str:
        """A token of 50 characters for the holder, good until `expires_at` (whole seconds)."""
        body = holder.encode() + id_.bytes + int(expires_at.timestamp()).to_bytes(4, "big")
        return base64.urlsafe_b64encode(body + self._mac(body)).rstrip(b"=").decode()

    def read(self, token: bytes, *, now: float) -> Bearer | None:
        """The bearer, or None if the token is malformed, forged or expired (`now` is seconds since 1970)."""
        bearer = self._known.get(token) or self._verify(token)
        return bearer if bearer is not None and now < bearer.expires_at else None

    def _verify(self, token: bytes) -> Bearer | None:
        try:
            raw = base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))
        except ValueError:
            return None
        body, mac = raw[:_SIZE], raw[_SIZE:]
        if len(raw) != _SIZE + _MAC_SIZE or not hmac.compare_digest(mac, self._mac(body)):
            return None
        bearer = Bearer(Holder(chr(body[0])), body[1:17].hex(), int.from_bytes(body[17:], "big"))
        if len(self._known) >= 100_000:
            self._known.clear()
        self._known[token] = bearer
        return bearer

    def _mac(self, body: bytes) -> bytes:
        return blake2b(body, key=self._secret, digest_size=_MAC_SIZE).digest()
