"""Institutions that sign their calls to the risk API, in this process, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.flows.answer_warning import Warnings
from yongquan.flows.report_party import Reporting
from yongquan.flows.serve_app import Callers
from yongquan.flows.verify_party import Verifying
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import add_key, save_app
from yongquan.institutions.risk_terms import EVERYTHING, RiskTerms, Scope
from yongquan.institutions.risk_terms_store import save_terms
from yongquan.plumbing.clock import Clock, wall_now
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.web.door import Door
from yongquan.web.site import make_api
from yongquan_client import Signed

ADDRESS = "http://risk.test"


@dataclass
class RiskWorld:
    """The risk API alone, with the desks behind it."""

    database: Database
    sealing: Sealing
    clock: Clock
    http: httpx.AsyncClient

    async def admit(
        self,
        *institutions: str,
        scopes: frozenset[Scope] = EVERYTHING,
        per_second: int = 10_000,
        per_day: int = 10_000,
        mode: str = "live",
    ) -> list["Bank"]:
        """Institutions with a key each; all keys are one pair, under ids of their own, to keep tests quick."""
        key = Ed25519PrivateKey.generate()
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        now = wall_now()
        async with self.database.transaction() as connection:
            for code in institutions:
                await save_app(connection, App(code, code, code, 1, 1, "active"), now=now)
                await add_key(connection, code, key_id=f"{code}-{mode}", public_key_pem=pem, now=now, mode=mode)
                if mode == "live":
                    terms = RiskTerms(code, scopes, per_second, per_day, "active")
                    await save_terms(connection, terms, now=now)
        return [Bank(code, self.http, Signed(f"{code}-{mode}", key)) for code in institutions]


@dataclass
class Bank:
    """One institution's client."""

    code: str
    http: httpx.AsyncClient
    auth: httpx.Auth
    asked: int = 0

    async def send(self, method: str, path: str, body: Any = None, *, key: str = "") -> httpx.Response:
        self.asked += 1
        headers = {"Idempotency-Key": key or f"{self.code}-{self.asked}"}
        return await self.http.request(method, f"/v1/risk{path}", json=body, headers=headers, auth=self.auth)

    async def verify(self, question: dict[str, Any], *, key: str = "") -> dict[str, Any]:
        answer = await self.send("POST", "/verifications", question, key=key)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def report(self, subject: str, value: str, **more: Any) -> dict[str, Any]:
        body = {"subject": {"kind": subject, "value": value}, "kind": "mule", "evidence": "documented"}
        answer = await self.send("POST", "/reports", body | {"reference": "R-1"} | more)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())


@asynccontextmanager
async def risk_world(conninfo: str, folder: Path) -> AsyncIterator[RiskWorld]:
    sealing, clock = Sealing(load_keys(folder)), Clock()
    async with opened(conninfo, pool_size=8) as database:
        async with database.transaction() as connection:
            await clock.refresh(connection)
        parts: dict[str, Any] = {part.name: None for part in fields(Door)} | {
            "database": database,
            "sealing": sealing,
            "clock": clock,
            "callers": Callers(database, {}),
            "verifying": Verifying(database, sealing, clock, 1),
            "reporting": Reporting(database, sealing, clock),
            "warnings": Warnings(database, sealing, clock),
        }
        transport = httpx.ASGITransport(make_api(Door(**parts)))
        async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
            yield RiskWorld(database, sealing, clock, http)


async def all_of(calls: list[Any], *, at_once: int = 8) -> list[Any]:
    """The results of coroutines, a few at a time, in order."""
    gate = asyncio.Semaphore(at_once)

    async def one(call: Any) -> Any:
        async with gate:
            return await call

    return list(await asyncio.gather(*map(one, calls)))
