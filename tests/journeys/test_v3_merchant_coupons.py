"""A merchant's own coupons (商家券) and the government card through its v3 client."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from conftest import Town
from people import sign_in, switch_language
from playwright.sync_api import BrowserContext, Page, expect
from v3_client import receiver, said, v3_client
from way_rounds import beside, open_way_rounds
from wechatpayv3 import WeChatPay
from wechatpayv3.type import RequestType

from yongquan.plumbing.clock import SHANGHAI

MCHID = "1900000088"
NOW = datetime.now(SHANGHAI).replace(microsecond=0)


@pytest.fixture(scope="module")
def v3(town: Town, tmp_path_factory: pytest.TempPathFactory) -> WeChatPay:
    folder = tmp_path_factory.mktemp("v3-busifavor")
    return v3_client(folder, address=town.address, data_dir=town.data_dir, mchid=MCHID)


KINDS: dict[str, dict[str, Any]] = {
    "NORMAL": {"fixed_normal_coupon": {"discount_amount": 500, "transaction_minimum": 2_500}},
    "DISCOUNT": {"discount_coupon": {"discount_percent": 88, "transaction_minimum": 100}},
    "EXCHANGE": {"exchange_coupon": {"exchange_price": 100, "transaction_minimum": 100}},
}


def asked(number: str, *, kind: str = "NORMAL", mode: str = "WECHATPAY_MODE", **send: Any) -> dict[str, Any]:
    window = {
        "available_begin_time": (NOW - timedelta(hours=1)).isoformat(),
        "available_end_time": (NOW + timedelta(days=60)).isoformat(),
        "available_day_after_receive": 3,
    }
    return {
        "stock_name": "八月活动券",
        "belong_merchant": MCHID,
        "goods_name": "全场饮品",
        "stock_type": kind,
        "coupon_use_rule": {"coupon_available_time": window, "use_method": "OFF_LINE", **KINDS[kind]},
        "stock_send_rule": {"max_coupons": 100, "max_coupons_per_user": 5, **send},
        "out_request_no": number,
        "coupon_code_mode": mode,
    }


def made(v3: WeChatPay, number: str, **options: Any) -> str:
    stock_id: str = said(v3.marketing_busifavor_stock_create(**asked(number, **options)))["stock_id"]
    return stock_id


def send(v3: WeChatPay, id_: str, number: str, *, openid: str = "oTea", at: datetime = NOW, **more: Any) -> Any:
    body = {"appid": "wx1", "openid": openid, "out_request_no": number, "send_time": at.isoformat(), **more}
    path = f"/v3/marketing/busifavor/coupons/{id_}/send"
    return v3._core.request(path, method=RequestType.POST, data=body)


def states(v3: WeChatPay, stock_id: str, *, openid: str = "oTea") -> list[str]:
    found = said(v3.marketing_busifavor_user_coupon(openid=openid, stock_id=stock_id))
    return [c["coupon_state"] for c in found["data"]]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_coupon_is_sent_used_returned_and_ended_each_once_under_its_number(v3: WeChatPay, kind: str) -> None:
    stock_id = made(v3, f"life-{kind}", kind=kind)
    sent = send(v3, stock_id, f"send-{kind}")
    code = said(sent)["coupon_code"]
    use = {"coupon_code": code, "use_time": NOW.isoformat(), "stock_id": stock_id, "openid": "oTea"}

    used = v3.marketing_busifavor_coupon_use(use_request_no=f"use-{kind}", **use)
    after = states(v3, stock_id)
    twice = said(v3.marketing_busifavor_coupon_use(use_request_no=f"use2-{kind}", **use), 400)
    returned = v3.marketing_busifavor_coupon_return(code, stock_id, f"return-{kind}")
    after += states(v3, stock_id)
    ended = v3.marketing_busifavor_coupon_deactivate(code, stock_id, f"end-{kind}", "活动结束")
    after += states(v3, stock_id)

    assert (len(code), code.isdecimal()) == (22, True)
    assert send(v3, stock_id, f"send-{kind}") == sent
    assert (said(used)["openid"], twice["code"]) == ("oTea", "INVALID_REQUEST")
    assert v3.marketing_busifavor_coupon_use(use_request_no=f"use-{kind}", **use) == used
    assert v3.marketing_busifavor_coupon_return(code, stock_id, f"return-{kind}") == returned
    assert v3.marketing_busifavor_coupon_deactivate(code, stock_id, f"end-{kind}", "活动结束") == ended
    assert said(v3.marketing_busifavor_coupon_deactivate(code, stock_id, f"end-{kind}", "别的"), 400)
    assert after == ["USED", "SENDED", "DEACTIVATED"]
    shown = said(v3.marketing_busifavor_stock_query(stock_id))
    assert (shown["stock_type"], shown["send_count_information"]["total_send_num"]) == (kind, 1)


def test_codes_come_as_the_stock_says(v3: WeChatPay) -> None:
    own, uploaded = made(v3, "api-1", mode="MERCHANT_API"), made(v3, "upload-1", mode="MERCHANT_UPLOAD")

    chosen = said(send(v3, own, "api-send", coupon_code="TEA-1"))["coupon_code"]
    missing = said(send(v3, own, "api-none"), 400)["code"]
    taken = said(send(v3, own, "api-taken", coupon_code="TEA-1"), 400)["code"]
    empty = said(send(v3, uploaded, "upload-early"), 403)["code"]
    put = said(v3.marketing_busifavor_couponcode_upload(uploaded, "put-1", ["A1", "A2", "A1"]))
    first = said(send(v3, uploaded, "upload-send"))["coupon_code"]
    refused = said(v3.marketing_busifavor_couponcode_upload(own, "put-2", ["A1"]), 400)["code"]

    assert (chosen, missing, taken, empty) == ("TEA-1", "PARAM_ERROR", "PARAM_ERROR", "STOCK_AMOUNT_NOT_ENOUGH")
    assert (put["success_count"], put["duplicate_codes"], first, refused) == (2, ["A1"], "A1", "INVALID_REQUEST")


def test_limits_hold_and_what_cannot_be_honoured_is_refused(v3: WeChatPay) -> None:
    stock_id = made(v3, "limit-1", max_coupons=3, max_coupons_per_user=1, max_coupons_by_day=2)
    wrong = asked("limit-2") | {"subsidy": True}

    answers = [send(v3, stock_id, f"limit-{n}", openid=f"o{n}")[0] for n in range(3)]
    mine = said(send(v3, stock_id, "limit-again", openid="o0"), 403)["code"]

    assert (answers, mine) == ([200, 200, 403], "RULE_LIMIT")
    assert said(v3.marketing_busifavor_stock_create(**wrong), 400)["detail"]["field"] == "/subsidy"


def test_a_coupon_is_tied_to_one_order_at_a_time(v3: WeChatPay) -> None:
    stock_id = made(v3, "order-1")
    code = said(send(v3, stock_id, "order-send"))["coupon_code"]

    tied = said(v3.marketing_busifavor_coupon_associate(stock_id, code, "T-1", "tie-1"))
    other = said(v3.marketing_busifavor_coupon_associate(stock_id, code, "T-2", "tie-2"), 400)
    untied = said(v3.marketing_busifavor_coupon_disassociate(stock_id, code, "T-1", "untie-1"))
    said(v3.marketing_busifavor_coupon_associate(stock_id, code, "T-2", "tie-3"))

    assert (set(tied), set(untied)) == ({"wechatpay_associate_time"}, {"wechatpay_disassociate_time"})
    assert other["code"] == "INVALID_REQUEST"
    found = said(v3.marketing_busifavor_coupon_detail(code, "oTea"))
    assert found["associate_out_trade_no"] == "T-2"


def test_sending_is_told_to_who_asked(v3: WeChatPay) -> None:
    with receiver() as heard:
        said(v3.marketing_busifavor_callback_update(notify_url=heard.url))
        stock_id = made(v3, "told-1")
        code = said(send(v3, stock_id, "told-send"))["coupon_code"]
        ((headers, body),) = heard.wait(1, timeout_s=15)

    told = v3.callback(headers, body)
    assert told["event_type"] == "COUPON.SEND"
    assert (told["resource"]["coupon_code"], told["resource"]["openid"]) == (code, "oTea")
    assert said(v3.marketing_busifavor_callback_query())["notify_url"] == heard.url


def test_a_government_card_brings_all_its_vouchers_once(town: Town, v3: WeChatPay) -> None:
    card_id = UUID(beside(open_way_rounds(town.data_dir)).pack).hex

    sent = send(v3, card_id, "card-1", openid="oCard")
    again = send(v3, card_id, "card-1", openid="oCard")
    other = said(send(v3, card_id, "card-1", openid="oCard", at=NOW - timedelta(seconds=1)), 403)
    old = said(send(v3, card_id, "card-2", openid="oCard", at=NOW - timedelta(hours=25)), 400)

    assert sent == again
    assert (other["code"], old["detail"]["field"]) == ("RULE_LIMIT", "/send_time")
    held = said(v3.marketing_favor_user_coupon(openid="oCard"))
    assert held["total_count"] == 5
    assert said(sent)["card_code"] in {c["coupon_id"] for c in held["data"]}


def test_the_wallet_shows_a_coupon_with_its_code_until_the_shop_has_used_it(
    v3: WeChatPay, phones: Callable[[], BrowserContext], check_page: Callable[[Page], None]
) -> None:
    stock_id = made(v3, "wallet-1", kind="DISCOUNT")
    code = said(send(v3, stock_id, "wallet-send", openid="oWallet"))["coupon_code"]
    page = phones().new_page()
    sign_in(page, phone=sandbox_phone("oWallet"))

    page.goto("/c/wallet")
    page.get_by_role("link", name="八月活动券").click()
    shown = page.locator("[data-code]").inner_text().replace(" ", "")
    check_page(page)
    switch_language(page)
    check_page(page)
    said(v3.marketing_busifavor_coupon_use(code, NOW.isoformat(), "wallet-use", stock_id, openid="oWallet"))
    page.goto("/c/wallet?tab=used")

    assert shown == code
    expect(page.get_by_role("link", name="八月活动券")).to_be_visible()
    page.goto(f"/c/merchant-coupons/{stock_id}/NO-SUCH")
    expect(page.locator("[data-code]")).to_have_count(0)


def sandbox_phone(openid: str) -> str:
    digits = int.from_bytes(hashlib.blake2b(f"mch-{MCHID}\n{openid}".encode(), digest_size=8).digest())
    return f"170{digits % 10**8:08d}"
