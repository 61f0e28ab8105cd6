"""Starts the outside world as real processes in a temporary folder."""

import contextlib
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.institutions import Registry, parse_registry
from yongquan.institutions.connectors.card_messages import MessageStamp, PurchaseRequest
from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.connectors.signatures import NetworkSignature, public_key
from yongquan.institutions.connectors.signed_http import SignedClient

NETWORK_ID = "99000001"
ACQUIRER_ID = "99010008"
DAY = date(2022, 2, 15)


@dataclass(frozen=True, slots=True)
class Sandbox:
    """A running outside world and our key to it."""

    registry: Registry
    our_key: Ed25519PrivateKey
    launcher: subprocess.Popen[str]
    pids: tuple[int, ...]

    def client(self, code: str) -> SignedClient:
        """Signed HTTP to one institution."""
        member = self.registry[code]
        return SignedClient(
            member.http_url,
            institution=code,
            our_private_key=self.our_key,
            their_public_key=public_key(member.public_key_pem),
        )

    def line(self, code: str) -> IssuerLine:
        """The card line to one issuer."""
        return IssuerLine(self.registry[code], network_id=NETWORK_ID)

    def switch_faults(self, code: str, **faults: Any) -> dict[str, Any]:
        """Replace an issuer's faults."""
        with httpx.Client(auth=NetworkSignature(self.our_key), trust_env=False) as http:
            answer = http.put(f"{self.registry[code].http_url}/faults", json=faults)
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        return told


def make_key(folder: Path) -> Ed25519PrivateKey:
    """The network's key, the same one for each start in a folder."""
    path = folder / "network.key"
    if not path.exists():
        key = Ed25519PrivateKey.generate()
        path.write_bytes(key.private_bytes_raw())
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        (folder / "network.pub").write_bytes(pem)
    return Ed25519PrivateKey.from_private_bytes(path.read_bytes())


@contextlib.contextmanager
def running(folder: Path, *codes: str) -> Iterator[Sandbox]:
    """Start the named institutions, and stop them again unless the test has killed them."""
    key = make_key(folder)
    launcher = subprocess.Popen(
        [
            *(sys.executable, "-m", "yongquan_sandbox.cli", "--dir", str(folder / "sandbox")),
            *("--network-key", str(folder / "network.pub"), "--only", ",".join(codes)),
        ],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert launcher.stdout is not None
        assert "ready" in launcher.stdout.readline()
        directory = (folder / "sandbox" / "sandbox.json").read_bytes()
        pids = tuple(row["pid"] for row in httpx.Response(200, content=directory).json())
        yield Sandbox(parse_registry(directory), key, launcher, pids)
    finally:
        launcher.send_signal(signal.SIGTERM)
        launcher.wait(10)


def purchase(card_no: str, amount_fen: int, stan: int, **facts: Any) -> PurchaseRequest:
    """A purchase on the day, sent at 10:00 Shanghai time unless told otherwise."""
    facts.setdefault("stamp", MessageStamp(sent_at=datetime(2022, 2, 15, 2, 0, tzinfo=UTC), stan=stan))
    facts.setdefault("business_date", DAY)
    facts.setdefault("settlement_date", DAY)
    return PurchaseRequest(card_no=card_no, amount_fen=amount_fen, payment_id=f"p-{stan}", **_shop(stan), **facts)


def following(kind: type, of: PurchaseRequest, *, stan: int, amount_fen: int | None = None, **facts: Any) -> Any:
    """A refund, reversal, inquiry or balance request that follows a purchase ten seconds later."""
    if "original" in kind.__dataclass_fields__:  # type: ignore[attr-defined]
        facts["original"] = of.stamp
    return kind(
        stamp=MessageStamp(sent_at=datetime(2022, 2, 15, 2, 0, 10, tzinfo=UTC), stan=stan),
        card_no=of.card_no,
        amount_fen=of.amount_fen if amount_fen is None else amount_fen,
        business_date=of.business_date,
        settlement_date=of.settlement_date,
        payment_id=of.payment_id,
        **_shop(stan),
        **facts,
    )


def card_number(prefix: str, serial: int) -> str:
    """A 16-digit card number with a right check digit."""
    body = f"{prefix}{serial:09d}"
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    total = doubled + sum(int(digit) for digit in body[-2::-2])
    return body + str(-total % 10)


def _shop(stan: int) -> dict[str, str]:
    return {
        "acquirer_id": ACQUIRER_ID,
        "merchant_no": "S000000001",
        "terminal_id": "T0000001",
        "retrieval_ref": f"{stan:012d}",
        "category": "5812",
    }
