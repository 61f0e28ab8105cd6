"""Killing the server, alone or with its database, during claims and payments: nothing acknowledged is lost."""

import asyncio
import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from faults.running import Installation, installation

from yongquan.plumbing.embedded import EmbeddedPostgres

CITIZENS = 150


@dataclass
class Acknowledged:
    """What the server said yes to before it died."""

    vouchers: dict[str, str] = field(default_factory=dict)
    payments: dict[str, str] = field(default_factory=dict)


async def use(made: Installation, seeded: dict[str, Any], heard: Acknowledged) -> None:
    """Every citizen claims, then pays again and again until the server is gone."""

    async def citizen(client: httpx.AsyncClient, person: dict[str, str], store: dict[str, str]) -> None:
        def headers(key: str) -> dict[str, str]:
            return {"Authorization": f"Bearer {person['token']}", "Idempotency-Key": key}

        claimed = await client.post(f"/v1/rounds/{seeded['rounds'][0]['round_id']}/claims", headers=headers("claim"))
        if claimed.status_code == 201:
            heard.vouchers[person["citizen_id"]] = claimed.json()["voucher_id"]
        for number in range(1000):
            body = {
                "store_id": store["store_id"],
                "amount_fen": 3000 + number,
                "instrument_id": person["instrument_id"],
            }
            paid = await client.post("/v1/payments", headers=headers(f"pay-{number}"), json=body)
            if paid.status_code == 201:
                heard.payments[paid.json()["payment_id"]] = person["token"]

    stores = seeded["stores"]
    async with httpx.AsyncClient(base_url=made.url, trust_env=False, timeout=30) as client:
        await asyncio.gather(
            *(citizen(client, p, stores[n % len(stores)]) for n, p in enumerate(seeded["citizens"])),
            return_exceptions=True,
        )


async def use_until_killed(
    made: Installation, seeded: dict[str, Any], heard: Acknowledged, *, and_database: bool
) -> None:
    using = asyncio.create_task(use(made, seeded, heard))
    while len(heard.payments) < 60 and not using.done():
        await asyncio.sleep(0.02)
    made.kill(and_database=and_database)
    await using


def open_payments(conninfo: str) -> int:
    with psycopg.connect(conninfo) as connection:
        row = connection.execute(
            "select count(*) from payments.payment where state in ('charging', 'unknown')"
        ).fetchone()
    return int(row[0]) if row else 0


@pytest.mark.parametrize("and_database", [False, True], ids=["server", "server_and_database"])
def test_nothing_acknowledged_is_lost_when_killed(tmp_path: Path, and_database: bool) -> None:
    with installation(tmp_path) as made:
        made.start()
        seeding = made.run(
            *(
                "sandbox",
                "seed",
                "--citizens",
                str(CITIZENS),
                "--rounds",
                "1",
                "--stock",
                "100",
                "--stores",
                "4",
                "--json",
            )
        )
        seeded = json.loads(seeding.stdout)
        heard = Acknowledged()

        asyncio.run(use_until_killed(made, seeded, heard, and_database=and_database))
        made.start()

        conninfo = EmbeddedPostgres(tmp_path).conninfo
        deadline = time.monotonic() + 60
        while open_payments(conninfo) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert open_payments(conninfo) == 0
        assert len(heard.vouchers) > 50
        assert len(heard.payments) >= 60
        assert_all_there(made, seeded, heard)
        proof = made.run("ledger", "proof", "--json")
        assert proof.returncode == 0, proof.stdout + proof.stderr
        assert made.stop() == 0
        assert not (tmp_path / "postgres" / "postmaster.pid").exists()


def assert_all_there(made: Installation, seeded: dict[str, Any], heard: Acknowledged) -> None:
    tokens = {person["citizen_id"]: person["token"] for person in seeded["citizens"]}
    with httpx.Client(base_url=made.url, trust_env=False, timeout=30) as client:
        for citizen_id, voucher_id in heard.vouchers.items():
            headers = {"Authorization": f"Bearer {tokens[citizen_id]}", "Idempotency-Key": "claim"}
            again = client.post(f"/v1/rounds/{seeded['rounds'][0]['round_id']}/claims", headers=headers)
            assert (again.status_code, again.json()["voucher_id"]) == (201, voucher_id)
        for payment_id, token in heard.payments.items():
            found = client.get(f"/v1/payments/{payment_id}", headers={"Authorization": f"Bearer {token}"})
            assert found.json()["state"] == "succeeded"


def test_a_second_server_on_the_same_folder_is_told_so(tmp_path: Path) -> None:
    with installation(tmp_path) as made:
        made.start()

        second = made.run("serve", "--port", "1")

        assert second.returncode == 2
        assert "a server already runs" in second.stderr
        assert made.stop() == 0
