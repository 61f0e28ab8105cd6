"""How many purchases a sandbox bank answers in a second: one connection, one bank, client beside it."""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import uvloop
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.institutions import Institution, parse_registry
from yongquan.institutions.connectors.account_messages import AccountOpening
from yongquan.institutions.connectors.card_messages import MessageStamp, PurchaseRequest
from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.connectors.signatures import public_key
from yongquan.institutions.connectors.signed_http import SignedClient

DAY = date(2022, 2, 15)
NOON = datetime(2022, 2, 15, 4, 0, tzinfo=UTC)
CARDS = 1000


def main() -> None:
    """Print the measurement as one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--purchases", type=int, default=20_000)
    parser.add_argument("--outstanding", type=int, default=256)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        key = Ed25519PrivateKey.generate()
        public = Path(folder) / "network.pub"
        public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
        launcher = subprocess.Popen(
            [
                *(sys.executable, "-m", "yongquan_sandbox.cli", "--dir", folder),
                *("--network-key", str(public), "--only", "chaoxin"),
            ],
            stdout=subprocess.PIPE,
        )
        try:
            assert launcher.stdout is not None
            launcher.stdout.readline()
            bank = parse_registry((Path(folder) / "sandbox.json").read_bytes())["chaoxin"]
            measured = uvloop.run(_measure(bank, key, options.purchases, options.outstanding))
        finally:
            launcher.terminate()
            launcher.wait()
    sys.stdout.write(json.dumps(measured) + "\n")


async def _measure(bank: Institution, key: Ed25519PrivateKey, purchases: int, outstanding: int) -> dict[str, object]:
    cards = [_card_number(serial) for serial in range(CARDS)]
    their_key = public_key(bank.public_key_pem)
    async with (
        SignedClient(bank.http_url, institution=bank.code, our_private_key=key, their_public_key=their_key) as client,
        IssuerLine(bank, network_id="99000001") as line,
    ):
        opening_s = await _open(client, cards)
        await line.wait_ready(timeout_s=5)
        started, cpu = time.perf_counter(), time.process_time()
        latencies = await _buy(line, cards, purchases, outstanding)
        seconds = time.perf_counter() - started
        proof = await client.proof()
    latencies.sort()
    return {
        "purchases_per_s": round(purchases / seconds),
        "p50_ms": round(latencies[len(latencies) // 2] * 1000, 2),
        "p99_ms": round(latencies[len(latencies) * 99 // 100] * 1000, 2),
        "outstanding": outstanding,
        "purchases": purchases,
        "client_cpu_share": round((time.process_time() - cpu) / seconds, 2),
        "opening_10000_s": round(opening_s, 2),
        "balanced": proof.balanced,
        "machine": {"cpus": os.cpu_count()},
    }


async def _open(client: SignedClient, cards: list[str]) -> float:
    started = time.perf_counter()
    spare = [AccountOpening(account_no=f"S{n}", holder="空账户", opening_balance_fen=0) for n in range(9000)]
    funded = [
        AccountOpening(account_no=f"A{card}", holder="持卡人", opening_balance_fen=10**9, card_no=card)
        for card in cards
    ]
    await client.open_accounts(spare + funded)
    return time.perf_counter() - started


async def _buy(line: IssuerLine, cards: list[str], purchases: int, outstanding: int) -> list[float]:
    numbers = iter(range(1, purchases + 1))
    latencies: list[float] = []

    async def buyer() -> None:
        for number in numbers:
            started = time.perf_counter()
            answer = await line.purchase(_purchase(number, cards[number % CARDS]), timeout_s=30)
            latencies.append(time.perf_counter() - started)
            if not answer.approved:
                raise SystemExit(f"purchase {number} was declined with {answer.response_code}")

    await asyncio.gather(*(buyer() for _ in range(outstanding)))
    return latencies


def _purchase(number: int, card_no: str) -> PurchaseRequest:
    return PurchaseRequest(
        stamp=MessageStamp(sent_at=NOON + timedelta(seconds=number // 900_000), stan=number % 900_000 + 1),
        card_no=card_no,
        amount_fen=1234,
        business_date=DAY,
        settlement_date=DAY,
        payment_id=f"{number:032x}",
        acquirer_id="99010008",
        merchant_no="S000000001",
        terminal_id="T0000001",
        retrieval_ref=f"{number:012d}",
        category="5812",
    )


def _card_number(serial: int) -> str:
    body = f"629901{serial:09d}"
    doubled = sum(sum(divmod(2 * int(digit), 10)) for digit in body[::-2])
    return body + str(-(doubled + sum(int(digit) for digit in body[-2::-2])) % 10)


if __name__ == "__main__":
    main()
