"""A merchant's own cash-coupon stocks through its v3 client: made, started, sent, used at a shop, told of."""

import base64
import hashlib
import json
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from bank_app import command
from conftest import Town
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from test_bank_app import linked, seeded
from v3_client import Heard, receiver, said, v3_client
from wechatpayv3 import WeChatPay

from yongquan.plumbing.clock import SHANGHAI

MCHID = "1900000077"
NOW = datetime.now(SHANGHAI).replace(microsecond=0)
LASTS = timedelta(days=30)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v3-stocks")


@pytest.fixture(scope="module")
def v3(town: Town, folder: Path) -> WeChatPay:
    stores = ("--store", town.stores[0]["store_id"])
    return v3_client(folder, address=town.address, data_dir=town.data_dir, mchid=MCHID, options=stores)


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    with receiver() as running:
        yield running


def asked(number: str, *, count: int = 10, **changes: Any) -> dict[str, Any]:
    """A stock as a merchant asks for it; `changes` go into coupon_use_rule."""
    use = {"fixed_normal_coupon": {"coupon_amount": 500, "transaction_minimum": 2_500}, "combine_use": False}
    return {
        "stock_name": "满25减5",
        "belong_merchant": MCHID,
        "available_begin_time": (NOW - timedelta(minutes=5)).isoformat(),
        "available_end_time": (NOW + LASTS).isoformat(),
        "stock_use_rule": {"max_coupons": count, "max_amount": 500 * count, "max_coupons_per_user": 2},
        "coupon_use_rule": {**use, **changes},
        "out_request_no": number,
    }


def made(v3: WeChatPay, number: str, **changes: Any) -> str:
    stock_id: str = said(v3.marketing_favor_stock_create(**asked(number, **changes)))["stock_id"]
    return stock_id


def refused_field(v3: WeChatPay, number: str, **changes: Any) -> str:
    document = said(v3.marketing_favor_stock_create(**{**asked(number), **changes}), 400)
    assert document["code"] == "PARAM_ERROR"
    field: str = document["detail"]["field"]
    return field


def status_of(v3: WeChatPay, stock_id: str) -> str:
    found = v3.marketing_favor_stock_detail(stock_creator_mchid=MCHID, stock_id=stock_id)
    status: str = said(found)["status"]
    return status


def steer(v3: WeChatPay, verb: str, stock_id: str) -> tuple[int, str]:
    answer: tuple[int, str] = getattr(v3, f"marketing_favor_stock_{verb}")(MCHID, stock_id)
    return answer


def send(v3: WeChatPay, stock_id: str, openid: str, number: str) -> tuple[int, str]:
    answer: tuple[int, str] = v3.marketing_favor_stock_send(
        stock_id=stock_id, openid=openid, out_request_no=number, stock_creator_mchid=MCHID
    )
    return answer


def test_a_stock_lives_from_draft_to_pause_and_back(v3: WeChatPay) -> None:
    stock_id = made(v3, "life-1", available_merchants=[MCHID], available_items=["tea"])

    states = [status_of(v3, stock_id)]
    early = said(send(v3, stock_id, "oLife", "life-early"), 400)
    started = said(steer(v3, "start", stock_id))
    states.append(status_of(v3, stock_id))
    first = said(send(v3, stock_id, "oLife", "life-send"))
    said(steer(v3, "pause", stock_id))
    states.append(status_of(v3, stock_id))
    halted = said(send(v3, stock_id, "oLife", "life-send-2"), 400)
    said(steer(v3, "restart", stock_id))
    states.append(status_of(v3, stock_id))
    said(send(v3, stock_id, "oLife", "life-send-2"))
    full = said(send(v3, stock_id, "oLife", "life-send-3"), 403)

    assert states == ["unactivated", "running", "paused", "running"]
    assert (early["code"], halted["code"], full["code"]) == ("INVALID_REQUEST", "INVALID_REQUEST", "RULE_LIMIT")
    assert started == said(steer(v3, "start", stock_id))
    held = said(v3.marketing_favor_user_coupon(openid="oLife", stock_id=stock_id, status="SENDED"))
    assert held["total_count"] == 2
    assert first["coupon_id"] in {c["coupon_id"] for c in held["data"]}
    assert said(v3.marketing_favor_stock_merchant(MCHID, stock_id))["data"] == [MCHID]
    assert said(v3.marketing_favor_stock_item(MCHID, stock_id))["data"] == ["tea"]
    listed = said(v3.marketing_favor_stock_list(MCHID, status="running"))["data"]
    assert (listed[0]["stock_id"], listed[0]["distributed_coupons"]) == (stock_id, 2)


def test_numbers_are_idempotent_and_never_serve_another_request(v3: WeChatPay) -> None:
    body = asked("again-1")
    first = v3.marketing_favor_stock_create(**body)
    stock_id = said(first)["stock_id"]
    said(steer(v3, "start", stock_id))
    sent = send(v3, stock_id, "oAgain", "again-send")

    assert v3.marketing_favor_stock_create(**body) == first
    assert said(v3.marketing_favor_stock_create(**(body | {"stock_name": "另一批"})), 400)["code"] == "INVALID_REQUEST"
    assert send(v3, stock_id, "oAgain", "again-send") == sent
    assert said(send(v3, stock_id, "oOther", "again-send"), 400)["code"] == "INVALID_REQUEST"
    assert said(v3.marketing_favor_user_coupon(openid="oAgain", stock_id=stock_id))["total_count"] == 1


def test_what_cannot_be_honoured_is_refused_by_name(v3: WeChatPay) -> None:
    rule, use = asked("no")["stock_use_rule"], asked("no")["coupon_use_rule"]
    day = {"coupon_available_time": {"available_time_after_receive": 1440}}
    late = (NOW + timedelta(days=91)).isoformat()

    assert refused_field(v3, "no-1", stock_use_rule=rule | {"max_amount": 1}) == "/stock_use_rule/max_amount"
    assert refused_field(v3, "no-2", available_end_time=late) == "/available_end_time"
    assert refused_field(v3, "no-3", coupon_use_rule=use | {"goods_tag": ["a"]}) == "/coupon_use_rule/goods_tag"
    assert refused_field(v3, "no-4", coupon_use_rule=use | {"limit_card": {"bin": ["62"]}}).endswith("limit_card")
    assert refused_field(v3, "no-5", coupon_use_rule=use | day).endswith("available_time_after_receive")
    assert refused_field(v3, "no-6", coupon_use_rule=use | {"wishes": 1}) == "/coupon_use_rule/wishes"
    assert refused_field(v3, "no-7", belong_merchant="1") == "/belong_merchant"
    assert refused_field(v3, "no-8", no_cash=True) == "/no_cash"
    assert refused_field(v3, "no-9", coupon_use_rule=use | {"available_merchants": ["5"]}).endswith("merchants")


def test_a_stock_beyond_the_merchants_account_does_not_start(v3: WeChatPay) -> None:
    stock_id = made(v3, "rich-1", count=200_000)

    refused = said(steer(v3, "start", stock_id), 403)

    assert refused["code"] == "STOCK_AMOUNT_NOT_ENOUGH"
    assert status_of(v3, stock_id) == "unactivated"


def test_a_used_coupon_is_told_encrypted_signed_and_again_until_it_is_taken(
    town: Town, v3: WeChatPay, heard: Heard, folder: Path
) -> None:
    citizens, _ = seeded(town, citizens=1, stock=1)
    (open_id,) = linked(town.data_dir, [citizens[0]["citizen_id"]], institution=f"mch-{MCHID}")
    heard.statuses[:] = [500, 204]
    told = said(v3.marketing_favor_callback_update(notify_url=heard.url))
    stock_id = made(v3, "told-1", available_merchants=[MCHID])
    said(steer(v3, "start", stock_id))
    coupon_id = said(send(v3, stock_id, open_id.replace("-", ""), "told-send"))["coupon_id"]

    paid = pay(town, citizens[0], town.stores[0]["store_id"])
    elsewhere = pay(town, citizens[0], town.stores[1]["store_id"])
    calls = heard.wait(2, timeout_s=40)

    assert told["notify_url"] == heard.url
    assert (paid["state"], paid["vouchers"][0]["voucher_id"].replace("-", "")) == ("succeeded", coupon_id)
    assert elsewhere["vouchers"] == []
    heard_twice = [v3.callback(headers, body) for headers, body in calls]
    assert heard_twice[0] == heard_twice[1]
    assert heard_twice[0]["event_type"] == "COUPON.USE"
    resource = heard_twice[0]["resource"]
    assert (resource["coupon_id"], resource["stock_id"], resource["status"]) == (coupon_id, stock_id, "USED")
    assert resource["consume_information"]["transaction_id"] == paid["payment_id"].replace("-", "")
    found = said(v3.marketing_favor_coupon_detail(coupon_id=coupon_id, openid=open_id.replace("-", "")))
    assert found["status"] == "USED"
    flow = said(v3.marketing_favor_use_flow(stock_id))
    status, lines = v3._core.request(flow["url"].removeprefix(town.address), skip_verify=True)
    assert (status, hashlib.sha1(lines).hexdigest()) == (200, flow["hash_value"])
    assert [row.split(",")[1:5] for row in lines.decode().splitlines()[1:]] == [[coupon_id, "NORMAL", "5.00", "30.00"]]
    assert "holds" in command(town.data_dir, "ledger", "proof")


def pay(town: Town, citizen: dict[str, str], store_id: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {citizen['token']}", "Idempotency-Key": f"pay-{store_id}"}
    body = {
        "store_id": store_id,
        "amount_fen": 3_000,
        "instrument_id": citizen["instrument_id"],
        "vouchers": "best",
    }
    answer = httpx.post(f"{town.address}/v1/payments", headers=headers, json=body, trust_env=False, timeout=60)
    document: dict[str, Any] = answer.json()
    return document


def test_a_client_without_our_key_fetches_the_certificate(town: Town, v3: WeChatPay, folder: Path) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
    from wechatpayv3 import core

    class Pointed(core.Core):
        """The client's core before its first request: the host is ours."""

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, town.address if name == "_gate_way" else value)

    private = v3._core._private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()

    fetched = Pointed(MCHID, "ABC123", private, v3._core._apiv3_key)

    sign = x509.load_pem_x509_certificate((folder / "sign.cer").read_bytes())
    assert [c.serial_number for c in fetched._certificates] == [sign.serial_number]


def test_the_certificates_are_a_chain_for_signing(folder: Path) -> None:
    root, middle, sign, encrypt = [
        x509.load_pem_x509_certificate((folder / f"{name}.cer").read_bytes())
        for name in ("root", "middle", "sign", "encrypt")
    ]

    middle.verify_directly_issued_by(root)
    sign.verify_directly_issued_by(middle)
    encrypt.verify_directly_issued_by(middle)
    name = sign.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)[0].value
    assert str(name).split("@")[2] == "00040000:SIGN"
    assert all(c.serial_number < 2**53 for c in (root, middle, sign, encrypt))


def test_a_repeated_nonce_and_an_old_timestamp_are_refused(town: Town, v3: WeChatPay) -> None:
    path, nonce = "/v3/marketing/favor/callbacks", os.urandom(8).hex()
    now = int(datetime.now(SHANGHAI).timestamp())

    def call(timestamp: int, nonce: str) -> httpx.Response:
        message = f"GET\n{path}\n{timestamp}\n{nonce}\n\n".encode()
        signature = base64.b64encode(v3._core._private_key.sign(message, PKCS1v15(), SHA256())).decode()
        parts = {"mchid": MCHID, "nonce_str": nonce, "signature": signature, "timestamp": timestamp}
        said = ",".join(f'{k}="{v}"' for k, v in (parts | {"serial_no": "ABC123"}).items())
        headers = {"Authorization": f"WECHATPAY2-SHA256-RSA2048 {said}"}
        return httpx.get(f"{town.address}{path}", headers=headers, trust_env=False)

    first, again, old = call(now, nonce), call(now, nonce), call(now - 400, nonce + "x")

    assert first.status_code == 200
    assert first.headers["Wechatpay-Signature-Type"] == "WECHATPAY2-SHA256-RSA2048"
    assert [(a.status_code, json.loads(a.text)["code"]) for a in (again, old)] == [(401, "SIGN_ERROR")] * 2
