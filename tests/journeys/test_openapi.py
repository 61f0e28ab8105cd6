"""What the OpenAPI file allows is answered as it says: schemathesis asks a real server, as everyone who may ask."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from faults.running import Installation, installation

EXAMPLES = 4
SIGNED_ONLY = "^/v1/(institutions|risk)/"
HOOKS = Path(__file__).with_name("signing_hooks.py")
Seeded = tuple[Installation, dict[str, Any]]


@pytest.fixture(scope="module")
def seeded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seeded]:
    with installation(tmp_path_factory.mktemp("openapi")) as made:
        made.start()
        seeding = made.run(
            *("sandbox", "seed", "--citizens", "2", "--rounds", "1", "--stock", "5", "--stores", "1", "--json")
        )
        assert seeding.returncode == 0, seeding.stderr
        yield made, json.loads(seeding.stdout)


def asked(url: str, folder: Path, *options: str, **environ: str) -> None:
    """Run schemathesis, which fails on any answer that the document does not tell."""
    command = [
        *(str(Path(sys.executable).with_name("st")), "run", f"{url}/openapi.json", *options),
        *("-n", str(EXAMPLES), "--phases", "examples,coverage,fuzzing", "--seed", "1", "--no-color"),
    ]
    said = subprocess.run(
        command, capture_output=True, text=True, timeout=300, check=False, cwd=folder, env=os.environ | environ
    )
    assert said.returncode == 0, said.stdout[-6000:] + said.stderr[-1000:]


@pytest.mark.parametrize("who", ["citizens", "stores"])
def test_bearers_are_answered_as_the_openapi_file_tells(seeded: Seeded, who: str, tmp_path: Path) -> None:
    made, city = seeded
    options = ("--include-path-regex", "^/v1/", "--exclude-path-regex", SIGNED_ONLY)

    asked(made.url, tmp_path, *options, "-H", f"Authorization: Bearer {city[who][0]['token']}")


def test_signed_requests_are_answered_as_the_openapi_file_tells(seeded: Seeded, tmp_path: Path) -> None:
    made, _ = seeded
    key = Ed25519PrivateKey.generate()
    (tmp_path / "bank.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (tmp_path / "bank.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    app = ("--institution", "yuehu", "--name", "悦湖银行", "--per-second", "100000")
    added = made.run("institutions", "app", "add", *app)
    pem = ("--key-id", "schemathesis", "--public-key", str(tmp_path / "bank.pem"))
    keyed = made.run("institutions", "key", "add", "--institution", "yuehu", *pem)
    opened = made.run("institutions", "risk", "--institution", "yuehu", "--per-second", "100000")
    assert (added.returncode, keyed.returncode, opened.returncode) == (0, 0, 0), added.stderr + keyed.stderr

    hooks = {"SCHEMATHESIS_HOOKS": str(HOOKS), "YONGQUAN_TEST_KEY": str(tmp_path / "bank.key")}
    asked(made.url, tmp_path, "--include-path-regex", SIGNED_ONLY, **hooks)
