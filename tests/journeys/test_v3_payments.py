"""A merchant's own v3 client takes payments here: only its host and keys changed."""

import gzip
import hashlib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from bank_app import command
from conftest import Town
from people import bind_card, claim, sign_in, switch_language
from playwright.sync_api import BrowserContext, Page, expect
from v3_client import Heard, receiver, said, v3_client
from wechatpayv3 import WeChatPay, WeChatPayType
from wechatpayv3.type import RequestType

from yongquan.plumbing.clock import SHANGHAI

MCHID = "1900000088"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("v3-payments")


@pytest.fixture(scope="module")
def v3(town: Town, folder: Path) -> WeChatPay:
    return v3_client(folder, address=town.address, data_dir=town.data_dir, mchid=MCHID)


@pytest.fixture(scope="module")
def heard() -> Iterator[Heard]:
    with receiver() as running:
        yield running


def order(v3: WeChatPay, number: str, url: str, **changes: Any) -> tuple[int, str]:
    """Ask for 88.00 yuan to be scanned."""
    wanted = {
        "description": "桂花糕两盒",
        "out_trade_no": number,
        "amount": {"total": 8_800, "currency": "CNY"},
        "attach": "海曙一店",
        "notify_url": url,
        "pay_type": WeChatPayType.NATIVE,
    }
    answer: tuple[int, str] = v3.pay(**{**wanted, **changes})
    return answer


def pay_as(v3: WeChatPay, number: str, openid: str | None = None) -> tuple[int, str]:
    path = f"/v3/sandbox/pay/transactions/out-trade-no/{number}/pay"
    answer: tuple[int, str] = v3._core.request(path, method=RequestType.POST, data={"openid": openid})
    return answer


def state_of(v3: WeChatPay, number: str) -> str:
    state: str = said(v3.query(out_trade_no=number))["trade_state"]
    return state


def told_of(v3: WeChatPay, heard: Heard, number: str, kind: str) -> dict[str, Any]:
    """What the merchant's server was told of an order, once it was."""
    for count in range(1, 40):
        for headers, body in heard.wait(count, timeout_s=30):
            document: dict[str, Any] = v3.callback(headers, body)
            if document["event_type"] == kind and document["resource"]["out_trade_no"] == number:
                return document
    raise AssertionError(f"{kind} of {number} was not told")


def test_native_order_is_opened_once_and_asked_about(town: Town, v3: WeChatPay, heard: Heard) -> None:
    opened = said(order(v3, "native-01", heard.url))
    again = said(order(v3, "native-01", heard.url))
    other = said(order(v3, "native-01", heard.url, description="别的东西"), 403)
    missing = said(v3.query(out_trade_no="native-99"), 404)

    assert opened == again
    assert opened["code_url"].startswith(f"{town.address}/c/orders/")
    assert other["code"] == "OUT_TRADE_NO_USED"
    assert missing["code"] == "ORDER_NOT_EXIST"
    found = said(v3.query(out_trade_no="native-01"))
    assert (found["trade_state"], found["amount"]) == ("NOTPAY", {"total": 8_800, "currency": "CNY"})


def test_paid_order_is_told_and_given_back_in_parts(v3: WeChatPay, heard: Heard) -> None:
    said(order(v3, "native-02", heard.url))

    paid = said(pay_as(v3, "native-02", "openid-ana"))
    told = told_of(v3, heard, "native-02", "TRANSACTION.SUCCESS")
    by_id = said(v3.query(transaction_id=paid["transaction_id"]))
    part = {"refund": 3_000, "total": 8_800, "currency": "CNY"}
    back = said(v3.refund("native-02-r1", part, out_trade_no="native-02", reason="退一盒", notify_url=heard.url))
    again = said(v3.refund("native-02-r1", part, out_trade_no="native-02", reason="退一盒", notify_url=heard.url))
    changed = said(v3.refund("native-02-r1", part | {"refund": 1}, out_trade_no="native-02"), 400)
    too_much = said(v3.refund("native-02-r2", part | {"refund": 5_801}, out_trade_no="native-02"), 403)
    rest = said(v3.refund("native-02-r2", part | {"refund": 5_800}, transaction_id=paid["transaction_id"]))
    told_back = told_of(v3, heard, "native-02", "REFUND.SUCCESS")

    assert (paid["trade_state"], paid["payer"], paid["attach"]) == ("SUCCESS", {"openid": "openid-ana"}, "海曙一店")
    assert paid["amount"] == {"total": 8_800, "payer_total": 8_800, "currency": "CNY", "payer_currency": "CNY"}
    assert paid == by_id == told["resource"]
    assert told["summary"] == "支付成功"
    assert back == again
    assert (back["status"], back["amount"]["payer_refund"]) == ("SUCCESS", 3_000)
    assert (changed["code"], too_much["code"]) == ("INVALID_REQUEST", "NOT_ENOUGH")
    assert rest["status"] == "SUCCESS"
    assert said(v3.query_refund("native-02-r1")) == back
    assert told_back["resource"]["out_refund_no"] == "native-02-r1"
    assert told_back["resource"]["refund_status"] == "SUCCESS"
    assert state_of(v3, "native-02") == "REFUND"


def test_citizen_scans_the_code_and_pays_with_the_best_voucher(
    town: Town, v3: WeChatPay, heard: Heard, phones: Callable[[], BrowserContext], check_page: Callable[[Page], None]
) -> None:
    page = phones().new_page()
    code_url = said(order(v3, "scanned-01", heard.url))["code_url"]
    page.goto(code_url)
    page.wait_for_url("**/c/sign-in?back=**")
    sign_in(page, back=code_url.removeprefix(town.address))
    expect(page.locator("main")).to_contain_text("付款前请先绑定一张银行卡")
    bind_card(page)
    claim(page, town.rounds[1])

    page.goto(code_url)
    expect(page.locator(".to-pay")).to_contain_text("¥83.00")
    check_page(page)
    switch_language(page)
    expect(page.locator("button.weui-btn_primary")).to_have_text("Pay 83.00 yuan")
    check_page(page)
    page.locator("button.weui-btn_primary").click()
    expect(page.locator(".receipt-state")).to_have_text("The order is paid")
    check_page(page)

    paid = said(v3.query(out_trade_no="scanned-01"))
    (used,) = paid["promotion_detail"]
    assert (paid["trade_state"], paid["amount"]["payer_total"], paid["bank_type"]) == ("SUCCESS", 8_300, "YUEHU")
    assert (used["amount"], used["merchant_contribute"], used["other_contribute"]) == (500, 0, 500)
    assert len(paid["payer"]["openid"]) == 32
    assert told_of(v3, heard, "scanned-01", "TRANSACTION.SUCCESS")["resource"] == paid
    back = said(
        v3.refund("scanned-01-r", {"refund": 8_800, "total": 8_800, "currency": "CNY"}, out_trade_no="scanned-01")
    )
    assert (back["amount"]["payer_refund"], back["amount"]["discount_refund"]) == (8_300, 500)


def test_closed_order_cannot_be_paid_and_paid_order_cannot_be_closed(v3: WeChatPay, heard: Heard) -> None:
    said(order(v3, "native-03", heard.url))
    said(order(v3, "native-04", heard.url))

    closed = v3.close("native-03")
    refused = said(pay_as(v3, "native-03", "openid-ana"), 400)
    said(pay_as(v3, "native-04", "openid-ana"))
    kept = said(v3.close("native-04"), 400)

    assert closed[0] == 204
    assert (refused["code"], kept["code"]) == ("ORDER_CLOSED", "ORDERPAID")
    assert state_of(v3, "native-03") == "CLOSED"


def test_jsapi_order_is_for_its_openid(v3: WeChatPay, heard: Heard) -> None:
    ask = {"pay_type": WeChatPayType.JSAPI, "payer": {"openid": "openid-ben"}}
    prepay_id = said(order(v3, "jsapi-01", heard.url, **ask))["prepay_id"]

    stranger = said(pay_as(v3, "jsapi-01", "openid-ana"), 400)
    paid = said(pay_as(v3, "jsapi-01"))

    assert prepay_id.startswith("wx")
    assert stranger["code"] == "PARAM_ERROR"
    assert (paid["trade_type"], paid["trade_state"], paid["payer"]["openid"]) == ("JSAPI", "SUCCESS", "openid-ben")


def test_bills_of_a_cleared_day_add_up(town: Town, v3: WeChatPay, heard: Heard) -> None:
    today = datetime.now(SHANGHAI).date().isoformat()
    said(order(v3, "billed-01", heard.url))
    paid = said(pay_as(v3, "billed-01", "openid-ana"))
    said(v3.refund("billed-01-r", {"refund": 800, "total": 8_800, "currency": "CNY"}, out_trade_no="billed-01"))
    early = said(v3.trade_bill(today), 400)

    command(town.data_dir, "sandbox", "close-day", today)
    offered = said(v3.trade_bill(today))
    status, packed = v3.download_bill(offered["download_url"])
    bill = gzip.decompress(packed)
    titles, *rows, sum_titles, sums = bill.decode().splitlines()
    flow_offer = said(v3.fundflow_bill(today, tar_type="GZIP"))
    flow = gzip.decompress(v3.download_bill(flow_offer["download_url"])[1])

    assert early["code"] == "STATEMENT_CREATING"
    assert (status, hashlib.sha1(bill).hexdigest()) == (200, offered["hash_value"])
    assert hashlib.sha1(flow).hexdigest() == flow_offer["hash_value"]
    mine = [values(titles, row) for row in rows if "`billed-01," in row]
    assert [(m["交易状态"], m["微信订单号"], m["订单金额"], m["申请退款金额"]) for m in mine] == [
        ("SUCCESS", paid["transaction_id"], "88.00", "0.00"),
        ("REFUND", paid["transaction_id"], "0.00", "8.00"),
    ]
    assert {m["用户标识"] for m in mine} == {"openid-ana"}
    summed = values(sum_titles, sums)
    assert summed["总交易单数"] == str(len(rows))
    assert summed["订单总金额"] == str(sum(Decimal(values(titles, row)["订单金额"]) for row in rows))
    flow_titles, *moves, _, _ = flow.decode().splitlines()
    balance = Decimal(0)
    for move in (values(flow_titles, one) for one in moves):
        balance += Decimal(move["收支金额(元)"]) * (1 if move["收支类型"] == "收入" else -1)
        assert str(balance) == move["账户结余(元)"]
    assert said(v3.trade_bill("2020-01-01"), 400)["code"] == "NO_STATEMENT_EXIST"
    assert "holds" in command(town.data_dir, "ledger", "proof")


def test_takings_that_were_paid_out_are_sent_on_to_an_openid(v3: WeChatPay, heard: Heard) -> None:
    bill = {
        "transfer_scene_id": "1001",
        "openid": "openid-cai",
        "transfer_amount": 1_000,
        "transfer_remark": "活动奖励",
    }

    sent = said(v3.mch_transfer_bills("bill01", user_name="测试用户", notify_url=heard.url, **bill))
    again = said(v3.mch_transfer_bills("bill01", user_name="测试用户", notify_url=heard.url, **bill))
    other = said(v3.mch_transfer_bills("bill01", user_name="测试用户", **{**bill, "transfer_amount": 1}), 400)
    stranger = said(v3.mch_transfer_bills("bill02", user_name="另一个人", **bill), 400)
    dear = said(v3.mch_transfer_bills("bill03", **{**bill, "transfer_amount": 199_900}))
    found = said(v3.mch_transfer_bills_query(out_bill_no="bill01"))
    missing = said(v3.mch_transfer_bills_query(out_bill_no="bill99"), 404)
    kept = said(v3.mch_transfer_bills_cancel("bill01"), 400)

    assert (sent["state"], sent) == ("SUCCESS", again)
    assert (other["code"], stranger["code"], missing["code"]) == ("INVALID_REQUEST", "PARAM_ERROR", "NOT_FOUND")
    assert (dear["state"], dear["fail_reason"]) == ("FAIL", "PAYER_BALANCE_NOT_ENOUGH")
    assert found == said(v3.mch_transfer_bills_query(transfer_bill_no=sent["transfer_bill_no"]))
    assert (found["transfer_amount"], found["openid"], found["state"]) == (1_000, "openid-cai", "SUCCESS")
    assert kept["code"] == "INVALID_REQUEST"
    for count in range(1, 60):
        *_, (headers, body) = heard.wait(count, timeout_s=30)
        told = v3.callback(headers, body)
        if told["event_type"] == "MCHTRANSFER.BILL.FINISHED":
            break
    assert told["resource"] == found


def values(titles: str, row: str) -> dict[str, str]:
    """A bill's line by its titles; every value stands behind a backtick."""
    parts = row.split(",")
    assert all(part.startswith("`") for part in parts)
    return dict(zip(titles.split(","), (part[1:] for part in parts), strict=True))


def test_what_cannot_be_honoured_is_refused_by_name(v3: WeChatPay, heard: Heard) -> None:
    before = (datetime.now(SHANGHAI) - timedelta(minutes=1)).isoformat(timespec="seconds")

    over = said(order(v3, "native-05", heard.url, time_expire=before), 400)
    shared = said(order(v3, "native-05", heard.url, settle_info={"profit_sharing": True}), 400)
    goods = {"goods_detail": [{"merchant_goods_id": "cake", "quantity": 2, "unit_price": 100}]}
    odd = said(order(v3, "native-05", heard.url, detail=goods), 400)

    assert over["detail"]["field"] == "/time_expire"
    assert shared["detail"]["field"] == "/settle_info/profit_sharing"
    assert odd["detail"]["field"] == "/detail/goods_detail"


def test_car_park_takes_the_fee_of_a_plate_once(v3: WeChatPay, heard: Heard) -> None:
    car = {"plate_number": "浙B12345", "plate_color": "BLUE"}
    came, left = "2026-03-01T09:00:00+08:00", "2026-03-01T11:00:00+08:00"
    stay = {**car, "start_time": came, "end_time": left, "parking_name": "月湖停车场", "charging_duration": 7_200}

    def enter(number: str, **changes: Any) -> tuple[int, str]:
        facts = {**car, "start_time": came, "parking_name": "月湖停车场", "free_duration": 900, "notify_url": heard.url}
        answer: tuple[int, str] = v3.parking_enter(out_parking_no=number, **{**facts, **changes})
        return answer

    def leave(number: str, parking_id: str, **changes: Any) -> tuple[int, str]:
        facts = {**stay, "description": "停车费", "total": 1_200, "device_id": "gate-2", "notify_url": heard.url}
        answer: tuple[int, str] = v3.parking_order(out_trade_no=number, parking_id=parking_id, **{**facts, **changes})
        return answer

    found = said(v3.parking_service_find(**car, openid="openid-driver"))
    other = said(v3.parking_service_find("浙B54321", "GREEN", "openid-driver"))
    entry = said(enter("in-01"))
    stranger = said(enter("in-02", plate_number="浙B54321"))
    paid = said(leave("parking-01", entry["id"]))

    assert (found["service_state"], found["openid"]) == ("NORMAL", "openid-driver")
    assert other["service_state"] == "OUT_SERVICE"
    assert (entry["state"], entry["out_parking_no"]) == ("NORMAL", "in-01")
    assert (stranger["state"], stranger["block_reason"]) == ("BLOCKED", "REMOVE")
    assert (paid["trade_state"], paid["amount"]["payer_total"], paid["payer"]["openid"]) == (
        "SUCCESS",
        1_200,
        "openid-driver",
    )
    assert said(enter("in-01")) == entry
    assert said(enter("in-01", free_duration=60), 400)["code"] == "INVALID_REQUEST"
    assert said(leave("parking-01", entry["id"])) == paid == said(v3.parking_order_query("parking-01"))
    assert said(leave("parking-02", stranger["id"]), 404)["code"] == "RESOURCE_NOT_EXISTS"
    assert said(leave("parking-02", stranger["id"], plate_number="浙B54321"), 403)["code"] == "NO_AUTH"
    assert told_of(v3, heard, "parking-01", "TRANSACTION.SUCCESS")["resource"] == paid
    part = {"refund": 1_200, "total": 1_200, "currency": "CNY"}
    assert said(v3.refund("parking-01-r", part, out_trade_no="parking-01"))["status"] == "SUCCESS"
    assert said(v3.parking_order_query("parking-01"))["trade_state"] == "REFUND"
