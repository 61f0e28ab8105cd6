"""`/v1/risk/verdicts` over HTTP: an institution reads the verdicts it asked for, and nobody else's are found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from city import SEALING, SmallCity, small_city
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.flows.judge_event import Asked, Books, RiskDesk
from yongquan.flows.serve_app import AppDesk, Callers
from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import add_key, save_app, save_link
from yongquan.plumbing.clock import Clock, wall_now
from yongquan.plumbing.fresh import fresh_id
from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.in_force import shipped_book
from yongquan.web.door import Door
from yongquan.web.site import make_api
from yongquan_client import Signed

ADDRESS = "http://verdicts.test"


@dataclass
class World:
    city: SmallCity
    risk: RiskDesk
    http: httpx.AsyncClient

    async def institution(self, code: str, citizen: UUID) -> tuple[Signed, UUID]:
        """An institution whose app the citizen linked: its signature, and the open id it knows."""
        key, now, open_id = Ed25519PrivateKey.generate(), wall_now(), fresh_id(7)
        pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        async with self.city.database.transaction() as connection:
            await save_app(connection, App(code, code, code, 100, 10_000, "active"), now=now)
            await add_key(connection, code, key_id=f"{code}-key", public_key_pem=pem, now=now)
            await save_link(connection, 0, code, open_id=open_id, citizen_id=citizen, is_new=False, now=now)
        return Signed(f"{code}-key", key), open_id


@asynccontextmanager
async def world(conninfo: str) -> AsyncIterator[World]:
    async with small_city(conninfo) as city:
        clock = Clock()
        risk = RiskDesk(city.database, clock, ListBook(), Books(shipped_book()), 1)
        parts: dict[str, Any] = {part.name: None for part in fields(Door)} | {
            "database": city.database,
            "sealing": SEALING,
            "clock": clock,
            "callers": Callers(city.database, {}),
            "apps": AppDesk(city.database, SEALING, city.desk, None, 1),  # type: ignore[arg-type]
            "risk": risk,
        }
        transport = httpx.ASGITransport(make_api(Door(**parts)))
        try:
            async with httpx.AsyncClient(transport=transport, base_url=ADDRESS) as http:
                yield World(city, risk, http)
        finally:
            await risk.close()


def test_an_institution_reads_its_own_verdicts_and_finds_no_others(fresh_database: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with world(fresh_database) as one:
            citizen = await one.city.citizen()
            auth, open_id = await one.institution("bank-one", citizen)
            other, _ = await one.institution("bank-two", citizen)
            body = {"open_id": str(open_id), "order_no": "A-1", "amount_fen": 5_000, "device_id": "phone-1"}
            platforms = RiskEvent(
                event_id=fresh_id(7),
                kind=EventKind.PAYMENT,
                at=one.risk.clock.now(),
                parties={Entity.CITIZEN: str(citizen)},
                amount_fen=700,
            )
            inside = await one.risk.judge(Asked(event=platforms, subject=uuid4(), bucket=7))

            asked = await one.http.post("/v1/risk/verdicts", json=body, auth=auth)
            again = await one.http.post("/v1/risk/verdicts", json=body, auth=auth)
            path = f"/v1/risk/verdicts/{asked.json()['verdict_id']}"
            own = await one.http.get(path, auth=auth)
            foreign = await one.http.get(path, auth=other)
            ours = await one.http.get(f"/v1/risk/verdicts/{inside.verdict_id}", auth=auth)
            strangers = await one.http.post("/v1/risk/verdicts", json=body, auth=other)
            unsigned = await one.http.get(path)

        assert asked.status_code == 201, asked.text
        assert (asked.json()["action"], asked.json()["state"]) == ("allow", "given")
        assert again.json()["verdict_id"] == asked.json()["verdict_id"]
        assert own.json() == asked.json()
        assert (foreign.status_code, ours.status_code, strangers.status_code) == (404, 404, 404)
        assert foreign.json()["code"] == ours.json()["code"] == "not_found"
        assert unsigned.status_code == 401

    asyncio.run(story())
