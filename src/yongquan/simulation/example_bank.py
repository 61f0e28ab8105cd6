"""The demo's example bank: its app is registered like anybody's, and runs as a process of its own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import add_key, save_app
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.webhooks import NewEndpoint, add_endpoint

BANK = App("yuehu", "悦湖银行", "Yuehu Bank", 100, 1_000_000, "active")
KEY_ID = "yuehu-demo"
KINDS = ("voucher.claimed", "payment.succeeded", "payment.failed")
STOP_S = 10.0


async def register_example_bank(
    database: Database, sealing: Sealing, folder: Path, *, address: str, now: datetime
) -> None:
    """Register the bank's app with a fresh key and an endpoint; its secrets lie in `folder`."""
    pem = _make_key(folder)
    async with database.transaction() as connection:
        await save_app(connection, BANK, now=now)
        await add_key(connection, BANK.institution, key_id=KEY_ID, public_key_pem=pem, now=now)
        endpoint = NewEndpoint(institution=BANK.institution, url=f"{address}/callbacks", kinds=KINDS)
        _, secret = await add_endpoint(connection, endpoint, sealing)
    (folder / "webhook.secret").write_text(secret)


def _make_key(folder: Path) -> str:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    (folder / "bank.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@contextmanager
def example_bank(folder: Path, *, platform: str, port: int) -> Iterator[None]:
    """The bank's app serves on `port` while the block runs."""
    process = subprocess.Popen(  # noqa: S603 - our own module
        [
            *(sys.executable, "-m", "example_bank_app", "--platform", platform, "--port", str(port)),
            *("--key-id", KEY_ID, "--key", str(folder / "bank.key"), "--store", str(folder / "bank.sqlite")),
            *("--webhook-secret", str(folder / "webhook.secret")),
        ]
    )
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(STOP_S)
        process.kill()
