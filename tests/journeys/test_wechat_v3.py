"""A merchant's existing v3 client sends cash coupons here: only its host and keys changed."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from bank_app import BankApp, bank_app
from conftest import Town
from test_bank_app import linked, seeded
from v3_client import v3_client
from wechatpayv3 import WeChatPay


@pytest.fixture(scope="module")
def bank(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankApp]:
    folder = tmp_path_factory.mktemp("v3-bank")
    with bank_app(folder, platform=town.address, data_dir=town.data_dir, key_id="yuehu-v3") as running:
        yield running


@pytest.fixture
def v3(town: Town, bank: BankApp, tmp_path: Path) -> WeChatPay:
    assert bank.data_dir == town.data_dir
    bound = ("--institution", "yuehu")
    return v3_client(tmp_path, address=town.address, data_dir=town.data_dir, mchid="1900000001", options=bound)


def test_client_lists_stocks_sends_a_coupon_once_and_finds_it(town: Town, v3: WeChatPay) -> None:
    citizens, _ = seeded(town, citizens=2, stock=1)
    mine, other = (open_id.replace("-", "") for open_id in linked(town.data_dir, [c["citizen_id"] for c in citizens]))

    stocks = []
    for page in range(5):
        _, listed = v3.marketing_favor_stock_list(stock_creator_mchid="1900000001", offset=page, limit=10)
        stocks += json.loads(listed)["data"]
    wanted = next(s for s in stocks if (s["stock_use_rule"]["max_coupons"], s["distributed_coupons"]) == (1, 0))
    sending = {"stock_id": wanted["stock_id"], "stock_creator_mchid": "1900000001"}
    status, sent = v3.marketing_favor_stock_send(openid=mine, out_request_no="r-1", **sending)
    _, again = v3.marketing_favor_stock_send(openid=mine, out_request_no="r-1", **sending)
    gone_status, gone = v3.marketing_favor_stock_send(openid=other, out_request_no="r-2", **sending)
    coupon_id = json.loads(sent)["coupon_id"]
    _, found = v3.marketing_favor_coupon_detail(coupon_id=coupon_id, openid=mine)
    _, of_user = v3.marketing_favor_user_coupon(openid=mine)
    _, detail = v3.marketing_favor_stock_detail(stock_creator_mchid="1900000001", stock_id=wanted["stock_id"])

    assert (status, sent) == (200, again)
    assert (gone_status, json.loads(gone)["code"]) == (403, "STOCK_AMOUNT_NOT_ENOUGH")
    assert json.loads(found)["status"] == "SENDED"
    assert json.loads(found)["normal_coupon_information"] == {"coupon_amount": 500, "transaction_minimum": 2500}
    assert [c["coupon_id"] for c in json.loads(of_user)["data"]] == [coupon_id]
    assert json.loads(detail)["distributed_coupons"] == 1


def test_wrong_serial_and_unknown_user_are_refused(town: Town, v3: WeChatPay) -> None:
    nobody = "00000000000080008000000000000000"
    status, unknown = v3.marketing_favor_user_coupon(openid=nobody)
    v3._core._cert_serial_no = "FFFF"

    bad, refused = v3.marketing_favor_stock_list(stock_creator_mchid="1900000001")

    assert (status, json.loads(unknown)["code"]) == (400, "PARAM_ERROR")
    assert (bad, json.loads(refused)["code"]) == (401, "SIGN_ERROR")
