"""The API as a bank's app and a till use it, on a real server with sandbox banks."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from faults.running import Installation, installation

Seeded = dict[str, Any]


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Seeded, Installation]]:
    with installation(tmp_path_factory.mktemp("api")) as made:
        made.start()
        seeding = made.run(
            *("sandbox", "seed", "--citizens", "12", "--rounds", "3", "--stock", "5", "--stores", "2", "--json")
        )
        assert seeding.returncode == 0, seeding.stderr
        with httpx.Client(base_url=made.url, trust_env=False, timeout=30) as client:
            yield client, json.loads(seeding.stdout), made


def headers(who: dict[str, str], key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {who['token']}", "Idempotency-Key": key}


def test_claim_answers_what_the_contract_says(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    client, city, _ = api
    citizen, round_id = city["citizens"][0], city["rounds"][0]["round_id"]

    first = client.post(f"/v1/rounds/{round_id}/claims", headers=headers(citizen, "a"))
    again = client.post(f"/v1/rounds/{round_id}/claims", headers=headers(citizen, "a"), content=b"{}")
    other = client.post(f"/v1/rounds/{round_id}/claims", headers=headers(citizen, "a"), json={"type_id": None})
    second = client.post(f"/v1/rounds/{round_id}/claims", headers=headers(citizen, "b"))

    assert first.status_code == again.status_code == 201
    assert first.json() == again.json()
    assert set(first.json()) == {
        *("voucher_id", "round_id", "type_id", "amount_fen", "threshold_fen", "valid_from", "valid_until", "claim_no"),
    }
    assert other.json()["code"] == "conflicting_request"
    assert (second.status_code, second.json()["code"]) == (409, "cap_reached")
    assert second.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"Authorization": ""}, 401, "unauthorized"),
        ({"Authorization": "Bearer nonsense"}, 401, "unauthorized"),
        ({"Idempotency-Key": ""}, 400, "idempotency_key_missing"),
    ],
)
def test_claims_without_token_or_key_are_refused(
    api: tuple[httpx.Client, Seeded, Installation], change: dict[str, str], status: int, code: str
) -> None:
    client, city, _ = api
    round_id = city["rounds"][0]["round_id"]

    answer = client.post(f"/v1/rounds/{round_id}/claims", headers=headers(city["citizens"][1], "x") | change)

    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_unknown_rounds_stores_and_bodies_are_told_apart(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    client, city, _ = api
    citizen, store = city["citizens"][2], city["stores"][0]
    body = {"store_id": store["store_id"], "amount_fen": 100, "instrument_id": citizen["instrument_id"]}
    nobody = "00000000-0000-8000-8000-000000000000"

    def pay(key: str, change: dict[str, object]) -> str:
        return str(client.post("/v1/payments", headers=headers(citizen, key), json=body | change).json()["code"])

    assert client.post(f"/v1/rounds/{nobody}/claims", headers=headers(citizen, "n")).status_code == 404
    assert client.post("/v1/payments", headers=headers(citizen, "q"), content=b"{").json()["code"] == "bad_request"
    assert pay("r", {"store_id": nobody}) == "not_found"
    assert pay("s", {"amount_fen": 0}) == "bad_request"
    assert pay("t", {"instrument_id": nobody}) == "instrument_unknown"
    assert pay("u", {"vouchers": [nobody]}) == "voucher_unavailable"
    assert pay("v", {"lines": [{"sku": "a", "unit_fen": 50, "qty": 1}]}) == "lines_differ"


def test_app_and_till_payments_use_vouchers_once(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    client, city, _ = api
    citizen, store = city["citizens"][3], city["stores"][0]
    client.post(f"/v1/rounds/{city['rounds'][1]['round_id']}/claims", headers=headers(citizen, "c"))
    body = {"store_id": store["store_id"], "amount_fen": 3000, "instrument_id": citizen["instrument_id"]}

    paid = client.post("/v1/payments", headers=headers(citizen, "p"), json=body | {"vouchers": "best"})
    code = client.post("/v1/pay-codes", headers=headers(citizen, "z"), json={"instrument_id": citizen["instrument_id"]})
    till = {"pay_code": code.json()["pay_code"], "order_no": "o-1", "amount_fen": 3000}
    by_till = client.post("/v1/payments", headers=headers(store, "t"), json=till)
    repeated = client.post("/v1/payments", headers=headers(store, "t"), json=till)
    same_order = client.post("/v1/payments", headers=headers(store, "t2"), json=till | {"amount_fen": 2000})
    wallet = client.get("/v1/wallet/vouchers", headers=headers(citizen, "-")).json()["vouchers"]

    assert (paid.status_code, paid.json()["citizen_paid_fen"], paid.json()["funders"]) == (201, 2500, {"seed": 500})
    assert (by_till.status_code, by_till.json()["citizen_paid_fen"]) == (201, 3000)
    assert repeated.json()["payment_id"] == by_till.json()["payment_id"]
    assert same_order.json()["code"] == "conflicting_request"
    assert [v["state"] for v in wallet] == ["redeemed"]
    for who in (citizen, store):
        found = client.get(f"/v1/payments/{by_till.json()['payment_id']}", headers=headers(who, "-"))
        assert found.json()["state"] == "succeeded"
    stranger = client.get(f"/v1/payments/{paid.json()['payment_id']}", headers=headers(city["citizens"][4], "-"))
    assert stranger.status_code == 404


def test_the_openapi_file_describes_the_hot_endpoints(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    client, _, _ = api

    document = client.get("/openapi.json").json()

    assert {"/v1/rounds/{round_id}/claims", "/v1/payments", "/v1/wallet/vouchers"} <= set(document["paths"])
    assert "sold_out" in document["paths"]["/v1/rounds/{round_id}/claims"]["post"]["responses"]["409"]["description"]
    assert client.get("/docs").status_code == 200
    assert "claims" in client.get("/metrics").text


def test_another_number_of_cells_exits_two(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    _, _, made = api

    refused = Installation(made.folder, made.port)
    refused.cells = "2"
    done = refused.run("ledger", "proof")

    assert done.returncode == 2
    assert "YONGQUAN_CELLS is 2" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_price_names_file_line_and_field(tmp_path: Path) -> None:
    made = Installation(tmp_path, 0)
    bad = tmp_path / "cases.jsonl"
    bad.write_text('{"id":"a","cart":{"lines":[{"sku":"x","unit_fen":-1,"qty":1}]},"offers":[]}\n')

    done = made.run("price", str(bad))

    assert done.returncode == 2
    assert "cases.jsonl" in done.stderr
    assert "1" in done.stderr
    assert "unit_fen" in done.stderr


def test_two_citizens_may_use_the_same_key_at_one_store(api: tuple[httpx.Client, Seeded, Installation]) -> None:
    client, city, _ = api
    store = city["stores"][1]

    paid = []
    for citizen in city["citizens"][5:7]:
        body = {"store_id": store["store_id"], "amount_fen": 700, "instrument_id": citizen["instrument_id"]}
        paid.append(client.post("/v1/payments", headers=headers(citizen, "same"), json=body))

    assert [answer.status_code for answer in paid] == [201, 201]
    assert len({answer.json()["payment_id"] for answer in paid}) == 2
