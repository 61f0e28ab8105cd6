"""Personal data at rest: sealed with AES-256-GCM, found again by a keyed blind index."""

import hashlib
import os

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yongquan.plumbing.keys import Keys

_NONCE_BYTES = 12


class Sealing:
    """Seals and opens short texts; `what` (phone, name ..) is bound into both, so fields cannot be swapped."""

    def __init__(self, keys: Keys) -> None:
        self._cipher = AESGCM(keys.seal)
        self._index_key = keys.index

    def seal(self, text: str, *, what: str) -> bytes:
        """The text encrypted: a fresh nonce of 12 bytes, then ciphertext and tag."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, text.encode(), what.encode())

    def open(self, sealed: bytes, *, what: str) -> str:
        """The text again. Raises `cryptography.exceptions.InvalidTag` if it was changed or is another field."""
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], what.encode()).decode()

    def seal_bytes(self, content: bytes, *, what: str) -> bytes:
        """A document encrypted, as `seal` does a text."""
        nonce = os.urandom(_NONCE_BYTES)
        return nonce + self._cipher.encrypt(nonce, content, what.encode())

    def open_bytes(self, sealed: bytes, *, what: str) -> bytes:
        """The document again. Raises `cryptography.exceptions.InvalidTag` if it was changed or is another's."""
        return self._cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], what.encode())

    def index(self, text: str, *, what: str) -> bytes:
        """16 bytes that are the same for the same text, and say nothing of it without the key."""
        return hashlib.blake2b(text.encode(), key=self._index_key, person=what.encode()[:16], digest_size=16).digest()
