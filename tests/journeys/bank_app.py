"""The example bank's app beside the town: registered by command, its own process, its own store."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from ports import free_port

from example_bank_app.platform import Platform
from example_bank_app.store import Store
from yongquan.flows.serve_app import open_id_of
from yongquan.institutions.apps_store import save_link
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings


@dataclass(frozen=True, slots=True)
class BankApp:
    """A running bank's app, and the same bank's own client of the platform."""

    address: str
    client: Platform
    store: Store
    key: Ed25519PrivateKey
    data_dir: str
    endpoint_id: str

    def command(self, *arguments: str) -> str:
        """One of the platform's commands."""
        return command(self.data_dir, *arguments)


def command(data_dir: str, *arguments: str) -> str:
    """`yongquan ...` beside the running server; what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "yongquan", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"YONGQUAN_DATA_DIR": data_dir},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def linked(data_dir: str, citizen_ids: list[str], *, institution: str = "yuehu") -> list[str]:
    """Open ids of citizens as if they had agreed by text message."""
    settings = read_settings({"YONGQUAN_DATA_DIR": data_dir})
    sealing = Sealing(load_keys(settings.keys_dir))
    ids = [UUID(id_) for id_ in citizen_ids]
    open_ids = [open_id_of(sealing, institution, id_) for id_ in ids]

    async def write() -> None:
        with database_of(settings) as conninfo:
            async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
                for citizen_id, open_id in zip(ids, open_ids, strict=True):
                    await save_link(
                        connection,
                        0,
                        institution,
                        open_id=open_id,
                        citizen_id=citizen_id,
                        is_new=False,
                        now=datetime.now(UTC),
                    )

    thread = threading.Thread(target=lambda: asyncio.run(write()))
    thread.start()
    thread.join()
    return [str(open_id) for open_id in open_ids]


@contextmanager
def bank_app(folder: Path, *, platform: str, data_dir: str, key_id: str = "yuehu-1") -> Iterator[BankApp]:
    """Register the bank yuehu with a fresh key and an endpoint, and run its app."""
    key = Ed25519PrivateKey.generate()
    (folder / "bank.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "bank.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    names = ("--name", "悦湖银行", "--name-en", "Yuehu Bank")
    command(data_dir, "institutions", "app", "add", "--institution", "yuehu", *names, "--per-second", "500")
    which = ("--institution", "yuehu", "--key-id", key_id, "--public-key", str(folder / "bank.pem"))
    command(data_dir, "institutions", "key", "add", *which)
    url = ("--url", f"{address}/callbacks")
    made = json.loads(command(data_dir, "institutions", "endpoint", "add", "--institution", "yuehu", *url))
    (folder / "webhook.secret").write_text(made["secret"])
    store_file = folder / "bank.sqlite"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "example_bank_app", "--platform", platform, "--port", str(port)),
            *("--key-id", key_id, "--key", str(folder / "bank.key"), "--store", str(store_file)),
            *("--webhook-secret", str(folder / "webhook.secret")),
        ]
    )
    client = Platform(platform, key_id=key_id, key=key)
    try:
        _wait_for(address)
        yield BankApp(address, client, Store(store_file), key, data_dir, made["endpoint_id"])
    finally:
        client.close()
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()


def _wait_for(address: str) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(f"{address}/sign-in", trust_env=False).is_success:
                return
        time.sleep(0.1)
    raise TimeoutError("the bank's app did not start")
