"""The secrets of one installation: made once under `keys/`, readable by their owner only."""

import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.kernel.errors import BadInput

SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keys:
    """Symmetric secrets of 32 bytes: `token` signs bearer tokens, `seal` encrypts, `index` makes blind indexes."""

    token: bytes
    seal: bytes
    index: bytes


def load_keys(folder: Path) -> Keys:
    """Read the secrets, making those that are missing. Raises `BadInput` for a damaged one."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Keys(*(_secret(folder / name) for name in ("token.key", "seal.key", "index.key")))


def _secret(file: Path) -> bytes:
    if not file.exists():
        # Written aside and linked into place: two processes that start together agree on the first one's key.
        fresh = file.with_suffix(f".{os.getpid()}")
        fresh.touch(mode=0o600)
        fresh.write_bytes(os.urandom(SECRET_BYTES))
        try:
            os.link(fresh, file)
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    secret = file.read_bytes()
    if len(secret) != SECRET_BYTES:
        raise BadInput(f"{file} holds {len(secret)} bytes, not {SECRET_BYTES}: restore it from your backup")
    return secret


def load_network_key(folder: Path) -> Ed25519PrivateKey:
    """The network's signing key towards institutions; its public half lies beside it as `network.pem`."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.from_private_bytes(_secret(folder / "network.key"))
    public = folder / "network.pem"
    if not public.exists():
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return key
