"""The HTTP side of `bench risk`: an institution's app asks a server for verdicts, each request signed beforehand."""

import json
import random
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.bench.risk_past import next_event, person_id
from yongquan.bench.servers import server_process
from yongquan.bench.wrk import run_wrk, write_signed_script
from yongquan.plumbing.db import opened
from yongquan.risk.events import Entity, RiskEvent
from yongquan.risk.rules import store
from yongquan.risk.rules.reading import read_book
from yongquan_client import Signed

CONNECTIONS: Final = 8
SECONDS: Final = 8
LINKED: Final = 5_000
PREPARED: Final = 12_000
_PATH = "/v1/risk/verdicts"
_INSTITUTION = "bench"
_ADMIT = """
insert into institutions.app (institution, name, name_en, per_second, per_day, added_at)
values ('bench', 'bench', 'bench', 1000000, 100000000, now());
insert into institutions.app_key (key_id, institution, public_key_pem, added_at)
values ('bench', 'bench', %(pem)s, now());
insert into institutions.link (cell, institution, open_id, citizen_id, is_new, linked_at)
select 0, 'bench', u, u, false, now() from unnest(%(people)s::uuid[]) u;
"""


async def put_in_force(conninfo: str, document: str) -> None:
    """Let a book judge in whatever server opens this database."""
    now = datetime.now(UTC)
    async with opened(conninfo) as database, database.transaction() as connection:
        number = await store.propose(connection, document, read_book(document), reason="bench", actor="a", now=now)
        await store.decide(connection, number, "approved", actor="b", now=now)


def measure_served(folder: Path, conninfo: str, chance: random.Random) -> dict[str, Any]:
    """Verdicts a second and how long they took, over HTTP. The book must be in force."""
    key = Ed25519PrivateKey.generate()
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    people = [person_id(number) for number in range(1, LINKED + 1)]
    with psycopg.connect(conninfo, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_ADMIT, {"pem": pem, "people": people})
    with server_process(folder, [sys.executable, "-m", "yongquan", "serve", "--no-sandbox"]) as url:
        requests, script = folder / "verdicts.txt", folder / "verdicts.lua"
        requests.write_text("\n".join(_signed_requests(url, key, chance)))
        write_signed_script(script, path=_PATH, requests=requests)
        run_wrk(url, script, connections=CONNECTIONS, seconds=2)
        requests.write_text("\n".join(_signed_requests(url, key, chance)))
        load = run_wrk(url, script, connections=CONNECTIONS, seconds=SECONDS)
    if load.refused or not load.accepted:
        raise LookupError(f"{load.refused} questions were not answered with 201: nothing to publish")
    return {
        "connections": CONNECTIONS,
        "decisions_per_s": round(load.per_s),
        "p50_ms": load.p50_ms,
        "p99_ms": load.p99_ms,
    }


def _signed_requests(url: str, key: Ed25519PrivateKey, chance: random.Random) -> list[str]:
    """One request a line: its headers and body as JSON, so that signing is not measured."""
    signed = Signed(_INSTITUTION, key)
    return [_request(url, signed, next_event(chance, at=datetime.now(UTC), people=LINKED)) for _ in range(PREPARED)]


def _request(url: str, signed: Signed, event: RiskEvent) -> str:
    body = {
        "open_id": event.parties[Entity.CITIZEN],
        "order_no": event.event_id.hex,
        "amount_fen": event.amount_fen,
        "store_id": event.parties[Entity.STORE],
        "device_id": event.parties[Entity.DEVICE],
        "terminal": event.parties[Entity.TERMINAL],
    }
    headers = {"Idempotency-Key": event.event_id.hex}
    request = next(signed.auth_flow(httpx.Request("POST", url + _PATH, json=body, headers=headers)))
    named = {name: value for name, value in request.headers.items() if name not in {"host", "content-length"}}
    return json.dumps(named) + "\t" + request.content.decode()
