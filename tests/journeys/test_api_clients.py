"""Both clients and every recipe of docs/how-to.md, against a real server and banks."""

import http.server
import json
import os
import re
import secrets
import shutil
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from bank_app import linked
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from faults.running import Installation, installation

from yongquan.plumbing.webhooks import Delivery, sign
from yongquan_client import BadCallback, Bearer, Client, Outage, Refused, Retries, orders, people, read_callback

ROOT = Path(__file__).parents[2]
NODE = ROOT / "clients/node"
SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = '{"type":"payment.succeeded","timestamp":"2026-05-01T02:03:04.000000Z","data":{"order_no":"早餐 1"}}'
Shop = tuple[Installation, dict[str, Any]]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    with installation(tmp_path_factory.mktemp("clients")) as made:
        made.start()
        seeding = made.run(
            *("sandbox", "seed", "--citizens", "4", "--rounds", "1", "--stock", "9", "--stores", "1", "--json")
        )
        assert seeding.returncode == 0, seeding.stderr
        yield made, json.loads(seeding.stdout)


@pytest.fixture(scope="module")
def node_modules() -> Path:
    """What the Node client stands on, as its lock file says; installed here where it is not yet."""
    assert shutil.which("npm"), "install Node 20 and npm: tools/ensure-debian nodejs npm"
    if not (NODE / "node_modules/openapi-fetch").is_dir():
        subprocess.run(["npm", "ci", "--no-fund", "--no-audit"], cwd=NODE, check=True, timeout=300)
    return NODE / "node_modules"


def signed_headers(body: str, *, at: datetime) -> dict[str, str]:
    delivery = Delivery(uuid4(), uuid4(), "http://bank.invalid", b"", body, 1)
    return dict(sign(delivery, secret=SECRET, at=at))


def bank_of(made: Installation, folder: Path) -> str:
    """Register the bank yuehu with a fresh key; the file that holds it."""
    key, file = Ed25519PrivateKey.generate(), folder / "bank.key"
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    (folder / "bank.pem").write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    added = made.run("institutions", "app", "add", "--institution", "yuehu", "--name", "月湖银行")
    pem = ("--key-id", "bank-1", "--public-key", str(folder / "bank.pem"))
    keyed = made.run("institutions", "key", "add", "--institution", "yuehu", *pem)
    opened = made.run("institutions", "risk", "--institution", "yuehu")
    assert (added.returncode, keyed.returncode, opened.returncode) == (0, 0, 0), added.stderr + keyed.stderr
    return str(file)


def test_every_recipe_of_the_how_to_page_works(shop: Shop, tmp_path: Path) -> None:
    made, city = shop
    citizen = city["citizens"][0]
    key_file = bank_of(made, tmp_path)
    (open_id,) = linked(str(made.folder), [citizen["citizen_id"]])
    facts: dict[str, Any] = {
        "url": made.url,
        "store_token": city["stores"][0]["token"],
        "citizen_token": citizen["token"],
        "instrument_id": citizen["instrument_id"],
        "round_id": city["rounds"][0]["round_id"],
        "key_file": key_file,
        "open_id": open_id,
        "secret": SECRET,
        "headers": signed_headers(BODY, at=datetime.now(UTC)),
        "body": BODY.encode(),
    }
    recipes = re.findall(r"^## (.+?)$.*?^```python\n(.*?)^```$", how_to(), re.MULTILINE | re.DOTALL)

    with ThreadPoolExecutor(1) as apart:  # Playwright may hold this thread's loop, and recipes run their own
        for title, code in recipes:
            apart.submit(exec, compile(code, f"docs/how-to.md: {title}", "exec"), facts).result()

    assert len(recipes) == 7
    assert [reason.code for reason in facts["answer"].reasons] == ["own_report"]
    assert facts["payment"].state == "succeeded"
    assert (facts["order"].state, facts["order"].refunded_fen) == ("partly_refunded", 1000)
    assert facts["states"] == ["created"] * 5
    assert facts["claimed"].voucher_id == facts["wallet"][0].voucher_id
    assert (facts["status"], facts["event"].data) == (204, {"order_no": "早餐 1"})


def how_to() -> str:
    return (ROOT / "docs/how-to.md").read_text()


@contextmanager
def losing(upstream: str, *, losses: int) -> Iterator[tuple[str, list[str]]]:
    """A door before the server that lets requests through and loses the first answers; the keys that it saw."""
    seen: list[str] = []

    class Loser(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            seen.append(self.headers["Idempotency-Key"] or "")
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept = {k: v for k, v in self.headers.items() if k in {"Authorization", "Idempotency-Key", "Content-Type"}}
            answer = httpx.post(upstream + self.path, headers=kept, content=body, trust_env=False)
            if len(seen) <= losses:
                self.connection.close()
                return
            self.send_response(answer.status_code)
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        log_message = staticmethod(lambda *_: None)  # what it serves is seen by the test

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Loser)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


def test_a_lost_answer_is_asked_again_under_the_same_key_and_acts_once(shop: Shop) -> None:
    made, city = shop
    citizen, round_ = city["citizens"][1], city["rounds"][0]["round_id"]

    with (
        losing(made.url, losses=2) as (door, seen),
        Client(door, Bearer(citizen["token"]), retries=Retries(3, 0.05)) as phone,
    ):
        claimed = phone.send(people.claim_voucher(round_))
    with Client(made.url, Bearer(citizen["token"])) as phone:
        wallet = phone.send(people.list_wallet_vouchers())

    assert len(seen) == 3
    assert len(set(seen)) == 1
    assert [voucher.voucher_id for voucher in wallet.vouchers] == [claimed.voucher_id]


def test_a_try_to_pay_is_never_sent_twice_by_itself(shop: Shop) -> None:
    made, city = shop
    citizen, store = city["citizens"][2], city["stores"][0]
    with Client(made.url, Bearer(store["token"])) as till:
        order = till.send(orders.open_order(order_no="lost-1", amount_fen=500, subject="早餐"))

        with (
            losing(made.url, losses=1) as (door, seen),
            Client(door, Bearer(citizen["token"])) as phone,
            pytest.raises(Outage),
        ):
            phone.send(orders.pay_order(order.order_id, instrument_id=citizen["instrument_id"]))
        after = till.send(orders.get_order(order.order_id))

    assert len(seen) == 1
    assert (after.state, len(after.attempts)) == ("succeeded", 1)


def test_a_refusal_is_told_with_its_code(shop: Shop) -> None:
    made, _ = shop

    with Client(made.url, Bearer("nobody")) as nobody, pytest.raises(Refused) as caught:
        nobody.send(orders.find_order("none"))

    assert (caught.value.status, caught.value.code) == (401, "unauthorized")


@pytest.mark.parametrize("wrong", ["body", "secret", "age"])
def test_a_callback_that_is_not_ours_or_old_is_bad(wrong: str) -> None:
    age = timedelta(minutes=6) if wrong == "age" else timedelta()
    headers = signed_headers(BODY, at=datetime.now(UTC) - age)
    body = BODY.replace("早餐", "晚餐") if wrong == "body" else BODY
    secret = "whsec_" + secrets.token_hex(16) if wrong == "secret" else SECRET

    with pytest.raises(BadCallback):
        read_callback(secret, headers, body.encode())


def test_a_shop_in_node_opens_is_paid_and_refunds(shop: Shop, node_modules: Path) -> None:
    made, city = shop
    citizen = city["citizens"][3]
    environ = {
        "YONGQUAN_URL": made.url,
        "STORE_TOKEN": city["stores"][0]["token"],
        "CITIZEN_TOKEN": citizen["token"],
        "INSTRUMENT_ID": citizen["instrument_id"],
    }

    said = json.loads(node("examples/order.js", **environ))

    paid = {"opened": "created", "paid": "succeeded"}
    assert said == paid | {"refunded": "partly_refunded", "refunded_fen": 1000, "stranger": "not_found"}


def test_node_reads_our_callbacks_and_no_others(node_modules: Path) -> None:
    headers = signed_headers(BODY, at=datetime.now(UTC))
    script = """
    import { readCallback } from "yongquan-client";
    const { SECRET, HEADERS, BODY } = process.env;
    const headers = JSON.parse(HEADERS);
    const refused = (call) => { try { call(); return false; } catch { return true; } };
    console.log(JSON.stringify([
      readCallback(SECRET, headers, BODY).data.order_no,
      refused(() => readCallback(SECRET, headers, BODY + " ")),
      refused(() => readCallback(SECRET, headers, BODY, Date.now() / 1000 + 400)),
    ]));
    """
    environ = {"SECRET": SECRET, "HEADERS": json.dumps(headers), "BODY": BODY}

    said = json.loads(node("--input-type=module", "-e", script, **environ))

    assert said == ["早餐 1", True, True]


def test_the_node_types_are_what_the_document_generates(node_modules: Path, tmp_path: Path) -> None:
    made = tmp_path / "schema.d.ts"

    subprocess.run(["npm", "run", "--silent", "generate", str(made)], cwd=NODE, check=True, timeout=120)
    subprocess.run(["npm", "run", "--silent", "check"], cwd=NODE, check=True, timeout=120)

    assert made.read_text() == (NODE / "schema.d.ts").read_text(), "run `make clients`"


def node(*arguments: str, **environ: str) -> str:
    done = subprocess.run(
        ["node", *arguments],
        cwd=NODE,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
