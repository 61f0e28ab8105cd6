"""`yongquan bench verification`: how long a signed question to the risk API takes over HTTP, with 170 institutions."""

import asyncio
import sys
import time
from dataclasses import dataclass
from typing import Any, Final

import httpx
import psycopg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from rich.console import Console

from yongquan.bench.machine import describe_machine, measure_fsync_us
from yongquan.bench.scratch import scratch, settle_down
from yongquan.bench.servers import server_process
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.risk.verification.marks import mark_of
from yongquan.risk.verification.model import Kind
from yongquan_client import Signed

INSTITUTIONS: Final = 170
REPORTS: Final = 200_000
ASKINGS: Final = 200_000
KNOWN: Final = 2_000  # accounts that are reported and asked about
ALONE: Final = 500
TOGETHER: Final = 3_000
CONNECTIONS: Final = 8
_say = Console(stderr=True).print

_ADMIT = """
insert into institutions.app (institution, name, name_en, per_second, per_day, added_at)
select 'inst-' || n, 'inst', 'inst', 1, 1, now() from generate_series(0, %(count)s - 1) n;
insert into institutions.app_key (key_id, institution, public_key_pem, added_at)
select institution, institution, %(pem)s, now() from institutions.app;
insert into institutions.risk_terms (institution, scopes, per_second, per_day, since)
select institution, '{verify}', 100000, 10000000, now() from institutions.app;
"""
_REPORT = """
insert into risk.report (report_id, institution, mode, subject_kind, mark, kind, evidence, reference, reported_at,
                         expires_at)
select gen_random_uuid(), 'inst-' || n %% %(institutions)s, 'live', 'account',
       coalesce((%(marks)s::bytea[])[n + 1], decode(md5(n::text), 'hex')), 'mule', 'documented', 'b', now(),
       now() + interval '1 year'
  from generate_series(0, %(count)s - 1) n
"""
_ASK = """
insert into risk.asking (subject_kind, mark, asked_at, institution)
select 'account', (%(marks)s::bytea[])[1 + n %% %(known)s], now() - n * interval '0.4 s',
       'inst-' || (n * 7) %% %(institutions)s
  from generate_series(0, %(count)s - 1) n
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Times of requests in seconds, sorted, and how long all of them took together."""

    times: list[float]
    seconds: float

    def quantile_ms(self, share: float) -> float:
        return round(1000 * self.times[min(len(self.times) - 1, int(share * len(self.times)))], 2)


def bench_verification() -> dict[str, Any]:
    """Measure and return the benchmark's document."""
    with scratch(with_sandbox=False) as made:
        sealing = Sealing(load_keys(made.settings.keys_dir))
        key = Ed25519PrivateKey.generate()
        _say(f"{INSTITUTIONS} institutions, {REPORTS:,} reports, {ASKINGS:,} questions of the last day ..")
        _load(made.conninfo, sealing, key)
        settle_down(made.conninfo)
        with server_process(made.folder, [sys.executable, "-m", "yongquan", "serve", "--no-sandbox"]) as url:
            figures = asyncio.run(_measure(url, key))
        return figures | {"fsync_us": measure_fsync_us(made.folder), "machine": describe_machine()}


def _load(conninfo: str, sealing: Sealing, key: Ed25519PrivateKey) -> None:
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    marks = [mark_of(Kind.ACCOUNT, _account(n), sealing) for n in range(KNOWN)]
    with psycopg.connect(conninfo, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_ADMIT, {"count": INSTITUTIONS, "pem": pem})
        connection.execute(_REPORT, {"count": REPORTS, "institutions": INSTITUTIONS, "marks": marks})
        asked = {"count": ASKINGS, "institutions": INSTITUTIONS, "marks": marks, "known": KNOWN}
        connection.execute(_ASK, asked)


async def _measure(url: str, key: Ed25519PrivateKey) -> dict[str, Any]:
    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, trust_env=False, limits=limits, timeout=30) as client:
        no_op = await _timed(client, [client.build_request("GET", "/healthz") for _ in range(ALONE)], at_once=1)
        alone = await _timed(client, [_question(client, key, n) for n in range(ALONE)], at_once=1)
        many = [_question(client, key, ALONE + n) for n in range(TOGETHER)]
        together = await _timed(client, many, at_once=CONNECTIONS)
    return {
        "p50_ms": alone.quantile_ms(0.5),
        "p99_ms": alone.quantile_ms(0.99),
        "noop_p50_ms": no_op.quantile_ms(0.5),
        "ratio_noop": round(alone.quantile_ms(0.5) / no_op.quantile_ms(0.5), 2),
        "together": {
            "connections": CONNECTIONS,
            "verifications_per_s": round(TOGETHER / together.seconds),
            "p50_ms": together.quantile_ms(0.5),
            "p99_ms": together.quantile_ms(0.99),
        },
        "institutions": INSTITUTIONS,
        "reports": REPORTS,
        "askings": ASKINGS,
    }


async def _timed(client: httpx.AsyncClient, requests: list[httpx.Request], *, at_once: int) -> Measured:
    waiting, times = iter(requests), list[float]()

    async def drive() -> None:
        for request in waiting:
            began = time.perf_counter()
            (await client.send(request)).raise_for_status()
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(drive() for _ in range(at_once)))
    return Measured(sorted(times), time.perf_counter() - began)


def _question(client: httpx.AsyncClient, key: Ed25519PrivateKey, n: int) -> httpx.Request:
    """A transfer asked about, signed beforehand: what is measured is the answer."""
    body = {
        "scene": "transfer",
        "payer_account": f"6217{n:012}",
        "payee_account": _account(n % KNOWN),
        "amount_fen": 50_000,
        "payer_phone": "13800000000",
    }
    request = client.build_request("POST", "/v1/risk/verifications", json=body, headers={"Idempotency-Key": str(n)})
    return next(Signed(f"inst-{n % INSTITUTIONS}", key).auth_flow(request))


def _account(n: int) -> str:
    return f"62{n:014}"
