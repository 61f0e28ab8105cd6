"""A store's orders over `/v1/orders`: opened, paid by a citizen, closed, refunded, on a real server and banks."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from faults.running import installation

Seeded = dict[str, Any]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Seeded]]:
    with installation(tmp_path_factory.mktemp("orders")) as made:
        made.start()
        seeding = made.run(
            *("sandbox", "seed", "--citizens", "4", "--rounds", "1", "--stock", "5", "--stores", "2", "--json")
        )
        assert seeding.returncode == 0, seeding.stderr
        with httpx.Client(base_url=made.url, trust_env=False, timeout=30) as client:
            yield client, json.loads(seeding.stdout)


def bearer(who: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {who['token']}"}


def opened(client: httpx.Client, store: dict[str, str], order_no: str, fen: int = 3000) -> dict[str, Any]:
    body = {"order_no": order_no, "amount_fen": fen, "subject": "双人套餐", "remark": "桌 7"}
    answer = client.post("/v1/orders", headers=bearer(store), json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_an_order_is_opened_paid_with_a_voucher_and_refunded_in_parts(shop: tuple[httpx.Client, Seeded]) -> None:
    client, city = shop
    citizen, store = city["citizens"][0], city["stores"][0]
    claim = {**bearer(citizen), "Idempotency-Key": "c"}
    client.post(f"/v1/rounds/{city['rounds'][0]['round_id']}/claims", headers=claim)
    order = opened(client, store, "A-1")
    here = f"/v1/orders/{order['order_id']}"

    paid = client.post(f"{here}/payments", headers=bearer(citizen), json={"instrument_id": citizen["instrument_id"]})
    part = client.post(f"{here}/refunds", headers=bearer(store), json={"refund_no": "R-1", "amount_fen": 1000})
    again = client.post(f"{here}/refunds", headers=bearer(store), json={"refund_no": "R-1", "amount_fen": 1000})
    whole = client.post(f"{here}/refunds", headers=bearer(store), json={"refund_no": "R-2"})
    refunds = client.get(f"{here}/refunds", headers=bearer(store)).json()["refunds"]
    payment = client.get(f"/v1/payments/{paid.json()['payment_id']}", headers=bearer(citizen)).json()

    assert (order["state"], order["remark"]) == ("created", "桌 7")
    assert (paid.status_code, paid.json()["state"]) == (201, "succeeded")
    assert payment["citizen_paid_fen"] == 2500
    assert (part.json()["state"], part.json()["refunded_fen"]) == ("partly_refunded", 1000)
    assert again.json() == part.json()
    assert (whole.json()["state"], whole.json()["refunded_fen"]) == ("refunded", 3000)
    assert [row["refund_no"] for row in refunds] == ["R-1", "R-2"]


def test_a_closed_order_cannot_be_paid_and_another_store_sees_nothing_of_it(shop: tuple[httpx.Client, Seeded]) -> None:
    client, city = shop
    citizen, store, other = city["citizens"][1], city["stores"][0], city["stores"][1]
    order = opened(client, store, "A-2")
    here = f"/v1/orders/{order['order_id']}"

    stranger = client.get(here, headers=bearer(other))
    closed = client.post(f"{here}/close", headers=bearer(store))
    late = client.post(f"{here}/payments", headers=bearer(citizen), json={"instrument_id": citizen["instrument_id"]})
    found = client.get("/v1/orders", headers=bearer(store), params={"order_no": "A-2"})

    assert stranger.status_code == 404
    assert closed.json()["state"] == "closed"
    assert (late.status_code, late.json()["code"]) == (409, "order_closed")
    assert found.json() == closed.json()


def test_an_order_number_stands_for_one_order(shop: tuple[httpx.Client, Seeded]) -> None:
    client, city = shop
    store = city["stores"][0]
    first, again = opened(client, store, "A-3"), opened(client, store, "A-3")

    other = client.post(
        "/v1/orders", headers=bearer(store), json={"order_no": "A-3", "amount_fen": 1, "subject": "双人套餐"}
    )
    citizen = client.post(
        "/v1/orders", headers=bearer(city["citizens"][0]), json={"order_no": "x", "amount_fen": 1, "subject": "x"}
    )

    assert again == first
    assert (other.status_code, other.json()["code"]) == (409, "order_no_used")
    assert citizen.json()["code"] == "forbidden"


def test_an_undone_order_never_was(shop: tuple[httpx.Client, Seeded]) -> None:
    client, city = shop
    citizen, store = city["citizens"][2], city["stores"][1]
    order = opened(client, store, "B-1")
    here = f"/v1/orders/{order['order_id']}"
    client.post(f"{here}/payments", headers=bearer(citizen), json={"instrument_id": citizen["instrument_id"]})

    undone = client.post(f"{here}/undo", headers=bearer(store))

    assert (undone.status_code, undone.json()["state"]) == (200, "reversed")
