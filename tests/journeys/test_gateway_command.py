"""Registering callers of others' wire formats: what is taken, and one clear line for what is not."""

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from bank_app import command
from conftest import Town
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from yongquan.plumbing.db import database_of
from yongquan.plumbing.settings import read_settings

SERIAL = 69_903_319_369


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    key, name = generate_private_key(65537, 2048), x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "m")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(SERIAL)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=1))
        .sign(key, SHA256())
    )
    file = tmp_path_factory.mktemp("acp") / "merchant.cer"
    file.write_bytes(made.public_bytes(Encoding.DER))
    return file


def refused(town: Town, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "yongquan", "gateway", "merchant", "add", *arguments],
        capture_output=True,
        text=True,
        env=os.environ | {"YONGQUAN_DATA_DIR": town.data_dir},
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    return done.stderr.strip()


def test_an_acp_merchant_is_kept_with_its_decimal_serial(town: Town, certificate: Path) -> None:
    said = command(
        town.data_dir, "gateway", "merchant", "add", "--mer-id", "777290058167151", "--cert", str(certificate)
    )

    with database_of(read_settings({"YONGQUAN_DATA_DIR": town.data_dir})) as conninfo, psycopg.connect(conninfo) as db:
        row = db.execute(
            "select serial_no, left(certificate_pem, 11) from institutions.gateway_merchant"
            " where dialect = 'acp' and number = '777290058167151'"
        ).fetchone()
    assert row == (str(SERIAL), "-----BEGIN ")
    assert str(SERIAL) in said


def test_what_is_wrong_is_named(town: Town, certificate: Path) -> None:
    v3 = ("--mchid", "1900000009", "--appid", "wx1", "--serial-no", "AB")

    assert "--public-key" in refused(town, *v3)
    assert "merchant.cer" in refused(town, *v3, "--public-key", str(certificate))
    assert "--serial-no" in refused(town, "--mchid", "1", "--appid", "a", "--serial-no", "XY")
    assert "--cert" in refused(town, "--mer-id", "7")
    assert "--mchid" in refused(town)
